"""From a frame as it is stored to the 8-bit RGB pictures that detectors look at."""

from __future__ import annotations

import numpy as np

from unseen.core.photos import Frame, Pixels, Rgb8

__all__ = ["rgb_views"]


def rgb_views(frame: Frame) -> list[Rgb8]:
    """Return every picture that could be seen in a frame, each (height, width, 3) RGB.

    Most frames have one. With an alpha channel that is not opaque there are more: the stored colours (which a viewer
    may hide and an editor shows), the picture on white and on black, and the alpha channel itself, because a face can
    be stored in any of them. Deep pixels are stretched from their darkest to their brightest percentile, because a
    photo of few bits in a deep container is nearly black.
    """
    colours = _to_rgb(_to_bytes(frame.pixels), frame.colour)
    if frame.alpha is None:
        return [colours]
    alpha = _to_bytes(frame.alpha[:, :, None])[:, :, 0]
    if alpha.min() == 255:
        return [colours]
    share = alpha[:, :, None].astype(np.float32) / 255.0
    on_black = (colours * share).astype(np.uint8)
    on_white = (colours * share + 255.0 * (1.0 - share)).astype(np.uint8)
    return [colours, on_white, on_black, np.repeat(alpha[:, :, None], 3, axis=2)]


def _to_bytes(pixels: Pixels) -> Rgb8:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, dtype=np.uint8)
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    values = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    # Every 16th pixel is enough for a percentile and keeps large photos quick.
    low, high = np.percentile(values[::4, ::4], (0.1, 99.9))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(pixels.shape, np.uint8)
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0) * 255.0, dtype=np.uint8)


def _to_rgb(pixels: Rgb8, colour: str) -> Rgb8:
    if colour == "grey":
        return np.repeat(pixels, 3, axis=2)
    if colour == "cmyk":
        ink = pixels.astype(np.uint16)
        return ((255 - ink[:, :, :3]) * (255 - ink[:, :, 3:]) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)
