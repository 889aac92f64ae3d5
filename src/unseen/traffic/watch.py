"""One object against one line or one zone: a crossing is told once, whatever the box does meanwhile.

Boxes flicker by some pixels, and people stop on lines. So a side is believed when the object is beyond a band around
the edge, or has been on that side for a while.
"""

from __future__ import annotations

from dataclasses import dataclass

from unseen.core.scene import Line, Point, Zone
from unseen.traffic.geometry import along, from_edge, side_of

__all__ = ["BACKWARD", "FORWARD", "Crossing", "LineWatch", "ZoneWatch"]

FORWARD, BACKWARD = "forward", "backward"
#: Seconds on one side after which it is believed, however near the edge is.
_HOLD_S = 0.5


@dataclass(frozen=True, slots=True)
class Crossing:
    """A line was crossed at a time in seconds, "forward" or "backward"."""

    line: str
    at: float
    direction: str


class LineWatch:
    """Tells when an object crosses a line: once, at the time at which it came to the side where it stays.

    Who goes around the ends of the line does not cross it.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._side = 0
        self._last: tuple[float, Point, float] | None = None
        #: When the object came to the side where it is now, and whether it came over the line.
        self._came, self._over = 0.0, False

    def see(self, at: float, foot: Point, band: float) -> Crossing | None:
        """Take where the object is at a later time; `band` is how many pixels off the line it is surely beyond it."""
        off = side_of(self._line, foot)
        last, self._last = self._last, (at, foot, off)
        if last is None:
            self._came = at
            self._side = _sign(off) if abs(off) >= band else 0
            return None
        if _sign(off) != _sign(last[2]):
            self._came, place = _meet(last, self._last)
            self._over = 0 <= along(self._line, place) <= 1
        if abs(off) < band and at - self._came < _HOLD_S:
            return None
        return self._settle(_sign(off))

    def end(self) -> Crossing | None:
        """Say that the object is gone: the side where it was seen last is the one it is on."""
        if self._last is None:
            return None
        return self._settle(_sign(self._last[2]))

    def _settle(self, side: int) -> Crossing | None:
        before, self._side = self._side, side
        if before in (0, side) or not self._over:
            return None
        return Crossing(self._line.name, self._came, FORWARD if side > 0 else BACKWARD)


class ZoneWatch:
    """Tells when an object is in a zone: spans of seconds, from coming in to going out."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        xs, ys = zip(*zone.points, strict=True)
        self._bounds = (min(xs), min(ys), max(xs), max(ys))
        self._raw = False
        self._since = self._latest = 0.0
        self._first = True
        #: Since when the object is inside, None if it is not.
        self.inside: float | None = None

    @property
    def name(self) -> str:
        """Name of the zone."""
        return self._zone.name

    def see(self, at: float, foot: Point, band: float) -> tuple[float, float] | None:
        """Take where the object is at a later time; return the span that ends with it, if one does."""
        off = self._from_edge(foot, band)
        raw, self._latest = off >= 0, at
        if self._first or raw != self._raw:
            self._raw, self._since = raw, at
        sure = self._first or abs(off) >= band or at - self._since >= _HOLD_S
        self._first = False
        if not sure or raw == (self.inside is not None):
            return None
        if raw:
            self.inside = self._since
            return None
        began, self.inside = self.inside, None
        return None if began is None else (began, self._since)

    def end(self) -> tuple[float, float] | None:
        """Say that the object is gone; return the span that ends with it, if one does."""
        began, self.inside = self.inside, None
        return None if began is None else (began, self._latest)

    def _from_edge(self, foot: Point, band: float) -> float:
        x1, y1, x2, y2 = self._bounds
        if not (x1 - band <= foot[0] <= x2 + band and y1 - band <= foot[1] <= y2 + band):
            return -band - 1.0
        return from_edge(self._zone.points, foot)


def _sign(off: float) -> int:
    return 1 if off >= 0 else -1


def _meet(before: tuple[float, Point, float], now: tuple[float, Point, float]) -> tuple[float, Point]:
    """Return when and where the straight way from one place to the next meets the line."""
    share = abs(before[2]) / ((abs(before[2]) + abs(now[2])) or 1.0)
    (ax, ay), (bx, by) = before[1], now[1]
    return before[0] + share * (now[0] - before[0]), (ax + share * (bx - ax), ay + share * (by - ay))
