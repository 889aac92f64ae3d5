"""What is remembered of one object while it is followed, and what it adds to the counts when it is settled.

All of it lies in memory, is never written, and is dropped when the track ends.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unseen.core.counts import Cell, TableName
from unseen.core.regions import Box
from unseen.core.scene import Point, Scene
from unseen.traffic.geometry import Ground
from unseen.traffic.watch import Crossing, LineWatch, ZoneWatch

__all__ = ["Event", "Sighting", "Span", "Walk"]

#: The band around a line in which sides are not believed at once, as a share of the object's size.
_BAND = 0.1
#: Seconds over which speed is measured, at the most and at the least.
_SPEED_S, _LEAST_S = 1.0, 0.3


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a tracked object is in a picture: its box in pixels of the upright picture, and how sure that is.

    `detected` is False where the place is what its motion says, in a gap.
    """

    track: int
    cls: str
    box: Box
    score: float
    detected: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """Something to count in a table: the time, and the cell's values but for interval and class."""

    table: TableName
    at: float
    cell: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds from coming into a zone to leaving it."""

    zone: str
    start: float
    end: float


@dataclass(slots=True)
class Walk:
    """One object: where it stands to each line and zone, what it did since it was settled last, and its votes."""

    scene: Scene
    ground: Ground | None
    heat: tuple[int, int]
    last: float = -math.inf
    events: list[Event] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    #: Cells of each table that it was counted in, where contributions are bounded.
    counted: dict[TableName, set[Cell]] = field(default_factory=dict)
    _lines: list[LineWatch] = field(default_factory=list)
    _zones: list[ZoneWatch] = field(default_factory=list)
    _votes: Counter[str] = field(default_factory=Counter)
    _scores: dict[str, float] = field(default_factory=dict)
    _places: set[tuple[int, int]] = field(default_factory=set)
    _visited: list[tuple[float, str]] = field(default_factory=list)
    _trail: deque[tuple[float, Point]] = field(default_factory=deque)
    _best: float = 0.0
    _taken: float = -math.inf

    def __post_init__(self) -> None:
        self._lines = [LineWatch(line) for line in self.scene.lines]
        self._zones = [ZoneWatch(zone) for zone in self.scene.zones]

    @property
    def cls(self) -> str:
        """The class that was found most often; of equals the one with the higher scores."""
        return max(self._votes, key=lambda cls: (self._votes[cls], self._scores[cls], cls))

    def believed(self, least: int, score: float) -> bool:
        """Whether the object was found in so many pictures at least, and this surely once."""
        return self._votes.total() >= least and self._best >= score

    def see(self, at: float, seen: Sighting) -> None:
        """Take where the object is at a later time."""
        if at <= self.last:
            return
        self.last = at
        if seen.detected:
            self._votes[seen.cls] += 1
            self._scores[seen.cls] = self._scores.get(seen.cls, 0.0) + seen.score
            self._best = max(self._best, seen.score)
        foot, band = self._foot(seen.box), _BAND * math.sqrt(seen.box.area)
        self._remember(at, foot)
        for line in self._lines:
            self._crossed(line.see(at, foot, band))
        for zone in self._zones:
            was = zone.inside
            self._left(zone, zone.see(at, foot, band))
            if zone.inside is not None and was is None:
                self._visited.append((zone.inside, zone.name))

    def end(self) -> None:
        """Say that the object is gone for good."""
        for line in self._lines:
            self._crossed(line.end())
        for zone in self._zones:
            self._left(zone, zone.end())
        if len(self._visited) > 1:
            at, destination = self._visited[-1]
            self.events.append(Event("od", at, (self._visited[0][1], destination)))
        self.events += [Event("heat", self.last, place) for place in sorted(self._places)]
        self._places.clear()

    def take(self, before: float = math.inf) -> tuple[list[Event], list[Span]]:
        """Return what is to be counted of the time `before`, and forget it; visits that go on are cut there."""
        events = [event for event in self.events if event.at < before]
        self.events = [event for event in self.events if event.at >= before]
        visits = [*self.spans, *(Span(z.name, z.inside, self.last) for z in self._zones if z.inside is not None)]
        cut = [Span(v.zone, max(v.start, self._taken), min(v.end, before)) for v in visits]
        self.spans = [span for span in self.spans if span.end > before]
        self._taken = before
        return events, [span for span in cut if span.end > span.start]

    def _foot(self, box: Box) -> Point:
        """Return the middle of a box's lower edge; of who is cut by the picture's edge, on that edge.

        A box that is expected, not found, may reach beyond it, where no line is.
        """
        across, down = (box.x1 + box.x2) / 2, box.y2
        return min(max(across, 0.0), self.scene.width), min(max(down, 0.0), self.scene.height)

    def _remember(self, at: float, foot: Point) -> None:
        across, down = self.heat
        column, row = int(foot[0] * across / self.scene.width), int(foot[1] * down / self.scene.height)
        self._places.add((min(column, across - 1), min(row, down - 1)))
        place = None if self.ground is None else self.ground.metres(foot)
        if place is not None:
            self._trail.append((at, place))
            while at - self._trail[0][0] > _SPEED_S:
                self._trail.popleft()

    def _crossed(self, crossing: Crossing | None) -> None:
        if crossing is None:
            return
        self.events.append(Event("crossings", crossing.at, (crossing.line, crossing.direction)))
        speed = self._speed()
        if speed is not None:
            self.events.append(Event("speed", crossing.at, (crossing.line, crossing.direction, speed)))

    def _left(self, zone: ZoneWatch, span: tuple[float, float] | None) -> None:
        if span is not None:
            self.spans.append(Span(zone.name, *span))
            self.events.append(Event("dwell", span[1], (zone.name, span[1] - span[0])))

    def _speed(self) -> float | None:
        """Return the speed over the last second in km/h, by least squares; None if too little of it was seen."""
        if len(self._trail) < 3 or self._trail[-1][0] - self._trail[0][0] < _LEAST_S:
            return None
        times = np.array([at for at, _ in self._trail])
        places = np.array([place for _, place in self._trail])
        times -= times.mean()
        slope = times @ (places - places.mean(axis=0)) / (times @ times)
        return 3.6 * float(np.hypot(*slope))
