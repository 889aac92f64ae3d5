"""WebP (RFC 9649) with every frame in it: libwebp would merge frames that look alike."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from unseen.adapters.photo.changes import changed_part, with_alpha
from unseen.adapters.photo.fit import Fitted
from unseen.adapters.photo.pillow_frames import rgb_image_of, save
from unseen.core.photos import Frame

__all__ = ["write_webp"]

_QUALITY = 90
_ICC, _ALPHA, _EXIF, _ANIMATION = 0x20, 0x10, 0x08, 0x02
_NO_BLEND = 2
_PICTURE = (b"ALPH", b"VP8 ", b"VP8L")
_LOSSLESS_SOURCES = ("png", "gif", "bmp")


def write_webp(fitted: Fitted) -> bytes:
    """Encode losslessly what was lossless, else at quality 90; colours under full transparency stay as they are."""
    photo = fitted.photo
    lossless = bool(photo.encoding.get("lossless")) or photo.format in _LOSSLESS_SOURCES
    options: dict[str, Any] = {"lossless": lossless, "quality": _QUALITY, "exact": True}
    icc, exif = fitted.icc(fitted.frames[0]), fitted.exif
    if len(fitted.frames) == 1:
        return save(rgb_image_of(fitted.frames[0]), "WEBP", icc_profile=icc, exif=exif, **options)
    return _animation(fitted, icc, exif, options)


def _animation(fitted: Fitted, icc: bytes | None, exif: bytes | None, options: dict[str, Any]) -> bytes:
    frames: tuple[Frame, ...] = fitted.frames
    alpha = any(frame.alpha is not None for frame in frames)
    if alpha:
        frames = tuple(with_alpha(frame) for frame in frames)
    flags = _ANIMATION | _ALPHA * alpha | _ICC * (icc is not None) | _EXIF * (exif is not None)
    chunks = [_chunk(b"VP8X", struct.pack("<I", flags) + _uint24(frames[0].width - 1) + _uint24(frames[0].height - 1))]
    if icc is not None:
        chunks.append(_chunk(b"ICCP", icc))
    plays = min(int(fitted.photo.encoding.get("plays", 0)), 0xFFFF)
    chunks.append(_chunk(b"ANIM", struct.pack("<IH", 0, plays)))
    before: Frame | None = None
    for frame in frames:
        chunks.append(_chunk(b"ANMF", _frame(before, frame, options)))
        before = frame
    if exif is not None:
        chunks.append(_chunk(b"EXIF", exif))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _frame(before: Frame | None, frame: Frame, options: dict[str, Any]) -> bytes:
    left, top, part = changed_part(before, frame, even=True)
    still = save(rgb_image_of(part), "WEBP", **options)
    place = [_uint24(n) for n in (left // 2, top // 2, part.width - 1, part.height - 1)]
    duration = min(round(frame.duration_ms or 0), 0xFFFFFF)
    return b"".join([*place, _uint24(duration), bytes([_NO_BLEND]), *_picture(still)])


def _picture(still: bytes) -> Iterator[bytes]:
    at = 12
    while at < len(still):
        name, size = still[at : at + 4], struct.unpack_from("<I", still, at + 4)[0]
        if name in _PICTURE:
            yield _chunk(name, still[at + 8 : at + 8 + size])
        at += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _uint24(number: int) -> bytes:
    return number.to_bytes(3, "little")
