"""Persons and vehicles by YOLO26, or any YOLO with its output or the older one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.decode import numbers, suppress, to_detections
from unseen.adapters.imaging import resize
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Network
from unseen.core.regions import Detection
from unseen.errors import ModelCorrupt, UnseenError

__all__ = ["Cut", "YoloDetector"]

#: COCO's class numbers, of its 80, that matter here.
_COCO = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
_GREY, _WHITE = 114, 255
#: Left, top, width and height in pixels.
_Place = tuple[int, int, int, int]
_SIDE = 640
#: Inputs are multiples of this many pixels; so many networks for other inputs are kept.
_STEP, _MOST_INPUTS = 32, 2
#: The least share of its size that a picture is shrunk to for an input that it fills: of 360 rows 352 instead of 384.
_LEAST = 0.97
#: Opens a network for an input of another height and width; None where that cannot be done.
Cut = Callable[[int, int], Network | None]


@dataclass(frozen=True, slots=True)
class _Input:
    """A network, and the height and width of its input in pixels."""

    network: Network
    height: int
    width: int


def _letterbox(image: Rgb8, fit: _Input) -> tuple[NDArray[np.float32], _Place]:
    """Return a network's input for a picture, and where in it the picture lies: left, top, width, height."""
    height, width = image.shape[:2]
    scale = min(fit.width / width, fit.height / height)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (fit.width - w) // 2, (fit.height - h) // 2
    planes = np.full((3, fit.height, fit.width), np.float32(_GREY) / np.float32(_WHITE), np.float32)
    # Straight into the planes: to lay it on a canvas first and to turn the axes after that takes six times as long.
    inside = planes[:, top : top + h, left : left + w]
    np.divide(resize(image, w, h).transpose(2, 0, 1), np.float32(_WHITE), out=inside)
    return planes, (left, top, w, h)


def _stepped(size: float) -> int:
    """Return the side of an input for `size` pixels: the next multiple of the step, or the one before it where the
    picture shrinks by little for that."""
    less = int(size) // _STEP * _STEP
    return less if less >= _LEAST * size else max(1, -(-round(size) // _STEP)) * _STEP


class YoloDetector:
    """Finds persons and vehicles in pictures of any size, letterboxed to the network's input (640 x 640 if it is free).

    Where `cut` is given it opens the same network for inputs of another height and width, at most those of the whole
    one and multiples of 32, or returns None where that cannot be done: pictures that are not square then leave less of
    the input grey, and are shrunk to `side` pixels a side. One that does not run is left at once. It is meant for
    videos, whose pictures have one size.
    Understands the end-to-end output (n, 300, 6) = x1 y1 x2 y2 score class, and the older (n, 84, anchors) =
    cx cy w h and 80 class scores, which is suppressed here. Raises ModelCorrupt for any other output and UnseenError
    for one that holds no numbers.
    """

    def __init__(
        self, network: Network, model: ModelFile, threshold: float, cut: Cut | None = None, side: int | None = None
    ) -> None:
        self._threshold = threshold
        height, width = (size or _SIDE for size in network.input_shape[-2:])
        self._whole = _Input(network, height, width)
        self._fixed_batch = network.input_shape[0] == 1
        self._cut = cut if self._fixed_batch and height == width else None
        self._side = max(height, width) if side is None else side
        self._inputs: dict[tuple[int, int], _Input] = {}
        self._guard = threading.Lock()
        self.models = (model,)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return persons and vehicles in each picture, in its pixels."""
        if not images:
            return []
        if self._fixed_batch:
            return [self._seen(image) for image in images]
        boxed = [_letterbox(image, self._whole) for image in images]
        rows = self._whole.network.run(np.stack([one for one, _ in boxed]))[0]
        return [self._decode(r, shown, i.shape) for r, (_, shown), i in zip(rows, boxed, images, strict=True)]

    def _seen(self, image: Rgb8) -> list[Detection]:
        """Return what a network with a batch of one sees."""
        fit = self._input_for(image)
        try:
            return self._seen_in(image, fit)
        except UnseenError:
            if fit is self._whole:
                raise
        # A cut network is opened unseen: another exporter's file may hold more sizes than those that were cut.
        with self._guard:
            self._inputs[fit.height, fit.width] = self._whole
        return self._seen_in(image, self._whole)

    def _seen_in(self, image: Rgb8, fit: _Input) -> list[Detection]:
        planes, shown = _letterbox(image, fit)
        return self._decode(fit.network.run(planes[None])[0][0], shown, image.shape)

    def _input_for(self, image: Rgb8) -> _Input:
        """Return the network whose input a picture fills best."""
        if self._cut is None:
            return self._whole
        whole = self._whole
        scale = min(whole.height / image.shape[0], whole.width / image.shape[1], self._side / max(image.shape[:2]))
        height, width = (_stepped(size * scale) for size in image.shape[:2])
        if (height, width) == (whole.height, whole.width):
            return whole
        with self._guard:
            if (height, width) not in self._inputs:
                if len(self._inputs) >= _MOST_INPUTS:
                    self._inputs.clear()
                network = self._cut(height, width)
                self._inputs[height, width] = whole if network is None else _Input(network, height, width)
            return self._inputs[height, width]

    def _decode(self, rows: NDArray[np.float32], shown: _Place, shape: tuple[int, ...]) -> list[Detection]:
        boxes, scores, kinds = self._table(rows)
        size = np.asarray([shape[1], shape[0]] * 2, np.float32)
        stretch = size / np.asarray(shown[2:] * 2, np.float32)
        boxes = ((boxes - np.asarray(shown[:2] * 2, np.float32)) * stretch).clip(0, size).astype(np.float32)
        found: list[Detection] = []
        for number, cls in _COCO.items():
            some = kinds == number
            found += to_detections(boxes[some], scores[some], cls, self.models[0])
        return sorted(found, key=lambda detection: -detection.score)

    def _table(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        """Return boxes (n, 4), scores (n,) above the threshold and class numbers (n,) from either output."""
        numbers(rows, self.models[0])
        if rows.ndim == 2 and rows.shape[1] == 6:
            kept = rows[rows[:, 4] > self._threshold]
            return kept[:, :4], kept[:, 4], np.rint(kept[:, 5]).astype(np.intp)
        if rows.ndim == 2 and rows.shape[0] == 84:
            return self._older_table(rows)
        raise ModelCorrupt(
            f"{self.models[0].path.name}: output {rows.shape} is no YOLO detection head; "
            "export one with output [1, 300, 6] or [1, 84, 8400]"
        )

    def _older_table(
        self, rows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        kinds, scores = rows[4:].argmax(axis=0), rows[4:].max(axis=0)
        likely = scores > self._threshold
        centre, half = rows[:2, likely].T, rows[2:4, likely].T / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        scores, kinds = scores[likely], kinds[likely]
        # Classes are suppressed apart: shifting each class to a place of its own keeps them from meeting.
        apart = boxes + kinds[:, None].astype(np.float32) * np.float32(4 * max(self._whole.width, self._whole.height))
        keep = suppress(apart, scores, 0.6)
        return boxes[keep], scores[keep], kinds[keep]
