"""What slices of H.264 tell at their beginning, and the parameters that are needed to read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseen.adapters.video.units import places

__all__ = ["Heads", "Slice"]

#: Types of H.264's units (ITU-T H.264, table 7-1).
_SLICES, _IDR, _SEQUENCE, _PICTURE = frozenset({1, 2, 5}), 5, 7, 8
#: Profiles whose sequences tell of colours, too (7.3.2.1.1).
_TELL_COLOURS = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
#: Bytes that hold what is read of a unit, but for the longest of scaling lists; and those of a slice's first numbers.
_MOST, _FEW = 600, 30
#: So many bits a picture's number may have (7.4.2.1.1).
_MOST_DIGITS = 16
#: Types of slices that are made from other pictures (table 7-6), without those that repeat: P, B and SP.
_P, _B, _SP = 0, 1, 3
#: What a slice tells of marked pictures (7.4.3.3): the end of it, and that counting begins anew; and how many numbers
#: come with the others.
_END, _ANEW, _NUMBERS = 0, 5, {1: 1, 2: 1, 3: 2, 4: 1, 6: 1}


class _Bits:
    """Reads a unit's bits from the left; raises ValueError behind its end."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self._bits, self._at = format(int.from_bytes(plain), f"0{8 * len(plain)}b") if plain else "", 0

    def take(self, count: int) -> int:
        self._at += count
        return int(self._bits[self._at - count : self._at], 2) if count else 0

    def number(self) -> int:
        """Return an unsigned number of Exp-Golomb code; of a signed one the bits are the same."""
        zeros = self._bits.index("1", self._at) - self._at
        self._at += zeros
        return self.take(zeros + 1) - 1

    def signed(self) -> int:
        code = self.number()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def skip(self, numbers: int) -> None:
        for _ in range(numbers):
            self.number()


@dataclass(frozen=True, slots=True)
class _Sequence:
    """How many bits a picture's number has, and before it its colour plane; whether numbers may be left out, whether
    pictures may be fields, whether there are colours, and how the order of showing is told: in so many bits, or in so
    many numbers, of which the second is there where the picture's parameters say so."""

    bits: int
    plane: int
    gaps: bool
    fields: bool
    colours: bool
    order_bits: int
    order_numbers: int


@dataclass(frozen=True, slots=True)
class _Picture:
    """The number of a picture's sequence; and, of slices, whether the order of a bottom field is told, how many
    pictures P and B slices are made from, whether these have weights, and whether a slice may be sent again."""

    sequence: int
    bottom: bool
    pictures: tuple[int, int]
    weights: tuple[bool, bool]
    again: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """The number of a slice's picture, below `most`; whether the slice is the first one, whether others are made from
    the picture, whether decoding begins anew, if it is the bottom field (None for a whole picture), and if numbers may
    be left out; `unit` is the beginning of the slice."""

    number: int
    most: int
    first: bool
    reference: bool
    idr: bool
    bottom: bool | None
    gaps: bool
    unit: bytes


class Heads:
    """Reads slices of H.264 in the order of decoding; `parameters` are those that the container holds apart."""

    def __init__(self, parameters: bytes | None) -> None:
        self._sequences: dict[int, _Sequence] = {}
        self._pictures: dict[int, _Picture] = {}
        for unit in _apart(parameters or b""):
            self._take(unit)

    def slices(self, data: bytes, size: int) -> list[Slice | None]:
        """Take the next packet, with length fields of `size` bytes or 0 for start codes; return its slices, None for
        units that nobody can read."""
        return [each for at in places(data, size) for each in self._take(data[at : at + _MOST])]

    def counts_anew(self, slice_: Slice) -> bool:
        """Whether pictures after a slice's are numbered as if its own number was 0 (H.264, 7.4.3)."""
        try:
            return _ANEW in self._marks(slice_)
        except (ValueError, KeyError):
            return False

    def _take(self, unit: bytes) -> tuple[Slice | None, ...]:
        """Note a unit's parameters; return its slice, None for what nobody can read, nothing for other units."""
        kind = unit[0] & 31 if unit else 0
        try:
            if kind == _SEQUENCE:
                number, sequence = _sequence(_Bits(unit[1:]))
                self._sequences[number] = sequence
            elif kind == _PICTURE:
                number, picture = _picture(_Bits(unit[1:40]))
                self._pictures[number] = picture
            elif kind in _SLICES:
                return (self._slice(unit),)
        except (ValueError, KeyError):
            return (None,)
        return ()

    def _slice(self, unit: bytes) -> Slice:
        bits = _Bits(unit[1:_FEW])
        first = not bits.number()
        bits.number()
        sequence = self._sequences[self._pictures[bits.number()].sequence]
        bits.take(sequence.plane)
        number = bits.take(sequence.bits)
        bottom = bool(bits.take(1)) if sequence.fields and bits.take(1) else None
        idr, reference = unit[0] & 31 == _IDR, bool(unit[0] & 96)
        return Slice(number, 1 << sequence.bits, first, reference, idr, bottom, sequence.gaps, unit)

    def _marks(self, slice_: Slice) -> Iterator[int]:
        """Yield what a slice tells of marked pictures, which comes last of what is read here (7.3.3)."""
        bits = _Bits(slice_.unit[1:])
        bits.number()
        kind = bits.number() % 5
        picture = self._pictures[bits.number()]
        sequence = self._sequences[picture.sequence]
        bits.take(sequence.plane + sequence.bits)
        if sequence.fields and bits.take(1):
            bits.take(1)
        if slice_.idr or not slice_.reference:
            return
        bits.take(sequence.order_bits)
        more = picture.bottom and slice_.bottom is None and sequence.order_bits + sequence.order_numbers > 0
        bits.skip(sequence.order_numbers + more + picture.again)
        _skip_pictures(bits, kind, picture, colours=sequence.colours)
        if bits.take(1):
            while (mark := bits.number()) != _END:
                yield mark
                bits.skip(_NUMBERS.get(mark, 0))


