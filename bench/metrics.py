"""What a mask of hidden pixels is worth: the share of a label that it covers, recall by size, and intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZES", "Mask", "Recall", "Shape", "Xyxy", "boxes_mask", "coverage", "recall_of", "shapes_mask", "wilson"]

Mask = NDArray[np.bool_]
#: A box in pixels: left, top, right, bottom; half-open, may hold fractions.
Xyxy = tuple[float, float, float, float]

#: Classes of size by a label's longer side in pixels: from (inclusive) and to (exclusive).
SIZES: dict[str, tuple[float, float]] = {
    "all": (0.0, math.inf),
    "<24": (0.0, 24.0),
    "24-48": (24.0, math.nextafter(48.0, math.inf)),
    ">48": (math.nextafter(48.0, math.inf), math.inf),
}
_HALF, _MOST = 0.5, 0.9
# A label of exactly ten pixels of which nine are hidden counts as 90 % hidden, whatever the sum's last bit says.
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Shape:
    """A hidden shape: a box of whole pixels, or the ellipse of its proportions that passes through its corners."""

    xyxy: Xyxy
    ellipse: bool = False


@dataclass(frozen=True, slots=True)
class Recall:
    """How many of `n` labels were hidden by half, and by 90 %."""

    n: int
    half: int
    most: int


def shapes_mask(height: int, width: int, shapes: Iterable[Shape]) -> Mask:
    """Return the union of shapes as a bool array (height, width); what lies outside of the picture is left out."""
    mask = np.zeros((height, width), dtype=np.bool_)
    for shape in shapes:
        if shape.ellipse:
            mask |= _ellipse(height, width, shape.xyxy)
        else:
            mask |= boxes_mask(height, width, [shape.xyxy])
    return mask


def boxes_mask(height: int, width: int, boxes: Iterable[Xyxy]) -> Mask:
    """Return the pixels that boxes touch, as a bool array (height, width); a pixel touched in part is in."""
    mask = np.zeros((height, width), dtype=np.bool_)
    for x1, y1, x2, y2 in boxes:
        rows = slice(max(0, math.floor(y1)), max(0, math.ceil(y2)))
        mask[rows, max(0, math.floor(x1)) : max(0, math.ceil(x2))] = True
    return mask


def _ellipse(height: int, width: int, xyxy: Xyxy) -> Mask:
    """Return the pixels whose centre lies in the ellipse through the box's corners."""
    x1, y1, x2, y2 = xyxy
    x = (np.arange(width) + 0.5 - (x1 + x2) / 2) / ((x2 - x1) * math.sqrt(0.5))
    y = (np.arange(height) + 0.5 - (y1 + y2) / 2) / ((y2 - y1) * math.sqrt(0.5))
    return np.asarray((y * y)[:, None] + (x * x)[None, :] <= 1.0)


def coverage(mask: Mask, xyxy: Xyxy) -> float:
    """Return the share (0..1) of a box's area inside the picture that the mask hides.

    Exact for boxes with fractions: each pixel counts with the part of it that lies in the box. 0 for a box without
    area in the picture.
    """
    height, width = mask.shape
    x1, y1, x2, y2 = xyxy
    across, down = _parts(x1, x2, width), _parts(y1, y2, height)
    rows, columns = np.flatnonzero(down), np.flatnonzero(across)
    if not rows.size or not columns.size:
        return 0.0
    # Only the part of the mask that the box touches: videos have many boxes.
    down, across = down[rows[0] : rows[-1] + 1], across[columns[0] : columns[-1] + 1]
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(down @ part @ across) / float(across.sum() * down.sum())


def _parts(low: float, high: float, length: int) -> NDArray[np.float64]:
    """Return how much of each of `length` unit cells lies between `low` and `high`."""
    cells = np.arange(length, dtype=np.float64)
    return np.asarray(np.clip(np.minimum(cells + 1, high) - np.maximum(cells, low), 0.0, 1.0), dtype=np.float64)


def recall_of(shares: Sequence[tuple[Xyxy, float]], size: str) -> Recall:
    """Count the labels of a size class (a key of SIZES) by how much of them is hidden."""
    low, high = SIZES[size]
    of_size = [share for (x1, y1, x2, y2), share in shares if low <= max(x2 - x1, y2 - y1) < high]
    return Recall(
        n=len(of_size),
        half=sum(share >= _HALF - _EPSILON for share in of_size),
        most=sum(share >= _MOST - _EPSILON for share in of_size),
    )


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a share, 95 % by default; (0, 1) where nothing was counted.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if n == 0:
        return 0.0, 1.0
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
