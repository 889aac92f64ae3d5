"""Where brow and nose of a head are in a volume, from its outline alone: for any contrast, without a template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.errors import UnsupportedInput

__all__ = ["STEP", "Landmarks", "head_of", "landmarks", "on_grid"]

Volume = NDArray[Any]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: The grid that a head is measured on, in millimetres along right, front and top.
STEP = 2.0
#: How long a head may be from brow to back, in millimetres: from a newborn's to the largest.
_SHORTEST, _LONGEST = 100.0, 260.0
#: How much brighter a head is than air, in standard deviations of air.
_STANDS_OUT = 4.0
#: Levels below the vertex, as shares of the head's length, between which the brow is looked for.
_BROW = (0.33, 0.56)
#: The chord from the brow to the tip of the nose: its length at most as a share of the head's, where the notch below it
#: may lie, how deep it is at least in millimetres, and how it leans forward in a head held upright, in radians.
_MOST_CHORD = 0.5
_NASION = (0.28, 0.82)
_NOTCH_MM = 3.0
_BELOW_BROW = 0.04
_NEUTRAL = 0.26
_MOST_PITCH = 0.45


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What is known of a head in its middle plane: the nasion, where the nose begins, as (front, top) in millimetres of
    the patient's space; its length from there to the back in millimetres; its pitch, how far it nods forward, in
    radians.
    """

    nasion: tuple[float, float]
    length: float
    pitch: float

    def forward_and_up(self, front: Floats, top: Floats) -> tuple[Floats, Floats]:
        """Return places, given in millimetres to the front and top, from the nasion along the head's own axes."""
        y, z = front - self.nasion[0], top - self.nasion[1]
        cos, sin = float(np.cos(self.pitch)), float(np.sin(self.pitch))
        return y * cos - z * sin, y * sin + z * cos


def on_grid(volume: Volume, affine: Floats) -> tuple[NDArray[np.float32], Floats]:
    """Resample a volume to 2 mm along right, front and top; return it and its corner in millimetres.

    `affine` (4, 4) takes voxel indices to millimetres to the right, front and top of the patient (RAS, as in NIfTI).
    Raises UnsupportedInput when the volume is flat.
    """
    from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

    if volume.ndim != 3 or min(volume.shape) < 8:
        raise UnsupportedInput("a face is looked for in volumes of 8 slices or more; the series is not released")
    volume, affine = _thinned(volume, affine)
    shape = np.array(volume.shape)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape], indexing="ij")).reshape(3, -1)
    places = affine[:3, :3] @ corners + affine[:3, 3:]
    low, high = places.min(axis=1), places.max(axis=1)
    size = np.ceil((high - low) / STEP).astype(int) + 1
    if size.max() > 400 or not np.isfinite(places).all():
        raise UnsupportedInput("the volume is larger than any head; the series is not released")
    back = np.linalg.inv(affine)
    offset = back[:3, :3] @ low + back[:3, 3]
    # Thick slices are joined by interpolation; fine ones are averaged first, against noise.
    fine = STEP / np.maximum(np.linalg.norm(affine[:3, :3], axis=0), 1e-6)
    smooth = ndimage.gaussian_filter(volume.astype(np.float32), np.maximum(fine, 0.5) / 2)
    grid = ndimage.affine_transform(smooth, back[:3, :3] * STEP, offset, tuple(size), order=1, cval=float(smooth.min()))
    return np.asarray(grid, np.float32), np.asarray(low, np.float64)


