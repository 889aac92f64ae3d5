"""Faces by MediaPipe's full-range model: the second opinion, of another family than CenterFace."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import above, check_shapes, numbers, sigmoid, suppress, to_detections
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Network
from unseen.core.regions import Detection

__all__ = ["SIDE", "BlazeFaceDetector"]

#: The network's fixed input side in pixels: hand it pictures of at most that size (see detect_views).
SIDE = 192
_GRID = 48
_BATCH = 16


def _anchors() -> NDArray[np.float32]:
    """Return the (2304, 2) anchor centres, x then y, in 0..1: one anchor a cell of a 48 x 48 grid."""
    rows, columns = np.mgrid[0:_GRID, 0:_GRID]
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5
    return (centres / _GRID).astype(np.float32)


class BlazeFaceDetector:
    """Finds faces in pictures of at most 192 x 192 pixels, padded to that size.

    Raises ValueError for larger pictures, ModelCorrupt for outputs of other shapes and UnseenError for those that are
    no numbers. Source: Bazarevsky et al., "BlazeFace", 2019; MediaPipe full-range model.
    """

    def __init__(self, network: Network, model: ModelFile, threshold: float) -> None:
        self._network = network
        self._threshold = threshold
        self._anchors = _anchors()
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the faces in each picture, in its pixels."""
        found: list[list[Detection]] = []
        for start in range(0, len(images), _BATCH):
            found += self._detect(images[start : start + _BATCH])
        return found

    def _detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        batch = np.zeros((len(images), SIDE, SIDE, 3), np.float32)
        for tile, image in zip(batch, images, strict=True):
            if max(image.shape[:2]) > SIDE:
                raise ValueError(f"the model takes pictures of at most {SIDE} px, got {image.shape[:2]}")
            tile[: image.shape[0], : image.shape[1]] = image / 127.5 - 1.0
        # The order of the two outputs depends on the runtime.
        boxes_scores = sorted(self._network.run(batch), key=lambda output: -output.shape[-1])
        check_shapes(boxes_scores, [(len(images), _GRID * _GRID, values) for values in (16, 1)], self.models[0])
        return [self._decode(boxes, scores[:, 0]) for boxes, scores in zip(*boxes_scores[:2], strict=True)]

    def _decode(self, raw: NDArray[np.float32], logits: NDArray[np.float32]) -> list[Detection]:
        scores = sigmoid(logits)
        kept = above(scores, self._threshold, self.models[0])
        if not kept.any():
            return []
        centre = raw[kept, :2] + self._anchors[kept] * SIDE
        half = raw[kept, 2:4] / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        keep = suppress(numbers(boxes, self.models[0]), scores[kept], 0.3)
        return to_detections(boxes[keep], scores[kept][keep], "face", self.models[0])
