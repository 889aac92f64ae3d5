"""What is released of a table: its grid, its measures, and the most that one unit adds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

from unseen.core.privacy import Distances, Unit
from unseen.core.tabulation import Bounding, Grid, Request, Tally
from unseen.dp.noise import Contributions
from unseen.stats.measures import COLUMN_ENDS, Measure

__all__ = ["MOST_COUNTED", "CountFacts", "Query", "Spec", "days_between", "days_of"]

#: A unit's rows that were left out are counted up to this many times what is kept of it.
MOST_COUNTED = 3
_MOST_DAYS = 4000


@dataclass(frozen=True, slots=True)
class CountFacts:
    """What a table of counts says of itself: its column, the bound of a track, and what is assumed of tracks."""

    table: str
    column: str
    bound: int
    tracks_per_unit: int
    id_switch_rate: float
    interval_s: int | None
    end: datetime
    left_out: int | None


@dataclass(frozen=True, slots=True)
class Query:
    """One vector that gets noise: what it adds up, how far neighbours differ, and its share of the budget."""

    tally: Tally
    most: Distances
    share: Fraction


@dataclass(frozen=True, slots=True)
class Spec:
    """What is released.

    `most` is what one unit adds at the most, in rows; `days` are the UTC days that the table covers, none if that is
    not
    known. `facts` is there for tables of counts, `bounding` where units are bounded on reading. `bias_share` of the
    budget pays for an estimate of what bounding left out.
    """

    grid: Grid
    unit: Unit
    most: Contributions
    measures: tuple[Measure, ...]
    days: tuple[str, ...] = ()
    bounding: Bounding | None = None
    facts: CountFacts | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    undeclared: Literal["refuse", "drop"] = "refuse"
    bias_share: Fraction = Fraction()

    def __post_init__(self) -> None:
        values = [name for measure in self.measures for name in measure.names]
        columns = [name + end for name in values for end in COLUMN_ENDS] + [key.name for key in self.grid.keys]
        double = next((name for name in columns if columns.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two columns of the release would be named {double!r}; give a measure another name")

    @property
    def request(self) -> Request:
        """What is to be added up."""
        tallies = tuple(tally for measure in self.measures for tally in measure.tallies)
        return Request(self.grid, tallies, self.bounding, self.missing, self.undeclared)

    def queries(self) -> tuple[Query, ...]:
        """Return one query for each vector, in the order of the request, and last the two numbers of the bias."""
        weights = Fraction(sum(measure.weight for measure in self.measures))
        whole = 1 - self.bias_share
        queries = []
        for measure in self.measures:
            share = whole * measure.weight / weights / len(measure.tallies)
            for tally in measure.tallies:
                most = Contributions(self.most.cells, self.most.each * tally.each).distances
                queries.append(Query(tally, most, share))
        if self.bias_share:
            queries.append(Query(Tally("rows"), self.bias_distances(), self.bias_share))
        return tuple(queries)

    def bias_distances(self) -> Distances:
        """Return the most that one unit changes (rows kept, rows left out)."""
        kept = self.most.cells * self.most.each
        out = self.bounding.most_counted if self.bounding is not None else 1
        return Distances(kept + out, kept**2 + out**2)

    def as_dict(self) -> dict[str, Any]:
        """Return the declared part as plain values, for what is published beside the table."""
        keys = {key.name: list(key.values) for key in self.grid.keys}
        return {"keys": keys, "measures": [measure.as_dict() for measure in self.measures]}


def days_between(start: date, end: date) -> tuple[str, ...]:
    """Return the days from start to end, both included; raises ValueError if there are none, or too many."""
    count = (end - start).days + 1
    if not 1 <= count <= _MOST_DAYS:
        raise ValueError(f"from {start} to {end} are {count} days; at most {_MOST_DAYS} are taken")
    return tuple((start + timedelta(days=i)).isoformat() for i in range(count))


def days_of(start: datetime, end: datetime) -> tuple[str, ...]:
    """Return the days that a time span touches; its end is not part of it. Raises ValueError if it ends too early."""
    if end < start:
        raise ValueError("it ends before it begins")
    last = max(start, end - timedelta(microseconds=1))
    return days_between(start.date(), last.date())
