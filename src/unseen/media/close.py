"""A close look: only where faces were a moment ago, at a tenth of the work of a whole frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import merge

__all__ = ["look_close"]

#: The part that is looked at is this many times as large as the face was, in multiples of 32 px, which networks want.
_TIMES, _MULTIPLE, _LEAST = 4.0, 32, 64
_SAME_FACE = 0.5


def look_close(image: Rgb8, detector: Detector, near: Sequence[Box]) -> list[Detection]:
    """Return the faces in the parts of an upright picture around boxes `near`, in its pixels.

    Parts that another part contains are left out; what two parts show is one face.
    """
    parts = _parts(near, image.shape[1], image.shape[0])
    crops = [np.ascontiguousarray(image[y : y + side, x : x + side]) for x, y, side in parts]
    found = [
        replace(d, box=Box(d.box.x1 + x, d.box.y1 + y, d.box.x2 + x, d.box.y2 + y))
        for (x, y, _), each in zip(parts, detector.detect(crops), strict=True)
        for d in each
    ]
    return merge(found, _SAME_FACE)


def _parts(near: Sequence[Box], width: int, height: int) -> list[tuple[int, int, int]]:
    """Return left, top and side of the square parts to look at, largest first."""
    parts: list[tuple[int, int, int]] = []
    for box in sorted(near, key=lambda box: -box.area):
        side = -int(-max(_LEAST, _TIMES * max(box.width, box.height)) // _MULTIPLE) * _MULTIPLE
        x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
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
