"""Packets of H.264 that hold the second field of a picture alone: the picture comes with the packet before."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from unseen.adapters.video.units import places

__all__ = ["Fields"]

#: Types of H.264's units (ITU-T H.264, table 7-1).
_SLICES, _SEQUENCE, _PICTURE = frozenset({1, 2, 5}), 7, 8
#: Profiles whose sequences tell of colours, too (7.3.2.1.1).
_TELL_COLOURS = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
#: Bytes that hold what is read of a unit, but for the longest of scaling lists.
_MOST = 600
#: The share by which times may differ and still be one step.
_ALIKE = Fraction(1, 4)
_Field = tuple[int, bool]


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


@dataclass(frozen=True, slots=True)
class _Sequence:
    """How many bits a picture's number has, and before it its colour plane, and whether pictures may be fields."""

    bits: int
    plane: int
    fields: bool


class Fields:
    """Follows packets of H.264 in the order of decoding; `parameters` are those that the container holds apart.

    Packets hold a picture or a field each: which one, only slices tell, and the parameters that they name. Without that
    every second field was a packet without a picture, and a loss.
    """

    def __init__(self, parameters: bytes | None) -> None:
        self._sequences: dict[int, _Sequence] = {}
        self._pictures: dict[int, int] = {}
        self._first: _Field | None = None
        #: Whether the packet before the last one held a field whose picture has no other one.
        self.alone = False
        self._stamp: int | None = None
        self._step: int | None = None
        for unit in _apart(parameters or b""):
            self._take(unit)

    def rate(self, told: Fraction, time_base: Fraction) -> Fraction:
        """Return how many pictures a second there are where `told` may count fields."""
        counts_fields = self._step is not None and abs(self._step * time_base * told - 1) < _ALIKE
        return told / 2 if counts_fields else told

    def second(self, data: bytes, size: int, pts: int | None) -> bool:
        """Take the next packet, with length fields of `size` bytes or 0 for start codes; return whether it holds the
        second field alone of a picture whose first one the packet before it held."""
        before, self._stamp = self._stamp, pts
        told = {self._take(data[at : at + _MOST]) for at in places(data, size)} - {None}
        field = told.pop() if len(told) == 1 else None
        first, self._first = self._first, None
        self.alone = False
        if isinstance(field, tuple) and first == (field[0], not field[1]):
            self._step = None if before is None or pts is None else pts - before
            return True
        self._first, self.alone = field if isinstance(field, tuple) else None, first is not None
        return False

    def _take(self, unit: bytes) -> _Field | bool | None:
        """Note a unit's parameters; return a slice's field (its picture's number, whether it is the bottom one), False
        for a whole picture or one that nobody knows, None for no slice."""
        kind = unit[0] & 31 if unit else 0
        try:
            if kind == _SEQUENCE:
                number, sequence = _sequence(_Bits(unit[1:]))
                self._sequences[number] = sequence
            elif kind == _PICTURE:
                bits = _Bits(unit[1:20])
                name = bits.number()
                self._pictures[name] = bits.number()
            elif kind in _SLICES:
                return self._field(_Bits(unit[1:30]))
        except (ValueError, KeyError):
            return False
        return None

    def _field(self, bits: _Bits) -> _Field | bool:
        bits.number(), bits.number()
        sequence = self._sequences[self._pictures[bits.number()]]
        bits.take(sequence.plane)
        number = bits.take(sequence.bits)
        return (number, bool(bits.take(1))) if sequence.fields and bits.take(1) else False


def _sequence(bits: _Bits) -> tuple[int, _Sequence]:
    """Return a sequence's number and what its slices need (H.264, 7.3.2.1.1)."""
    profile = bits.take(24) >> 16
    name, plane = bits.number(), 0
    if profile in _TELL_COLOURS:
        lists = 8
        if bits.number() == 3:
            plane, lists = 2 * bits.take(1), 12
        bits.number(), bits.number(), bits.take(1)
        if bits.take(1):
            for index in range(lists):
                if bits.take(1):
                    _skip_list(bits, 16 if index < 6 else 64)
    digits = bits.number() + 4
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1), bits.number(), bits.number()
        for _ in range(bits.number()):
            bits.number()
    bits.number(), bits.take(1), bits.number(), bits.number()
    return name, _Sequence(digits, plane, not bits.take(1))


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
