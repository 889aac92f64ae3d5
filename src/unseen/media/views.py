"""From a frame as it is stored to the 8-bit RGB pictures that detectors look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Frame, Pixels, Rgb8

__all__ = ["rgb_views"]

Numbers = NDArray[np.floating]
#: Where less of the range than this lies between the percentiles, the rest is looked at too.
_MOST_OF_RANGE = 0.5


def rgb_views(frame: Frame) -> list[Rgb8]:
    """Return every picture that could be seen in a frame, each (height, width, 3) RGB.

    Most frames have one. Deep pixels are stretched from their darkest to their brightest percentile, because a photo
    of few bits in a deep container is nearly black; where that cuts off much of their range, there is a second one
    over all of it. With an alpha channel that is not the same everywhere there are more: the stored colours (which a
    viewer may hide and an editor shows), the picture on white and on black, and the alpha channel itself, stretched,
    because a face can be stored in any of them.
    """
    colours = [_to_rgb(levels, frame.colour) for levels in _to_bytes(frame.pixels)]
    if frame.alpha is None or frame.alpha.min() == frame.alpha.max():
        return colours
    share = _opacity(frame.alpha)[:, :, None]
    on_black = [(view * share).astype(np.uint8) for view in colours]
    on_white = [(view * share + 255.0 * (1.0 - share)).astype(np.uint8) for view in colours]
    masks = [np.repeat(levels, 3, axis=2) for levels in _stretched(frame.alpha[:, :, None])]
    return [*colours, *on_white, *on_black, *masks]


def _opacity(alpha: Pixels) -> NDArray[np.float32]:
    """Return alpha as shares from 0 to 1; what is no number counts as 0."""
    top = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else 1
    return np.clip(_numbers(alpha) / top, 0.0, 1.0).astype(np.float32)


def _to_bytes(pixels: Pixels) -> list[Rgb8]:
    levels = [np.asarray(pixels, dtype=np.uint8)] if pixels.dtype == np.uint8 else _stretched(pixels)
    return [view for level in levels for view in ([level, _smoothed(level)] if _is_two_level(level) else [level])]


def _is_two_level(levels: Rgb8) -> bool:
    """Whether a grey picture is black and white only, as dithered scans are; a look at every 7th row mostly tells."""
    if levels.shape[2] != 1 or levels.min() != 0 or levels.max() != 255:
        return False
    return all(bool(np.isin(part, (0, 255)).all()) for part in (levels[::7], levels))


def _smoothed(levels: Rgb8) -> Rgb8:
    """Return the mean over 5 x 5 pixels: dots of a dithered picture hide a face from a network, not from people."""
    wide = np.pad(levels[:, :, 0].astype(np.float32), 2, mode="edge")
    rows = sum(wide[i : i + levels.shape[0]] for i in range(5))
    mean = sum(np.asarray(rows)[:, i : i + levels.shape[1]] for i in range(5))
    return np.asarray(np.rint(np.asarray(mean) / 25.0), dtype=np.uint8)[:, :, None]


def _stretched(pixels: Pixels) -> list[Rgb8]:
    """Return the values from their darkest to their brightest percentile as 0..255; all of them too if those differ."""
    values = _numbers(pixels)
    least, most = float(values.min()), float(values.max())
    # Shares of the largest number first: the span between the largest floats is no float.
    scale = max(abs(least), abs(most)) or 1.0
    values, least, most = values / scale, least / scale, most / scale
    # Every 16th pixel is enough for a percentile and keeps large photos quick.
    low, high = map(float, np.percentile(values[::4, ::4], (0.1, 99.9)))
    views = [_between(values, low, high)] if high > low else []
    if not views or high - low < _MOST_OF_RANGE * (most - least):
        views.append(_between(values, least, most))
    return views


def _between(values: Numbers, low: float, high: float) -> Rgb8:
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    return np.asarray((np.clip(values, low, high) - low) / (high - low) * 255.0, dtype=np.uint8)


def _numbers(pixels: Pixels) -> Numbers:
    """Return the values as floats that hold them all, of 32 bits where those are enough; 0 for what is no number."""
    small = pixels.dtype.itemsize <= 2 or pixels.dtype == np.float32
    finite = pixels if pixels.dtype.kind != "f" else np.where(np.isfinite(pixels), pixels, 0)
    return finite.astype(np.float32 if small else np.float64)


def _to_rgb(pixels: Rgb8, colour: str) -> Rgb8:
    if colour == "grey":
        return np.repeat(pixels, 3, axis=2)
    if colour == "cmyk":
        ink = pixels.astype(np.uint16)
        return ((255 - ink[:, :, :3]) * (255 - ink[:, :, 3:]) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)