def _skip_pictures(bits: _Bits, kind: int, picture: _Picture, *, colours: bool) -> None:
    """Skip which pictures a slice is made from, and their weights."""
    lists = {_P: 1, _SP: 1, _B: 2}.get(kind, 0)
    bits.take(kind == _B)
    counts = picture.pictures[:lists]
    if lists and bits.take(1):
        counts = tuple(bits.number() + 1 for _ in range(lists))
    for _ in range(lists):
        if bits.take(1):
            while bits.number() != 3:
                bits.number()
    if lists and picture.weights[lists - 1]:
        bits.skip(1 + colours)
        for _ in range(sum(counts)):
            bits.skip(2 * bits.take(1))
            if colours:
                bits.skip(4 * bits.take(1))


def _sequence(bits: _Bits) -> tuple[int, _Sequence]:
    """Return a sequence's number and what its slices need (H.264, 7.3.2.1.1)."""
    profile = bits.take(24) >> 16
    name, plane, colours = bits.number(), 0, 1
    if profile in _TELL_COLOURS:
        colours = bits.number()
        if colours == 3:
            plane = 2 * bits.take(1)
        bits.skip(2)
        bits.take(1)
        if bits.take(1):
            for index in range(12 if colours == 3 else 8):
                if bits.take(1):
                    _skip_list(bits, 16 if index < 6 else 64)
    digits = bits.number() + 4
    if digits > _MOST_DIGITS:
        raise ValueError(f"{digits} bits for a number")
    order, order_bits, order_numbers = bits.number(), 0, 0
    if order == 0:
        order_bits = bits.number() + 4
    elif order == 1:
        order_numbers = 1 - bits.take(1)
        bits.skip(2)
        bits.skip(bits.number())
    bits.number()
    gaps = bool(bits.take(1))
    bits.skip(2)
    fields = not bits.take(1)
    return name, _Sequence(digits, plane, gaps, fields, bool(colours and not plane), order_bits, order_numbers)


def _picture(bits: _Bits) -> tuple[int, _Picture]:
    """Return a picture's parameters and their number (7.3.2.2)."""
    name, sequence = bits.number(), bits.number()
    bits.take(1)
    bottom = bool(bits.take(1))
    if bits.number():
        # Groups of slices: hardly anything writes them, and no decoder at hand knows them.
        return name, _Picture(sequence, bottom, (1, 1), (False, False), again=False)
    pictures = (bits.number() + 1, bits.number() + 1)
    weights = (bool(bits.take(1)), bits.take(2) == 1)
    bits.skip(3)
    bits.take(2)
    return name, _Picture(sequence, bottom, pictures, weights, bool(bits.take(1)))


def _skip_list(bits: _Bits, size: int) -> None:
    scale = 8
    for _ in range(size):
        scale = (scale + bits.signed()) % 256
        if not scale:
            return


def _apart(parameters: bytes) -> list[bytes]:
    """Return the units of avcC (ISO/IEC 14496-15, 5.3.3.1), or of data with start codes."""
    if parameters[:1] != b"\1":
        return [parameters[at:] for at in places(parameters, 0)]
    units, at = [], 5
    for mask in (31, 255):  # the number of sequences shares its byte with ones
        count = parameters[at] & mask if at < len(parameters) else 0
        at += 1
        for _ in range(count):
            end = at + 2 + int.from_bytes(parameters[at : at + 2])
            units.append(parameters[at + 2 : end])
            at = end
    return units
