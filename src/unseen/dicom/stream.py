"""Data sets as they lie in a file: where each element begins and ends, read without copying or interpreting values.

PS3.5 section 7 (encoding), 7.5 (sequences), A.4 (encapsulated pixel data). What does not fit its place raises
DamagedInput: a length that runs over the end, an unknown VR, nesting that is too deep.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from unseen.dicom.layouts import known_layout, learn
from unseen.errors import DamagedInput

__all__ = ["LONG", "MAX_DEPTH", "PIXEL_DATA", "Element", "Parser", "Syntax"]

PIXEL_DATA = 0x7FE00010
MAX_DEPTH = 48
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_SHORT = ("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM")
#: VRs whose length has 32 bits in explicit encodings.
LONG = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_VRS = {vr.encode(): vr for vr in (*_SHORT, "UI", "UL", "US", *LONG)}


class Syntax(NamedTuple):
    """How elements are encoded: with or without their VR, and the order of bytes."""

    explicit: bool = True
    big: bool = False


_IMPLICIT = Syntax(explicit=False)


class Element(NamedTuple):
    """One element: its bytes are data[start:end], its value data[value:stop].

    A sequence has its `items`, and the `syntax` they are encoded in; encapsulated pixel data has neither, but a
    delimiter between `stop` and `end`.
    """

    tag: int
    vr: str
    start: int
    value: int
    stop: int
    end: int
    items: list[list[Element]] | None = None
    syntax: Syntax | None = None


_new = tuple.__new__


class _NoElement(DamagedInput):
    """What lies at a place is no element at all: perhaps bytes after the data set."""


class Parser:
    """Reads data sets out of `data`; `vr_of` tells the VR of a tag where the file does not, "" if nobody knows."""

    def __init__(self, data: bytes, vr_of: Callable[[int], str]) -> None:
        self._data, self._vr_of = data, vr_of
        self._structs = {
            big: tuple(struct.Struct(f"{'>' if big else '<'}{f}") for f in _FORMATS) for big in (False, True)
        }

    def root(self, pos: int, syntax: Syntax) -> tuple[list[Element], int]:
        """Return the elements from `pos` on, and where the data set ends: after its pixel data, or where no more
        element follows. Raises DamagedInput."""
        elements, start, before = list[Element](), pos, -1
        known = known_layout(self._data, pos, syntax)
        if known is not None:
            elements, pos, before = list(known.elements), known.end, known.elements[-1].tag
        try:
            pos = self._elements(pos, len(self._data), syntax, 0, elements, delimited=False, root=True, before=before)
        except _NoElement:
            if not elements:
                raise
            pos = elements[-1].end
        if known is None and elements:
            learn(self._data, start, syntax, elements)
        return elements, pos

    def _elements(
        self,
        pos: int,
        end: int,
        syntax: Syntax,
        depth: int,
        found: list[Element],
        *,
        delimited: bool,
        root: bool = False,
        before: int = -1,
    ) -> int:
        """Add the elements after the tag `before` up to `end`, or to the delimiter; return where the next begins."""
        data, (short, long, implicit) = self._data, self._structs[syntax.big]
        read_short, read_implicit = short.unpack_from, implicit.unpack_from
        while pos + 8 <= end:
            start = pos
            if syntax.explicit:
                group, number, name, length = read_short(data, pos)
                vr, pos = _VRS.get(name, ""), pos + 8
                if vr in LONG:
                    length, pos = self._long(pos, end, long), pos + 4
            else:
                group, number, length = read_implicit(data, pos)
                vr, pos = self._vr_of(group << 16 | number) or "UN", pos + 8
            tag = group << 16 | number
            if tag == _ITEM_END and delimited:
                return start + 8
            if group == 0xFFFE or (root and tag <= before) or not vr:
                raise _NoElement("has bytes that are no element; send it again")
            before = tag
            stop = end + 1 if length == _UNDEFINED else pos + length
            if stop <= end and vr != "SQ" and vr != "UN":
                # The usual case, here for speed; the same as Element(...), without the call in between.
                found.append(_new(Element, (tag, vr, start, pos, stop, stop, None, None)))
                pos = stop
            else:
                element = self._element(tag, vr, start, pos, stop, end, syntax, depth, undefined=length == _UNDEFINED)
                found.append(element)
                pos = element.end
            if root and tag == PIXEL_DATA:
                return pos
        if delimited or (pos != end and (not root or any(data[pos:end]))):
            raise DamagedInput("ends within an element or an item; send it again")
        return pos

    def _long(self, pos: int, end: int, form: struct.Struct) -> int:
        """Return a length of 32 bits."""
        if pos + 4 > end:
            raise DamagedInput("ends within the head of an element; send it again")
        length: int = form.unpack_from(self._data, pos)[0]
        return length

    def _element(
        self,
        tag: int,
        vr: str,
        start: int,
        pos: int,
        stop: int,
        end: int,
        syntax: Syntax,
        depth: int,
        *,
        undefined: bool,
    ) -> Element:
        if undefined:
            if tag == PIXEL_DATA and vr in ("OB", "OW", "UN"):
                stop = self._fragments(pos, end, syntax)
                return Element(tag, vr, start, pos, stop, stop + 8)
            if vr not in ("SQ", "UN"):
                raise DamagedInput("has an element without a length that is no sequence; send it again")
            inner = syntax if vr == "SQ" else _IMPLICIT
            items, stop = self._items(pos, end, inner, depth + 1, delimited=True)
            return Element(tag, vr, start, pos, stop - 8, stop, items, inner)
        if stop > end:
            if not syntax.explicit and not self._vr_of(tag) and depth == 0:
                raise _NoElement("has bytes that are no element; send it again")
            raise DamagedInput("is cut, or tells a length that it does not have; send it again")
        if vr == "SQ" or (vr == "UN" and self._vr_of(tag) == "SQ"):
            inner = syntax if vr == "SQ" else _IMPLICIT
            items, _ = self._items(pos, stop, inner, depth + 1, delimited=False)
            return Element(tag, vr, start, pos, stop, stop, items, inner)
        return Element(tag, vr, start, pos, stop, stop)

    def _items(
        self, pos: int, end: int, syntax: Syntax, depth: int, *, delimited: bool
    ) -> tuple[list[list[Element]], int]:
        if depth > MAX_DEPTH:
            raise DamagedInput(f"has sequences nested more than {MAX_DEPTH} deep; leave it out")
        read, items = self._structs[syntax.big][2].unpack_from, list[list[Element]]()
        while delimited or pos < end:
            if pos + 8 > end:
                raise DamagedInput("ends within a sequence; send it again")
            group, number, length = read(self._data, pos)
            tag, pos = group << 16 | number, pos + 8
            if tag == _SEQUENCE_END and (delimited or pos == end):
                break
            if tag != _ITEM:
                raise DamagedInput("has a sequence that holds something else than items; send it again")
            item: list[Element] = []
            stop = end if length == _UNDEFINED else pos + length
            if stop > end:
                raise DamagedInput("has an item that is longer than its sequence; send it again")
            pos = self._elements(pos, stop, syntax, depth, item, delimited=length == _UNDEFINED)
            items.append(item)
        return items, pos

    def _fragments(self, pos: int, end: int, syntax: Syntax) -> int:
        """Return where the delimiter of encapsulated pixel data begins."""
        read = self._structs[syntax.big][2].unpack_from
        while pos + 8 <= end:
            group, number, length = read(self._data, pos)
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                return pos
            if tag != _ITEM or length == _UNDEFINED:
                break
            pos += 8 + length
        raise DamagedInput("has compressed pixel data that is cut; send it again")


#: An element's head with its VR, a length of 32 bits, a head without VR.
_FORMATS = ("HH2sH", "L", "HHL")
