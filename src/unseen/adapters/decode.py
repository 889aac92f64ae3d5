"""What all detectors share after the network has run: outputs checked, duplicates suppressed, boxes as detections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.core.models import ModelFile
from unseen.core.regions import Box, Detection
from unseen.errors import ModelCorrupt, UnseenError

__all__ = ["above", "check_shapes", "numbers", "sigmoid", "suppress", "to_detections"]

Floats = NDArray[np.float32]
#: Boxes compared with all others at once.
_ROWS = 64


def check_shapes(outputs: Sequence[Floats], wanted: Sequence[tuple[int, ...]], model: ModelFile) -> None:
    """Raise ModelCorrupt unless the first outputs have the `wanted` shapes, one after another."""
    found = [output.shape for output in outputs]
    if found[: len(wanted)] != list(wanted):
        raise ModelCorrupt(
            f"{model.path.name}: its output is {_listed(found)}, wanted {_listed(wanted)}; "
            f"it is no {model.entry.family} model, get {model.name} again"
        )


def numbers(values: Floats, model: ModelFile) -> Floats:
    """Return the values; raises UnseenError if one is not finite.

    Comparing with NaN gives false, so the output of a broken device would pass for that of an empty picture.
    """
    if not np.isfinite(values).all():
        raise UnseenError(f"{model.name} gave values that are no numbers; choose another --device")
    return values


def above(scores: Floats, threshold: float, model: ModelFile) -> NDArray[np.bool_]:
    """Return which scores exceed the threshold; raises UnseenError if one is not finite."""
    return np.asarray(numbers(scores, model) > threshold)


def sigmoid(x: Floats) -> Floats:
    """The logistic function, safe for large arguments."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -80.0, 80.0))), dtype=np.float32)


def suppress(boxes: Floats, scores: Floats, iou: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of (n, 4) boxes kept, best score first (Felzenszwalb et al. 2010)."""
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    left, keep = np.arange(len(order)), list[int]()
    while left.size:
        # Many at once, because a photo holds a dozen objects, and numpy takes its time to be called.
        far = _overlaps(boxes[left[:_ROWS]], boxes[left]) < iou
        free = np.ones(len(left), bool)
        for best, others in enumerate(far):
            if free[best]:
                keep.append(int(left[best]))
                free &= others
                free[best] = False
        left = left[free]
    return np.asarray(order[keep], dtype=np.intp)


def _overlaps(boxes: Floats, others: Floats) -> Floats:
    """Return intersection over union of each of (m, 4) boxes with each of (n, 4) others, shape (m, n)."""
    boxes = boxes[:, None]
    width = np.minimum(boxes[..., 2], others[:, 2]) - np.maximum(boxes[..., 0], others[:, 0])
    height = np.minimum(boxes[..., 3], others[:, 3]) - np.maximum(boxes[..., 1], others[:, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return np.asarray(shared / np.maximum(area + areas - shared, 1e-9), dtype=np.float32)


def to_detections(boxes: Floats, scores: Floats, cls: str, model: ModelFile) -> list[Detection]:
    """Turn (n, 4) x1 y1 x2 y2 boxes and (n,) scores into detections.

    Boxes without area, as clipping leaves of those outside the picture, are dropped; raises UnseenError for boxes that
    are no numbers, because an object that was found must not be lost.
    """
    numbers(boxes, model)
    good = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return [
        Detection(cls, Box(*map(float, box)), float(score), model.name)
        for box, score in zip(boxes[good], scores[good], strict=True)
    ]


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "none"
