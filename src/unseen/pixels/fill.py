"""The fill: a smooth surface from the ring of pixels around a region, never from those inside.

The value at a point is the mean of the ring, each piece weighted by its length over the square of its distance. On a
disc and on a half-plane that is Poisson's kernel, the exact membrane over the ring (Evans, Partial Differential
Equations, 2.2.4); elsewhere it stays smooth, keeps the range of the ring, and needs neither a grid of the whole union
nor iterations. Regions of one component share their ring, so their surfaces agree where they meet. A crowd has many
small regions, so whatever can be is done for all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.core.regions import Box
from unseen.pixels.shapes import Mask, Spot
from unseen.pixels.surface import Floats, Surface, spline, working_type

__all__ = ["MOST_GRAIN", "Ring", "least_grain", "lines_of", "noise_in", "rings_around", "softened", "surfaces"]

#: The ring is as thick as this share of the region's side (root of its area), in whole pixels within the bounds.
_THICKNESS, _THINNEST, _THICKEST = 1 / 32, 3, 32
#: Nodes of a surface lie as far apart as this share of the side, and never closer than the ring is thick.
_SPACING = 1 / 20
#: Kernel values computed at once, to stay in the processor's cache, and ring pixels, to bound the memory they take.
_CHUNK, _MOST_PIXELS = 1 << 15, 1 << 18
#: With more pieces than this in a ring, far ones are taken together.
_MANY = 1024
_GRAIN_SAMPLES = 2048
#: Grain of photos has a standard deviation below this share of the brightest value; texture goes beyond.
MOST_GRAIN = 0.01

_Whole = NDArray[np.intp]


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


def rings_around(pixels: Pixels, covered: Mask, groups: Sequence[Sequence[Spot]]) -> list[Ring | None]:
    """Return the ring in `pixels` (height, width, channels) around each group of spots, None if nothing is left.

    `covered` (height, width) is what any region covers; nothing of it is read. Values that are not finite, or too
    large to be added up, are left out.
    """
    spots = [spot for group in groups for spot in group]
    group_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    parts = [_pieces(pixels, covered, some) for some in _few_at_once(spots)]
    if not parts:
        return [None] * len(groups)
    pieces, of_pieces, details, of_details = (np.concatenate(column) for column in zip(*parts, strict=True))
    piece_ends, detail_ends = (
        np.searchsorted(group_of[owner], np.arange(len(groups) + 1)).tolist() for owner in (of_pieces, of_details)
    )
    return [
        _ring(pieces[piece_ends[i] : piece_ends[i + 1]], details[detail_ends[i] : detail_ends[i + 1]])
        for i in range(len(groups))
    ]


def surfaces(ring: Ring, spots: Sequence[Spot], dtype: np.dtype[np.generic]) -> list[Surface]:
    """Return the surface over each spot's window, for pixels of type `dtype`."""
    splines, grids = [], []
    for spot in spots:
        (y, rows), (x, columns) = lines_of(spot, ring.value.dtype)
        splines.append((rows, columns))
        grids.append((y + spot.window.y1, x + spot.window.x1))
    if len(ring.y) <= _MANY:
        nodes = _interpolate(ring, grids)
    else:
        nodes = [
            each
            for spot, grid in zip(spots, grids, strict=True)
            for each in _interpolate(_seen_from(ring, spot.window), [grid])
        ]
    grain = least_grain(ring, dtype)
    return [Surface(*weights, values, grain) for weights, values in zip(splines, nodes, strict=True)]


def lines_of(spot: Spot, work: np.dtype[np.generic]) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return places and weights, as `spline` gives them, of the lines of nodes down and across a spot's window."""
    step = max(float(_thickness(spot.box)), math.sqrt(spot.box.area) * _SPACING)
    return spline(int(spot.window.height), step, work), spline(int(spot.window.width), step, work)


def least_grain(ring: Ring, dtype: np.dtype[np.generic]) -> Floats:
    """Return the bound of the uniform noise that looks like a ring's grain in pixels of type `dtype`, (channels,).

    At least half a step of an integer, or else smooth surfaces show bands.
    """
    return np.maximum(ring.grain * math.sqrt(3), 0.0 if dtype.kind in "fb" else 0.5).astype(ring.value.dtype)


def softened(ring: Ring) -> Floats:
    """Return what is added to squared distances, so that a node on the ring takes a few pieces' mean, not one's."""
    return np.asarray((ring.thickness / 2) ** 2)


def _thickness(box: Box) -> int:
    return _thick(box.area)


@lru_cache(maxsize=4096)
def _thick(area: float) -> int:
    return min(max(round(math.sqrt(area) * _THICKNESS), _THINNEST), _THICKEST)


def _few_at_once(spots: Iterable[Spot]) -> Iterator[list[tuple[int, Spot]]]:
    """Yield spots with their numbers, so many at a time that their rings take a bounded amount of memory."""
    some: list[tuple[int, Spot]] = []
    size = 0.0
    for number, spot in enumerate(spots):
        some.append((number, spot))
        size += 2 * (spot.window.width + spot.window.height) * _thickness(spot.box)
        if size > _MOST_PIXELS:
            yield some
            some, size = [], 0.0
    if some:
        yield some


