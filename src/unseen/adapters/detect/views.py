"""One detector at several scales, in tiles where a picture is large; itself a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unseen.adapters.imaging import resize
from unseen.core.models import DETECTOR_SIDE, ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import merge

__all__ = ["Scales", "ViewsDetector", "face_scales", "fit", "near_and_far", "second_opinion_scales", "up_to_own_size"]

#: From the longer side of a picture in pixels to the scales it is looked at.
Scales = Callable[[int], tuple[float, ...]]
#: How much longer or shorter than asked for a side may be made, as a share of it.
_MOST_SQUASHED = 1 / 8


def fit(side: int, *, most: float = 1.0) -> Scales:
    """One scale: shrink so that the longer side is `side` pixels, or grow by at most `most`."""
    return lambda longer: (min(most, side / longer),)


def near_and_far(side: int, *, most: float = 1.0) -> Scales:
    """As `fit`, and a quarter of that: a network for small faces is blind to what fills half of a picture."""
    first = fit(side, most=most)
    return lambda longer: (*first(longer), first(longer)[0] / 4)


def face_scales(longer: int) -> tuple[float, ...]:
    """Scales for recall: the whole picture at up to 1,280 px, and twice that, growing small pictures by at most 2.

    Pictures beyond 2,560 px are seen at full size, in tiles, so that a small face in a large photo stays as large as
    it is; very large faces are found in the first scale.
    """
    first = min(1.0, DETECTOR_SIDE / longer)
    second = max(1.0, min(2.0, 2 * DETECTOR_SIDE / longer))
    return (first, second) if second > first * 1.1 else (first,)


def second_opinion_scales(longer: int) -> tuple[float, ...]:
    """Scales for a network of 192 px: the whole picture, then doubling up to twice its size or 2,560 px."""
    scales, side = [192 / longer], 384
    while side <= 2 * min(longer, DETECTOR_SIDE):
        scales.append(side / longer)
        side *= 2
    return tuple(scales)


def up_to_own_size(longer: int) -> tuple[float, ...]:
    """Scales for a network of 192 px in videos: the whole picture, then doubling up to its size."""
    scales, side = [min(1.0, 192 / longer)], 384
    while side <= min(longer, DETECTOR_SIDE):
        scales.append(side / longer)
        side *= 2
    return tuple(scales)


@dataclass(frozen=True, slots=True)
class _View:
    """A tile, where it lies in the scaled picture, and how many pixels of the picture one of its pixels is."""

    image: Rgb8
    left: int
    top: int
    across: float
    down: float


class ViewsDetector:
    """Wraps a detector: looks at each picture at several scales, cut into overlapping tiles of at most `tile` pixels.

    `overlap` is the share of a tile that the next one repeats. Detections that overlap by at least `iou` are one
    object: the hull of them all is kept, with the best score, because scales disagree about where an object ends.
    In all views but those of the first scale only objects count whose longer side has at least `least` pixels there. A
    network that pads to a `multiple` of pixels sees padding; a view whose side is close to one is given that side,
    a little more or less than its scale asks for.
    """

    def __init__(
        self,
        inner: Detector,
        scales: Scales,
        *,
        tile: int,
        overlap: float,
        iou: float = 0.5,
        multiple: int = 1,
        least: float = 0.0,
    ) -> None:
        self._inner = inner
        self._scales = scales
        self._tile = tile
        self._overlap = overlap
        self._iou = iou
        self._multiple = multiple
        self._least = least

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The model files of the detector inside."""
        return self._inner.models

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the detections in each picture, in its pixels."""
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        first, *others = (self._cut(image, scale) for scale in self._scales(max(image.shape[:2])))
        views = [*first, *(view for each in others for view in each)]
        found = self._inner.detect([v.image for v in views])
        height, width = image.shape[:2]
        placed = [
            p
            for number, (v, ds) in enumerate(zip(views, found, strict=True))
            for d in ds
            if number < len(first) or max(d.box.width, d.box.height) >= self._least
            if (p := _place(d, v, width, height)) is not None
        ]
        # Scales disagree about where an object ends: merge keeps the hull. One view has no duplicates.
        return merge(placed, self._iou) if len(views) > 1 else placed

    def _cut(self, image: Rgb8, scale: float) -> list[_View]:
        width, height = (_side(side * scale, self._multiple) for side in (image.shape[1], image.shape[0]))
        scaled = resize(image, width, height)
        # Sizes are rounded, so each side has a scale of its own; on a picture of few rows the two differ a lot.
        across, down = image.shape[1] / width, image.shape[0] / height
        return [
            _View(scaled[y : y + self._tile, x : x + self._tile], x, y, across, down)
            for y in self._starts(height)
            for x in self._starts(width)
        ]

    def _starts(self, length: int) -> list[int]:
        if length <= self._tile:
            return [0]
        step = max(1, int(self._tile * (1 - self._overlap)))
        return [*range(0, length - self._tile, step), length - self._tile]


def _side(wanted: float, multiple: int) -> int:
    """Return a side in whole pixels: a multiple if one is close enough, for faces squashed by more are missed."""
    near = round(wanted / multiple) * multiple
    return near if abs(near - wanted) <= _MOST_SQUASHED * wanted else max(1, round(wanted))


def _place(detection: Detection, view: _View, width: int, height: int) -> Detection | None:
    x1, y1, x2, y2 = detection.box.xyxy
    x1, x2 = max(0.0, (x1 + view.left) * view.across), min(float(width), (x2 + view.left) * view.across)
    y1, y2 = max(0.0, (y1 + view.top) * view.down), min(float(height), (y2 + view.top) * view.down)
    if x2 <= x1 or y2 <= y1:
        return None
    return Detection(detection.cls, Box(x1, y1, x2, y2), detection.score, detection.model)
