"""Where stored frames lie in upright pictures of them; written apart from the turning that finders look through."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Box
from unseen.core.video import VideoFrame, VideoInfo, believed_aspect

__all__ = ["Turned"]

#: Cosine and sine of none, one, two and three quarter turns; with y downwards they turn clockwise.
_QUARTERS = ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass(frozen=True, slots=True)
class _Affine:
    """A map of the plane: (x, y) -> (xx x + xy y + x0, yx x + yy y + y0)."""

    xx: float
    xy: float
    x0: float
    yx: float
    yy: float
    y0: float

    def of(self, box: Box) -> Box:
        """Return where a box comes to lie, if its sides stay along the axes."""
        (ax, ay), (bx, by) = self._point(box.x1, box.y1), self._point(box.x2, box.y2)
        return Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return self.xx * x + self.xy * y + self.x0, self.yx * x + self.yy * y + self.y0


class Turned:
    """Stored frames of `stored` pixels (width, height) as pictures: scaled to `size`, then turned clockwise.

    One matrix says where each point goes. Boxes go by it and come back by its inverse, and the picture is turned as
    its signs tell, so that none of the three can be wrong alone.
    """

    def __init__(self, stored: tuple[int, int], size: tuple[int, int], quarters: int) -> None:
        self._stored, self._size, self._quarters = stored, size, quarters
        self._there, self._back = _both_ways(stored, size, *_QUARTERS[quarters])

    @classmethod
    def of(cls, info: VideoInfo, side: int, aspect: Fraction | None = None, more: int = 0) -> Turned:
        """Return how frames of a video become upright, with square pixels, of at most `side` pixels a side; pixels
        have the shape that is believed of them, or `aspect`, and people lie so that it takes `more` quarter turns."""
        wide = max(1.0, info.width * float(aspect or believed_aspect(info.pixel_aspect)))
        factor = min(1.0, side / max(wide, info.height))
        size = max(1, round(wide * factor)), max(1, round(info.height * factor))
        return cls((info.width, info.height), size, (info.rotation // 90 + more) % 4)

    def within(self, part: Box) -> Turned:
        """Return the same for frames of which only `part`, a box of whole pixels, is cut out; at the same scale."""
        stored = int(part.width), int(part.height)
        width, height = (
            max(1, round(length * (shown / whole)))
            for length, shown, whole in zip(stored, self._size, self._stored, strict=True)
        )
        return Turned(stored, (width, height), self._quarters)

    def picture(self, reader: VideoReader, frame: VideoFrame) -> Rgb8:
        """Return a frame as an upright RGB picture, shape (height, width, 3)."""
        there, lying = self._there, reader.to_rgb(frame, *self._size)
        turned = lying if there.xx else lying.transpose(1, 0, 2)
        down, across = (-1 if one + other < 0 else 1 for one, other in ((there.yx, there.yy), (there.xx, there.xy)))
        return np.ascontiguousarray(turned[::down, ::across])

    def shown(self, box: Box) -> Box:
        """Return a box of the stored frame in pixels of the picture."""
        return self._there.of(box)

    def stored(self, box: Box) -> Box:
        """Return a box of the picture in pixels of the stored frame."""
        return self._back.of(box)


def _both_ways(stored: tuple[int, int], size: tuple[int, int], cos: int, sin: int) -> tuple[_Affine, _Affine]:
    """Return the map of stored frames to pictures, a turn about the centre, and its inverse.

    Both are worked out in fractions: floats round once, and boxes do not drift on their way there and back.
    """
    across, down = (Fraction(one, other) for one, other in zip(size, stored, strict=True))
    xx, xy, yx, yy = cos * across, -sin * down, sin * across, cos * down
    width, height = (Fraction(side) for side in (size if cos else size[::-1]))
    x0 = (width - (xx * stored[0] + xy * stored[1])) / 2
    y0 = (height - (yx * stored[0] + yy * stored[1])) / 2
    there = (xx, xy, x0, yx, yy, y0)
    det = xx * yy - xy * yx
    back = (yy, -xy, xy * y0 - yy * x0, -yx, xx, yx * x0 - xx * y0)
    return _Affine(*map(float, there)), _Affine(*(float(each / det) for each in back))
