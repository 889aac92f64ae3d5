"""Cutting a file down to its primary picture before a decoder sees it: JPEG, WebP and GIF.

Decoders fill what is missing with grey, look into multi-picture parts and choke on damaged metadata; what these
functions return has none of it. They raise Truncated where the file's end is missing.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from unseen.adapters.photo.exif import MARK
from unseen.adapters.photo.faults import Truncated

__all__ = ["Gif", "Jpeg", "cut_gif", "cut_jpeg", "cut_webp"]

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_ALONE = frozenset((0x00, 0x01, _SOI, *range(0xD0, 0xD8)))
#: Frame headers, tables, restart interval, lines: what it takes to show one picture (ITU-T T.81, table B.1).
_SHOWS = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDB, 0xDC, 0xDD))
_ICC = b"ICC_PROFILE\0"
#: A marker other than a restart ends entropy-coded data.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xff]")


@dataclass(slots=True)
class Jpeg:
    """A bare JPEG stream, and the first EXIF block and the ICC profile that stood in it."""

    data: bytes = b""
    exif: bytes | None = None
    icc: bytes | None = None


@dataclass(slots=True)
class _Parts:
    kept: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])
    exif: bytes | None = None
    icc: list[bytes] = field(default_factory=list)

    def take(self, marker: int, segment: bytes) -> None:
        body = segment[4:]
        plain = marker == _APP0 and body.startswith(b"JFIF\0")
        if marker in _SHOWS or plain or (marker == _APP14 and body.startswith(b"Adobe")):
            self.kept.append(segment)
        elif marker == _APP1 and body.startswith(MARK) and self.exif is None:
            self.exif = body
        elif marker == _APP2 and body.startswith(_ICC):
            self.icc.append(body[len(_ICC) :])

    def profile(self) -> bytes | None:
        """Join the parts of the profile, each headed by its number and the count of parts (ICC.1, annex B.4)."""
        parts = sorted(self.icc)
        numbers = [part[:2] for part in parts]
        whole = [bytes((i, len(parts))) for i in range(1, len(parts) + 1)] if len(parts) < 256 else []
        return b"".join(part[2:] for part in parts) if parts and numbers == whole else None


def cut_jpeg(data: bytes) -> Jpeg:
    """Return the first picture of a JPEG file, without any segment that is not needed to show it."""
    parts, at = _Parts(), 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 2 > len(data):
            raise Truncated
        marker = data[at + 1]
        if marker == _EOI:
            parts.kept.append(b"\xff\xd9")
            return Jpeg(b"".join(parts.kept), parts.exif, parts.profile())
        if marker == _SOI and len(parts.kept) > 1:
            # Another picture starts before this one has ended.
            raise Truncated
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise Truncated
        if marker == _SOS:
            stop = _SCAN_END.search(data, end)
            if stop is None:
                raise Truncated
            parts.kept.append(data[at : stop.start()])
            end = stop.start()
        else:
            parts.take(marker, data[at:end])
        at = max(end, at + 2)


def cut_webp(data: bytes) -> tuple[bytes, bool]:
    """Return a WebP file without its trailer, and whether all its pictures are lossless."""
    end = 8 + struct.unpack_from("<I", data, 4)[0] if len(data) >= 12 else len(data) + 1
    if end > len(data):
        raise Truncated
    return data[:end], _lossless(data, 12, end) is True


def _lossless(data: bytes, at: int, end: int) -> bool | None:
    """Whether all pictures between two offsets are lossless; None where there is none."""
    found: list[bool] = []
    while at + 8 <= end:
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name in (b"VP8 ", b"VP8L"):
            found.append(name == b"VP8L")
        elif name == b"ANMF":
            inner = _lossless(data, at + 24, min(at + 8 + size, end))
            found += [] if inner is None else [inner]
        at += 8 + size + size % 2
    return all(found) if found else None


@dataclass(frozen=True, slots=True)
class Gif:
    """A GIF file without its trailer, how many frames it has, and the canvas that holds them all."""

    data: bytes
    frames: int
    width: int
    height: int


def cut_gif(data: bytes) -> Gif:
    """Walk a GIF file (GIF89a) to its end mark; a block of unknown kind ends it like a cut does."""
    try:
        width, height = struct.unpack_from("<HH", data, 6)
        at, frames = 13 + _table(data[10]), 0
        while (kind := data[at]) != 0x3B:
            if kind == 0x2C:
                left, top, wide, high, flags = struct.unpack_from("<4HB", data, at + 1)
                width, height, frames = max(width, left + wide), max(height, top + high), frames + 1
                at = _after_blocks(data, at + 11 + _table(flags))
            elif kind == 0x21:
                at = _after_blocks(data, at + 2)
            else:
                raise Truncated
    except (IndexError, struct.error):
        raise Truncated from None
    return Gif(data[: at + 1], frames, width, height)


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1
