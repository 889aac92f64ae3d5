"""Text by PP-OCR's detector, and its reader."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import check_shapes, numbers
from unseen.adapters.imaging import resize
from unseen.adapters.onnx_file import notes
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Network
from unseen.core.regions import Box, Detection
from unseen.errors import ModelCorrupt

__all__ = ["DbTextDetector", "PpocrReader", "SizedDetector", "characters_of"]

_PIXEL = 0.2
_UNCLIP = 1.6
_READ_HEIGHT = 48
_READ_BATCH = 8


class DbTextDetector:
    """Finds lines of text, at a bounded size: the longer side becomes at most `limit` pixels, growing at most `grow`.

    `threshold` is on the mean probability of a text area. Boxes are the upright hulls of the turned rectangles. Raises
    ModelCorrupt for an output of another shape and UnseenError for one that is no numbers. Source: Liao et al.,
    "Real-time Scene Text Detection with Differentiable Binarization", AAAI 2020.
    """

    def __init__(
        self, network: Network, model: ModelFile, *, limit: int, grow: float = 1.0, threshold: float = 0.2
    ) -> None:
        self._network = network
        self._limit = limit
        self._grow = grow
        self._threshold = threshold
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the text boxes in each picture, in its pixels."""
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        height, width = image.shape[:2]
        scale = min(self._grow, self._limit / max(height, width))
        w, h = (max(32, round(side * scale / 32) * 32) for side in (width, height))
        normal = resize(image, w, h).astype(np.float32) / 127.5 - 1.0
        outputs = self._network.run(np.ascontiguousarray(normal.transpose(2, 0, 1)[None]))
        check_shapes(outputs, [(1, 1, h, w)], self.models[0])
        heat = numbers(outputs[0][0, 0], self.models[0])
        fx, fy = width / w, height / h
        found = []
        for (x1, y1, x2, y2), score in _text_boxes(heat, self._threshold):
            box = (max(0.0, x1 * fx), max(0.0, y1 * fy), min(float(width), x2 * fx), min(float(height), y2 * fy))
            if box[2] > box[0] and box[3] > box[1]:
                found.append(Detection("text", Box(*box), score, self.models[0].name))
        return found


class SizedDetector:
    """Gives pictures whose longer side is at most `limit` pixels to one detector, larger ones to another."""

    def __init__(self, small: Detector, large: Detector, limit: int) -> None:
        self._small, self._large, self._limit = small, large, limit
        self.models = tuple({m.name: m for m in (*small.models, *large.models)}.values())

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the detections in each picture, in its pixels."""
        return [self._for(image).detect([image])[0] for image in images]

    def _for(self, image: Rgb8) -> Detector:
        return self._small if max(image.shape[:2]) <= self._limit else self._large


def _text_boxes(heat: NDArray[np.float32], threshold: float) -> list[tuple[tuple[float, float, float, float], float]]:
    """Return hulls of the areas above the pixel threshold, grown back to the text's outline, with their mean heat."""
    import cv2

    contours, _ = cv2.findContours((heat > _PIXEL).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        centre, (a, b), angle = cv2.minAreaRect(contour)
        if min(a, b) < 2:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        inside = cv2.drawContours(np.zeros((h, w), np.uint8), [contour], -1, 1, -1, offset=(-x, -y))
        score = float(heat[y : y + h, x : x + w][inside > 0].mean())
        if score < threshold:
            continue
        # Contours run through the middle of pixels, which reach half a pixel further.
        grown = a * b * _UNCLIP / (a + b) + 1.0
        corners = cv2.boxPoints((centre, (a + grown, b + grown), angle))
        (x1, y1), (x2, y2) = corners.min(axis=0) + 0.5, corners.max(axis=0) + 0.5
        found.append(((float(x1), float(y1), float(x2), float(y2)), score))
    return found


class PpocrReader:
    """Reads lines of text with PP-OCR's recogniser; CTC greedy decoding (Graves et al. 2006).

    `characters` are the model's own, without the blank (first) and the space (last). Raises ModelCorrupt when the
    output is for another alphabet and UnseenError when it is no numbers.
    """

    def __init__(self, network: Network, model: ModelFile, characters: Sequence[str]) -> None:
        self._network = network
        self._alphabet = ["", *characters, " "]
        self.models = (model,)

    def read(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        """Return text and mean character confidence (0..1) for each box, ("", 0.0) where nothing is read."""
        crops = [_crop(image, box) for box in boxes]
        order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1])
        read: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        for start in range(0, len(order), _READ_BATCH):
            some = order[start : start + _READ_BATCH]
            batch = np.zeros((len(some), 3, _READ_HEIGHT, crops[some[-1]].shape[1]), np.float32)
            for row, i in enumerate(some):
                batch[row, :, :, : crops[i].shape[1]] = crops[i].transpose(2, 0, 1) / 127.5 - 1.0
            for i, steps in zip(some, self._steps(batch), strict=True):
                read[i] = self._decode(steps)
        return read

    def _steps(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of characters, shape (boxes, steps, characters)."""
        outputs = self._network.run(batch)
        count = outputs[0].shape[1] if outputs and outputs[0].ndim == 3 else 1
        check_shapes(outputs, [(len(batch), count, len(self._alphabet))], self.models[0])
        return numbers(outputs[0], self.models[0])

    def _decode(self, steps: NDArray[np.float32]) -> tuple[str, float]:
        best = steps.argmax(axis=1)
        fresh = (best != 0) & (best != np.concatenate([[-1], best[:-1]]))
        if not fresh.any():
            return "", 0.0
        text = "".join(self._alphabet[k] for k in best[fresh])
        return text, float(steps.max(axis=1)[fresh].mean())


def characters_of(model: ModelFile) -> list[str]:
    """Return the alphabet that a recogniser's file carries; raises ModelCorrupt if it has none."""
    characters = notes(model.path.read_bytes()).get("character", "").split("\n")
    if len(characters) < 10:
        raise ModelCorrupt(
            f"{model.path.name} carries no alphabet; fetch it again with: unseen models pull {model.name}"
        )
    return characters


def _crop(image: Rgb8, box: Box) -> Rgb8:
    """Cut a box out and scale it to the reader's height; tall boxes are turned, very long ones squeezed."""
    x1, y1 = max(0, int(box.x1)), max(0, int(box.y1))
    cut = image[y1 : max(y1 + 1, round(box.y2)), x1 : max(x1 + 1, round(box.x2))]
    if not cut.size:
        return np.zeros((_READ_HEIGHT, _READ_HEIGHT, 3), np.uint8)
    if cut.shape[0] > 2 * cut.shape[1]:
        cut = np.rot90(cut)
    width = int(np.clip(cut.shape[1] * _READ_HEIGHT / cut.shape[0], 16, 640))
    return resize(np.ascontiguousarray(cut), width, _READ_HEIGHT)
