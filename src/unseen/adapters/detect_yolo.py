"""Persons and vehicles by YOLO26, or any YOLO with its output or the older one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import suppress
from unseen.adapters.imaging import resize
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Network
from unseen.core.regions import Box, Detection
from unseen.errors import ModelCorrupt

__all__ = ["YoloDetector"]

#: COCO's class numbers, of its 80, that matter here.
_COCO = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
_GREY = 114


class YoloDetector:
    """Finds persons and vehicles in pictures of any size, letterboxed to the network's square input (640 by default).

    Understands the end-to-end output (n, 300, 6) = x1 y1 x2 y2 score class, and the older (n, 84, anchors) =
    cx cy w h and 80 class scores, which is suppressed here. Raises ModelCorrupt for any other output.
    """

    def __init__(self, network: Network, model: ModelFile, threshold: float) -> None:
        self._network = network
        self._threshold = threshold
        self._side = network.input_shape[-1] or 640
        self._fixed_batch = network.input_shape[0] == 1
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return persons and vehicles in each picture, in its pixels."""
        if not images:
            return []
        boxed = [self._letterbox(image) for image in images]
        batch = np.stack([b[0] for b in boxed])
        if self._fixed_batch:
            rows = [self._network.run(batch[i : i + 1])[0][0] for i in range(len(images))]
        else:
            rows = list(self._network.run(batch)[0])
        return [self._decode(r, scale, shift) for r, (_, scale, shift) in zip(rows, boxed, strict=True)]

    def _letterbox(self, image: Rgb8) -> tuple[NDArray[np.float32], float, tuple[int, int]]:
        height, width = image.shape[:2]
        scale = self._side / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (self._side - w) // 2, (self._side - h) // 2
        canvas = np.full((self._side, self._side, 3), _GREY, np.float32)
        canvas[top : top + h, left : left + w] = resize(image, w, h)
        return np.ascontiguousarray(canvas.transpose(2, 0, 1) / 255.0), scale, (left, top)

    def _decode(self, rows: NDArray[np.float32], scale: float, shift: tuple[int, int]) -> list[Detection]:
        boxes, scores, numbers = self._table(rows)
        wanted = (scores > self._threshold) & np.isin(numbers, list(_COCO)) & np.isfinite(boxes).all(axis=1)
        wanted &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        boxes = (boxes - np.asarray(shift * 2, np.float32)) / scale
        return [
            Detection(_COCO[int(n)], Box(*map(float, b)), float(s), self.models[0].name)
            for b, s, n in zip(boxes[wanted], scores[wanted], numbers[wanted], strict=True)
        ]

    def _table(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        """Return boxes (n, 4), scores (n,) and class numbers (n,) from either output."""
        if rows.ndim == 2 and rows.shape[1] == 6:
            return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp)
        if rows.ndim == 2 and rows.shape[0] == 84:
            return self._older_table(rows)
        raise ModelCorrupt(
            f"{self.models[0].path.name}: output {rows.shape} is no YOLO detection head; "
            "export one with output [1, 300, 6] or [1, 84, 8400]"
        )

    def _older_table(
        self, rows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        numbers, scores = rows[4:].argmax(axis=0), rows[4:].max(axis=0)
        likely = scores > self._threshold
        centre, half = rows[:2, likely].T, rows[2:4, likely].T / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        scores, numbers = scores[likely], numbers[likely]
        # Classes are suppressed apart: shifting each class to a place of its own keeps them from meeting.
        apart = boxes + numbers[:, None].astype(np.float32) * np.float32(4 * self._side)
        keep = suppress(apart, scores, 0.6)
        return boxes[keep], scores[keep], numbers[keep]
