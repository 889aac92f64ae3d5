"""A glance at large pictures made smaller, and a look in full size at where something may be; itself a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import merge

__all__ = ["GlanceDetector"]

#: A part is looked at that is this many times as large as what a glance finds, in multiples of 32 px, which networks
#: want; verification looks again at three times as much, so that what is seen in both is there, however it is cut.
_TIMES, _MULTIPLE, _LEAST = 4, 32, 128
#: What is found twice is one object from this intersection over union on.
_SAME = 0.5


class GlanceDetector:
    """Says what `sure` sees in a picture, at a part of its work where the picture is large.

    Pictures of which the longer side has more than `beyond` pixels are shown to `glance`, which makes them smaller and
    has a lower threshold; what it finds counts where its score is at least `score`, or else where `sure` sees something
    around it, too.
    """

    def __init__(self, glance: Detector, sure: Detector, *, score: float, beyond: int) -> None:
        self._glance, self._sure, self._score, self._beyond = glance, sure, score, beyond

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The model files of both detectors, once."""
        return tuple({model.name: model for model in (*self._glance.models, *self._sure.models)}.values())

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the detections in each picture, in its pixels."""
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        if max(image.shape[:2]) <= self._beyond:
            return self._sure.detect([image])[0]
        glimpsed = self._glance.detect([image])[0]
        found = [each for each in glimpsed if each.score >= self._score]
        unsure = [each.box for each in glimpsed if each.score < self._score]
        return merge([*found, *self._seen_around(image, unsure)], _SAME) if glimpsed else []

    def _seen_around(self, image: Rgb8, boxes: Sequence[Box]) -> list[Detection]:
        """Return what `sure` sees in the parts of a picture around boxes."""
        parts = list(dict.fromkeys(_around(box, image.shape[1], image.shape[0]) for box in boxes))
        crops = [image[y1:y2, x1:x2] for x1, y1, x2, y2 in parts]
        seen = zip(parts, self._sure.detect(crops), strict=True)
        return [replace(each, box=each.box.moved(x1, y1)) for (x1, y1, _, _), some in seen for each in some]


def _around(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part of a picture around a box, moved inside where it reaches over."""
    side = max(_LEAST, -int(-_TIMES * max(box.width, box.height) // _MULTIPLE) * _MULTIPLE)
    x, y = box.middle
    left, top = max(0, min(round(x - side / 2), width - side)), max(0, min(round(y - side / 2), height - side))
    return left, top, min(width, left + side), min(height, top + side)
