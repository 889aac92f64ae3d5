"""Going through a video once: where shots begin, which frames to look at, what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame
from unseen.media.pace import Kind, Pace
from unseen.media.shots import ShotCuts
from unseen.media.upright import Upright
from unseen.media.windows import Scanned

__all__ = ["Finder", "scan"]

#: Finds what is to be hidden in an upright picture: how to look, and what the look before found there.
Finder = Callable[[Rgb8, Kind, Sequence[Detection]], Sequence[Detection]]


def scan(
    frames: Iterable[VideoFrame], reader: VideoReader, find: Finder, upright: Upright, pace: Pace, cuts: ShotCuts
) -> Iterator[Scanned]:
    """Yield each frame, with what was found in it where the pace wants it looked at.

    The first frame of a shot must be looked at, and the last one: who comes in just before would show. A damaged frame
    is not, as it is hidden whole; those before and after it must be, and all of them once the file is known to be
    damaged, because not every decoder notices what it was given.
    """
    last: Sequence[Detection] = ()
    after_damage = False
    for frame, begins, ends in _with_ends(frames, cuts):
        must = begins or ends or after_damage or bool(reader.problems)
        after_damage = frame.damaged
        kind = None if frame.damaged else pace.wants(frame.index, must)
        if kind is None:
            yield Scanned(frame, None, begins)
            continue
        last = find(upright.view(reader, frame), kind, last)
        found = tuple(upright.stored(last))
        pace.saw(frame.index, found)
        yield Scanned(frame, found, begins)


def _with_ends(frames: Iterable[VideoFrame], cuts: ShotCuts) -> Iterator[tuple[VideoFrame, bool, bool]]:
    """Yield each frame, whether a shot begins with it, and whether a shot or what can be looked at ends with it."""
    held: tuple[VideoFrame, bool] | None = None
    for frame in frames:
        begins = cuts.begins(frame.planes[0]) and not frame.damaged
        if held is not None:
            yield (*held, begins or frame.damaged)
        held = (frame, begins)
    if held is not None:
        yield (*held, True)
