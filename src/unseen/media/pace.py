"""When to look, and how: at whole frames every so often, closely in between, more often while things move fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Protocol

from unseen.core.regions import Detection
from unseen.core.video import VideoFrame

__all__ = ["AutoPace", "Denser", "EveryNth", "Kind", "Pace", "Ticks", "pace_for"]

#: Looking at the whole frame, or only where something was found a moment ago.
Kind = Literal["whole", "close"]
#: Seconds between looks at whole frames; between all looks when all is calm, and at the most hurried.
_WHOLE_S, _CALM_S, _HURRIED_S = 0.34, 0.17, 0.07
#: The most hurried where a look in between is one at the whole frame, too: it sees who moves far as well as who is new.
_QUICK_S = 0.13
#: What moves farther than this many of its sizes from look to look is fast.
_FAR = 1.0
_SURE = 0.4


class Ticks:
    """Counts frames by when they are shown, `rate` to a second, and at least one from frame to frame.

    A pace that is told these instead of the frames' numbers looks by time where frames come seldom, and by frames where
    they come often. `time_base` is the length in seconds of one tick of
    the time stamps.
    """

    def __init__(self, rate: float, time_base: float) -> None:
        self._per_stamp = rate * time_base
        self._last: tuple[int, int] | None = None
        self._now = 0

    def of(self, frame: VideoFrame) -> int:
        """Return the count for a frame, the next in order; the first one keeps its number."""
        if self._last is None:
            self._now = frame.index
        else:
            number, pts = self._last
            self._now += max(frame.index - number, round((frame.pts - pts) * self._per_stamp))
        self._last = frame.index, frame.pts
        return self._now


class Pace(Protocol):
    """Decides which frames are looked at; frames may be told by their numbers or by `Ticks`."""

    def wants(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame, the next in order, or None; `must` says that it is to be looked at in any case."""
        ...

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at: as `wants` does by itself, and for looks of the run that this one goes on
        behind."""
        ...

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found; looks are told in order, but others may be wanted before."""
        ...


class EveryNth:
    """Looks at the whole of every nth frame, and where a shot begins."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._next = 0

    def wants(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame."""
        if not must and frame < self._next:
            return None
        self.made(frame, "whole")
        return "whole"

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at."""
        self._next = frame + self._step

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found: it changes nothing."""


class AutoPace:
    """Looks often enough that nothing moves far from look to look, measured in its own sizes.

    The whole frame is looked at three times a second, where a shot begins, and after frames that could not be. What was
    found is looked for again closely in between; `quick` says that this is done in whole frames, too.
    """

    def __init__(self, rate: float, *, quick: bool = False) -> None:
        self._calm = max(1, round(_CALM_S * rate))
        hurried = round(_QUICK_S * rate) if quick else math.floor(_HURRIED_S * rate)
        self._hurried = max(1, min(self._calm, hurried))
        self._whole = max(self._calm, round(_WHOLE_S * rate))
        self._quick = quick
        self._step = self._calm
        self._next = self._next_whole = self._latest = 0
        self._last: tuple[int, Sequence[Detection]] | None = None

    def wants(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame."""
        if must:
            self._last = None
        whole = must or self._whole_is_due(frame)
        if not whole and frame < self._next:
            return None
        kind: Kind = "whole" if whole else "close"
        self.made(frame, kind)
        return kind

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at."""
        self._latest, self._next = frame, frame + self._step
        if kind == "whole":
            self._next_whole = frame + self._whole

    def _whole_is_due(self, frame: int) -> bool:
        if not self._quick:
            return frame >= self._next_whole
        # A look at all there is takes the place of one at faces alone, the nearest in time.
        return frame >= self._next and frame + self._step / 2 >= self._next_whole

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found, and hurry or calm down."""
        last, self._last = self._last, (frame, found)
        if last is None:
            return
        moved = _fastest(last[1], found) / max(1, frame - last[0])
        wanted = self._calm if moved <= 0 else int(_FAR / moved)
        self._step = min(max(wanted, self._hurried), self._calm)
        # Others may have been wanted since.
        self._next = min(self._next, max(self._latest, frame) + self._step)


def _fastest(before: Sequence[Detection], now: Sequence[Detection]) -> float:
    """Return how far the fastest of the sure detections has moved, in its sizes; those without a partner do not count.

    Partners are the nearest of one class and like size.
    """
    fastest = 0.0
    for one in now:
        if one.score < _SURE:
            continue
        size = math.sqrt(one.box.area)
        near = [_distance(one, other) / size for other in before if other.cls == one.cls and _alike(one, other)]
        if near and min(near) <= 2.0:
            fastest = max(fastest, min(near))
    return fastest


def _alike(one: Detection, other: Detection) -> bool:
    return 0.5 <= one.box.area / other.box.area <= 2.0


def _distance(one: Detection, other: Detection) -> float:
    return math.hypot(
        (one.box.x1 + one.box.x2 - other.box.x1 - other.box.x2) / 2,
        (one.box.y1 + one.box.y2 - other.box.y1 - other.box.y2) / 2,
    )


class Denser:
    """Looks as another pace does, and closely in between, at least every `step` frames."""

    def __init__(self, pace: Pace, step: int) -> None:
        self._pace, self._step = pace, step
        self._next = 0

    def wants(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame."""
        kind = self._pace.wants(frame, must)
        if kind is None and frame < self._next:
            return None
        self._next = frame + self._step
        return kind or "close"

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at."""
        self._pace.made(frame, kind)
        self._next = frame + self._step

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found."""
        self._pace.saw(frame, found)


def pace_for(stride: int | None, rate: float, *, looks: float | None = None, quick: bool = False) -> Pace:
    """Return the pace for a stride, None for automatic, at `rate` frames a second.

    An automatic one looks at `looks` frames a second or more, where these are given; see AutoPace for `quick`.
    """
    if stride is not None:
        return EveryNth(stride)
    auto = AutoPace(rate, quick=quick)
    return auto if looks is None else Denser(auto, max(1, round(rate / looks)))
