"""A close look: only where faces were a moment ago, at a part of the work of a whole frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import merge

__all__ = ["look_across", "look_close"]

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


def look_across(image: Rgb8, detector: Detector, near: Sequence[Box]) -> list[Detection]:
    """Return the faces in the rows of an upright picture that boxes `near` lie in, from one side of it to the other and
    with room above and below, in its pixels; in all rows where there are no boxes.

    Most who are new come in from a side, at the height of those who are there.
    """
    top, bottom = _rows(near, image.shape[0])
    found = detector.detect([image[top:bottom]])[0]
    return [replace(d, box=Box(d.box.x1, d.box.y1 + top, d.box.x2, d.box.y2 + top)) for d in found]


def _rows(near: Sequence[Box], height: int) -> tuple[int, int]:
    """Return the first row to look at and the one behind the last."""
    if not near:
        return 0, height
    rooms = [_ROOM * max(box.width, box.height) for box in near]
    top = min(box.y1 - room for box, room in zip(near, rooms, strict=True))
    bottom = max(box.y2 + room for box, room in zip(near, rooms, strict=True))
    return max(0, int(top // _ROWS) * _ROWS), min(height, -int(-bottom // _ROWS) * _ROWS)


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
