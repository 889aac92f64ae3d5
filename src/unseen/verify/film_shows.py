"""What the second model family still sees in hidden frames of a video, or in parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.core.models import DETECTOR_SIDE
from unseen.core.ports import VideoReader
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import VideoFrame, aspects_to_look_at
from unseen.verify.moments import Moment
from unseen.verify.residues import SecondOpinion, residues
from unseen.verify.turned import Turned

__all__ = ["Checker"]

#: Intersection over union from which on what was seen in two shapes is one object.
_SAME = 0.5


class Checker:
    """Says what still shows in hidden frames of one video."""

    def __init__(self, reader: VideoReader, opinion: SecondOpinion, recipe: Recipe) -> None:
        self._reader, self._opinion, self._recipe = reader, opinion, recipe
        info, aspects = reader.info, aspects_to_look_at(reader.info.pixel_aspect)
        turns = (0, *recipe.video.turns)
        self._turned = tuple(Turned.of(info, DETECTOR_SIDE, aspect, turn) for turn in turns for aspect in aspects)

    @property
    def classes(self) -> frozenset[str]:
        """The classes that were to be hidden and can be looked for."""
        return self._recipe.hidden & set(self._opinion.classes)

    def residues(self, frame: VideoFrame, regions: Sequence[Region], moment: Moment) -> list[Detection]:
        """Return what a second model sees in a hidden frame, or the part of it that a moment names, in its pixels, in
        any shape that these may have, and any way up that people may be; what shows in two of them is told once."""
        ways, left, top = self._turned, 0.0, 0.0
        if moment.part is not None:
            part = _aligned(moment.part, *frame.planes[0].shape)
            ways, frame = tuple(each.within(part) for each in ways), _cut(frame, part)
            regions = [r for r in regions if r.box.meets(part)]
            left, top = part.x1, part.y1
        seen: list[Detection] = []
        for turned in ways:
            picture = turned.picture(self._reader, frame)
            shown = [replace(r, box=turned.shown(r.box.moved(-left, -top))) for r in regions]
            found = residues(picture, shown, self._opinion, self._recipe.hidden)
            placed = [replace(d, box=turned.stored(d.box).moved(left, top)) for d in found]
            # Only what was seen in an earlier shape: two models that agree in one are two witnesses.
            seen += [d for d in placed if not any(_is_same(d, other) for other in seen)]
        return seen


def _is_same(one: Detection, other: Detection) -> bool:
    """Whether what was seen in two shapes of pixels is one object."""
    common = one.box.common(other.box)
    if common is None or one.cls != other.cls:
        return False
    return common.area >= _SAME * (one.box.area + other.box.area - common.area)


def _aligned(part: Box, height: int, width: int) -> Box:
    """Return a part of a frame grown to whole chroma samples, which hold at most two pixels a side."""
    x1, y1 = max(0.0, part.x1 // 2 * 2), max(0.0, part.y1 // 2 * 2)
    return Box(x1, y1, min(float(width), -(-part.x2 // 2) * 2), min(float(height), -(-part.y2 // 2) * 2))


def _cut(frame: VideoFrame, part: Box) -> VideoFrame:
    """Return a part of a frame as a frame of its own."""
    height, width = frame.planes[0].shape
    cut = []
    for plane in frame.planes:
        down, across = -(-height // plane.shape[0]), -(-width // plane.shape[1])
        rows = slice(int(part.y1) // down, -(-int(part.y2) // down))
        cut.append(plane[rows, int(part.x1) // across : -(-int(part.x2) // across)])
    return replace(frame, planes=tuple(cut))
