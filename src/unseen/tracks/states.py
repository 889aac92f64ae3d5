"""Boxes as states (cx, cy, log w, log h) and back: the few pieces of geometry that linking needs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from unseen.core.regions import Box
from unseen.tracks.camera import Floats

__all__ = ["LEAST", "MOST", "corners", "overlaps", "sizes", "states_of"]

#: Bounds of logarithms of sides, some hundredths of a pixel and some hundred thousand, so that no power overflows.
LEAST, MOST = -5.0, 12.0


def states_of(boxes: Iterable[Box], width: int, height: int) -> Floats:
    """Return boxes as float64 of shape (n, 4), columns cx cy log(w) log(h).

    Centres far outside of the picture and absurd sides are pulled in, so that arithmetic on them stays finite.
    """
    xyxy = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
    big = 4.0 * max(width, height)
    xyxy = np.clip(xyxy, -big, big)
    sides = np.log(np.clip(xyxy[:, 2:] - xyxy[:, :2], 0.01, None))
    return np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, sides], axis=1)


def corners(states: Floats) -> Floats:
    """Return states, shape (..., 4), as corners x1 y1 x2 y2 of the same shape."""
    half = np.exp(np.clip(states[..., 2:], LEAST, MOST)) / 2
    return np.concatenate([states[..., :2] - half, states[..., :2] + half], axis=-1)


def sizes(states: Floats) -> Floats:
    """Return the square root of each box's area, shape (...,)."""
    middle = (states[..., 2] + states[..., 3]) / 2
    return np.asarray(np.exp(np.minimum(np.maximum(middle, LEAST), MOST)), np.float64)


def overlaps(a: Floats, b: Floats) -> Floats:
    """Return intersection over union of every box of `a`, corners (n, 4), with every one of `b`: shape (n, m)."""
    a, b = a[:, None], b[None, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.maximum(sides, 0.0).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - common
    return np.asarray(common / union, np.float64)
