"""Times of showing that rise, with the bad ones mended, and times of decoding that follow from them."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

__all__ = ["Clock", "DecodingTimes"]

_LONGEST_STEP_BACK = 1
_LONGEST_GAP = 24 * 3600


class Clock:
    """Hands out strictly rising time stamps, in ticks of `time_base` seconds, for pictures in display order.

    `rate` (pictures a second) gives the step where a stamp is missing; the stamp `origin` becomes 0, or the first one
    if it is less. A stamp that is not later than the last one becomes one tick later; after a step back of more than a
    second or a gap of more than a day (a splice, damage) the stamps that follow are shifted, so that their spacing is
    kept. `shifted` tells that this was done, or that the first one came before the origin by more than a step: other
    streams of the file, which keep their stamps, are then out of step. `mended` counts the stamps that were changed.
    """

    def __init__(self, time_base: Fraction, rate: Fraction, origin: int = 0) -> None:
        self.mended = 0
        self.shifted = False
        self._origin = origin
        self._step = max(1, round(1 / (rate * time_base)))
        self._back = max(1, int(_LONGEST_STEP_BACK / time_base))
        self._gap = max(self._back, int(_LONGEST_GAP / time_base))
        self._last: int | None = None
        self._shift = 0

    def stamp(self, pts: int | None) -> int:
        """Return the time stamp for the next picture, whose own one is `pts` or missing."""
        pts = None if pts is None else pts - self._origin
        if self._last is None:
            self.mended += pts is None
            self._last = max(0, pts or 0)
            self.shifted = (pts or 0) < -self._step
            self._origin += min(0, pts or 0)
            return self._last
        wanted = self._last + self._step if pts is None else pts + self._shift
        if pts is not None and not -self._back <= wanted - self._last <= self._gap:
            self._shift = self._last + self._step - pts
            self.shifted = True
            wanted = pts + self._shift
        mended = max(wanted, self._last + 1)
        self.mended += pts is None or mended != pts
        self._last = mended
        return mended


class DecodingTimes:
    """Says when packets are decoded, in ticks, for an encoder that sends pictures up to `delay` ahead of their turn.

    The nth packet is decoded when the picture `delay` before the nth is shown: never after its own picture is shown,
    and always later than the packet before. The first ones come early by as much time. x264 tells the same; x265
    reads what it never wrote where a video has fewer pictures than that.
    """

    def __init__(self, delay: int) -> None:
        self._delay = delay
        self._stamps: deque[int] = deque()
        self._sent = 0
        self._early = 0
        self._last: int | None = None

    def shown(self, pts: int) -> None:
        """Note the time stamp of a picture that goes into the encoder, in display order."""
        self._stamps.append(pts)

    def next(self) -> int:
        """Return the decoding time of the next packet that comes out; raises IndexError if there can be none."""
        if not self._sent:
            self._early = self._stamps[min(self._delay, len(self._stamps) - 1)] - self._stamps[0]
        first = self._sent < self._delay
        time = self._stamps[self._sent] - self._early if first else self._stamps.popleft()
        self._last = time if self._last is None else max(time, self._last + 1)
        self._sent += 1
        return self._last
