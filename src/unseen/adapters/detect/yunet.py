"""Faces by YuNet, where the user has added it: a third family, for verification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import above, check_shapes, numbers, suppress, to_detections
from unseen.adapters.imaging import as_planes
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Network
from unseen.core.regions import Detection

__all__ = ["YuNetDetector"]

_STRIDES = (8, 16, 32)
#: Largest exponent of a size: far beyond any picture, and safe to raise e to.
_MOST_LOG = 20.0


class YuNetDetector:
    """Finds faces at the size the picture has.

    The network takes BGR, no normalisation, sides padded to a multiple of 32, and gives class, objectness, box and
    landmarks for each of three strides. Raises ModelCorrupt for outputs of other shapes and UnseenError for those that
    are no numbers. Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023.
    """

    def __init__(self, network: Network, model: ModelFile, threshold: float) -> None:
        self._network = network
        self._threshold = threshold
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the faces in each picture, in its pixels."""
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        batch = as_planes([image[:, :, ::-1]], 32)
        outputs = self._network.run(batch)
        height, width = batch.shape[2:]
        cells = [(height // stride) * (width // stride) for stride in _STRIDES]
        check_shapes(outputs, [(1, count, values) for values in (1, 1, 4) for count in cells], self.models[0])
        boxes, scores = [], []
        for level, stride in enumerate(_STRIDES):
            cls, objectness, raw = (outputs[level + 3 * kind][0] for kind in range(3))
            score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(objectness[:, 0], 0, 1))
            kept = above(score, self._threshold, self.models[0])
            boxes.append(_to_boxes(raw, kept, width // stride, stride))
            scores.append(score[kept])
        return self._merge(np.concatenate(boxes), np.concatenate(scores), image.shape)

    def _merge(
        self, boxes: NDArray[np.float32], scores: NDArray[np.float32], shape: tuple[int, ...]
    ) -> list[Detection]:
        boxes = np.clip(numbers(boxes, self.models[0]), 0, np.asarray([shape[1], shape[0]] * 2, np.float32))
        keep = suppress(boxes, scores, 0.3)
        return to_detections(boxes[keep], scores[keep], "face", self.models[0])


def _to_boxes(raw: NDArray[np.float32], kept: NDArray[np.bool_], columns: int, stride: int) -> NDArray[np.float32]:
    """Turn the raw boxes of one stride into x1 y1 x2 y2; cells run row by row over `columns`."""
    cells = np.flatnonzero(kept)
    corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    centre = (corner + raw[kept, :2]) * stride
    half = np.exp(np.minimum(raw[kept, 2:4], _MOST_LOG)) * stride / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
