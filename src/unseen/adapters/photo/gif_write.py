"""GIF (GIF89a) with every frame in it: Pillow would merge frames that look alike."""

from __future__ import annotations

import struct

from unseen.adapters.photo.changes import changed_part, opaque
from unseen.adapters.photo.fit import Fitted
from unseen.adapters.photo.palette import indexed
from unseen.core.photos import Frame

__all__ = ["write_gif"]

_KEEP, _CLEAR = 1, 2
_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01%s\x00"


def write_gif(fitted: Fitted) -> bytes:
    """Encode frames, each with a palette of its own, in steps of 10 ms."""
    frames = fitted.frames
    whole = all(opaque(frame) for frame in frames)
    out = [b"GIF89a", struct.pack("<HHBBB", frames[0].width, frames[0].height, 0x70, 0, 0)]
    plays = int(fitted.photo.encoding.get("plays", 0))
    if len(frames) > 1 and plays != 1:
        out.append(_LOOP % struct.pack("<H", min(plays - 1, 0xFFFF) if plays else 0))
    before: Frame | None = None
    for frame in frames:
        left, top, part = changed_part(before, frame) if whole else (0, 0, frame)
        disposal = 0 if len(frames) == 1 else _KEEP if whole else _CLEAR
        out.append(_picture(part, left, top, round((frame.duration_ms or 0) / 10), disposal))
        before = frame
    return b"".join([*out, b";"])


def _picture(frame: Frame, left: int, top: int, hundredths: int, disposal: int) -> bytes:
    from PIL import GifImagePlugin

    picture = indexed(frame, on_off=True)
    if picture is None:
        raise ValueError("no palette")
    clear = None if picture.alpha is None else len(picture.colours) - 1
    control = struct.pack("<BHB", disposal << 2 | (clear is not None), min(hundredths, 0xFFFF), clear or 0)
    data = b"".join(GifImagePlugin.getdata(picture.image(), (left, top), include_color_table=True))
    return b"\x21\xf9\x04" + control + b"\x00" + data
