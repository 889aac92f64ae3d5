"""When to look: every so many frames, more often while things move fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from unseen.core.regions import Detection

__all__ = ["AutoPace", "EveryNth", "Pace", "pace_for"]

#: Seconds from look to look: when all is calm, and at the most hurried.
_CALM_S, _HURRIED_S = 0.2, 0.07
#: What moves farther than this many of its sizes from look to look is fast.
_FAR = 0.6


class Pace(Protocol):
    """Decides which frames are looked at."""

    def wants(self, frame: int, cut: bool) -> bool:
        """Whether to look at a frame, the next in order; `cut` says that a shot begins with it."""
        ...

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found."""
        ...


class EveryNth:
    """Looks at every nth frame, and where a shot begins."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._next = 0

    def wants(self, frame: int, cut: bool) -> bool:
        """Whether to look at a frame."""
        if not cut and frame < self._next:
            return False
        self._next = frame + self._step
        return True

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found: it changes nothing."""


class AutoPace:
    """Looks often enough that nothing moves far from look to look, measured in its own sizes.

    Without anything in the picture, or while all is calm, it looks every fifth of a second.
    """

    def __init__(self, rate: float) -> None:
        self._calm = max(1, round(_CALM_S * rate))
        self._hurried = max(1, min(self._calm, math.floor(_HURRIED_S * rate)))
        self._step = self._calm
        self._next = 0
        self._last: tuple[int, Sequence[Detection]] | None = None

    def wants(self, frame: int, cut: bool) -> bool:
        """Whether to look at a frame."""
        if cut:
            self._last = None
        if not cut and frame < self._next:
            return False
        self._next = frame + self._step
        return True

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found, and hurry or calm down."""
        last, self._last = self._last, (frame, found)
        if last is None:
            return
        passed = frame - last[0]
        moved = _fastest(last[1], found) / max(1, passed)
        wanted = self._calm if moved <= 0 else int(_FAR / moved)
        self._step = min(max(wanted, self._hurried), self._calm)
        self._next = min(self._next, frame + self._step)


def _fastest(before: Sequence[Detection], now: Sequence[Detection]) -> float:
    """Return how far the fastest of the sure detections has moved, in its sizes; those without a partner do not count.

    Partners are the nearest of one class and like size.
    """
    fastest = 0.0
    for one in now:
        if one.score < 0.4:
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


def pace_for(stride: int | None, rate: float) -> Pace:
    """Return the pace for a stride, None for automatic, at `rate` frames a second."""
    return AutoPace(rate) if stride is None else EveryNth(stride)