def _ring(pieces: Floats, details: Floats) -> Ring | None:
    if not len(pieces):
        return None
    value = pieces[:, 4:]
    return Ring(pieces[:, 0], pieces[:, 1], pieces[:, 2], pieces[:, 3], value, _grain(details, value))


@dataclass(frozen=True, slots=True)
class _Pixels:
    """Pixels of some spots' rings: their flat index in the picture, and the row of `facts` that tells of their spot.

    `facts` has a row for each spot: top, left, height and width of its window, thickness, blocks down and across, and
    the number of its first block.
    """

    at: _Whole
    row: _Whole
    facts: _Whole

    def only(self, these: Mask | slice) -> _Pixels:
        return _Pixels(self.at[these], self.row[these], self.facts)


def _pieces(pixels: Pixels, covered: Mask, spots: Sequence[tuple[int, Spot]]) -> tuple[Floats, _Whole, Floats, _Whole]:
    """Return the spots' rings as rows of y, x, length, thickness, value..., and second differences of their pixels.

    Both come with the number of the spot that each row belongs to.
    """
    numbers = np.array([number for number, _ in spots])
    ring, flat = _ring_pixels(covered, [spot for _, spot in spots]), pixels.reshape(-1, pixels.shape[2])
    values = _read(flat, ring.at)
    if pixels.dtype.kind == "f":
        usable = _usable(values)
        ring, values = ring.only(usable), values[usable]
    pieces, row = _averaged(ring, values, covered.shape[1])
    details, from_row = _details(flat, covered, ring)
    return pieces, numbers[row], details, numbers[from_row]


def _ring_pixels(covered: Mask, spots: Sequence[Spot]) -> _Pixels:
    height, width = covered.shape
    places, facts, first = [], [], 0
    for spot in spots:
        box, thick = spot.window, _thickness(spot.box)
        left, top, right, bottom = map(int, box.xyxy)
        grown = max(left - thick, 0), max(top - thick, 0), min(right + thick, width), min(bottom + thick, height)
        ring = ~covered[grown[1] : grown[3], grown[0] : grown[2]]
        if not spot.is_box:
            ring &= spot.covers(Box(*map(float, grown)), float(thick))
        y, x = np.nonzero(ring)
        places.append((y + grown[1]) * width + (x + grown[0]))
        down, across = (max(1, round(size / thick)) for size in (box.height, box.width))
        facts.append((top, left, bottom - top, right - left, thick, down, across, first))
        first += (down + 2) * (across + 2)
    row = np.repeat(np.arange(len(spots)), [len(at) for at in places])
    return _Pixels(np.concatenate(places), row, np.array(facts, dtype=np.intp))


def _read(flat: Pixels, at: _Whole) -> Floats:
    """Return pixels of a picture (pixels, channels) in the type that is worked in."""
    work = working_type(flat.dtype)
    if flat.dtype.itemsize <= work.itemsize:
        return flat.take(at, axis=0).astype(work)
    with np.errstate(over="ignore"):  # extended precision may hold more than float64 does
        return flat.take(at, axis=0).astype(work)


def _usable(values: Floats) -> Mask:
    """Return which rows of values are finite in every channel and leave room for sums."""
    limit = np.finfo(values.dtype).max ** 0.75
    return np.asarray((np.abs(values) < limit).all(axis=1))


def _averaged(ring: _Pixels, values: Floats, width: int) -> tuple[Floats, _Whole]:
    """Average ring pixels over blocks about as wide as the ring is thick, so that single stray pixels do not count.

    Returns the pieces, and the row of facts of each.
    """
    top, left, tall, wide, _, down, across, first = ring.facts[ring.row].T
    y, x = np.divmod(ring.at, width)
    block = first + _blocks(y - top, tall, down) * (across + 2) + _blocks(x - left, wide, across)
    count = np.bincount(block)
    used = np.flatnonzero(count)
    count = count[used]
    row = np.searchsorted(ring.facts[:, 7], used, side="right") - 1
    result = np.empty((len(used), 4 + values.shape[1]), dtype=values.dtype)
    sums = [np.bincount(block, weights=w)[used] / count for w in (y, x, *values.T)]
    result[:, 0], result[:, 1] = sums[0] + 0.5, sums[1] + 0.5
    result[:, 3] = ring.facts[row, 4]
    result[:, 2] = count / ring.facts[row, 4]
    for channel, mean in enumerate(sums[2:]):
        result[:, 4 + channel] = mean
    return result, row


