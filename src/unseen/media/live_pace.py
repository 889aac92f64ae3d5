"""Paces of a live camera: even times for its frames, and how often and how large they are looked at under load."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MOST_GAP", "EvenTimes", "Haste", "Level", "Shedding"]

#: Frames between two looks are believed to be covered if the looks are at most this many seconds apart, however long
#: frames wait: in more time somebody can turn back or come and go.
MOST_GAP = 0.4
#: A frame that is this many seconds late is believed to be: the camera was away, or its clock runs otherwise.
_LATE = 0.2
_SHORTEST = 0.001


class EvenTimes:
    """Gives each frame a time on this machine's clock, in seconds, rising, and spaced as the camera's clock says.

    Frames come in bursts over networks. A frame's time is never later than its arrival, and at most 0.2 s earlier.
    """

    def __init__(self) -> None:
        self._anchor: float | None = None
        self._last = float("-inf")

    def time(self, arrival: float, stamp: float | None) -> float:
        """Return the time of a frame that came at `arrival` and that the camera stamped with `stamp` seconds."""
        at = arrival
        if stamp is not None:
            if self._anchor is None or not 0 <= arrival - (self._anchor + stamp) <= _LATE:
                self._anchor = arrival - stamp
            at = self._anchor + stamp
        self._last = max(at, self._last + _SHORTEST)
        return self._last


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
