"""The fill of frames: smooth surfaces from a lattice over the frame, whatever the number of regions.

A frame of a crowd has dozens of regions, and a ring around each (`unseen.pixels.fill`) costs more than a look for faces
does. Here the pixels that no region covers are averaged over cells of a few pixels, the cells that see nothing are
worked out from those around (`unseen.pixels.membrane`), and the surface over them is painted into the regions. Pixels
under a region weigh nothing, so nothing of them remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from unseen.core.photos import Pixels
from unseen.core.regions import Box
from unseen.pixels.fill import MOST_GRAIN, noise_in
from unseen.pixels.membrane import solved
from unseen.pixels.shapes import Mask, Spot
from unseen.pixels.surface import Floats, taps

__all__ = ["Grain", "Planes", "fill_planes"]

_F = np.float32
#: Luma pixels a side of a cell, in frames up to so many pixels a side; twice as many beyond.
_CELL, _LARGE = 4, 2048
#: Cells around the regions that are looked at, and what these begin at a multiple of, so that cells are taken together
#: in the same way while regions move.
_MARGIN, _ALIGNED = 8, 16
#: Up to so many spots are worked on apart where they lie apart; so many cells take as long as the calls for them.
_FEW, _CALLS = 4, 4096
#: Cells that are added around a surface, because a spline reaches beyond its ends.
_EDGE = 4
#: Pixels a side of the pattern of grain.
_TILE = 256
#: Samples of a cell that, at 12 bits each, add up to 16 bits.
_TWELVE_BITS = 16
#: What sums of the samples of a column of a cell go into.
_SUMS = np.dtype(np.uint16)
#: Every so many rows are looked at for grain, and about so many places in them at most.
_GRAIN_ROWS, _GRAIN_SAMPLES = 7, 8192


class Grain:
    """A pattern of uniform noise in -1..1 that stays the same while regions move and change.

    Drawn anew in each frame it would flicker, and be what an encoder spends most on. Drawn from `noise` once.
    """

    def __init__(self, noise: np.random.Generator) -> None:
        self._first = self._tile = noise.random((_TILE, _TILE), dtype=_F) * 2 - 1

    def over(self, spots: Sequence[Spot]) -> Floats:
        """Return the pattern, at least as large as any spot's window; it repeats after 256 pixels."""
        tall, wide = (
            int(max(sides)) for sides in zip(*((s.window.height, s.window.width) for s in spots), strict=True)
        )
        tile = self._tile  # read once: threads share the pattern, and each may put a larger one in its place
        if tall > tile.shape[0] or wide > tile.shape[1]:
            tile = self._tile = np.tile(self._first, (-(-tall // _TILE), -(-wide // _TILE)))
        return tile[:tall, :wide]


@dataclass(frozen=True, slots=True)
class Planes:
    """Planes of a frame that are laid out alike, of which the spots are written over: luma, or both of chroma.

    `pixels` are of one shape (height, width), in C's order, unsigned, of at most 12 bits a sample. `covered` is what
    any region covers, also those that hide otherwise; `across` and `down` are the luma pixels that a sample covers.
    """

    pixels: tuple[Pixels, ...]
    covered: Mask
    spots: Sequence[Spot]
    across: int = 1
    down: int = 1

    def of(self, cell: int, cut: Box, step: int = 1) -> tuple[slice, slice, int, int]:
        """Return a cut's rows, every `step`-th of them, and columns, and the samples of a cell down and across."""
        down, across = cell // self.down, cell // self.across
        rows = slice(int(cut.y1) * down, int(cut.y2) * down, step)
        return rows, slice(int(cut.x1) * across, int(cut.x2) * across), down, across


def fill_planes(layers: Sequence[Planes], grain: Grain, peak: int) -> bool:
    """Write the fill over the spots of a frame's planes; the first of `layers` is luma.

    `peak` is the largest value that a sample takes. Nothing is written, and False returned, where regions cover all of
    the frame. What is written depends on pixels outside every region, on the spots and on `grain` only.
    """
    height, width = layers[0].covered.shape
    cell = _CELL if max(height, width) <= _LARGE else 2 * _CELL
    whole = Box(0.0, 0.0, float(-(-width // cell)), float(-(-height // cell)))
    for near, which in _cuts(layers[0].spots, cell, whole):
        for cut in (near, whole):
            seen, weight = _seen(layers, cell, cut)
            if weight.any():
                break
        else:
            return False
        _paint(layers, which, solved(seen, weight), cell, cut, grain, peak)
    return True


def _cuts(spots: Sequence[Spot], cell: int, whole: Box) -> list[tuple[Box, list[int]]]:
    """Return the cells that are looked at, and the spots that lie there: in one piece, or in a few that lie apart."""
    if len(spots) > _FEW:
        return [(_around(spots, cell, whole), list(range(len(spots))))]
    cuts: list[tuple[Box, list[int]]] = []
    for i, spot in enumerate(spots):
        cut, which = _around([spot], cell, whole), [i]
        for other in list(cuts):
            both = Box.hull([cut, other[0]])
            if both.area <= cut.area + other[0].area + _CALLS:
                cuts.remove(other)
                cut, which = both, [*other[1], *which]
        cuts.append((cut, which))
    return cuts


def _around(spots: Sequence[Spot], cell: int, whole: Box) -> Box:
    """Return the cells around spots, with corners on a coarse grid."""
    box, side = Box.hull(spot.window for spot in spots), float(cell * _ALIGNED)
    x1, y1 = (max(0.0, (at - cell * _MARGIN) // side * _ALIGNED) for at in (box.x1, box.y1))
    x2, y2 = (-(-(at + cell * _MARGIN) // side) * _ALIGNED for at in (box.x2, box.y2))
    return Box(x1, y1, min(x2, whole.x2), min(y2, whole.y2))


def _seen(layers: Sequence[Planes], cell: int, cut: Box) -> tuple[Floats, Floats]:
    """Return for the cells of a cut what is seen of each plane, times the share of the cell in which it is seen, shape
    (planes, height, width), and that share, (height, width): the least of all planes."""
    height, width = int(cut.height), int(cut.width)
    seen = np.empty((sum(len(layer.pixels) for layer in layers), height, width), _F)
    shares = np.empty((len(layers), height, width), _F)
    done = 0
    for layer, share in zip(layers, shares, strict=True):
        rows, columns, down, across = layer.of(cell, cut)
        free = (~layer.covered[rows, columns]).view(np.uint8)
        # Counted in 8 bits, for a cell has 64 samples at most.
        _average(free, free.dtype, down, across, share)
        for plane in layer.pixels:
            _average(plane[rows, columns] * free, _SUMS, down, across, seen[done])
            done += 1
    least = np.minimum.reduce(shares)
    done = 0
    for layer, share in zip(layers, shares, strict=True):
        mine = slice(done, done := done + len(layer.pixels))
        if (share != least).any():
            seen[mine] *= least / np.maximum(share, _F(1e-3))
    return seen, least


def _average(values: Pixels, sums: np.dtype[Any], down: int, across: int, cells: Floats) -> None:
    """Write into `cells` (height, width) the means of `values` over so many rows and columns each, added up as `sums`
    if they go into these; what the values lack for whole cells is 0."""
    size = cells.shape[0] * down, cells.shape[1] * across
    if values.shape != size:
        padded = np.zeros(size, values.dtype)
        padded[: values.shape[0], : values.shape[1]] = values
        values = padded
    # Cast first: numpy adds up numbers of two types in small pieces.
    rows = values[::down].astype(sums)
    for i in range(1, down):
        rows += values[i::down].astype(sums, copy=False)
    if sums == np.uint8 or down * across <= _TWELVE_BITS:
        cells[...] = _beside(rows, across)
    else:
        _far_beside(rows, across, cells)
    cells *= _F(1 / (down * across))


def _beside(rows: Pixels, across: int) -> Pixels:
    """Return sums of `across` (1, 2, 4 or 8) neighbours that need no more bits than one of them, and 64 together.

    They are taken as one number, which is multiplied so that its highest bits are their sum.
    """
    if across == 1:
        return rows
    bits = 8 * rows.itemsize
    together = rows.view(f"u{rows.itemsize * across}")
    sums = together * together.dtype.type(sum(1 << (i * bits) for i in range(across)))
    sums >>= together.dtype.type(bits * (across - 1))
    # Processors make floats of signed numbers faster.
    return np.asarray(sums.view(f"i{sums.itemsize}"))


def _far_beside(rows: Pixels, across: int, cells: Floats) -> None:
    """Write into `cells` sums of `across` neighbours, however large."""
    cells[...] = rows[:, ::across]
    for i in range(1, across):
        cells += rows[:, i::across]


def _paint(
    layers: Sequence[Planes], which: Sequence[int], surface: Floats, cell: int, cut: Box, grain: Grain, peak: int
) -> None:
    """Write the surface over a cut's cells, shape (planes, height, width), into spots of all planes, with grain like
    that of what is seen around them."""
    bounds = np.array(_grain_in(layers, cell, cut, peak), _F)[:, None, None]
    # The surface leaves room for the grain, so half a step more rounds and nothing overflows.
    surface = _clipped_and_widened(surface, bounds, peak - bounds)
    # A spline reaches two cells beyond its first.
    first_row, first_column = int(cut.y1) - _EDGE + 2, int(cut.x1) - _EDGE + 2
    done = 0
    for layer in layers:
        mine = slice(done, done := done + len(layer.pixels))
        _, _, down, across = layer.of(cell, cut)
        spots = [layer.spots[i] for i in which]
        smooth, rough = surface[mine], grain.over(spots) * bounds[mine]
        rough += _F(0.5)
        for spot in spots:
            left, top, right, bottom = spot.edges
            height, width = bottom - top, right - left
            rows, columns = _weights(top % down, height, down), _weights(left % across, width, across)
            y, x = top // down - first_row, left // across - first_column
            values = rows @ smooth[:, y : y + rows.shape[1], x : x + columns.shape[1]] @ columns.T
            values += rough[:, :height, :width]
            if not spot.is_box:
                _put_where(spot.covers(spot.window), layer.pixels, values, top, left)
                continue
            for plane, value in zip(layer.pixels, values, strict=True):
                plane[top:bottom, left:right] = value


def _clipped_and_widened(surface: Floats, low: Floats, high: Floats) -> Floats:
    """Return a surface between bounds, with `_EDGE` more cells like its outermost on each side; as `np.pad` does, in a
    quarter of its time."""
    planes, height, width = surface.shape
    wide = np.empty((planes, height + 2 * _EDGE, width + 2 * _EDGE), surface.dtype)
    inside = wide[:, _EDGE:-_EDGE, _EDGE:-_EDGE]
    np.clip(surface, low, high, out=inside)
    wide[:, _EDGE:-_EDGE, :_EDGE] = inside[:, :, :1]
    wide[:, _EDGE:-_EDGE, -_EDGE:] = inside[:, :, -1:]
    wide[:, :_EDGE] = wide[:, _EDGE : _EDGE + 1]
    wide[:, -_EDGE:] = wide[:, -_EDGE - 1 : -_EDGE]
    return wide


def _put_where(covered: Mask, planes: Sequence[Pixels], values: Floats, top: int, left: int) -> None:
    """Write values, shape (planes, height, width), into a window of planes where it is covered."""
    height, width = covered.shape
    for plane, value in zip(planes, values, strict=True):
        np.copyto(plane[top : top + height, left : left + width], value.astype(plane.dtype), where=covered)


def _grain_in(layers: Sequence[Planes], cell: int, cut: Box, peak: int) -> list[float]:
    """Return for each plane the bound of uniform noise that looks like the grain of what is seen, at least half a step.

    From the lower quartile of second differences along rows, as in `unseen.pixels.fill`.
    """
    found = []
    for layer in layers:
        rows, columns, *_ = layer.of(cell, cut, _GRAIN_ROWS)
        covered = layer.covered[rows, columns]
        step = 1 + covered.size // _GRAIN_SAMPLES
        shown = ~(covered[:, :-2:step] | covered[:, 1:-1:step] | covered[:, 2::step])
        for plane in layer.pixels:
            pixels = plane[rows, columns]
            left, middle, right = (pixels[:, i : pixels.shape[1] - 2 + i : step].astype(_F) for i in range(3))
            second = (left + right - 2 * middle)[shown]
            noise = min(float(noise_in(second)), peak * MOST_GRAIN) if len(second) else 0.0
            found.append(max(0.5, noise * 3**0.5))
    return found


@lru_cache(maxsize=1024)
def _weights(phase: int, size: int, cell: int) -> Floats:
    """Return what pixels weigh the centres of cells by, shape (size, cells), of which the first is two cells before.

    The first pixel lies `phase` pixels into its cell. Cut out of one of a few that are kept, because regions have many
    sizes.
    """
    last = int((size + phase - 0.5) / cell + 1.5)
    return _many_weights(phase, max(64, 1 << (size - 1).bit_length()), cell)[:size, : last + 3]


@lru_cache(maxsize=64)
def _many_weights(phase: int, size: int, cell: int) -> Floats:
    """Return the weights of the uniform cubic B-spline, as in `unseen.pixels.surface.spline`, for many pixels."""
    at = (np.arange(size) + (phase + 0.5)) / cell + 1.5
    first = at.astype(np.intp)
    t = at - first
    weights = np.zeros((size, int(first[-1]) + 3), dtype=_F)
    pixel = np.arange(size)
    for i, tap in enumerate(taps(t)):
        weights[pixel, first - 1 + i] = tap
    weights.flags.writeable = False
    return weights
