"""Values for the cells of a lattice in which nothing is seen, from those around: nearly a membrane.

Cells are taken together, two by two and again, until each has seen something; then what is known only coarsely is
handed back to the finer cells that have seen nothing: pull-push (Gortler et al., The Lumigraph, SIGGRAPH 1996, 3.4),
with a few steps of Jacobi's method in between, which bend the surface toward the membrane.

The order in which numbers are added up is part of what is written: another one rounds otherwise.
"""

from __future__ import annotations

import numpy as np

from unseen.pixels.surface import Floats

__all__ = ["solved"]

_F = np.float32
#: Steps toward the membrane, at all levels but those with more cells than this.
_STEPS, _MANY = 2, 16_000


def solved(seen: Floats, weight: Floats) -> Floats:
    """Return a value for every cell, shape (planes, height, width), whatever is seen of it; something must be."""
    levels = [(seen, weight)]
    while not weight.min():
        seen, weight = _halved(seen), _halved(weight)
        much = np.maximum(weight, 1)
        seen /= much
        weight /= much
        levels.append((seen, weight))
    values = seen / weight
    for seen, weight in levels[-2::-1]:
        rest = 1 - weight
        values = _doubled(values, *weight.shape)
        values *= rest
        values += seen
        if weight.size <= _MANY:
            values = _relaxed(values, rest)
    return values


def _halved(cells: Floats) -> Floats:
    """Return sums of two by two cells; an odd row or column stays alone."""
    height, width = cells.shape[-2:]
    if height % 2 or width % 2:
        padded = np.zeros((*cells.shape[:-2], height + height % 2, width + width % 2), cells.dtype)
        padded[..., :height, :width] = cells
        cells = padded
    rows = cells[..., ::2, :] + cells[..., 1::2, :]
    return np.asarray(rows[..., ::2] + rows[..., 1::2])


def _doubled(cells: Floats, height: int, width: int) -> Floats:
    """Return twice as many cells a side, cut to `height` and `width`, each from the four that are nearest."""
    return _twice(_twice(cells, -2)[:, :height], -1)[:, :, :width]


def _twice(cells: Floats, axis: int) -> Floats:
    """Return twice as many cells along the last axis or the one before: three quarters of each, and a quarter of the
    neighbour on its side; the outermost have none."""
    quarter = cells * _F(0.25)
    own = cells - quarter
    # All rows at once, as if they were one: numpy is slow where it goes through many short ones.
    run = cells.shape[-1] if axis == -2 else 1
    pairs = np.empty((cells.size // run, 2, run), cells.dtype)
    np.add(own.reshape(-1, run)[1:], quarter.reshape(-1, run)[:-1], out=pairs[1:, 0])
    np.add(own.reshape(-1, run)[:-1], quarter.reshape(-1, run)[1:], out=pairs[:-1, 1])
    shape = list(cells.shape)
    shape[axis] *= 2
    double = pairs.reshape(shape)
    ends, single = double.swapaxes(0, axis), cells.swapaxes(0, axis)
    ends[0], ends[-1] = single[0], single[-1]
    return double


def _relaxed(values: Floats, rest: Floats) -> Floats:
    """Return values moved toward their four neighbours as far as they are not seen: damped steps of Jacobi's method."""
    planes, height, width = values.shape
    pitch = width + 2
    framed, mean = np.empty((planes, height + 2, pitch), values.dtype), np.zeros((planes, height + 2, pitch), _F)
    framed[:, 1:-1, 1:-1] = values
    loose = np.zeros((height + 2, pitch), rest.dtype)
    loose[1:-1, 1:-1] = rest
    # All rows as one again: neighbours lie one place or one row further. What comes of the frame weighs nothing.
    flat, sums = framed.reshape(-1), mean.reshape(-1)[pitch:-pitch]
    here = flat[pitch:-pitch]
    for _ in range(_STEPS):
        framed[:, 0], framed[:, -1] = framed[:, 1], framed[:, -2]
        framed[:, :, 0], framed[:, :, -1] = framed[:, :, 1], framed[:, :, -2]
        np.add(here, flat[: -2 * pitch], out=sums)
        sums += flat[2 * pitch :]
        sums += flat[pitch - 1 : -pitch - 1]
        sums += flat[pitch + 1 : flat.size - pitch + 1]
        sums *= _F(0.2)
        sums -= here
        mean *= loose
        framed += mean
    return framed[:, 1:-1, 1:-1]
