"""Reads the bytes of a DICOM file into leaves (PS3.5 and PS3.10, chapter 7), sharing nothing with what wrote it."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass, field
from struct import Struct
from typing import Literal

from unseen.verify.dicom.forms import Form, form_of
from unseen.verify.dicom.layouts import MOST_LEAVES, known_layout, remember
from unseen.verify.dicom.leaves import PIXELS, Leaf, Path, Place
from unseen.verify.dicom.standard import vr_of

__all__ = ["Broken", "Parsed", "parse"]

_DEFLATED, _BIG, _IMPLICIT = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2"
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_MOST_INFLATED = 1 << 31
_DEEPEST = 64
#: No element but pixels is as long as this.
_HUGE = 1 << 28


class Broken(Exception):
    """The bytes break the rules of the format here, so what follows cannot be told apart."""


_new = tuple.__new__


@dataclass(slots=True)
class Parsed:
    """A file in its parts.

    `data` holds the bytes to which offsets point: the file, or for the deflated syntax what was inflated. `meta` are
    the leaves of group 2, whose offsets point into `file`. `shapes` counts the items of each sequence. `rest` is what
    comes after the data set; `broken` says why the reader gave up, and then `rest` starts there. `fragments` are the
    places of the pieces of encapsulated pixels. `disorder` are tags that come twice or too early. `form` says what is
    to be done with which leaf.
    """

    file: bytes
    data: bytes
    preamble: bytes = b""
    meta: list[Leaf] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    shapes: dict[Place, int] = field(default_factory=dict)
    fragments: list[tuple[int, int]] = field(default_factory=list)
    disorder: list[int] = field(default_factory=list)
    rest: bytes = b""
    broken: str = ""
    syntax: bytes = b""
    big: bool = False
    form: Form = field(default_factory=lambda: form_of(()))

    @property
    def rest_is_none(self) -> bool:
        """Whether what could not be read does not even look like a further element: bytes that somebody appended."""
        if len(self.rest) < 8 or not self.leaves:
            return bool(self.leaves)
        order: Literal["big", "little"] = "big" if self.big else "little"
        tag = int.from_bytes(self.rest[:2], order) << 16 | int.from_bytes(self.rest[2:4], order)
        known = tag >> 16 & 1 or vr_of(tag) != b"UN"
        typed = self.rest[4:6] in _SHORT or self.rest[4:6] in _LONG
        huge = not typed and int.from_bytes(self.rest[4:8], order) > _HUGE
        return tag <= self.leaves[-1].tag or not known or huge

    def value(self, leaf: Leaf) -> bytes:
        """Return the bytes of a leaf of the data set, with its padding."""
        return self.data[leaf.start : leaf.end]


def parse(file: bytes) -> Parsed:
    """Read a file as far as it follows the rules; never raises."""
    parsed = Parsed(file, file)
    try:
        start = _head(file, parsed)
    except Broken as error:
        parsed.broken, parsed.rest = str(error), file
        return parsed
    start = 0 if parsed.data is not file else start
    style = _, parsed.big = _style(parsed, start)
    at, known = start, known_layout(parsed.data, start, style)
    if known is not None:
        parsed.leaves, parsed.shapes, at = list(known.leaves), dict(known.shapes), known.end
    walker = _Walker(parsed, big=parsed.big)
    try:
        at = walker.elements(at, len(parsed.data), style[0], (), 0, -1 if known is None else known.top)
    except Broken as error:
        parsed.broken, at = str(error), walker.at
    parsed.form = form_of(tuple([leaf[:3] for leaf in parsed.leaves]))
    plain = at == len(parsed.data) and not (parsed.broken or parsed.disorder or walker.guessed)
    if plain and known is None and len(parsed.leaves) <= MOST_LEAVES:
        # The first of a kind may be the only one: a layout is worth its while from the second on.
        if parsed.form in tuple(_forms):
            _remember(parsed, start, style)
        else:
            _forms.append(parsed.form)
    parsed.rest = parsed.data[at:] + parsed.rest
    return parsed


#: Of what was read last.
_forms: deque[Form] = deque(maxlen=64)


def _remember(parsed: Parsed, start: int, style: tuple[bool, bool]) -> None:
    """Remember how a data set is laid out, up to its pixels: those that are compressed never have the same length."""
    end, leaves, shapes = len(parsed.data), parsed.leaves, parsed.shapes
    at = next((i for i, leaf in enumerate(leaves) if leaf.tag in PIXELS and not leaf.path), None)
    if at is not None:
        pixels = leaves[at]
        if style[0] and pixels.vr == b"UN":
            return  # its head may be of either length
        end = pixels.start - (12 if style[0] and pixels.vr in _LONG else 8)
        leaves = leaves[:at]
        shapes = {place: count for place, count in shapes.items() if (*place[0], place[1])[0] < pixels.tag}
    remember(parsed.data, (start, end), style, leaves, shapes)


def _head(file: bytes, parsed: Parsed) -> int:
    """Read preamble and file meta, and return where the data set starts; without them it starts at once."""
    if file[128:132] != b"DICM":
        if len(file) < 8:
            raise Broken("is too short for a data set")
        # A data set that was cut from its head may have a padding byte of it left.
        return 1 if file[1:3] == b"\x08\x00" and file[:2] != b"\x08\x00" and file[5:7] in _SHORT else 0
    parsed.preamble = file[:128]
    walker = _Walker(parsed, big=False)
    at = 132
    while file[at : at + 2] == b"\x02\x00":
        leaf, at = walker.short_of(at, len(file))
        parsed.meta.append(leaf)
    syntaxes = [file[leaf.start : leaf.end] for leaf in parsed.meta if leaf.tag == 0x00020010]
    parsed.syntax = syntaxes[-1].strip(b"\0 ") if syntaxes else b""
    if parsed.syntax == _DEFLATED:
        _inflate(file, at, parsed)
    return at


def _inflate(file: bytes, at: int, parsed: Parsed) -> None:
    inflater = zlib.decompressobj(-15)
    try:
        parsed.data = inflater.decompress(file[at:], _MOST_INFLATED)
    except zlib.error as error:
        raise Broken("does not inflate") from error
    if not inflater.eof:
        raise Broken("does not inflate to its end")
    # One zero byte makes the length even.
    parsed.rest = b"" if inflater.unused_data == b"\0" else inflater.unused_data


def _style(parsed: Parsed, start: int) -> tuple[bool, bool]:
    """Return whether value representations are written, and whether the high byte comes first."""
    head = parsed.data[start : start + 8]
    known = head[4:6] in _LONG or head[4:6] in _SHORT
    if parsed.syntax == _BIG:
        return True, True
    if not parsed.syntax:
        return known, known and head[0] == 0 and head[1] != 0
    # Some files say one and do the other; what they do is what can be read.
    return (known if parsed.syntax == _IMPLICIT else known or head[6:8] != b"\0\0"), False


_LITTLE = (Struct("<HH2sH"), Struct("<I"), Struct("<HHI"))
_BIG_ENDIAN = (Struct(">HH2sH"), Struct(">I"), Struct(">HHI"))


class _Walker:
    """Walks over elements; `at` is how far it came, `guessed` whether it took values for sequences that were none."""

    def __init__(self, parsed: Parsed, *, big: bool) -> None:
        self._parsed = parsed
        self._data = parsed.data
        self._explicit, self._long, self._implicit = _BIG_ENDIAN if big else _LITTLE
        self._swap = big
        self.at, self.guessed = 0, False

    def short_of(self, at: int, end: int) -> tuple[Leaf, int]:
        """Read one explicit leaf of the file meta information and return it with where the next one starts."""
        data = self._parsed.file
        if at + 8 > end:
            raise Broken("ends within its file meta information")
        group, element, vr, length = self._explicit.unpack_from(data, at)
        at += 8
        if vr in _LONG:
            if at + 4 > end:
                raise Broken("ends within its file meta information")
            length, at = self._long.unpack_from(data, at)[0], at + 4
        elif vr not in _SHORT:
            raise Broken("has file meta information that cannot be read")
        if length > end - at:
            raise Broken("ends within its file meta information")
        return Leaf((), group << 16 | element, vr, at, at + length), at + length

    def elements(self, at: int, end: int, explicit: bool, path: Path, depth: int, before: int = -1) -> int:
        """Read elements up to `end`, or to the end of an item without length, and return where the next starts.

        `before` is the tag that comes before them.
        """
        data, leaves = self._data, self._parsed.leaves
        unpack, unpack_long, unpack_implicit = (s.unpack_from for s in (self._explicit, self._long, self._implicit))
        while at < end:
            self.at = at
            if at + 8 > end:
                raise Broken("ends within an element")
            if explicit:
                group, element, vr, length = unpack(data, at)
                tag = group << 16 | element
                if vr in _SHORT:
                    at += 8
                elif vr in _LONG:
                    if at + 12 > end:
                        raise Broken("ends within an element")
                    length = unpack_long(data, at + 8)[0]
                    at += 12
                else:
                    vr, length, at = self._odd(at, tag, vr)
            else:
                group, element, length = unpack_implicit(data, at)
                tag, vr, at = group << 16 | element, b"", at + 8
            if tag == _ITEM_END:
                return at
            if tag <= before:
                self._parsed.disorder.append(tag)
            before = tag
            if length <= end - at and vr != b"SQ" and (vr not in _MAY_NEST or not self._nests(at, length)):
                # The same as Leaf(...), without the call in between, which is most of the cost.
                leaves.append(_new(Leaf, (path, tag, vr or vr_of(tag), at, at + length)))
                at += length
            else:
                at = self._long_form(at, end, tag, vr, length, explicit, path, depth)
        self.at = at
        return at

    def _odd(self, at: int, tag: int, vr: bytes) -> tuple[bytes, int, int]:
        """Read the head of an element whose value representation is none: an item's end, or a 16-bit length."""
        if tag >> 16 == 0xFFFE:
            return b"", self._long.unpack_from(self._data, at + 4)[0], at + 8
        if vr.isalpha() and vr.isupper():
            # PS3.5 6.2: representations that come later have the long form.
            if self._data[at + 6 : at + 8] == b"\0\0" and at + 12 <= len(self._data):
                return b"UN", self._long.unpack_from(self._data, at + 8)[0], at + 12
            return b"UN", self._explicit.unpack_from(self._data, at)[3], at + 8
        # Written without a representation in the middle of explicit ones.
        return b"UN", self._long.unpack_from(self._data, at + 4)[0], at + 8

    def _nests(self, at: int, length: int) -> bool:
        """Whether a value of unknown kind holds items."""
        head = self._data[at : at + 4]
        return length >= 8 and head == (b"\xff\xfe\xe0\x00" if self._swap else b"\xfe\xff\x00\xe0")

    def _long_form(
        self, at: int, end: int, tag: int, vr: bytes, length: int, explicit: bool, path: Path, depth: int
    ) -> int:
        if depth >= _DEEPEST:
            raise Broken("has sequences nested too deeply")
        if length == _UNDEFINED:
            if tag in PIXELS and not path:
                return self._fragments(at, end, tag, vr)
            # PS3.5 6.2.2: what is unknown and has no length is implicit inside.
            return self._items(at, end, tag, explicit and vr != b"UN", path, depth, closed=False)
        if length > end - at:
            raise Broken("has an element that is longer than what is left")
        mark = len(self._parsed.leaves), len(self._parsed.disorder)
        for guess in (explicit and vr != b"UN", explicit):
            try:
                return self._items(at, at + length, tag, guess, path, depth, closed=True)
            except Broken:
                self.guessed = True
                if vr == b"SQ":
                    raise
                del self._parsed.leaves[mark[0] :], self._parsed.disorder[mark[1] :]
        self._parsed.leaves.append(Leaf(path, tag, vr or vr_of(tag), at, at + length))
        return at + length

    def _items(self, at: int, end: int, tag: int, explicit: bool, path: Path, depth: int, *, closed: bool) -> int:
        count = 0
        while at < end or not closed:
            if at + 8 > end:
                raise Broken("ends within a sequence")
            group, element, length = self._implicit.unpack_from(self._data, at)
            kind, at = group << 16 | element, at + 8
            if kind == _SEQUENCE_END:
                if length:
                    raise Broken("has a sequence with an impossible end")
                if closed and at != end:
                    raise Broken("has bytes after the end of a sequence")
                break
            if kind != _ITEM or (length != _UNDEFINED and length > end - at):
                raise Broken("has a sequence of something but items")
            inner = (*path, tag, count)
            if length == _UNDEFINED:
                at = self._open_item(at, end, explicit, inner, depth)
            elif self.elements(at, at + length, explicit, inner, depth + 1) != at + length:
                raise Broken("has an item that ends too early")
            else:
                at += length
            count += 1
        self._parsed.shapes[path, tag] = count
        return at

    def _open_item(self, at: int, end: int, explicit: bool, path: Path, depth: int) -> int:
        after = self.elements(at, end, explicit, path, depth + 1)
        group, element, _ = self._implicit.unpack_from(self._data, after - 8)
        if group << 16 | element != _ITEM_END:
            raise Broken("has an item without an end")
        return after

    def _fragments(self, at: int, end: int, tag: int, vr: bytes) -> int:
        start = at
        while True:
            if at + 8 > end:
                raise Broken("ends within its pixels")
            group, element, length = self._implicit.unpack_from(self._data, at)
            kind, at = group << 16 | element, at + 8
            if kind == _SEQUENCE_END and not length:
                break
            if kind != _ITEM or length > end - at:
                raise Broken("has encapsulated pixels that cannot be read")
            self._parsed.fragments.append((at, at + length))
            at += length
        self._parsed.leaves.append(Leaf((), tag, vr, start, at))
        return at


#: Representations under which a whole sequence may stand: unknown, or not written at all.
_MAY_NEST = frozenset((b"UN", b""))
