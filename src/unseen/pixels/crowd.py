"""The fill of many small regions at once: what is computed for one is padded and computed for all of a kind.

A crowd has dozens of small faces in every frame, and numpy takes longer to be called than to work on one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.core.photos import Pixels
from unseen.pixels.boxes import slices
from unseen.pixels.fill import Ring, least_grain, lines_of, softened
from unseen.pixels.shapes import Mask, Spot
from unseen.pixels.surface import Floats, as_type

__all__ = ["Job", "paint_small", "small_job"]

#: A spot is small whose window has at most this many pixels, and whose ring and surface together take as many values.
_MOST_PIXELS, _MOST_VALUES = 1 << 13, 1 << 16
#: Values that are worked on at once stay in the processor's cache; this share of them at least is no padding.
_AT_ONCE, _ALIKE = 1 << 18, 0.4


@dataclass(frozen=True, slots=True)
class Job:
    """A small spot with its ring, along rows and columns the places of nodes and what each pixel weighs them by, and
    its size: nodes down and across, pieces, pixels down and across."""

    spot: Spot
    ring: Ring
    y: Floats
    rows: Floats
    x: Floats
    columns: Floats
    size: tuple[int, int, int, int, int]


def small_job(spot: Spot, ring: Ring) -> Job | None:
    """Return what is to be painted of a spot, None if it is so large that it is better painted by itself."""
    if spot.window.area > _MOST_PIXELS:
        return None
    (y, rows), (x, columns) = lines_of(spot, ring.value.dtype)
    size = len(y), len(x), len(ring.y), len(rows), len(columns)
    if _values(size) > _MOST_VALUES:
        return None
    return Job(spot, ring, y + spot.window.y1, rows, x + spot.window.x1, columns, size)


def paint_small(canvas: Pixels, jobs: Iterable[Job], noise: np.random.Generator) -> None:
    """Write surfaces with their grain over small spots of a picture (height, width, channels)."""
    for alike in _alike(sorted(jobs, key=_kind)):
        _paint(canvas, alike, noise)


def _values(size: tuple[int, int, int, int, int]) -> int:
    """Return how many values are worked on for a job of a size: its kernel and its pixels."""
    down, across, pieces, height, width = size
    return down * across * pieces + height * width


def _kind(job: Job) -> tuple[float, int]:
    """Return what jobs are sorted by: tall ones beside tall ones, then the largest first."""
    return round(math.log2(job.size[3] / job.size[4])), -_values(job.size)


def _alike(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield jobs in groups so that little is padded and no group is too large to be worked on at once."""
    some: list[Job] = []
    size, total = (0, 0, 0, 0, 0), 0
    for job in jobs:
        (a, b, c, d, e), (f, g, h, i, j) = size, job.size
        grown = max(a, f), max(b, g), max(c, h), max(d, i), max(e, j)
        padded, total = (len(some) + 1) * _values(grown), total + _values(job.size)
        if some and (padded > _AT_ONCE or padded * _ALIKE > total):
            yield some
            some, grown, total = [], job.size, _values(job.size)
        some.append(job)
        size = grown
    if some:
        yield some


def _paint(canvas: Pixels, jobs: Sequence[Job], noise: np.random.Generator) -> None:
    nodes = _nodes(jobs).transpose(0, 3, 1, 2)
    rows, columns = _stacked([job.rows for job in jobs]), _stacked([job.columns for job in jobs])
    values = rows[:, None] @ (nodes @ columns.swapaxes(1, 2)[:, None])
    grain = np.array([least_grain(job.ring, canvas.dtype) for job in jobs])
    if grain.any():
        pattern = noise.random((len(jobs), 1, *values.shape[2:]), dtype=values.dtype)
        pattern -= 0.5
        values += pattern * (2 * grain[:, :, None, None])
    pixels = as_type(values, canvas.dtype)
    for job, each in zip(jobs, pixels, strict=True):
        target = canvas[slices(job.spot.window)]
        painted = each[:, : target.shape[0], : target.shape[1]].transpose(1, 2, 0)
        if job.spot.is_box:
            target[...] = painted
        else:
            mask: Mask = job.spot.covers(job.spot.window)
            np.copyto(target, painted, where=mask[:, :, None])


def _nodes(jobs: Sequence[Job]) -> Floats:
    """Return the surfaces at their nodes, shape (jobs, nodes down, nodes across, channels)."""
    rings = [job.ring for job in jobs]
    work = rings[0].value.dtype
    dy = _lines([job.y for job in jobs], work)[:, :, None] - _lines([ring.y for ring in rings], work)[:, None]
    dx = _lines([job.x for job in jobs], work)[:, :, None] - _lines([ring.x for ring in rings], work)[:, None]
    soft = _lines([softened(ring) for ring in rings], work, 1.0)  # what pads the pieces weighs nothing
    kernel = (dy * dy + soft[:, None])[:, :, None] + (dx * dx)[:, None]
    np.reciprocal(kernel, out=kernel)
    _, down, across, pieces = kernel.shape
    sums = kernel.reshape(len(jobs), down * across, pieces) @ _weighted(rings, pieces)
    nodes = sums[..., :-1] / sums[..., -1:]
    low, high = (np.array([bound(ring.value, axis=0) for ring in rings])[:, None] for bound in (np.min, np.max))
    np.clip(nodes, low, high, out=nodes)
    return np.asarray(nodes.reshape(len(jobs), down, across, -1))


def _lines(lines: Sequence[Floats], work: np.dtype[np.generic], rest: float = 0.0) -> Floats:
    """Return lines, padded with `rest`, as rows of one array."""
    padded = np.full((len(lines), max(map(len, lines))), rest, work)
    for row, line in zip(padded, lines, strict=True):
        row[: len(line)] = line
    return padded


def _weighted(rings: Sequence[Ring], pieces: int) -> Floats:
    """Return each ring's values times the pieces' lengths, and the lengths, of shape (rings, pieces, channels + 1)."""
    padded = np.zeros((len(rings), pieces, rings[0].value.shape[1] + 1), rings[0].value.dtype)
    for row, ring in zip(padded, rings, strict=True):
        row[: len(ring.y), -1] = ring.length
        np.multiply(ring.value, ring.length[:, None], out=row[: len(ring.y), :-1])
    return padded


def _stacked(weights: Sequence[Floats]) -> Floats:
    """Return weights (pixels, nodes) in one array, padded with zeros."""
    pixels, nodes = (max(each.shape[axis] for each in weights) for axis in (0, 1))
    padded = np.zeros((len(weights), pixels, nodes), weights[0].dtype)
    for row, each in zip(padded, weights, strict=True):
        row[: each.shape[0], : each.shape[1]] = each
    return padded
