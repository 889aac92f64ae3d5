"""PNG and APNG (W3C PNG, third edition) cut down to the chunks that show pixels."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from unseen.adapters.photo.faults import Damaged, Truncated

__all__ = ["Png", "cut_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SHOWS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND"))
_MOST_PROFILE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Png:
    """A bare PNG stream, its header, and the EXIF block and ICC profile that stood in it."""

    data: bytes
    width: int
    height: int
    depth: int
    colour: int
    exif: bytes | None
    icc: bytes | None


def cut_png(data: bytes) -> Png:
    """Return a PNG file without chunks that show no pixels; raises Truncated or Damaged."""
    kept: list[bytes] = [_SIGNATURE]
    extra: dict[bytes, bytes] = {}
    for name, chunk in _chunks(data):
        good = zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
        if name in _SHOWS:
            if not good:
                raise Damaged
            kept.append(chunk)
        elif good and name in (b"eXIf", b"iCCP"):
            extra.setdefault(name, chunk[8:-4])
    header = kept[1] if len(kept) > 1 else b""
    if header[4:8] != b"IHDR" or len(header) != 25:
        raise Damaged
    width, height = int.from_bytes(header[8:12], "big"), int.from_bytes(header[12:16], "big")
    icc = _inflate(extra.get(b"iCCP"))
    return Png(b"".join(kept), width, height, header[16], header[17], extra.get(b"eXIf"), icc)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and bytes of each chunk, with its length and checksum, up to the end chunk."""
    at, name = len(_SIGNATURE), b""
    while name != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if end > len(data):
            raise Truncated
        yield name, data[at:end]
        at = end


def _inflate(chunk: bytes | None) -> bytes | None:
    """Return the profile of an iCCP chunk (name, zero, method, zlib stream), or None if it is damaged or huge."""
    if chunk is None:
        return None
    _, _, rest = chunk.partition(b"\0")
    engine = zlib.decompressobj()
    try:
        profile = engine.decompress(rest[1:], _MOST_PROFILE)
    except zlib.error:
        return None
    return profile if engine.eof else None
