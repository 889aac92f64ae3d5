"""Between Pillow's pictures and frames."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from unseen.adapters.photo.faults import Undecodable
from unseen.core.photos import Frame, Pixels

__all__ = ["bilevel", "frame_of", "image_of", "rgb_image_of", "save"]

_DEEP = frozenset(("I;16", "I;16L", "I;16B", "I;16N", "I", "F"))


def frame_of(image: Any, duration: float | None = None) -> Frame:
    """Return the loaded picture as a frame, its palette resolved; raises Undecodable for other colour models.

    A colour that the file declares transparent becomes an alpha channel.
    """
    mode, clear = image.mode, image.info.get("transparency")
    if mode in _DEEP:
        grey = np.array(image)
        return _grey(grey.astype(grey.dtype.newbyteorder("="), copy=False), clear, duration)
    if mode in ("1", "L"):
        return _grey(_array(image, "L"), clear, duration)
    if mode in ("LA", "La"):
        pair = _array(image, "LA")
        return Frame(pair[:, :, :1].copy(), "grey", pair[:, :, 1].copy(), duration)
    if mode == "CMYK":
        return Frame(np.array(image), "cmyk", None, duration)
    if mode in ("RGBA", "RGBa", "PA") or (mode in ("P", "RGB") and clear is not None):
        four = _array(image, "RGBA")
        return Frame(four[:, :, :3].copy(), "rgb", four[:, :, 3].copy(), duration)
    if mode in ("RGB", "P", "RGBX", "YCbCr"):
        return Frame(_array(image, "RGB"), "rgb", None, duration)
    raise Undecodable(f"{mode} colours")


def _array(image: Any, mode: str) -> Pixels:
    return np.array(image if image.mode == mode else image.convert(mode))


def _grey(pixels: Pixels, clear: object, duration: float | None) -> Frame:
    alpha = None
    if isinstance(clear, int) and pixels.dtype.kind == "u":
        alpha = np.where(pixels == clear, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return Frame(pixels[:, :, None], "grey", alpha, duration)


def image_of(frame: Frame) -> Any:
    """Return an 8-bit frame, or a grey one of any depth without alpha, as a Pillow picture."""
    from PIL import Image

    pixels = np.ascontiguousarray(frame.pixels)
    if frame.colour == "cmyk":
        return Image.frombytes("CMYK", (frame.width, frame.height), pixels.tobytes())
    if frame.alpha is not None:
        both = np.concatenate([pixels, frame.alpha[:, :, None]], axis=2)
        return Image.fromarray(np.ascontiguousarray(both))
    return Image.fromarray(pixels[:, :, 0] if frame.colour == "grey" else pixels)


def rgb_image_of(frame: Frame) -> Any:
    """Return an 8-bit frame as an RGB or RGBA picture, for formats that know no grey."""
    image = image_of(frame)
    return image if frame.colour == "rgb" else image.convert("RGB" if frame.alpha is None else "RGBA")


def bilevel(frame: Frame) -> Any:
    """Return a grey frame as a Pillow picture of black and white, cut in the middle."""
    return image_of(frame).point(lambda value: 255 if value >= 128 else 0).convert("1", dither=0)


def save(image: Any, kind: str, **options: Any) -> bytes:
    """Write a picture as Pillow's format `kind`; options that are None are left out."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **{key: value for key, value in options.items() if value is not None})
    return buffer.getvalue()
