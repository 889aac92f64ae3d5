"""Going through a video once: where shots begin, which frames to look at, what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame
from unseen.media.pace import Pace
from unseen.media.shots import ShotCuts
from unseen.media.upright import Upright
from unseen.media.windows import Scanned

__all__ = ["Finder", "scan"]

#: Finds what is to be hidden in an upright picture.
Finder = Callable[[Rgb8], Sequence[Detection]]


def scan(
    frames: Iterable[VideoFrame], reader: VideoReader, find: Finder, upright: Upright, pace: Pace, cuts: ShotCuts
) -> Iterator[Scanned]:
    """Yield each frame, with what was found in it where the pace wants it looked at.

    The first frame of a shot is always looked at; a damaged one is not, as it is hidden whole.
    """
    for frame in frames:
        cut = cuts.begins(frame.planes[0]) and not frame.damaged
        if frame.damaged or not pace.wants(frame.index, cut):
            yield Scanned(frame, None, cut)
            continue
        found = tuple(upright.stored(find(upright.view(reader, frame))))
        pace.saw(frame.index, found)
        yield Scanned(frame, found, cut)
