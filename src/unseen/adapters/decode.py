"""What all detectors share after the network has run: suppression of duplicates, and boxes as detections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Box, Detection

__all__ = ["sigmoid", "suppress", "to_detections"]

Floats = NDArray[np.float32]


def sigmoid(x: Floats) -> Floats:
    """The logistic function, safe for large arguments."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -80.0, 80.0))), dtype=np.float32)


def suppress(boxes: Floats, scores: Floats, iou: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of (n, 4) boxes kept, best score first (Felzenszwalb et al. 2010)."""
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    keep: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        overlap = np.prod(np.clip(high - low, 0, None), axis=1)
        order = rest[overlap < iou * np.maximum(areas[best] + areas[rest] - overlap, 1e-9)]
    return np.asarray(keep, dtype=np.intp)


def to_detections(boxes: Floats, scores: Floats, cls: str, model: str) -> list[Detection]:
    """Turn (n, 4) x1 y1 x2 y2 boxes and (n,) scores into detections; boxes without area or number are dropped."""
    good = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    good &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return [
        Detection(cls, Box(*map(float, box)), float(score), model)
        for box, score in zip(boxes[good], scores[good], strict=True)
    ]
