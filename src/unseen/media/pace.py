"""When to look, and how: at whole frames every so often, closely in between, more often while things move fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Detection
from unseen.core.video import VideoFrame

__all__ = ["AutoPace", "Denser", "EveryNth", "Kind", "Pace", "Ticks", "pace_for"]

#: Looking at the whole frame, or for faces only near where some were found a moment ago.
Kind = Literal["whole", "close"]
#: Seconds between looks at whole frames; between all looks when all is calm, and at the most hurried.
_WHOLE_S, _CALM_S, _HURRIED_S = 0.34, 0.17, 0.07
#: Seconds from whole frame to whole frame, at most, where each look would be at one for want of a frame between them,
#: as at 10 frames a second, and looks in between see nearly as much.
_APART_S = 0.41
#: The most hurried where looks in between are at much of the frame: they see who moves far as well as most who are new.
_WIDE_S = 0.13
#: What moves farther than this many of its sizes from look to look is fast; farther than so many, and nothing tells it
#: from somebody else; and beyond so many, one who is gone and one who is new are two.
_FAR, _LOST, _FARTHEST = 1.0, 2.0, 8.0
_SURE = 0.4
#: What was seen as surely as this is hardly missed at the next look where it still is.
_CERTAIN = 0.7
#: A detection and the frame that it was seen in.
_Seen: TypeAlias = tuple[int, Detection]


class Ticks:
    """Counts frames by when they are shown, `rate` to a second, and at least one from frame to frame.

    A pace that is told these instead of the frames' numbers looks by time where frames come seldom, and by frames where
    they come often. `time_base` is the length in seconds of one tick of the time stamps.
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

    def begin(self) -> None:
        """Take it that a shot begins: nothing in it was seen before."""
        ...

    def how_to_look(self, frame: int, must: bool) -> Kind | None:
        """Say how to look at a frame, the next in order, None for not at all, and take it that this is done.

        `must` says that it is to be looked at in any case.
        """
        ...

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at: as `how_to_look` does by itself, and for looks of the run that this one
        goes on behind."""
        ...

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found; looks are told in order, but others may be wanted before."""
        ...


