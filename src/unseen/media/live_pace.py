"""Paces of a live camera: even times for its frames, and how often and how large they are looked at under load."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["MOST_GAP", "EvenTimes", "Haste", "Level", "Shedding"]

#: Frames between two looks are believed to be covered if the looks are at most this many seconds apart, however long
#: frames wait: in more time somebody can turn back or come and go.
MOST_GAP = 0.4
#: A frame that is this many seconds late is believed to be: the camera was away, or its clock runs otherwise.
_LATE = 0.2
_SHORTEST = 0.001
#: The usual time between frames is the longest mean over the last 1 to 5 seconds: a link that does not send longer than
#: this counts as lost.
_PACE_LEAST, _PACE_MOST = 1.0, 5.0
#: Frames of which nobody knows how far apart they were filmed count as this many seconds apart: no looks cover them.
_UNKNOWN = 1.0


class EvenTimes:
    """Gives each frame a time on this machine's clock, in seconds, rising, and spaced as the camera's clock says.

    Frames come in bursts over networks. A frame's time is never later than its arrival, and at most 0.2 s earlier.
    So the times of a link's backlog are closer than its frames were filmed; `filmed` are not.
    """

    def __init__(self) -> None:
        self._anchor: float | None = None
        self._last = float("-inf")
        #: A time of the last frame on a clock of its own, rising: two frames are as far apart as they were filmed, or
        #: farther where that is not known for sure.
        self.filmed = float("-inf")
        self._pace = _Pace()
        self._stamp: float | None = None
        self._step: float | None = None

    def begin(self) -> None:
        """Note that a connection begins: its stamps have nothing to do with those of the last one."""
        self._stamp = None
        self._pace.begin()

    def time(self, arrival: float, stamp: float | None) -> float:
        """Return the time of a frame that came at `arrival` and that the camera stamped with `stamp` seconds."""
        at = arrival
        if stamp is not None:
            if self._anchor is None or not 0 <= arrival - (self._anchor + stamp) <= _LATE:
                self._anchor = arrival - stamp
            at = self._anchor + stamp
        self._last = max(at, self._last + _SHORTEST)
        self.filmed = max(self._last, self.filmed + max(_SHORTEST, self._filmed_after(arrival, stamp)))
        return self._last

    def _filmed_after(self, arrival: float, stamp: float | None) -> float:
        """Return how many seconds after the one before a frame was filmed, at most."""
        counted = self._pace.step(arrival)
        before, self._stamp = self._stamp, stamp
        if stamp is None:
            return counted
        if before is not None and stamp > before:
            self._step = stamp - before
            # Some cameras' clocks stand still or are far too slow.
            return max(self._step, (self._pace.usual or 0.0) / 2)
        return self._step if before is None and self._step is not None else counted


class _Pace:
    """How far apart frames are filmed that bear no stamps: as far as frames of this camera usually are."""

    def __init__(self) -> None:
        self.usual: float | None = None
        self._arrivals: deque[float] = deque()
        self._arrived = float("-inf")
        self._stalled = False

    def begin(self) -> None:
        """Note that a connection begins: how long the camera was away says nothing about its pace."""
        self._arrivals.clear()

    def step(self, arrival: float) -> float:
        """Take when a frame came; return how many seconds after the one before it was filmed, at most."""
        gap, self._arrived = arrival - self._arrived, arrival
        self._note(arrival)
        if self.usual is None:
            return _UNKNOWN
        # What comes at once after a link stood still was kept somewhere: all of it, or its ends.
        if gap > MOST_GAP:
            self._stalled = True
        elif gap >= self.usual / 2:
            self._stalled = False
        elif self._stalled:
            return _UNKNOWN
        return self.usual

    def _note(self, arrival: float) -> None:
        came = self._arrivals
        came.append(arrival)
        # One that is older stays: a backlog is as long as the silence before it.
        while len(came) > 1 and came[1] < arrival - _PACE_MOST:
            came.popleft()
        # Twice as long, so that a backlog at the very beginning lies before the shortest time that counts.
        if arrival - came[0] < 2 * _PACE_LEAST:
            return
        last = len(came) - 1
        # The longest of the means: a backlog at the beginning of the time looked at does not make it shorter.
        self.usual = max((arrival - at) / (last - i) for i, at in enumerate(came) if arrival - at >= _PACE_LEAST)


@dataclass(frozen=True, slots=True)
class Level:
    """How looks are made: seconds from one to the next at least, and the longer side in pixels."""

    interval: float
    side: int


class Shedding:
    """Looks less often, then at smaller pictures, when looks take too long; and more again when they do not.

    A look has to be over before the frames that it covers have to leave: the interval, what a look takes and a reserve
    are less than the look-ahead of `seconds`. `looks` a second and `side` pixels are what is used without need.
    """

    def __init__(self, *, seconds: float, looks: float, side: int) -> None:
        self._seconds = seconds
        gap = min(seconds, MOST_GAP)
        first = min(1 / looks, gap / 2)
        rates = [first, max(first, gap * 0.4), gap / 2]
        # Not below half: a face of 65 pixels in 640 is found at 320, but not for sure at 240. Hidden whole is better.
        sizes = [side, max(160, side * 3 // 4), max(160, side // 2)]
        levels = [Level(rate, side) for rate in rates] + [Level(rates[-1], size) for size in sizes]
        self._levels = list(dict.fromkeys(levels))
        self._at = self._bad = self._good = 0
        self.took = 0.0

    @property
    def level(self) -> Level:
        """How to look now."""
        return self._levels[self._at]

    @property
    def depth(self) -> int:
        """How many steps are shed, 0 for none."""
        return self._at

    def note(self, took: float) -> None:
        """Take how many seconds a look took, from asking to answer."""
        self.took = took if not self.took else 0.8 * self.took + 0.2 * took
        limit = 0.9 * self._seconds - self.level.interval
        self._bad = self._bad + 1 if took > limit else 0
        self._good = self._good + 1 if took < 0.6 * limit else 0
        if self._bad >= 2 and self._at + 1 < len(self._levels):
            self._at, self._bad = self._at + 1, 0
        elif self._good >= 25 and self._at:
            self._at, self._good = self._at - 1, 0


class Haste:
    """Says when hiding takes so much of the time between two frames, `interval` seconds, that it has to be simpler."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._mean = 0.0
        self.now = False

    def note(self, took: float) -> None:
        """Take how many seconds hiding a frame took."""
        self._mean = 0.9 * self._mean + 0.1 * min(took, self._interval)
        if self._mean > 0.6 * self._interval:
            self.now = True
        elif self._mean < 0.1 * self._interval:
            self.now = False
