"""Counts what passes in one video while it goes through the windows that redaction uses, or through them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unseen.core.counts import Counting
from unseen.core.regions import Detection
from unseen.core.scene import Scene
from unseen.core.video import VideoInfo
from unseen.errors import UsageError
from unseen.media.upright import Upright
from unseen.media.windows import Window
from unseen.traffic.counter import Counter
from unseen.traffic.follow import LOST_S, Follower
from unseen.traffic.tally import Tally
from unseen.traffic.walk import Sighting

__all__ = ["FilmCounts", "VideoCounting", "check_scene", "empty_tally"]

#: No limit on the size of pictures: boxes are wanted in pixels of the whole one.
_WHOLE = 1 << 20


@dataclass(frozen=True, slots=True)
class VideoCounting:
    """How one video is counted: the scene, what was asked for, and when it begins, in seconds since 1970."""

    scene: Scene
    asked: Counting
    start: float


class FilmCounts:
    """Takes the windows of one video in order, and counts; raises UsageError where the scene is made for others.

    `tally` is what is counted into, an empty one by default.
    """

    def __init__(self, video: VideoCounting, info: VideoInfo, tally: Tally | None = None) -> None:
        self._info, self._start = info, video.start
        self._upright = Upright(info, _WHOLE)
        scene = video.scene.scaled(*self._upright.size)
        self.classes = frozenset(scene.classes)
        self._follower = Follower(info.width, info.height, float(info.rate), scene.classes)
        self._counter = Counter(scene, tally or empty_tally(video.asked, video.start))
        self._zero: int | None = None
        self._end = video.start

    def take(self, window: Window) -> None:
        """Count what happens in the next window."""
        if self._zero is None:
            self._zero = window.frames[0].pts
        looks: Sequence[tuple[int, Sequence[Detection]]] = [(look.frame, look.found) for look in window.looks]
        frames = range(window.first, window.first + len(window.frames))
        times = [self._time(frame.pts) for frame in window.frames]
        for at, placed in zip(times, self._follower.window(looks, frames, window.cuts), strict=True):
            self._counter.see(
                at,
                [
                    Sighting(p.track, p.cls, self._upright.shown(p.point.box), p.point.score, p.point.detected)
                    for p in placed
                ],
            )
        self._end = times[-1] + 1 / float(self._info.rate)
        self._counter.end_before(self._end - 2 * LOST_S)

    def finish(self) -> Tally:
        """Return the counts, after the last window."""
        return self._counter.finish(self._end)

    def _time(self, pts: int) -> float:
        return self._start + float((pts - (self._zero or 0)) * self._info.time_base)


def empty_tally(asked: Counting, start: float) -> Tally:
    """Return a tally to count into, from a time on."""
    return Tally(asked.interval_s, asked.bound, start, start)


def check_scene(scene: Scene, info: VideoInfo, name: str) -> None:
    """Raise UsageError if a scene is made for pictures of another shape than a video's."""
    try:
        scene.scaled(*Upright(info, _WHOLE).size)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
