"""Where regions lie: each as the pixels that it hides, and which of them belong together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Box, Region
from unseen.pixels.boxes import as_array, round_out, slices

__all__ = ["Mask", "Spot", "components", "mask_over", "outermost", "place"]

Mask = NDArray[np.bool_]
#: Boxes compared with all others at once.
_ROWS = 64


@dataclass(frozen=True, slots=True)
class Spot:
    """A region in a picture: `box` is its box in whole pixels, `window` the bounding box of the shape it hides.

    An ellipse's box may reach beyond the picture, or it would be drawn smaller at the edge; `window` never does.
    """

    region: Region
    box: Box
    window: Box

    @property
    def is_box(self) -> bool:
        """Whether the shape is the box itself."""
        return self.region.look.shape == "box"

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """The left, top, right and bottom edge of the window."""
        window = self.window
        return int(window.x1), int(window.y1), int(window.x2), int(window.y2)

    def covers(self, window: Box, grow: float = 0.0) -> Mask:
        """Return which pixels of `window` the shape covers, grown by `grow` pixels to all sides.

        The result is a bool array of shape (window height, window width).
        """
        return _filled(self.box.grown(grow), window) if self.is_box else _ellipse(self.box, window, grow)


def place(regions: Iterable[Region], height: int, width: int) -> list[Spot]:
    """Return the regions that hide something in a picture of `height` x `width`; "none" and outside ones drop out."""
    spots = []
    for region in regions:
        box = round_out(region.box, width, height)
        if box is None or region.look.method == "none":
            continue
        if region.look.shape == "box":
            spots.append(Spot(region, box, box))
            continue
        x1, y1, x2, y2 = region.box.xyxy
        whole = Box(float(math.floor(x1)), float(math.floor(y1)), float(math.ceil(x2)), float(math.ceil(y2)))
        spots.append(Spot(region, whole, round_out(_around(whole), width, height) or box))
    return spots


def mask_over(spots: Iterable[Spot], window: Box) -> Mask:
    """Return which pixels of `window` any spot covers, as a bool array of shape (window height, window width)."""
    mask = np.zeros((int(window.height), int(window.width)), dtype=bool)
    left, top = int(window.x1), int(window.y1)
    for spot in spots:
        if spot.is_box:
            x1, y1, x2, y2 = spot.edges
            mask[max(0, y1 - top) : max(0, y2 - top), max(0, x1 - left) : max(0, x2 - left)] = True
        elif (common := spot.window.common(window)) is not None:
            rows, columns = slices(common.moved(-window.x1, -window.y1))
            mask[rows, columns] |= spot.covers(common)
    return mask


def components(spots: Sequence[Spot]) -> list[list[Spot]]:
    """Return the spots in groups whose windows touch or overlap, corners included."""
    edges = as_array(spot.window for spot in spots)
    near = [
        np.flatnonzero(row).tolist()
        for start in range(0, len(spots), _ROWS)
        for row in _touching(edges[start : start + _ROWS, None], edges)
    ]
    groups, taken = [], set[int]()
    for first in range(len(spots)):
        if first in taken:
            continue
        group = [first]
        taken.add(first)
        for i in group:  # grows while it is walked: a breadth-first search
            new = [j for j in near[i] if j not in taken]
            group += new
            taken.update(new)
        groups.append([spots[i] for i in sorted(group)])
    return groups


def outermost(spots: Iterable[Spot]) -> list[Spot]:
    """Return the spots that lie in no other box-shaped one, largest first."""
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: -spot.window.area):
        if not any(other.is_box and other.window.contains(spot.window) for other in kept):
            kept.append(spot)
    return kept


def _touching(edges: NDArray[np.float64], others: NDArray[np.float64]) -> Mask:
    """Return whether boxes in arrays (..., 4), which broadcast, touch or overlap."""
    ends = np.minimum(edges[..., 2:], others[..., 2:])
    return np.asarray((np.maximum(edges[..., :2], others[..., :2]) <= ends).all(axis=-1))


def _filled(box: Box, window: Box) -> Mask:
    mask = np.zeros((int(window.height), int(window.width)), dtype=bool)
    common = box.common(window)
    if common is not None:
        mask[slices(common.moved(-window.x1, -window.y1))] = True
    return mask


def _around(box: Box) -> Box:
    """Return the bounding box of the smallest ellipse of the box's proportions that contains the whole box."""
    return box.grown(box.width * (math.sqrt(0.5) - 0.5), box.height * (math.sqrt(0.5) - 0.5))


def _ellipse(box: Box, window: Box, grow: float) -> Mask:
    """Return the pixels whose centre lies in the ellipse through the box's corners, grown by `grow` pixels."""
    across, down = box.middle
    x = np.arange(window.x1, window.x2) + (0.5 - across)
    y = np.arange(window.y1, window.y2) + (0.5 - down)
    x /= box.width * math.sqrt(0.5) + grow
    y /= box.height * math.sqrt(0.5) + grow
    return np.asarray((y * y)[:, None] + (x * x)[None, :] <= 1.0)
