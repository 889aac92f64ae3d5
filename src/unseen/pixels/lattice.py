"""The fill of frames: smooth surfaces from a lattice over the frame, whatever the number of regions.

A frame of a crowd has dozens of regions, and a ring around each (`unseen.pixels.fill`) costs more than a look for faces
does. Here the pixels that no region covers are averaged over cells of a few pixels. Cells are taken together, four by
four and again, until each has seen something; then what is known only coarsely is handed back to the finer cells that
have seen nothing: pull-push (Gortler et al., The Lumigraph, SIGGRAPH 1996, 3.4), with a few steps of Jacobi's method in
between, which bend the surface toward the membrane. Pixels under a region weigh nothing, so nothing of them remains.
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
#: Steps toward the membrane, at all levels but those with more cells than this.
_STEPS, _MANY = 2, 16_000
#: Pixels a side of the pattern of grain.
_TILE = 256
#: Samples of a cell that, at 12 bits each, add up to 16 bits.
_TWELVE_BITS = 16
#: How so many neighbours of 16 bits are added up: as one number, times this, and how far to shift that.
_TOGETHER: dict[int, tuple[np.dtype[Any], Any, Any]] = {
    1: (np.dtype(np.uint16), np.uint16(1), np.uint16(0)),
    2: (np.dtype(np.uint32), np.uint32(0x1_0001), np.uint32(16)),
    4: (np.dtype(np.uint64), np.uint64(0x1_0001_0001_0001), np.uint64(48)),
}
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
        _paint(layers, which, _solved(seen, weight), cell, cut, grain, peak)
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
    sums: list[list[Floats]] = []
    shares: list[Floats] = []
    for layer in layers:
        rows, columns, down, across = layer.of(cell, cut)
        size = rows.stop - rows.start, columns.stop - columns.start
        free = (~layer.covered[rows, columns]).view(np.uint8)
        shares.append(_added_up(free, size, down, across))
        sums.append([_added_up(plane[rows, columns] * free, size, down, across) for plane in layer.pixels])
    least = np.minimum.reduce(shares)
    for some, share in zip(sums, shares, strict=True):
        if (share != least).any():
            fewer = least / np.maximum(share, _F(1e-3))
            some[:] = [one * fewer for one in some]
    return np.stack([one for some in sums for one in some]), least


def _added_up(values: Pixels, size: tuple[int, int], down: int, across: int) -> Floats:
    """Return sums over cells divided by a cell's size; what `values` lack of `size` (height, width) is 0."""
    if values.shape != size:
        padded = np.zeros(size, values.dtype)
        padded[: values.shape[0], : values.shape[1]] = values
        values = padded
    rows = values[::down].astype(np.uint16)
    for i in range(1, down):
        rows += values[i::down]
    cells = _beside(rows, across) if down * across <= _TWELVE_BITS else _far_beside(rows, across)
    cells *= _F(1 / (down * across))
    return cells


def _beside(rows: Pixels, across: int) -> Floats:
    """Return sums of `across` (1, 2 or 4) neighbours, which must need 16 bits at most.

    A number of 32 or 64 bits that is made of neighbours is multiplied so that its highest 16 bits are their sum.
    """
    wide, ones, shift = _TOGETHER[across]
    together = rows.view(wide)
    return np.asarray(((together * ones) >> shift).view(wide.name[1:]) if across > 1 else together, _F)


def _far_beside(rows: Pixels, across: int) -> Floats:
    """Return sums of `across` neighbours, however large."""
    cells = rows[:, ::across].astype(_F)
    for i in range(1, across):
        cells += rows[:, i::across]
    return cells


def _solved(seen: Floats, weight: Floats) -> Floats:
    """Return a value for every cell, shape (planes, height, width), whatever is seen of it; something must be."""
    levels = [(seen, weight)]
    while not weight.all():
        seen, weight = _halved(seen), _halved(weight)
        much = np.maximum(weight, 1)
        seen, weight = seen / much, weight / much
        levels.append((seen, weight))
    values = seen / weight
    for seen, weight in levels[-2::-1]:
        rest = 1 - weight
        values = _doubled(values, *weight.shape)
        values *= rest
        values += seen
        if weight.size <= _MANY:
            for _ in range(_STEPS):
                _relax(values, rest)
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
    return _twice(_twice(cells, height, -2), width, -1)


def _twice(cells: Floats, size: int, axis: int) -> Floats:
    """Return twice as many cells along an axis: three quarters of each, and a quarter of the neighbour on its side."""
    shape = list(cells.shape)
    shape[axis] *= 2
    double = np.empty(shape, cells.dtype)
    cells, views = cells.swapaxes(0, axis), double.swapaxes(0, axis)
    quarter = cells * _F(0.25)
    own = cells - quarter
    views[0], views[-1] = cells[0], cells[-1]
    np.add(own[1:], quarter[:-1], out=views[2::2])
    np.add(own[:-1], quarter[1:], out=views[1:-1:2])
    return views[:size].swapaxes(0, axis)


def _relax(values: Floats, rest: Floats) -> None:
    """Move values toward their four neighbours as far as they are not seen: a damped step of Jacobi's method."""
    mean = values.copy()
    mean[:, 1:] += values[:, :-1]
    mean[:, 0] += values[:, 0]
    mean[:, :-1] += values[:, 1:]
    mean[:, -1] += values[:, -1]
    mean[:, :, 1:] += values[:, :, :-1]
    mean[:, :, 0] += values[:, :, 0]
    mean[:, :, :-1] += values[:, :, 1:]
    mean[:, :, -1] += values[:, :, -1]
    mean *= _F(0.2)
    mean -= values
    mean *= rest
    values += mean


def _paint(
    layers: Sequence[Planes], which: Sequence[int], surface: Floats, cell: int, cut: Box, grain: Grain, peak: int
) -> None:
    """Write the surface over a cut's cells, shape (planes, height, width), into spots of all planes, with grain like
    that of what is seen around them."""
    bounds = np.array(_grain_in(layers, cell, cut, peak), _F)[:, None, None]
    # The surface leaves room for the grain, so half a step more rounds and nothing overflows.
    np.clip(surface, bounds, peak - bounds, out=surface)
    surface = np.pad(surface, ((0, 0), (_EDGE, _EDGE), (_EDGE, _EDGE)), mode="edge")
    # A spline reaches two cells beyond its first.
    first_row, first_column = int(cut.y1) - _EDGE + 2, int(cut.x1) - _EDGE + 2
    done = 0
    for layer in layers:
        mine = slice(done, done := done + len(layer.pixels))
        _, _, down, across = layer.of(cell, cut)
        spots = [layer.spots[i] for i in which]
        rough = grain.over(spots) * bounds[mine] + _F(0.5)
        for spot in spots:
            left, top, right, bottom = map(int, spot.window.xyxy)
            rows, columns = _weights(top % down, bottom - top, down), _weights(left % across, right - left, across)
            y, x = top // down - first_row, left // across - first_column
            values = rows @ surface[mine, y : y + rows.shape[1], x : x + columns.shape[1]] @ columns.T
            values += rough[:, : bottom - top, : right - left]
            for plane, value in zip(layer.pixels, values, strict=True):
                _put(plane[top:bottom, left:right], value, spot)


def _put(target: Pixels, values: Floats, spot: Spot) -> None:
    """Write values into a spot's window, as far as it covers that."""
    if spot.is_box:
        target[...] = values
    else:
        np.copyto(target, values.astype(target.dtype), where=spot.covers(spot.window))


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
