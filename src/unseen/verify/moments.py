"""Which moments of a video are looked at again: at even steps to its end, and where each track begins and ends."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from unseen.core.regions import Box
from unseen.core.video import Track

__all__ = ["Moment", "around", "moments", "whole_frames"]

#: A look around the end of a track reaches this many of its sides to all sides, and has at least this many pixels, and
#: a multiple of so many: of few sizes, what is made ready for one is of use for the next.
_AROUND, _LEAST, _STEP = 1.0, 96, 32
#: Tracks that were found in fewer frames have no ends to speak of: the even steps look after them.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame to look at, and the part of it; None for the whole frame."""

    frame: int
    part: Box | None = None


def moments(
    first: int,
    last: int,
    whole: Collection[int],
    tracks: Sequence[Track],
    size: tuple[int, int],
    only: Mapping[int, Sequence[Box]] | None = None,
) -> list[Moment]:
    """Return what to look at in frames `first` to `last` of a video whose frames are `size` pixels wide and high.

    The frames `whole` are looked at as a whole; the surroundings of the boxes that `only` has for some frames; and the
    last frame before each track and the first one after it around where it was, because what is missed of it is
    there. In the order of frames.
    """
    found = [Moment(frame) for frame in sorted(whole)]
    for frame, boxes in (only or {}).items():
        found += [Moment(frame, around(box, size)) for box in boxes if first <= frame <= last]
    for track in tracks:
        if track.detected < _FEWEST:
            continue
        ends = ((track.points[0].frame - 1, track.points[0].box), (track.points[-1].frame + 1, track.points[-1].box))
        for frame, box in ends:
            if first <= frame <= last and frame not in whole:
                found.append(Moment(frame, around(box, size)))
    return sorted(found, key=lambda moment: moment.frame)


def whole_frames(clear: Sequence[int], step: int) -> frozenset[int]:
    """Return which of the frames `clear`, in order, are looked at as a whole: the last one, and from each on the one
    that is `step` before it, or the nearest behind that.

    Who shows for `step` frames is met, and who still shows at the end is met before these frames are done: of who
    comes in behind the last look the next frames would tell, too late. Frames that are hidden whole are not `clear`.
    """
    chosen: set[int] = set()
    at = len(clear) - 1
    while at >= 0:
        chosen.add(clear[at])
        due = clear[at] - step
        if due < clear[0]:
            break
        at = min(bisect_left(clear, due), at - 1)
    return frozenset(chosen)


def around(box: Box, size: tuple[int, int]) -> Box:
    """Return the part of the frame around a box, in whole pixels, moved inside where it reaches beyond the edge.

    It begins at an even pixel unless it is moved, so that it need not grow where chroma is stored at half the size.
    """
    sides = []
    for low, high, most in ((box.x1, box.x2, size[0]), (box.y1, box.y2, size[1])):
        length = min(most, max(_LEAST, math.ceil((1 + 2 * _AROUND) * (high - low) / _STEP) * _STEP))
        start = min(max(0, round((low + high - length) / 4) * 2), most - length)
        sides.append((float(start), float(start + length)))
    return Box(sides[0][0], sides[1][0], sides[0][1], sides[1][1])
