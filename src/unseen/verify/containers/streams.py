"""Checks that a compressed stream ends where its block ends and holds exactly the pixels it should."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from unseen.verify.containers.findings import Malformed

__all__ = ["ccitt_problem", "deflate_problem", "inflate", "lzw_gif_problem", "lzw_tiff_problem", "packbits_problem"]

_STEP = 1 << 16
_TOO_LONG = "holds more than the picture needs"
_TOO_SHORT = "holds less than the picture needs"
_AFTER = "has bytes after the end of its compressed stream"


def _steps(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for at in range(0, len(piece), _STEP):
            yield piece[at : at + _STEP]


def deflate_problem(pieces: Iterable[bytes], size: int) -> str | None:
    """Say what is wrong with a zlib stream (RFC 1950) that should inflate to `size` bytes, or return None.

    Memory stays bounded whatever the stream inflates to; work stops soon after `size` bytes.
    """
    engine, total = zlib.decompressobj(), 0
    for piece in _steps(pieces):
        if engine.eof:
            return _AFTER
        todo = piece
        while todo:
            try:
                total += len(engine.decompress(todo, _STEP))
            except zlib.error:
                return "is no valid compressed stream"
            if total > size:
                return _TOO_LONG
            todo = engine.unconsumed_tail
        if engine.unused_data:
            return _AFTER
    return _unfinished(engine, size - total)


def _unfinished(engine: zlib._Decompress, missing: int) -> str | None:
    """Judge a stream whose input is used up; a few bytes may still wait inside the engine."""
    try:
        missing -= 0 if engine.eof else len(engine.decompress(b"", missing + 1))
    except zlib.error:
        return "is no valid compressed stream"
    if missing < 0:
        return _TOO_LONG
    if not engine.eof:
        return "breaks off before its end"
    return _TOO_SHORT if missing else None


def inflate(stream: bytes, limit: int) -> bytes:
    """Inflate one zlib stream of at most `limit` bytes that ends exactly at its end; raises Malformed otherwise."""
    engine = zlib.decompressobj()
    try:
        out = engine.decompress(stream, limit + 1)
    except zlib.error as error:
        raise Malformed("is no valid compressed stream") from error
    if len(out) > limit:
        raise Malformed(_TOO_LONG)
    if not engine.eof or engine.unused_data:
        raise Malformed(_AFTER if engine.eof else "breaks off before its end")
    return out


def packbits_problem(data: bytes, size: int) -> str | None:
    """Say what is wrong with a PackBits stream (TIFF 6.0, section 9) of `size` bytes unpacked, or return None."""
    at, total, end = 0, 0, len(data)
    while at < end and total <= size:
        head = data[at]
        if head < 128:
            at, total = at + head + 2, total + head + 1
        elif head > 128:
            at, total = at + 2, total + 257 - head
        else:
            return "has codes that stand for nothing"
    if total != size:
        return _TOO_LONG if total > size else _TOO_SHORT
    return None if at == end else "breaks off before its end"


def lzw_tiff_problem(data: bytes) -> str | None:
    """Say whether a TIFF LZW stream (TIFF 6.0, section 13) lacks its end code in its last bits, or return None."""
    tail = int.from_bytes(data[-4:], "big")
    for width in range(9, 13):
        for spare in range(8):
            if not tail & ((1 << spare) - 1) and (tail >> spare) & ((1 << width) - 1) == 257:
                return None
    return _AFTER


def ccitt_problem(data: bytes) -> str | None:
    """Say whether a Group 4 stream (ITU-T T.6) lacks its end-of-block code in its last bits, or return None."""
    tail = int.from_bytes(data[-5:], "big")
    if any(not tail & ((1 << spare) - 1) and (tail >> spare) & 0xFFFFFF == 0x001001 for spare in range(8)):
        return None
    return _AFTER


def lzw_gif_problem(data: bytes, least: int, pixels: int) -> str | None:
    """Say what is wrong with a GIF LZW stream (GIF89a, appendix F) that should hold `pixels` pixels, or return None.

    `least` is the minimum code size (1..11). Only lengths are followed, no pixel is rebuilt.
    """
    clear, stop = 1 << least, (1 << least) + 1
    fresh = [1] * clear + [0, 0]
    lengths, width, last, total = fresh.copy(), least + 1, 0, 0
    bits, held, at, end = 0, 0, 0, len(data)
    while at < end or held >= width:
        while held < width and at < end:
            bits, held, at = bits | data[at] << held, held + 8, at + 1
        if held < width:
            break
        code, bits, held = bits & ((1 << width) - 1), bits >> width, held - width
        if code == stop:
            return _ending(end - at, bits, total - pixels)
        if code == clear:
            lengths, width, last = fresh.copy(), least + 1, 0
            continue
        if last and len(lengths) < 4096:
            lengths.append(last + 1)
            width += len(lengths) == 1 << width and width < 12
        if code >= len(lengths):
            return "is no valid compressed stream"
        last = lengths[code]
        total += last
        if total > pixels:
            return _TOO_LONG
    return "breaks off before its end"


def _ending(after: int, spare: int, excess: int) -> str | None:
    if after or spare:
        return _AFTER
    return None if excess == 0 else _TOO_SHORT
