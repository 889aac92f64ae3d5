"""What Pillow does not do for AVIF: tell how it is stored, and leave the time of writing out of sequences."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["av1_layout", "without_exif", "without_times"]

_INSIDE = frozenset((b"moov", b"trak", b"mdia"))
_TIMED = frozenset((b"mvhd", b"tkhd", b"mdhd"))
#: An item of type Exif: version 2 or 3 and flags of the box, number, protection, type (ISO/IEC 14496-12, 8.11.6).
_EXIF_ITEM = re.compile(rb"(infe(?:\x02.{7}|\x03.{9}))Exif", re.DOTALL)
_CHROMA = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0"}


def av1_layout(data: bytes) -> str | None:
    """Return how the first AV1 picture of a file stores colour, "4:4:4" to "4:0:0" (AV1-ISOBMFF, 2.3.3), or None."""
    at = data.find(b"av1C\x81")
    if at < 0 or at + 7 > len(data):
        return None
    flags = data[at + 6]
    return "4:0:0" if flags & 0x10 else _CHROMA.get((flags >> 3 & 1, flags >> 2 & 1))


def without_exif(data: bytes) -> bytes:
    """Return the file with its EXIF item renamed, so that a decoder does not look into it."""
    return _EXIF_ITEM.sub(lambda found: found[1] + b"skip", data)


def without_times(data: bytes) -> bytes:
    """Return the file with the times of creation in its movie, track and media headers set to zero."""
    out = bytearray(data)
    for at, wide in list(_headers(data, 0, len(data))):
        out[at : at + 2 * wide] = bytes(2 * wide)
    return bytes(out)


def _headers(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the offset of the two times of each header, and how many bytes each of them has."""
    while at + 8 <= end:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        size = size or end - at
        body = at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        if name in _INSIDE:
            yield from _headers(data, body, at + size)
        elif name in _TIMED:
            yield body + 4, 8 if data[body] else 4
        at += max(size, 8)
