"""TIFF files (TIFF 6.0) put together from pages: directories with nothing in them but what shows pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["LONG", "SHORT", "Metadata", "TiffPage", "join", "number_tag", "taken_apart"]

SHORT, LONG = 3, 4
_ASCII, _UNDEFINED = 2, 7
_SIZES = {1: 1, _ASCII: 1, SHORT: 2, LONG: 4, 5: 8, 6: 1, _UNDEFINED: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_OFFSETS, _COUNTS, _ORIENTATION, _DATETIME, _ICC, _EXIF, _TAKEN = 273, 279, 274, 306, 34675, 34665, 0x9003
#: Size, bits, compression, colour model, fill order, samples, rows, planes, predictor, colour map, extra samples,
#: sample format, JPEG tables, and how colour differences are stored.
_SHOWS = frozenset((256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 320, 338, 339, 347, 530, 531, 532))
_HEADER = b"II*\0"

#: Code, field type, values as bytes.
Tag = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What may go with a page beside its pixels."""

    icc: bytes | None = None
    orientation: int = 1
    taken: str | None = None

    def tags(self) -> list[Tag]:
        """Return the tags of the page's own directory, without the pointer to the EXIF directory."""
        tags: list[Tag] = []
        if self.orientation != 1:
            tags.append(number_tag(_ORIENTATION, SHORT, self.orientation))
        if self.taken is not None:
            tags.append((_DATETIME, _ASCII, self.taken.encode("ascii") + b"\0"))
        if self.icc is not None:
            tags.append((_ICC, _UNDEFINED, self.icc))
        return tags


@dataclass(frozen=True, slots=True)
class TiffPage:
    """The tags that show a page, but for those that say where its strips are, and the strips."""

    tags: tuple[Tag, ...]
    strips: tuple[bytes, ...]


def number_tag(code: int, kind: int, *values: int) -> Tag:
    """Return a tag of SHORT or LONG values."""
    return code, kind, struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)


def taken_apart(data: bytes) -> TiffPage:
    """Return the only page of a little-endian TIFF file in strips; raises ValueError or struct.error for others."""
    if data[:4] != _HEADER:
        raise ValueError("another kind of TIFF")
    at = struct.unpack_from("<I", data, 4)[0]
    found: dict[int, Tag] = {}
    for entry in range(at + 2, at + 2 + 12 * struct.unpack_from("<H", data, at)[0], 12):
        code, kind, count = struct.unpack_from("<HHI", data, entry)
        size = count * _SIZES[kind]
        start = entry + 8 if size <= 4 else struct.unpack_from("<I", data, entry + 8)[0]
        found[code] = code, kind, data[start : start + size]
    places = zip(_numbers(found[_OFFSETS]), _numbers(found[_COUNTS]), strict=True)
    strips = tuple(data[start : start + size] for start, size in places)
    return TiffPage(tuple(tag for code, tag in found.items() if code in _SHOWS), strips)


def _numbers(tag: Tag) -> tuple[int, ...]:
    size = _SIZES[tag[1]]
    return struct.unpack(f"<{len(tag[2]) // size}{'HIQ'[(2, 4, 8).index(size)]}", tag[2])


def join(pages: list[tuple[TiffPage, Metadata]]) -> bytes:
    """Return a file of the pages; raises struct.error beyond 4 GB."""
    out = bytearray(_HEADER + bytes(4))
    pointer = 4
    for page, metadata in pages:
        starts = []
        for strip in page.strips:
            starts.append(len(out))
            out += strip
        tags = [*page.tags, *metadata.tags()]
        tags.append(number_tag(_OFFSETS, LONG, *starts))
        tags.append(number_tag(_COUNTS, LONG, *map(len, page.strips)))
        out += bytes(-len(out) % 4)
        if metadata.taken is not None:
            tags.append(number_tag(_EXIF, LONG, len(out)))
            out += _directory([(_TAKEN, _ASCII, metadata.taken.encode("ascii") + b"\0")], len(out))
            out += bytes(-len(out) % 4)
        struct.pack_into("<I", out, pointer, len(out))
        pointer = len(out) + 2 + 12 * len(tags)
        out += _directory(sorted(tags), len(out))
    return bytes(out)


def _directory(tags: list[Tag], at: int) -> bytes:
    """Return a directory that will stand at an offset, followed by the values that do not fit into it."""
    head, rest = struct.pack("<H", len(tags)), b""
    after = at + 2 + 12 * len(tags) + 4
    for code, kind, value in tags:
        head += struct.pack("<HHI", code, kind, len(value) // _SIZES[kind])
        if len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            rest += bytes(-(after + len(rest)) % 4)
            head += struct.pack("<I", after + len(rest))
            rest += value
    return head + bytes(4) + rest
