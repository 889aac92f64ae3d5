"""Looks at frames of a video in each shape that their pixels may have, and each way up that people may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo, aspects_to_look_at
from unseen.media.sights import Sight
from unseen.media.upright import Upright
from unseen.pixels.boxes import merge

__all__ = ["SAME_IN_BOTH", "Shapes"]

#: What overlaps by as much in both shapes is one object.
SAME_IN_BOTH = 0.5


class Shapes:
    """Turns stored frames into upright pictures, one for each shape that their pixels may have and each of the quarter
    `turns` after which people are upright, too, of at most `side` pixels, and makes a look at one of them one at all.

    Where the file tells a shape that few have there are two: a face is found in the shape in which it was taken, and
    all players do not show the same one. Each is taken from the frame, because a shape that is wrong leaves few rows or
    columns of it, in which small faces are lost. Boxes are in pixels of the first.
    """

    def __init__(self, info: VideoInfo, side: int, turns: Sequence[int] = ()) -> None:
        aspects = aspects_to_look_at(info.pixel_aspect)
        self._first, *self._others = (Upright(info, side, aspect, turn) for turn in (0, *turns) for aspect in aspects)

    def view(self, reader: VideoReader, frame: VideoFrame) -> list[Rgb8]:
        """Return a frame as upright pictures."""
        return [each.view(reader, frame) for each in (self._first, *self._others)]

    def stored(self, found: Iterable[Detection]) -> list[Detection]:
        """Return detections with their boxes in pixels of the stored frame."""
        return self._first.stored(found)

    def stored_box(self, box: Box) -> Box:
        """Return a box in pixels of the stored frame."""
        return self._first.stored_box(box)

    def shown(self, box: Box) -> Box:
        """Return a box of the stored frame in pixels of the first picture."""
        return self._first.shown(box)

    def look(
        self,
        views: Sequence[Rgb8],
        before: Sequence[Detection],
        find: Callable[[Rgb8, Sequence[Detection]], Sight],
    ) -> Sight:
        """Return what `find` sees in the pictures of a frame; `find` gets each with what was found `before`."""
        sight = find(views[0], before)
        for other, view in zip(self._others, views[1:], strict=True):
            sight = self._both(sight, other, find(view, _moved(before, self._first, other)))
        return sight

    def _both(self, sight: Sight, upright: Upright, other: Sight) -> Sight:
        found = merge([*sight.found, *_moved(other.found, upright, self._first)], SAME_IN_BOTH)
        # Whoever is new is seen in one shape alone, so that both looks must have been there.
        if sight.part is None or other.part is None:
            return Sight(found)
        return Sight(found, sight.part.common(self.shown(upright.stored_box(other.part))))


def _moved(found: Iterable[Detection], one: Upright, other: Upright) -> list[Detection]:
    """Return detections in one picture of a frame with their boxes in pixels of another one."""
    return [replace(each, box=other.shown(each.box)) for each in one.stored(found)]
