"""Counts that have been added up so far, with every track's contributions bounded before they are added."""

from __future__ import annotations

import bisect
import math
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from unseen.core.counts import TABLES, Cell, TableName
from unseen.traffic.walk import Event, Span, Walk

__all__ = ["DWELL_S", "SPEED_KMH", "Chooser", "Tally", "by_chance", "merge"]

#: Lower bounds of the bins of dwell times in seconds, and of speeds in km/h; the last one has no upper bound.
DWELL_S = (0, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
SPEED_KMH = (*range(0, 60, 5), *range(60, 160, 10))

#: Chooses so many of the cells.
Chooser = Callable[[Sequence[Cell], int], Sequence[Cell]]


@dataclass(slots=True)
class Tally:
    """Counts by table and cell, from `start` to `end` in seconds since 1970, in intervals of `interval_s`.

    `seconds` is how long objects were in a zone in an interval, `stays` when, until `fold` makes the `highest` number
    at once of them; where contributions are bounded no maximum is known. `clipped` is how many contributions the bound
    has cut off; it is told to nobody.
    """

    interval_s: int
    bound: int | None
    start: float
    end: float
    counts: dict[TableName, Counter[Cell]] = field(default_factory=lambda: {name: Counter() for name in TABLES})
    seconds: Counter[Cell] = field(default_factory=Counter)
    stays: dict[Cell, list[tuple[float, float]]] = field(default_factory=dict)
    highest: dict[Cell, int] = field(default_factory=dict)
    clipped: int = 0

    def book(self, walk: Walk, events: Iterable[Event], spans: Iterable[Span], choose: Chooser) -> None:
        """Count what an object did; with a bound, in a random choice of cells, and once in each."""
        cls = walk.cls
        cells: dict[TableName, list[Cell]] = {name: [] for name in TABLES}
        for event in events:
            cells[event.table].append(self._cell(event, cls))
        stays = [(cell, stay) for span in spans for cell, stay in self._stays(span, cls)]
        cells["occupancy"] = list(dict.fromkeys(cell for cell, _ in stays))
        for name, wanted in cells.items():
            kept = wanted if self.bound is None else self._chosen(name, wanted, walk, choose, self.bound)
            self.counts[name].update(kept)
            if name == "occupancy":
                self._stay(frozenset(kept), stays)

    def _chosen(
        self, name: TableName, wanted: Sequence[Cell], walk: Walk, choose: Chooser, bound: int
    ) -> Sequence[Cell]:
        """Return cells in which the track may still be counted: at most `bound` over its whole life."""
        counted = walk.counted.setdefault(name, set())
        new = [cell for cell in dict.fromkeys(wanted) if cell not in counted]
        kept = choose(new, min(len(new), bound - len(counted)))
        counted.update(kept)
        self.clipped += len(wanted) - len(kept)
        return kept

    def _stay(self, kept: frozenset[Cell], stays: Iterable[tuple[Cell, tuple[float, float]]]) -> None:
        for cell, (start, end) in stays:
            if cell in kept:
                self.seconds[cell] += end - start  # type: ignore[assignment]  # a Counter of floats
                if self.bound is None:
                    self.stays.setdefault(cell, []).append((start, end))

    def _cell(self, event: Event, cls: str) -> Cell:
        if event.table == "heat":
            return (*event.cell, cls)
        if event.table == "dwell":
            zone, seconds = event.cell
            return (self.interval(event.at), zone, cls, _bin(DWELL_S, seconds))
        if event.table == "speed":
            line, direction, speed = event.cell
            return (self.interval(event.at), line, direction, cls, _bin(SPEED_KMH, speed))
        return (self.interval(event.at), *event.cell, cls)

    def _stays(self, span: Span, cls: str) -> Iterable[tuple[Cell, tuple[float, float]]]:
        """Yield a span's parts, one for each interval that it lies in."""
        start = span.start
        while start < span.end:
            interval = self.interval(start)
            end = min(span.end, float(interval + self.interval_s))
            yield (interval, span.zone, cls), (start, end)
            start = end

    def interval(self, at: float) -> int:
        """Return when the interval of a time begins, in seconds since 1970."""
        return math.floor(at / self.interval_s) * self.interval_s

    def intervals(self) -> range:
        """Return the beginnings of all intervals from start to end."""
        first = self.interval(self.start)
        return range(first, max(math.ceil(self.end), first + 1), self.interval_s)

    def up_to(self, end: float) -> Tally:
        """Return the counts of the intervals that are over at `end`; what has no interval is all there."""
        counts = {
            name: Counter({c: n for c, n in cells.items() if name == "heat" or c[0] < end})
            for name, cells in self.counts.items()
        }
        seconds = Counter({cell: s for cell, s in self.seconds.items() if cell[0] < end})
        stays = {cell: stays for cell, stays in self.stays.items() if cell[0] < end}
        highest = {cell: most for cell, most in self.highest.items() if cell[0] < end}
        return Tally(self.interval_s, self.bound, self.start, end, counts, seconds, stays, highest, self.clipped)

    def fold(self, end: float) -> None:
        """Forget when objects were in zones, of the intervals that are over at `end`; their maxima stay."""
        for cell in [cell for cell in self.stays if cell[0] < end]:
            self.highest[cell] = max(self.highest.get(cell, 0), _most_at_once(self.stays.pop(cell)))

    def peaks(self) -> dict[Cell, int]:
        """Return how many objects were in a zone at once, at most, in each interval; nothing is known with a bound."""
        most = dict(self.highest)
        for cell, stays in self.stays.items():
            most[cell] = max(most.get(cell, 0), _most_at_once(stays))
        return most


def merge(tallies: Sequence[Tally]) -> Tally:
    """Return the counts of several recordings of one camera as one; raises ValueError for none."""
    if not tallies:
        raise ValueError("there is nothing to merge")
    first = tallies[0]
    whole = Tally(first.interval_s, first.bound, min(t.start for t in tallies), max(t.end for t in tallies))
    for tally in tallies:
        for name, counts in tally.counts.items():
            whole.counts[name].update(counts)
        whole.seconds.update(tally.seconds)
        for cell, stays in tally.stays.items():
            whole.stays.setdefault(cell, []).extend(stays)
        for cell, most in tally.highest.items():
            whole.highest[cell] = max(whole.highest.get(cell, 0), most)
        whole.clipped += tally.clipped
    return whole


def _bin(bounds: Sequence[int], value: float) -> int:
    return bounds[max(0, bisect.bisect_right(bounds, value) - 1)]


def _most_at_once(stays: Iterable[tuple[float, float]]) -> int:
    """Return the most spans that overlap; one that ends when another begins does not overlap with it."""
    most = now = 0
    for _, step in sorted((at, step) for start, end in stays for at, step in ((start, 1), (end, -1))):
        now += step
        most = max(most, now)
    return most


def by_chance(cells: Sequence[Cell], count: int) -> Sequence[Cell]:
    """Choose cells uniformly, by the system's own source of randomness, which has no seed."""
    return secrets.SystemRandom().sample(cells, count)
