"""The fill: a smooth surface from the ring of pixels around a region, never from those inside.

The value at a point is the mean of the ring, each piece weighted by its length over the square of its distance. On a
disc and on a half-plane that is Poisson's kernel, the exact membrane over the ring (Evans, Partial Differential
Equations, 2.2.4); elsewhere it stays smooth, keeps the range of the ring, and needs neither a grid of the whole union
nor iterations. Regions of one component share their ring, so their surfaces agree where they meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.core.regions import Box
from unseen.pixels.boxes import round_out, slices
from unseen.pixels.shapes import Mask, Spot
from unseen.pixels.surface import Floats, Surface, spline, working_type

__all__ = ["Ring", "ring_around", "stretch"]

#: The ring is as thick as this share of the region's side (root of its area), in whole pixels within the bounds.
_THICKNESS, _THINNEST, _THICKEST = 1 / 32, 3, 32
#: Kernel values computed at once, to stay in the processor's cache.
_CHUNK = 1 << 17
#: With more pieces than this in a ring, far ones are taken together.
_MANY = 1024
_GRAIN_SAMPLES = 2048
#: Grain of photos has a standard deviation below this share of the brightest value; texture goes beyond.
_MOST_GRAIN = 0.01


@dataclass(frozen=True, slots=True)
class Ring:
    """Pieces of the ring around a component: mean position, length in pixels, thickness, and mean value.

    `y`, `x`, `length` and `thickness` have shape (n,), `value` (n, channels); `grain` (channels,) is the standard
    deviation of the finest detail in the ring.
    """

    y: Floats
    x: Floats
    length: Floats
    thickness: Floats
    value: Floats
    grain: Floats

    @property
    def mean(self) -> Floats:
        """The mean value of the whole ring, shape (channels,)."""
        return np.asarray(self.length @ self.value / self.length.sum())


def ring_around(pixels: Pixels, covered: Mask, spots: Iterable[Spot]) -> Ring | None:
    """Return the ring around `spots` in `pixels` (height, width, channels), or None if nothing outside is left.

    `covered` (height, width) is what any region covers; nothing of it is read. Values that are not finite, or too
    large to be added up, are left out.
    """
    parts, details = [], []
    for spot in spots:
        part = _pieces(pixels, covered, spot)
        if part is not None:
            parts.append(part[0])
            details.append(part[1])
    if not parts:
        return None
    pieces = np.concatenate(parts)
    value = pieces[:, 4:]
    grain = _grain(np.concatenate(details), value)
    return Ring(pieces[:, 0], pieces[:, 1], pieces[:, 2], pieces[:, 3], value, grain)


def stretch(ring: Ring, spot: Spot, dtype: np.dtype[np.generic]) -> Surface:
    """Return the surface over the spot's window, for pixels of type `dtype`."""
    work = ring.value.dtype
    step = _thickness(spot.box)
    y, rows = spline(int(spot.window.height), step, work)
    x, columns = spline(int(spot.window.width), step, work)
    nodes = _interpolate(_seen_from(ring, spot.window), y + spot.window.y1, x + spot.window.x1)
    # At least half a step of an integer, or else smooth surfaces show bands; sqrt(3) makes it uniform noise's bound.
    grain = np.maximum(ring.grain * math.sqrt(3), 0.0 if dtype.kind in "fb" else 0.5)
    return Surface(rows, columns, nodes, grain.astype(work))


def _thickness(box: Box) -> int:
    return min(max(round(math.sqrt(box.area) * _THICKNESS), _THINNEST), _THICKEST)


def _pieces(pixels: Pixels, covered: Mask, spot: Spot) -> tuple[Floats, Floats] | None:
    """Return the spot's ring as rows of y, x, length, thickness, value..., and second differences of its pixels."""
    thick = _thickness(spot.box)
    window = _window(spot, thick, covered)
    ring = spot.covers(window, float(thick))
    ring &= ~covered[slices(window)]
    y, x = np.divmod(np.flatnonzero(ring), ring.shape[1])
    y += int(window.y1)
    x += int(window.x1)
    values = _read(pixels, y, x)
    if pixels.dtype.kind == "f":
        usable = _usable(values)
        y, x, values = y[usable], x[usable], values[usable]
    if not y.size:
        return None
    return _averaged(y, x, values, spot, thick), _details(pixels, covered, y, x)


def _window(spot: Spot, grow: int, covered: Mask) -> Box:
    box = spot.window
    grown = Box(box.x1 - grow, box.y1 - grow, box.x2 + grow, box.y2 + grow)
    return round_out(grown, covered.shape[1], covered.shape[0]) or box