def _thinned(volume: Volume, affine: Floats) -> tuple[Volume, Floats]:
    """Average voxels that are smaller than a millimetre, so that large volumes take no more memory than small ones."""
    affine = affine.copy()
    for axis in range(3):
        step = min(int(1.0 / max(float(np.linalg.norm(affine[:3, axis])), 1e-3)), volume.shape[axis] // 8)
        if step > 1:
            count = volume.shape[axis] // step
            cut = volume.take(range(count * step), axis)
            parts = cut.reshape(*volume.shape[:axis], count, step, *volume.shape[axis + 1 :])
            volume = parts.mean(axis=axis + 1, dtype=np.float32)
            affine[:3, 3] += affine[:3, axis] * (step - 1) / 2
            affine[:3, axis] *= step
    return volume, affine


def head_of(grid: NDArray[np.float32]) -> Mask:
    """Return which voxels of a grid are head: the largest object that is brighter than air, its caves filled."""
    from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

    low, high = np.percentile(grid, (0.5, 99.5))
    if low == high:
        raise UnsupportedInput("the volume is all of one value; the series is not released")
    level = low + 0.5 * (_otsu(np.clip(grid, low, high)) - low)
    labels, count = ndimage.label(ndimage.binary_opening(grid > level, iterations=1))
    if count == 0:
        raise UnsupportedInput("no head stands out from the background; the series is not released")
    head: Mask = np.asarray(labels == int(np.argmax(np.bincount(labels.ravel())[1:])) + 1)
    for z in range(head.shape[2]):
        head[:, :, z] = ndimage.binary_fill_holes(head[:, :, z])
    air = grid[~head]
    if not air.size or grid[head].mean() - air.mean() < _STANDS_OUT * air.std():
        raise UnsupportedInput("no head stands out from the background; the series is not released")
    return head


def landmarks(head: Mask, corner: Floats, coarse: float = STEP) -> Landmarks:
    """Return the landmarks of a head on the grid; raises UnsupportedInput where the shape is none of a head.

    `coarse` is how far apart the scan's voxels lie from back to front, in millimetres: its steps are no features.
    """
    vertex = int(np.flatnonzero(head.any(axis=(0, 1))).max())
    front, back = _profile(head, vertex)
    levels = [z for z in range(vertex + 1) if 60 <= (vertex - z) * STEP <= 115 and front[z] >= 0]
    if not levels:
        raise UnsupportedInput("the scan ends above the brow; no face is found")
    length = max(front[z] - back[z] + 1 for z in levels) * STEP
    if not _SHORTEST <= length <= _LONGEST:
        raise UnsupportedInput("what was scanned is not as long as a head; no face is found")
    nasion, pitch = _nasion_and_pitch(front, vertex, length, max(_NOTCH_MM, 1.05 * coarse))
    place = (float(corner[1] + STEP * front[nasion]), float(corner[2] + STEP * nasion))
    found = Landmarks(place, float(length), pitch)
    return replace(found, length=_length(front, back, corner, found))


def _length(front: NDArray[np.intp], back: NDArray[np.intp], corner: Floats, found: Landmarks) -> float:
    """Return how long a head is along its own axis, from its rearmost point at about the nasion's level."""
    levels = np.flatnonzero(front >= 0)
    forward, up = found.forward_and_up(corner[1] + STEP * back[levels], corner[2] + STEP * levels)
    near = (np.abs(up) <= 0.12 * found.length) & (forward < -0.4 * found.length)
    return float(-forward[near].min()) if near.any() else found.length


def _profile(head: Mask, vertex: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the foremost and the rearmost voxel of the middle of a head at each level; -1 where there is none."""
    from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

    upper = head[:, :, max(vertex - int(100 / STEP), 0) :]
    middle = round(float(ndimage.center_of_mass(upper)[0]))
    slab: Mask = np.asarray(head[max(middle - 4, 0) : middle + 5].any(axis=0))
    some = slab.any(axis=0)
    front = np.where(some, slab.shape[0] - 1 - np.argmax(slab[::-1], axis=0), -1)
    return front, np.where(some, np.argmax(slab, axis=0), -1)


def _nasion_and_pitch(front: NDArray[np.intp], vertex: int, length: float, deep: float) -> tuple[int, float]:
    """Return the level of the nasion and how far the head nods, in radians, from the hull of its profile.

    A taut thread over the profile touches the brow and the tip of the nose, and leaves the notch between them free,
    however the head is held. Where no notch is `deep` millimetres deep, as with a nose outside of the scan, the nasion
    is taken to lie below the foremost point of the forehead, and the head to be held upright.
    """
    first, last = vertex - int(0.25 * length / STEP), max(vertex - int(1.05 * length / STEP), 0)
    points = np.array([(front[z], z) for z in range(first, last - 1, -1) if front[z] >= 0], np.float64)
    if len(points) < 3:
        raise UnsupportedInput("the scan ends above the brow; no face is found")
    for i, j in pairwise(_taut(points)):
        chord = points[j] - points[i]
        size = float(np.hypot(*chord))
        ways = points[i:j] - points[i]
        free = np.abs(chord[0] * ways[:, 1] - chord[1] * ways[:, 0]) / size
        notch = points[i + int(np.argmax(free))]
        at = (vertex - notch[1]) * STEP / length
        if size * STEP <= _MOST_CHORD * length and free.max() * STEP >= deep and _NASION[0] <= at <= _NASION[1]:
            angle = float(np.arctan2(chord[0], -chord[1]))
            return int(notch[1]), float(np.clip(_NEUTRAL - angle, -_MOST_PITCH, _MOST_PITCH))
    lowest = max(vertex - int(_BROW[1] * length / STEP), last)
    between = range(vertex - int(_BROW[0] * length / STEP), lowest - 1, -1)
    brow = max(between, key=lambda z: (front[z], z))
    return max(brow - int(_BELOW_BROW * length / STEP), 0), 0.0


def _taut(points: NDArray[np.float64]) -> list[int]:
    """Return the points, from top to bottom, that a thread pulled over their front touches (Andrew's hull, 1979)."""
    kept: list[int] = []
    for i, point in enumerate(points):
        while len(kept) >= 2:
            a, b = points[kept[-2]], points[kept[-1]]
            if (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) < 0:
                break
            kept.pop()
        kept.append(i)
    return kept


def _otsu(values: NDArray[np.float32]) -> float:
    """Return the level that parts values best into two classes (Otsu, 1979)."""
    counts, edges = np.histogram(values, 256)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts).astype(np.float64)
    sums = np.cumsum(counts * middles)
    share = below * (below[-1] - below)
    between = (sums[-1] * below / below[-1] - sums) ** 2 / np.maximum(share, 1.0)
    return float(middles[int(np.argmax(between))])
