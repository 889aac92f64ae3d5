"""Geometry of boxes in pictures: widen, round outward, exact coverage, and merging of detections."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Box, Detection

__all__ = [
    "as_array",
    "coverage",
    "iou",
    "iou_matrix",
    "merge",
    "nms",
    "round_out",
    "slices",
    "widen",
]

#: Boxes compared with all others at once when detections are grouped.
_ROWS = 64


def widen(box: Box, ratio_x: float, ratio_y: float, minimum_px: float = 0.0) -> Box:
    """Return the box with every side moved outward.

    Left and right move by `ratio_x` of the width each, top and bottom by `ratio_y` of the height each, and none by
    less than `minimum_px` pixels. Raises ValueError if one of the three is negative or not finite.
    """
    if not all(math.isfinite(v) and v >= 0 for v in (ratio_x, ratio_y, minimum_px)):
        raise ValueError(f"a box is widened by numbers of at least 0, got {ratio_x}, {ratio_y}, {minimum_px}")
    dx = max(ratio_x * box.width, minimum_px)
    dy = max(ratio_y * box.height, minimum_px)
    return box.grown(dx, dy)


def round_out(box: Box, width: int, height: int) -> Box | None:
    """Return the smallest box of whole pixels that covers what of `box` lies in a picture of `width` x `height`.

    Bounds are half-open, so the last row and column stay in. None if the box lies wholly outside the picture.
    """
    x1, y1 = max(math.floor(box.x1), 0), max(math.floor(box.y1), 0)
    x2, y2 = min(math.ceil(box.x2), width), min(math.ceil(box.y2), height)
    return Box(float(x1), float(y1), float(x2), float(y2)) if x1 < x2 and y1 < y2 else None


def slices(box: Box) -> tuple[slice, slice]:
    """Return the (rows, columns) slices of a box with whole, non-negative coordinates; raises ValueError for others."""
    x1, y1, x2, y2 = int(box.x1), int(box.y1), int(box.x2), int(box.y2)
    if x1 < 0 or y1 < 0 or (x1, y1, x2, y2) != box.xyxy:
        raise ValueError(f"only a box of whole pixels inside the picture has slices, got {box.xyxy}")
    return slice(y1, y2), slice(x1, x2)


def iou(a: Box, b: Box) -> float:
    """Return intersection over union of two boxes, 0..1."""
    common = a.common(b)
    return common.area / (a.area + b.area - common.area) if common else 0.0


def as_array(boxes: Iterable[Box]) -> NDArray[np.float64]:
    """Return boxes as float64 of shape (n, 4), columns x1 y1 x2 y2."""
    return np.array([box.xyxy for box in boxes], dtype=np.float64).reshape(-1, 4)


def iou_matrix(a: Sequence[Box], b: Sequence[Box]) -> NDArray[np.float64]:
    """Return intersection over union of every box of `a` with every box of `b`, shape (len(a), len(b))."""
    return _iou(as_array(a)[:, None], as_array(b)[None, :])


def coverage(box: Box, others: Iterable[Box]) -> float:
    """Return the share of `box` (0..1) that the union of `others` covers, exactly.

    The edges of the others cut the box into a grid of which every cell is covered wholly or not at all, so their
    areas add up without sampling and without counting an overlap twice.
    """
    parts = as_array(part for other in others if (part := box.common(other)))
    if not len(parts):
        return 0.0
    xs, ys = np.unique(parts[:, 0::2]), np.unique(parts[:, 1::2])
    left, right = np.searchsorted(xs, parts[:, 0]), np.searchsorted(xs, parts[:, 2])
    top, bottom = np.searchsorted(ys, parts[:, 1]), np.searchsorted(ys, parts[:, 3])
    grid = np.zeros((len(ys) - 1, len(xs) - 1), dtype=bool)
    for i in range(len(parts)):
        grid[top[i] : bottom[i], left[i] : right[i]] = True
    return min(float(np.diff(ys) @ grid @ np.diff(xs)) / box.area, 1.0)


def nms(detections: Sequence[Detection], iou_threshold: float) -> list[Detection]:
    """Return the detections that no better one of their class overlaps by more than `iou_threshold`, best first.

    Greedy non-maximum suppression; equal scores keep their order.
    """
    return [detections[group[0]] for group in _groups(detections, iou_threshold)]


def merge(detections: Sequence[Detection], iou_threshold: float) -> list[Detection]:
    """Return what `nms` returns, each box grown to the hull of those that it suppressed, so that no area is lost."""
    return [
        replace(detections[group[0]], box=Box.hull(detections[i].box for i in group)) if others else detections[best]
        for group in _groups(detections, iou_threshold)
        for best, *others in [group]
    ]


def _groups(detections: Sequence[Detection], iou_threshold: float) -> list[list[int]]:
    """Return indices in groups, best score first in each and among groups; every index is in exactly one."""
    order = sorted(range(len(detections)), key=lambda i: -detections[i].score)
    boxes = as_array(detections[i].box for i in order)
    names = {cls: i for i, cls in enumerate(dict.fromkeys(found.cls for found in detections))}
    classes = np.array([names[detections[i].cls] for i in order], dtype=np.intp)
    left, groups = np.arange(len(order)), list[list[int]]()
    while left.size:
        # Many at once, because a photo holds a dozen boxes, and numpy takes its time to be called.
        near = _iou(boxes[left[:_ROWS], None], boxes[left]) > iou_threshold
        near &= classes[left[:_ROWS], None] == classes[left]
        free = np.ones(len(left), dtype=bool)
        for best, row in enumerate(near):
            if free[best]:
                free[best] = False
                others = row & free
                free &= ~others
                groups.append([order[left[best]], *(order[i] for i in left[others].tolist())])
        left = left[free]
    return groups


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over union of boxes in arrays (..., 4) that broadcast."""
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    common = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    union = _areas(a) + _areas(b) - common
    return np.asarray(common / union, dtype=np.float64)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), dtype=np.float64)
