"""Mosaic and blur: looks that hold information of the inside, at most one noisy value a cell.

What they leak is measured and stated in unseen.core.looks.LEAKS.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from unseen.core.photos import Pixels
from unseen.pixels.surface import Floats, Surface, full_scale, working_type

__all__ = ["LEVELS", "SMALLEST_CELL", "blur", "laid_over", "mosaic"]

#: Values a cell may take between 0 and full scale.
LEVELS = 16
#: Cells are at least this many pixels wide and high where the region has them, or a small region would show itself.
SMALLEST_CELL = 3
#: Standard deviation of the noise on a cell, in levels: alike in all channels, and of each channel on its own.
_NOISE, _COLOUR_NOISE = 0.75, 0.25


def mosaic(source: Pixels, cells: float, noise: np.random.Generator) -> Surface:
    """Return a mosaic of `source` (height, width, channels), of at most `cells` cells along the longer side.

    Each cell is the average of all its pixels, with noise, rounded to one of few levels.
    """
    rows, columns = (_one_hot(edges, working_type(source.dtype)) for edges in _grid(source, cells))
    return Surface(rows, columns, _averages(source, cells, noise), np.zeros(source.shape[2]))


def laid_over(surface: Surface, height: int, width: int, share: float | None) -> Surface | None:
    """Return the cells of an earlier mosaic, or of a blur with this `share`, laid over another window.

    None where the window has fewer pixels than the mosaic has cells.
    """
    down, across = surface.nodes.shape[:2]
    if height < down * SMALLEST_CELL or width < across * SMALLEST_CELL:
        return None
    edges = (np.arange(n + 1) * size // n for n, size in ((down, height), (across, width)))
    rows, columns = (_one_hot(each, surface.nodes.dtype) for each in edges)
    if share is not None:
        reach = share * max(height, width)
        rows, columns = _smooth(rows, reach), _smooth(columns, reach)
    return Surface(rows, columns, surface.nodes, surface.grain)


def blur(source: Pixels, cells: float, share: float, noise: np.random.Generator) -> Surface:
    """Return a blur laid over the mosaic of `source`; its kernel is at least `share` of the longer side wide.

    Three running means, close to a Gaussian, none of which reads beyond the edges of `source`.
    """
    flat = mosaic(source, cells, noise)
    width = share * max(source.shape[:2])
    grain = np.full(source.shape[2], 0.0 if source.dtype.kind in "fb" else 0.5)
    return Surface(_smooth(flat.rows, width), _smooth(flat.columns, width), flat.nodes, grain)


def _grid(source: Pixels, cells: float) -> tuple[Floats, Floats]:
    """Return the edges of the cells' rows and columns."""
    longer = max(source.shape[:2])
    most = max(1, int(min(cells, longer)))
    height, width = (
        np.arange(n + 1) * size // n for size, n in ((s, _fewer(s, longer, most)) for s in source.shape[:2])
    )
    return height, width


def _fewer(size: int, longer: int, most: int) -> int:
    return max(1, min(round(most * size / longer), size // SMALLEST_CELL))


def _averages(source: Pixels, cells: float, noise: np.random.Generator) -> Floats:
    """Return noisy, rounded cell averages, shape (rows, columns, channels)."""
    rows, columns = _grid(source, cells)
    sums = [_row_sums(source[a:b], columns) for a, b in pairwise(rows)]
    means = np.stack(sums) / (np.diff(rows)[:, None, None] * np.diff(columns)[:, None])
    limit = np.finfo(working_type(source.dtype)).max ** 0.75
    means = np.where(np.abs(means) < limit, means, 0.0)
    step = full_scale(source.dtype, float(np.abs(means).max())) / LEVELS
    means += noise.normal(0.0, _NOISE * step, (*means.shape[:2], 1))
    means += noise.normal(0.0, _COLOUR_NOISE * step, means.shape)
    return ((np.floor(means / step) + 0.5) * step).astype(working_type(source.dtype))


def _row_sums(band: Pixels, columns: Floats) -> Floats:
    """Return the sums of a row of cells, shape (columns, channels); values that are not finite count as 0."""
    if band.dtype.kind == "f":
        band = np.where(np.isfinite(band), band, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        down = band.sum(axis=0, dtype=np.float64)
        return np.asarray(np.add.reduceat(down, columns[:-1], axis=0))


def _one_hot(edges: Floats, dtype: np.dtype[np.floating]) -> Floats:
    """Return for each pixel weight 1 for the cell it lies in, shape (pixels, cells)."""
    return np.repeat(np.eye(len(edges) - 1, dtype=dtype), np.diff(edges), axis=0)


def _smooth(weights: Floats, width: float) -> Floats:
    """Return weights (pixels, cells) after three running means along the pixels that together span `width`."""
    size = len(weights)
    reach = int(np.ceil(min(width, 2 * size) / 6 + 0.5))
    low = np.maximum(np.arange(size) - reach, 0)
    high = np.minimum(np.arange(size) + reach + 1, size)
    result = weights.astype(np.float64)
    for _ in range(3):
        total = np.vstack([np.zeros_like(result[:1]), np.cumsum(result, axis=0)])
        result = (total[high] - total[low]) / (high - low)[:, None]
    return result.astype(weights.dtype)
