"""The pages of a TIFF file (TIFF 6.0, BigTIFF) as their directories announce them, before any pixel is unpacked."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unseen.adapters.photo.bounds import MAX_FRAMES
from unseen.adapters.photo.exif import is_time
from unseen.adapters.photo.faults import Damaged, Truncated

__all__ = ["Page", "read_pages"]

_SUBFILE, _WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _PLANAR = 254, 256, 257, 258, 262, 274, 277, 284
_EXTRA, _FORMAT, _ICC, _EXIF, _TAKEN = 338, 339, 34675, 34665, 0x9003
_NUMBERS = (_SUBFILE, _WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _PLANAR, _EXTRA, _FORMAT, _EXIF)
_BYTES = (_ICC, _TAKEN)
#: Field type -> struct code; only whole numbers and byte strings are read.
_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 7: "s", 13: "I", 16: "Q", 18: "Q"}
_MOST_VALUES = 64


@dataclass(frozen=True, slots=True)
class Page:
    """One directory of a file: its place in the chain, its size as stored, and how its samples are stored."""

    index: int
    width: int
    height: int
    bits: tuple[int, ...]
    samples: int
    format: int
    photometric: int
    planar: int
    extra: tuple[int, ...]
    orientation: int
    reduced: bool
    icc: bytes | None
    taken: str | None


def read_pages(data: bytes) -> tuple[list[Page], bytes]:
    """Return every directory of the chain, and the file with all of them said to be upright.

    Libraries differ in whether they turn a page; of these bytes they turn none. Raises Truncated or Damaged if the
    chain breaks off or runs in a circle.
    """
    tiff = _Tiff(data)
    pages: list[Page] = []
    told = bytearray(data)
    seen: set[int] = set()
    offset = tiff.first
    while offset:
        if offset in seen or len(pages) >= MAX_FRAMES:
            raise Damaged
        seen.add(offset)
        tags, entries, offset = tiff.directory(offset)
        pages.append(_page(len(pages), tags, tiff))
        if _ORIENTATION in entries:
            tiff.say_upright(told, entries[_ORIENTATION])
    if not pages:
        raise Damaged
    return pages, bytes(told)


_Tags = dict[int, tuple[int, ...] | bytes]


class _Tiff:
    """A cursor over the directories."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = "<" if data[:2] == b"II" else ">"
        self._big = 43 in data[2:4]
        self._offset = "Q" if self._big else "I"
        self.first = self._read(self._offset, 8 if self._big else 4)[0]

    def _read(self, codes: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self._order + codes, self._data, at)
        except struct.error:
            raise Truncated from None

    def directory(self, at: int) -> tuple[_Tags, dict[int, int], int]:
        """Return the tags that matter of the directory at an offset, where they stand, and the next one's offset."""
        count = self._read("Q" if self._big else "H", at)[0]
        at += 8 if self._big else 2
        size = 20 if self._big else 12
        if at + count * size > len(self._data):
            raise Truncated
        tags: _Tags = {}
        entries: dict[int, int] = {}
        for entry in range(at, at + count * size, size):
            code, kind, number = self._read("HH" + self._offset, entry)
            if code in _NUMBERS or code in _BYTES:
                entries[code] = entry
                tags[code] = self._value(kind, number, entry + (12 if self._big else 8), whole=code in _NUMBERS)
        return tags, entries, self._read(self._offset, at + count * size)[0]

    def say_upright(self, data: bytearray, entry: int) -> None:
        """Write an orientation of 1 over a directory entry."""
        one = struct.pack(self._order + "HH" + self._offset + "H", _ORIENTATION, 3, 1, 1)
        data[entry : entry + len(one)] = one

    def _value(self, kind: int, number: int, at: int, *, whole: bool) -> tuple[int, ...] | bytes:
        code = _CODES.get(kind)
        if code is None or (whole and (code == "s" or number > _MOST_VALUES)):
            return ()
        size = number * struct.calcsize("=" + code)
        if size > (8 if self._big else 4):
            at = self._read(self._offset, at)[0]
        if whole:
            return self._read(str(number) + code, at)
        # Damaged metadata is no reason to refuse a photo: it is dropped with all other metadata.
        return self._data[at : at + size] if at + size <= len(self._data) else b""


def _page(index: int, tags: _Tags, tiff: _Tiff) -> Page:
    def numbers(code: int) -> tuple[int, ...]:
        value = tags.get(code, ())
        return value if isinstance(value, tuple) else ()

    def one(code: int, default: int) -> int:
        return (numbers(code) or (default,))[0]

    if not one(_WIDTH, 0) or not one(_LENGTH, 0):
        raise Damaged
    icc = tags.get(_ICC)
    orientation = one(_ORIENTATION, 1)
    return Page(
        index=index,
        width=one(_WIDTH, 0),
        height=one(_LENGTH, 0),
        bits=numbers(_BITS) or (1,),
        samples=one(_SAMPLES, 1),
        format=one(_FORMAT, 1),
        photometric=one(_PHOTOMETRIC, 0),
        planar=one(_PLANAR, 1),
        extra=numbers(_EXTRA),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        reduced=bool(one(_SUBFILE, 0) & 1),
        icc=icc if isinstance(icc, bytes) and icc else None,
        taken=_taken(one(_EXIF, 0), tiff),
    )


def _taken(offset: int, tiff: _Tiff) -> str | None:
    if not offset:
        return None
    try:
        value = tiff.directory(offset)[0].get(_TAKEN)
    except Truncated:
        return None
    text = value.decode("latin-1").strip("\0 ") if isinstance(value, bytes) else ""
    return text if is_time(text) else None