def _blocks(offset: _Whole, size: _Whole, count: _Whole) -> _Whole:
    """Return the block of each coordinate: 0 before the window, then equal blocks along it, the last one after it."""
    return np.asarray(np.minimum(np.maximum(offset * count // size, -1), count) + 1)


def _details(flat: Pixels, covered: Mask, ring: _Pixels) -> tuple[Floats, _Whole]:
    """Return second differences along rows at up to some thousand pixels of each ring, and the row of facts of each."""
    counts = np.bincount(ring.row, minlength=len(ring.facts))
    if counts.max(initial=0) >= _GRAIN_SAMPLES:
        starts = np.cumsum(counts) - counts
        ring = ring.only((np.arange(len(ring.at)) - starts[ring.row]) % (1 + counts // _GRAIN_SAMPLES)[ring.row] == 0)
    x = ring.at % covered.shape[1]
    ring = ring.only((x > 0) & (x < covered.shape[1] - 1))
    hidden = covered.reshape(-1)
    ring = ring.only(~(hidden[ring.at - 1] | hidden[ring.at + 1]))
    left, middle, right = (_read(flat, ring.at + d) for d in (-1, 0, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        second = left - 2 * middle + right
    usable = _usable(second)
    return second[usable], ring.row[usable]


def _grain(details: Floats, value: Floats) -> Floats:
    """Return the standard deviation of white noise with the lower quartile of second differences that was seen.

    The quartile leaves out texture and edges (0.3186 is that of the absolute standard normal); the second difference
    of white noise has 6 times its variance.
    """
    if not len(details):
        return np.zeros(value.shape[1], dtype=value.dtype)
    return np.asarray(np.minimum(noise_in(details), np.abs(value).max() * MOST_GRAIN), dtype=value.dtype)


def noise_in(details: Floats) -> Floats:
    """Return the standard deviation that `_grain` tells of, of second differences (n, ...), n at least 1."""
    quarter = len(details) // 4
    return np.asarray(np.partition(np.abs(details), quarter, axis=0)[quarter] / (0.3186 * math.sqrt(6)))


def _seen_from(ring: Ring, window: Box) -> Ring:
    """Return the ring with pieces far from `window` taken together, where there are too many to go through."""
    size = max(window.width, window.height)
    across, down = window.middle
    far = (np.abs(ring.y - down) > 1.5 * size) | (np.abs(ring.x - across) > 1.5 * size)
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


def _interpolate(ring: Ring, grids: Sequence[tuple[Floats, Floats]]) -> list[Floats]:
    """Return the surface at every (y, x) of each grid, of shape (len(y), len(x), channels)."""
    down = _squares([y for y, _ in grids], ring.y, softened(ring))
    across = _squares([x for _, x in grids], ring.x, 0.0)
    # The last column adds up the weights, by which the others are divided.
    values = np.concatenate([ring.value, np.ones_like(ring.value[:, :1])], axis=1) * ring.length[:, None]
    nodes = np.concatenate([_weigh(bands, values) for bands in _bands(down, across)])
    np.clip(nodes, ring.value.min(axis=0), ring.value.max(axis=0), out=nodes)
    shapes = [(len(y), len(x)) for y, x in grids]
    ends = np.cumsum([tall * wide for tall, wide in shapes]).tolist()
    return [
        nodes[end - tall * wide : end].reshape(tall, wide, -1) for (tall, wide), end in zip(shapes, ends, strict=True)
    ]


def _squares(ats: Sequence[Floats], pieces: Floats, soft: Floats | float) -> list[Floats]:
    """Return squared distances along one axis, plus `soft`, of each grid's lines from each piece: (lines, pieces)."""
    squares = np.concatenate(ats)[:, None].astype(pieces.dtype) - pieces
    squares *= squares
    squares += soft
    ends = np.cumsum([len(at) for at in ats]).tolist()
    return [squares[end - len(at) : end] for at, end in zip(ats, ends, strict=True)]


def _bands(down: Iterable[Floats], across: Iterable[Floats]) -> Iterator[list[tuple[Floats, Floats]]]:
    """Yield the rows and columns of the grids in order, so many at a time that their kernel stays in the cache."""
    some, size = list[tuple[Floats, Floats]](), 0
    for dy, dx in zip(down, across, strict=True):
        step = max(1, _CHUNK // dx.size)
        for top in range(0, len(dy), step):
            band = dy[top : top + step]
            if some and size + len(band) * dx.size > _CHUNK:
                yield some
                some, size = [], 0
            some.append((band, dx))
            size += len(band) * dx.size
    if some:
        yield some


def _weigh(bands: Sequence[tuple[Floats, Floats]], values: Floats) -> Floats:
    """Return the mean of the pieces' `values` that each node of the bands sees, shape (nodes, channels)."""
    kernel = np.empty((sum(len(dy) * len(dx) for dy, dx in bands), len(values)), dtype=values.dtype)
    top = 0
    for dy, dx in bands:
        end = top + len(dy) * len(dx)
        np.add(dy[:, None], dx, out=kernel[top:end].reshape(len(dy), len(dx), -1))
        top = end
    sums = np.reciprocal(kernel, out=kernel) @ values
    return np.asarray(sums[:, :-1] / sums[:, -1:])
