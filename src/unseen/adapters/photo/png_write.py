"""PNG and APNG (W3C PNG, third edition), deep pictures among them, with every frame in it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from fractions import Fraction

import numpy as np

from unseen.adapters.photo.changes import changed_part, with_alpha
from unseen.adapters.photo.fit import Fitted
from unseen.adapters.photo.palette import indexed
from unseen.adapters.photo.pillow_frames import bilevel, image_of, save
from unseen.core.photos import Frame

__all__ = ["write_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PROFILE_NAME = b"ICC Profile\0\0"
_COLOURS = {("grey", False): 0, ("rgb", False): 2, ("grey", True): 4, ("rgb", True): 6}
_SUB = 1
_LEVEL = 6


def write_png(fitted: Fitted) -> bytes:
    """Encode one picture as it was stored (two levels, palette, 8 or 16 bits), or an animation in 8 bits a sample."""
    if len(fitted.frames) > 1:
        return _animation(fitted)
    frame = fitted.frames[0]
    icc, exif = fitted.icc(frame), fitted.exif
    if frame.pixels.dtype != np.uint8:
        return _file(frame, _metadata(icc, exif), [_chunk(b"IDAT", _deep(frame))], depth=16)
    mode = fitted.how("modes", 0)
    if mode == "1" and frame.colour == "grey" and frame.alpha is None:
        return save(bilevel(frame), "PNG", icc_profile=icc, exif=exif)
    picture = indexed(frame, on_off=False) if mode in ("P", "PA") else None
    if picture is None:
        return save(image_of(frame), "PNG", icc_profile=icc, exif=exif)
    alpha = None if picture.alpha is None else picture.alpha.tobytes()
    return save(picture.image(), "PNG", icc_profile=icc, exif=exif, transparency=alpha)


def _animation(fitted: Fitted) -> bytes:
    frames = _alike(fitted.frames)
    default = bool(fitted.photo.encoding.get("default")) and len(frames) > 2
    shown = frames[1:] if default else frames
    plays = int(fitted.photo.encoding.get("plays", 0))
    chunks = [_chunk(b"acTL", struct.pack(">II", len(shown), plays))]
    if default:
        chunks.append(_chunk(b"IDAT", _packed(frames[0])))
    number = 0
    before: Frame | None = None
    for frame in shown:
        left, top, part = changed_part(before, frame)
        chunks.append(_chunk(b"fcTL", struct.pack(">I", number) + _control(frame, part, left, top)))
        first = before is None and not default
        body = _packed(part)
        chunks.append(_chunk(b"IDAT", body) if first else _chunk(b"fdAT", struct.pack(">I", number + 1) + body))
        number += 1 if first else 2
        before = frame
    return _file(frames[0], _metadata(fitted.icc(fitted.frames[0]), fitted.exif), chunks, depth=8)


def _alike(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Give all frames the same channels, as one header stands for all of them."""
    if any(frame.alpha is not None for frame in frames):
        frames = tuple(with_alpha(frame) for frame in frames)
    if len({frame.colour for frame in frames}) == 1:
        return frames
    return tuple(
        frame if frame.colour == "rgb" else replace(frame, pixels=np.repeat(frame.pixels, 3, axis=2), colour="rgb")
        for frame in frames
    )


def _control(frame: Frame, part: Frame, left: int, top: int) -> bytes:
    """Return a fcTL body after its number: place, time as a fraction of a second, keep, and no blending."""
    time = Fraction((frame.duration_ms or 0.0) / 1000.0).limit_denominator(1000)
    if time.numerator > 0xFFFF:
        time = Fraction(min(round(time), 0xFFFF))
    return struct.pack(">4I2H2B", part.width, part.height, left, top, time.numerator, time.denominator, 0, 0)


def _packed(frame: Frame) -> bytes:
    """Return the compressed pixels of an 8-bit frame, as Pillow makes them."""
    data = save(image_of(frame), "PNG")
    at, body = len(_SIGNATURE), b""
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            body += data[at + 8 : at + 8 + size]
        at += 12 + size
    return body


def _deep(frame: Frame) -> bytes:
    """Return compressed rows of 16-bit samples, each row as differences to the pixel on the left."""
    parts = [frame.pixels] if frame.alpha is None else [frame.pixels, frame.alpha[:, :, None]]
    rows = np.concatenate(parts, axis=2).astype(">u2").view(np.uint8).reshape(frame.height, frame.width, -1)
    filtered = np.full((frame.height, 1 + rows.shape[1] * rows.shape[2]), _SUB, np.uint8)
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]
    filtered[:, 1:] = differences.reshape(frame.height, -1)
    return zlib.compress(filtered.tobytes(), _LEVEL)


def _metadata(icc: bytes | None, exif: bytes | None) -> list[bytes]:
    chunks = []
    if icc is not None:
        chunks.append(_chunk(b"iCCP", _PROFILE_NAME + zlib.compress(icc)))
    if exif is not None:
        chunks.append(_chunk(b"eXIf", exif))
    return chunks


def _file(frame: Frame, metadata: list[bytes], chunks: list[bytes], *, depth: int) -> bytes:
    colour = _COLOURS[frame.colour, frame.alpha is not None]
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", frame.width, frame.height, depth, colour, 0, 0, 0))
    return b"".join([_SIGNATURE, header, *metadata, *chunks, _chunk(b"IEND", b"")])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
