"""TIFF pages, packed as they were: those of 8 bits by Pillow, deeper ones here."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from unseen.adapters.photo.fit import Fitted
from unseen.adapters.photo.palette import indexed
from unseen.adapters.photo.pillow_frames import bilevel, image_of, save
from unseen.adapters.photo.tiff_file import LONG, SHORT, Metadata, TiffPage, join, number_tag, taken_apart
from unseen.core.photos import Frame, Pixels

__all__ = ["write_tiff"]

_DEFLATE, _GROUP_4, _JPEG = "tiff_adobe_deflate", "group4", "jpeg"
_CCITT = ("tiff_ccitt", "group3", "group4")
_KEPT = ("raw", "tiff_lzw", _DEFLATE, "packbits")
_QUALITY = 90
_FORMATS = {"u": 1, "i": 2, "f": 3}
_HORIZONTAL = 2
_WITH_ALPHA = 4


def write_tiff(fitted: Fitted) -> bytes:
    """Encode pages; kinds of packing that keep no end mark or are rare become deflate, or Group 4 for two levels."""
    pages: list[tuple[TiffPage, Metadata]] = []
    for index, frame in enumerate(fitted.frames):
        taken = fitted.taken if index == 0 else None
        pages.append((_page(fitted, index, frame), Metadata(fitted.icc(frame), fitted.orientation, taken)))
    return join(pages)


def _page(fitted: Fitted, index: int, frame: Frame) -> TiffPage:
    if frame.pixels.dtype != np.uint8:
        return _deep_page(_samples(frame))
    image = _image(frame, fitted.how("modes", index))
    compression = _compression(fitted.how("compressions", index), image.mode)
    quality = _QUALITY if compression == _JPEG else None
    return taken_apart(save(image, "TIFF", compression=compression, quality=quality))


def _image(frame: Frame, mode: str) -> Any:
    if mode == "1" and frame.colour == "grey" and frame.alpha is None:
        return bilevel(frame)
    picture = indexed(frame, on_off=True) if mode == "P" and frame.alpha is None else None
    return image_of(frame) if picture is None else picture.image()


def _compression(before: str, mode: str) -> str:
    if before in _CCITT and mode == "1":
        return _GROUP_4
    if before in ("jpeg", "tiff_jpeg") and mode in ("L", "RGB"):
        return _JPEG
    return before if before in _KEPT else _DEFLATE


def _deep_page(pixels: Pixels) -> TiffPage:
    """Return a page of one deflated strip of samples (height, width, channels) of any depth."""
    height, width, count = pixels.shape
    bits, kind = 8 * pixels.dtype.itemsize, pixels.dtype.kind
    predicted = kind in "ui" and bits == 16
    tags = [
        number_tag(256, LONG, width),
        number_tag(257, LONG, height),
        number_tag(258, SHORT, *[bits] * count),
        number_tag(259, SHORT, 8),
        number_tag(262, SHORT, 1 if count == 1 else 2),
        number_tag(277, SHORT, count),
        number_tag(278, LONG, height),
        number_tag(284, SHORT, 1),
        number_tag(317, SHORT, _HORIZONTAL if predicted else 1),
        number_tag(339, SHORT, *[_FORMATS[kind]] * count),
    ]
    if count == _WITH_ALPHA:
        tags.append(number_tag(338, SHORT, 2))
    strip = zlib.compress((_differences(pixels) if predicted else pixels).tobytes())
    return TiffPage(tuple(tags), (strip,))


def _samples(frame: Frame) -> Pixels:
    """Return little-endian samples (height, width, channels); grey with alpha becomes colour, which readers know."""
    pixels = frame.pixels
    if frame.alpha is not None:
        colours = np.repeat(pixels, 3, axis=2) if frame.colour == "grey" else pixels
        pixels = np.concatenate([colours, frame.alpha[:, :, None]], axis=2)
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))


def _differences(pixels: Pixels) -> Pixels:
    out = pixels.copy()
    out[:, 1:] -= pixels[:, :-1]
    return out