class EveryNth:
    """Looks at the whole of every nth frame, and of those that must be looked at."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._next = 0

    def begin(self) -> None:
        """Take it that a shot begins: it changes nothing."""

    def how_to_look(self, frame: int, must: bool) -> Kind | None:
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

    The whole frame is looked at three times a second, where it must be, and where somebody is gone from around where
    they were. What was found is looked for again closely in between; `wide` says that this is done in much of the
    frame.
    """

    def __init__(self, rate: float, *, wide: bool = False) -> None:
        #: Frames from look to look: when all is calm, at the fastest, when hurried; and from whole one to whole one.
        self._calm = max(1, round(_CALM_S * rate))
        self._fastest = max(1, math.floor(_HURRIED_S * rate))
        self._hurried = max(1, min(self._calm, round(_WIDE_S * rate) if wide else self._fastest))
        self._whole = max(self._calm, round(_WHOLE_S * rate))
        if wide and 2 * self._whole <= 3 * self._calm and 2 * self._calm <= _APART_S * rate:
            self._whole = 2 * self._calm
        self._wide = wide
        self._step = self._calm
        self._next = self._next_whole = self._latest = 0
        #: What the last look saw, None before any; and who of earlier ones is gone since.
        self._before: list[_Seen] | None = None
        self._gone: list[_Seen] = []

    def begin(self) -> None:
        """Take it that a shot begins."""
        self._before, self._gone = None, []

    def how_to_look(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame."""
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
        if not self._wide:
            return frame >= self._next_whole
        # A look at all there is takes the place of one at faces alone, the nearest in time.
        return frame >= self._next and frame + self._step / 2 >= self._next_whole

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found, and hurry or calm down."""
        before, self._before = self._before, [(frame, each) for each in found]
        if before is None:
            return
        self._gone = _gone([each for each in (*self._gone, *before) if frame - each[0] <= self._whole], found)
        sure = [each for each in found if each.score >= _SURE]
        speeds = _moved(sure, frame, before, self._gone)
        lost = any(each.cls == "face" and speed * self._calm > _LOST for each, speed in zip(sure, speeds, strict=True))
        missed = any(each[1].score >= _CERTAIN and each in self._gone for each in before)
        self._adapt(frame, max(speeds, default=0.0), lost=lost, missed=missed)

    def _adapt(self, frame: int, speed: float, *, lost: bool, missed: bool) -> None:
        """Step as the fastest needs it, by its `speed` in sizes a frame, and look at the whole frame at once where
        somebody moved so far that close looks lose them, or was seen for certain at the last look and is gone."""
        if lost or (missed and not self._wide):
            self._step = self._fastest
        else:
            wanted = self._calm if speed <= 0 else int(_FAR / speed)
            self._step = min(max(wanted, self._hurried), self._calm)
        # Others may have been wanted since.
        self._next = min(self._next, max(self._latest, frame) + self._step)
        if lost or missed:
            self._next_whole = min(self._next_whole, self._next)


def _gone(some: Sequence[_Seen], found: Sequence[Detection]) -> list[_Seen]:
    """Return those of `some` that are faces, were seen surely, and have no partner near them in what was found later.

    Of persons and vehicles, which are large, one that is gone and one that is new are two.
    """
    faces = [(at, each) for at, each in some if each.cls == "face" and each.score >= _SURE]
    nearest = _apart([each for _, each in faces], found).min(axis=1, initial=np.inf)
    return [each for each, apart in zip(faces, nearest, strict=True) if apart > _LOST]


def _moved(found: Sequence[Detection], frame: int, before: Sequence[_Seen], gone: Sequence[_Seen]) -> list[float]:
    """Return how far each detection in a frame has moved, in its sizes a frame.

    Partners are the nearest of one class and like size. One that has none near came from the nearest that is gone.
    """
    near, far = (_apart(found, [each for _, each in seen]) for seen in (before, gone))
    speeds = []
    for close, distant in zip(near, far, strict=True):
        speed = 0.0
        for apart, seen, farthest in ((close, before, _LOST), (distant, gone, _FARTHEST)):
            if apart.size and apart.min() <= farthest:
                speed = float(apart.min()) / max(1, frame - seen[int(apart.argmin())][0])
                break
        speeds.append(speed)
    return speeds


def _apart(some: Sequence[Detection], others: Sequence[Detection]) -> NDArray[np.float64]:
    """Return the distances, shape (some, others), in sizes of the first; infinity between those that are not of one
    class and like size."""
    one, other = _shapes(some), _shapes(others)
    distances = np.hypot(*(one[:, None, axis] - other[None, :, axis] for axis in (0, 1))) / np.sqrt(one[:, None, 2])
    areas = one[:, None, 2] / other[None, :, 2]
    same = np.array([d.cls for d in some], str)[:, None] == np.array([d.cls for d in others], str)[None, :]
    return np.where(same & (areas >= 0.5) & (areas <= 2.0), distances, np.inf)


def _shapes(some: Sequence[Detection]) -> NDArray[np.float64]:
    """Return the centre (x, y) and the area of each, shape (some, 3)."""
    boxes = np.array([each.box.xyxy for each in some], np.float64).reshape(-1, 4)
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.column_stack([(low + high) / 2, np.prod(high - low, axis=1)])


class Denser:
    """Looks as another pace does, and closely in between, at least every `step` frames."""

    def __init__(self, pace: Pace, step: int) -> None:
        self._pace, self._step = pace, step
        self._next = 0

    def begin(self) -> None:
        """Take it that a shot begins."""
        self._pace.begin()

    def how_to_look(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame."""
        kind = self._pace.how_to_look(frame, must)
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


def pace_for(stride: int | None, rate: float, *, looks: float | None = None, wide: bool = False) -> Pace:
    """Return the pace for a stride, None for automatic, at `rate` frames a second.

    An automatic one looks at `looks` frames a second or more, where these are given; see AutoPace for `wide`.
    """
    if stride is not None:
        return EveryNth(stride)
    auto = AutoPace(rate, wide=wide)
    return auto if looks is None else Denser(auto, max(1, round(rate / looks)))
