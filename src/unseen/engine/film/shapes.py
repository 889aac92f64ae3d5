"""Looks at pictures of a video in each shape that their pixels may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from unseen.adapters.imaging import resize
from unseen.core.photos import Rgb8
from unseen.core.regions import Detection
from unseen.core.video import VideoInfo, aspects_to_look_at
from unseen.media.close import Sight
from unseen.media.upright import shrunk_size
from unseen.pixels.boxes import merge

__all__ = ["Shapes"]

#: What overlaps by as much in both shapes is one object.
_IOU = 0.5


class Shapes:
    """Makes a look at an upright picture one at each shape that the pixels of its video may have.

    Where the file tells a shape that few have the picture is looked at once more, stretched to at most `side` pixels:
    a face is found in the shape in which it was taken, and all players do not show the same one.
    """

    def __init__(self, info: VideoInfo, side: int) -> None:
        sizes = [shrunk_size(info, side, aspect) for aspect in aspects_to_look_at(info.pixel_aspect)]
        self._others = [size[::-1] if info.rotation % 180 else size for size in sizes[1:]]

    def look(
        self,
        image: Rgb8,
        before: Sequence[Detection],
        find: Callable[[Rgb8, Sequence[Detection]], Sight],
    ) -> Sight:
        """Return what `find` sees in a picture, in its pixels; `find` gets it with what was found `before`."""
        sight = find(image, before)
        for width, height in self._others:
            across, down = width / image.shape[1], height / image.shape[0]
            other = find(resize(image, width, height), [_scaled(each, across, down) for each in before])
            found = merge([*sight.found, *(_scaled(each, 1 / across, 1 / down) for each in other.found)], _IOU)
            parts = sight.part, other.part and other.part.scaled(1 / across, 1 / down)
            # Whoever is new is seen in one shape alone, so that both looks must have been there.
            sight = Sight(found, parts[0] and parts[1] and parts[0].common(parts[1]))
        return sight


def _scaled(found: Detection, across: float, down: float) -> Detection:
    return replace(found, box=found.box.scaled(across, down))
