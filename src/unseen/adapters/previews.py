"""Small pictures for previews: outlines with numbers, two pictures side by side, and the planes they are encoded as."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unseen.core.photos import Pixels, Rgb8
from unseen.core.regions import VEHICLES, Box

__all__ = ["beside", "outlined", "planes_of_rgb"]

#: RGB of outlines by class: far from each other, and seen on light and dark.
_COLOURS = {
    "face": (255, 214, 0),
    "head": (255, 140, 0),
    "person": (0, 230, 118),
    "plate": (64, 196, 255),
    "text": (234, 128, 252),
    **dict.fromkeys(VEHICLES, (255, 82, 82)),
}
_FONT, _SCALE, _PAD = 0, 0.33, 1
#: Left, top, width and height of a label.
_Place = tuple[int, int, int, int]


def outlined(image: Rgb8, boxes: Sequence[tuple[str, Box, int | None]]) -> Rgb8:
    """Return a copy of an RGB picture with the outline of each box (class, box in pixels, number), and its number."""
    import cv2

    drawn = image.copy()
    height, width = drawn.shape[:2]
    for cls, box, _ in boxes:
        x1, y1, x2, y2 = (round(v) for v in box.xyxy)
        corner = (min(x2, width) - 1, min(y2, height) - 1)
        cv2.rectangle(drawn, (max(0, x1), max(0, y1)), corner, _COLOURS.get(cls, (255, 255, 255)), 1)
    taken: list[_Place] = []
    for cls, box, number in boxes:
        if number is not None:
            taken.append(_label(drawn, str(number), box, _COLOURS.get(cls, (255, 255, 255)), taken))
    return drawn


def _label(drawn: Rgb8, text: str, box: Box, colour: tuple[int, int, int], taken: Sequence[_Place]) -> _Place:
    """Write a number on black near a box, where no other one is if there is such a place; return the place."""
    import cv2

    (wide, high), _ = cv2.getTextSize(text, _FONT, _SCALE, 1)
    wide, high = wide + 2 * _PAD, high + 2 * _PAD
    places = [
        (min(max(0, x), max(0, drawn.shape[1] - wide)), min(max(0, y), max(0, drawn.shape[0] - high)), wide, high)
        for x, y in _near(box, wide, high)
    ]
    place = min(places, key=lambda at: sum(_shared(at, other) for other in taken))
    x, y = place[:2]
    drawn[y : y + high, x : x + wide] = 0
    cv2.putText(drawn, text, (x + _PAD, y + high - _PAD - 1), _FONT, _SCALE, colour, 1, cv2.LINE_AA)
    return place


def _near(box: Box, wide: int, high: int) -> list[tuple[int, int]]:
    """Return places for a label, the best ones first: above, below, beside, and farther off."""
    x1, y1, x2, y2 = (round(v) for v in box.xyxy)
    beside = [(x2, y1), (x1 - wide, y1)]
    return [
        (x1, y1 - high),
        (x1, y2),
        *beside,
        *((x1, y) for n in (2, 3, 4) for y in (y1 - n * high, y2 + (n - 1) * high)),
    ]


def _shared(one: _Place, other: _Place) -> int:
    """Return how many pixels two places share."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)


def beside(left: Rgb8, right: Rgb8) -> Rgb8:
    """Return two pictures of one size side by side, with a row of black below where their height is odd."""
    both = np.concatenate([left, right], axis=1)
    return np.pad(both, ((0, both.shape[0] % 2), (0, 0), (0, 0)))


def planes_of_rgb(image: Rgb8) -> tuple[Pixels, ...]:
    """Return an RGB picture of even sides as Y, Cb, Cr with chroma of half the size (BT.601, limited range)."""
    import cv2

    height, width = image.shape[:2]
    packed = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return (np.ascontiguousarray(packed[:height]), np.ascontiguousarray(chroma[0]), np.ascontiguousarray(chroma[1]))