def _read(pixels: Pixels, y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    work = working_type(pixels.dtype)
    if pixels.dtype.itemsize <= work.itemsize:
        return pixels[y, x].astype(work)
    with np.errstate(over="ignore"):  # extended precision may hold more than float64 does
        return pixels[y, x].astype(work)


def _usable(values: Floats) -> Mask:
    """Return which rows of values are finite in every channel and leave room for sums."""
    limit = np.finfo(values.dtype).max ** 0.75
    return np.asarray((np.abs(values) < limit).all(axis=1))


def _averaged(y: NDArray[np.intp], x: NDArray[np.intp], values: Floats, spot: Spot, thick: int) -> Floats:
    """Average ring pixels over blocks about as wide as the ring is thick, so that single stray pixels do not count."""
    box = spot.window
    row, rows = _blocks(y, box.y1, box.height, thick)
    column, columns = _blocks(x, box.x1, box.width, thick)
    block = row * columns + column
    count = np.bincount(block, minlength=rows * columns)
    used = np.flatnonzero(count)
    result = np.empty((len(used), 4 + values.shape[1]), dtype=values.dtype)
    sums = [np.bincount(block, weights=w)[used] / count[used] for w in (y, x, *values.T)]
    result[:, 0], result[:, 1] = sums[0] + 0.5, sums[1] + 0.5
    result[:, 2], result[:, 3] = count[used] / thick, thick
    result[:, 4:] = np.stack(sums[2:], axis=1)
    return result


def _blocks(at: NDArray[np.intp], start: float, size: float, thick: int) -> tuple[NDArray[np.intp], int]:
    """Return the block of each coordinate: 0 before the window, then equal blocks along it, the last one after it."""
    count = max(1, round(size / thick))
    block = (at - int(start)) * count // int(size)
    return np.minimum(np.maximum(block, -1), count) + 1, count + 2


def _details(pixels: Pixels, covered: Mask, y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    """Return second differences along rows at up to some thousand ring pixels, shape (n, channels)."""
    step = 1 + len(y) // _GRAIN_SAMPLES
    y, x = y[::step], x[::step]
    inner = (x > 0) & (x < covered.shape[1] - 1)
    y, x = y[inner], x[inner]
    free = ~(covered[y, x - 1] | covered[y, x + 1])
    y, x = y[free], x[free]
    left, middle, right = (_read(pixels, y, x + d) for d in (-1, 0, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        second = left - 2 * middle + right
    return np.asarray(second[_usable(second)])


def _grain(details: Floats, value: Floats) -> Floats:
    """Return the standard deviation of white noise with the lower quartile of second differences that was seen.

    The quartile leaves out texture and edges (0.3186 is that of the absolute standard normal); the second difference
    of white noise has 6 times its variance.
    """
    if not len(details):
        return np.zeros(value.shape[1], dtype=value.dtype)
    quarter = len(details) // 4
    sigma = np.partition(np.abs(details), quarter, axis=0)[quarter] / (0.3186 * math.sqrt(6))
    return np.asarray(np.minimum(sigma, np.abs(value).max() * _MOST_GRAIN), dtype=value.dtype)


def _seen_from(ring: Ring, window: Box) -> Ring:
    """Return the ring with pieces far from `window` taken together, where there are too many to go through."""
    if len(ring.y) <= _MANY:
        return ring
    size = max(window.width, window.height)
    far = (np.abs(ring.y - (window.y1 + window.y2) / 2) > 1.5 * size) | (
        np.abs(ring.x - (window.x1 + window.x2) / 2) > 1.5 * size
    )
    if not far.any():
        return ring
    block = np.floor(ring.y[far] / (size / 2)) * 2.0**20 + np.floor(ring.x[far] / (size / 2))
    _, group = np.unique(block, return_inverse=True)
    length = np.bincount(group, weights=ring.length[far])
    columns = (ring.y, ring.x, ring.thickness, *ring.value.T)
    sums = [np.bincount(group, weights=c[far] * ring.length[far]) / length for c in columns]
    y, x, thickness, *value = (np.concatenate([c[~far], s]).astype(c.dtype) for c, s in zip(columns, sums, strict=True))
    length = np.concatenate([ring.length[~far], length]).astype(ring.length.dtype)
    return Ring(y, x, length, thickness, np.stack(value, axis=1), ring.grain)


def _interpolate(ring: Ring, y: Floats, x: Floats) -> Floats:
    """Return the surface at every (y, x) of a grid, shape (len(y), len(x), channels)."""
    work = ring.value.dtype
    soft = (ring.thickness / 2) ** 2  # so that a node on the ring takes a few pieces' mean, not one's value
    dy = (y[:, None] - ring.y) ** 2 + soft
    dx = (x[:, None] - ring.x) ** 2
    dy, dx = dy.astype(work), dx.astype(work)
    nodes = np.empty((len(y), len(x), ring.value.shape[1]), dtype=work)
    step = max(1, _CHUNK // (len(x) * len(ring.y)))
    for top in range(0, len(y), step):
        kernel = dy[top : top + step, None] + dx
        np.divide(ring.length, kernel, out=kernel)
        kernel /= kernel.sum(axis=-1, keepdims=True)
        nodes[top : top + step] = (kernel.reshape(-1, len(ring.y)) @ ring.value).reshape(len(kernel), len(x), -1)
    return np.clip(nodes, ring.value.min(axis=0), ring.value.max(axis=0), out=nodes)
