"""A close look: only where faces were a moment ago, at a part of the work of a whole frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import merge

__all__ = ["look_close", "look_in", "rows_with"]

#: The part that is looked at is this many times as large as the face was, in multiples of 32 px, which networks want.
_TIMES, _MULTIPLE, _LEAST = 4.0, 32, 64
_SAME_FACE = 0.5
#: Rows are looked at that reach this many of a face's sizes above and below it, in multiples of so many.
_ROOM, _ROWS = 1.5, 32


def look_close(image: Rgb8, detector: Detector, near: Sequence[Box]) -> list[Detection]:
    """Return the faces in the parts of an upright picture around boxes `near`, in its pixels.

    Parts that another part contains are left out; what two parts show is one face.
    """
    parts = _parts(near, image.shape[1], image.shape[0])
    crops = [np.ascontiguousarray(image[y : y + side, x : x + side]) for x, y, side in parts]
    found = [
        replace(d, box=d.box.moved(x, y))
        for (x, y, _), each in zip(parts, detector.detect(crops), strict=True)
        for d in each
    ]
    return merge(found, _SAME_FACE)


def look_in(image: Rgb8, detector: Detector, part: Box) -> list[Detection]:
    """Return the faces in a part of an upright picture, a box of whole pixels, in the picture's pixels."""
    x1, y1, x2, y2 = map(int, part.xyxy)
    (found,) = detector.detect([image[y1:y2, x1:x2]])
    return [replace(d, box=d.box.moved(x1, y1)) for d in found]


def rows_with(near: Sequence[Box], width: int, height: int) -> Box:
    """Return the rows of an upright picture that boxes `near` lie in, from one side of it to the other and with room
    above and below; all of it where there are none.

    Most who are new come in from a side, at the height of those who are there.
    """
    rows = Box(0, 0, width, height)
    if not near:
        return rows
    reached = Box.hull(box.grown(_ROOM * max(box.width, box.height)) for box in near)
    top, bottom = max(0, reached.y1 // _ROWS * _ROWS), min(height, -(-reached.y2 // _ROWS) * _ROWS)
    return Box(0, top, width, bottom) if top < bottom else rows


def _parts(near: Sequence[Box], width: int, height: int) -> list[tuple[int, int, int]]:
    """Return left, top and side of the square parts to look at, largest first."""
    parts: list[tuple[int, int, int]] = []
    for box in sorted(near, key=lambda box: -box.area):
        side = -int(-max(_LEAST, _TIMES * max(box.width, box.height)) // _MULTIPLE) * _MULTIPLE
        x, y = box.middle
        left, top = _start(x, side, width), _start(y, side, height)
        if not any(_covers(part, x, y, max(box.width, box.height)) for part in parts):
            parts.append((left, top, side))
    return parts


def _start(middle: float, side: int, length: int) -> int:
    return max(0, min(round(middle - side / 2), length - side))


def _covers(part: tuple[int, int, int], x: float, y: float, size: float) -> bool:
    """Whether a part shows a face of this size at this place with as much around it again."""
    left, top, side = part
    room = 1.5 * size
    return left + room <= x <= left + side - room and top + room <= y <= top + side - room
