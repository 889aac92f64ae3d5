"""Faces by CenterFace, an anchor-free single-stage detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import above, check_shapes, numbers, suppress, to_detections
from unseen.adapters.imaging import as_planes
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Network
from unseen.core.regions import Detection

__all__ = ["CenterFaceDetector"]

_STRIDE = 4
#: Largest exponent of a size: far beyond any picture, and safe to raise e to.
_MOST_LOG = 20.0
_BATCH_PIXELS = 5_000_000


class CenterFaceDetector:
    """Finds faces at the size the picture has; scale and tiles are the caller's (see detect_views).

    Takes RGB, no normalisation, sides padded to a multiple of 32. `threshold` is on the heat map. Raises ModelCorrupt
    for outputs of other shapes and UnseenError for those that are no numbers. Source: Xu, Yan et al., "CenterFace:
    Joint Face Detection and Alignment Using Face as Point", 2020.
    """

    def __init__(self, network: Network, model: ModelFile, threshold: float) -> None:
        self._network = network
        self._threshold = threshold
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the faces in each picture, in its pixels."""
        found: list[list[Detection]] = [[] for _ in images]
        for some in _batches(images):
            batch = as_planes([images[i] for i in some], 32)
            maps = self._network.run(batch)
            cells = (batch.shape[2] // _STRIDE, batch.shape[3] // _STRIDE)
            check_shapes(maps, [(len(some), channels, *cells) for channels in (1, 2, 2)], self.models[0])
            for row, i in enumerate(some):
                found[i] = self._decode(maps[0][row], maps[1][row], maps[2][row], images[i].shape)
        return found

    def _decode(
        self,
        heat: NDArray[np.float32],
        scale: NDArray[np.float32],
        offset: NDArray[np.float32],
        shape: tuple[int, ...],
    ) -> list[Detection]:
        rows, columns = np.nonzero(above(heat[0], self._threshold, self.models[0]))
        if not rows.size:
            return []
        scores = heat[0, rows, columns]
        height, width = np.exp(np.minimum(scale[:, rows, columns], _MOST_LOG)) * _STRIDE
        y = (rows + offset[0, rows, columns] + 0.5) * _STRIDE
        x = (columns + offset[1, rows, columns] + 0.5) * _STRIDE
        boxes = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1).astype(np.float32)
        # Padding is black, but a face that is cut by the border may be seen partly in it.
        boxes = np.clip(boxes, 0, [shape[1], shape[0]] * 2).astype(np.float32)
        keep = suppress(numbers(boxes, self.models[0]), scores, 0.3)
        return to_detections(boxes[keep], scores[keep], "face", self.models[0])


def _batches(images: Sequence[Rgb8]) -> Iterator[list[int]]:
    """Yield indices of pictures that pad to one size, few enough that a batch's memory stays bounded."""
    sizes = [tuple(-(-side // 32) for side in image.shape[:2]) for image in images]
    for size in dict.fromkeys(sizes):
        same = [i for i, s in enumerate(sizes) if s == size]
        most = max(1, _BATCH_PIXELS // (size[0] * size[1] * 1024))
        yield from (same[start : start + most] for start in range(0, len(same), most))
