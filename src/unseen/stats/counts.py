"""Tables of counts that say of themselves what one track adds: read, checked, and refused if they do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from unseen.core.privacy import Per, Unit
from unseen.core.tabulation import Grid, Key
from unseen.dp.noise import Contributions
from unseen.errors import Refused, UsageError
from unseen.stats.measures import Count
from unseen.stats.spec import CountFacts, Spec, days_of

__all__ = ["KEY", "spec_of_counts"]

#: The key of the metadata under which such a table says it.
KEY = "unseen.counts"
_MOST_CELLS = 50_000_000


class _Facts:
    """The metadata of a table; what is missing or of another type is refused, by name."""

    def __init__(self, found: Mapping[str, Any], name: str) -> None:
        self._found, self._name = found, name

    def refuse(self, why: str) -> Refused:
        return Refused(f"{self._name}: {why}; count again with: unseen count --bound K")

    def get(self, key: str, kind: type | tuple[type, ...]) -> Any:
        value = self._found.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.refuse(f"its metadata does not say {key!r} as a release needs it")
        return value

    def whole(self, key: str) -> int:
        value = int(self.get(key, int))
        if value < 1:
            raise self.refuse(f"its metadata says {key} = {value}, which is below 1")
        return value

    def time(self, key: str) -> datetime:
        try:
            time = datetime.fromisoformat(self.get(key, str))
        except ValueError:
            raise self.refuse(f"its metadata does not say {key!r} as a time in UTC") from None
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def spec_of_counts(found: Mapping[str, Any] | None, name: str, unit: Unit, per: Per) -> Spec:
    """Return what is released of a table of counts.

    A track adds 1 to at most `bound` cells, a person or vehicle has at most `tracks_per_unit` tracks on one day, and
    on each
    day of the table for the unit person-ever. Raises Refused for a table that does not say so, UsageError if it covers
    no known days though days are to be kept apart.
    """
    if found is None:
        raise Refused(f"{name}: says nothing of its contributions; count with --bound K, or declare it with --declare")
    facts = _Facts(found, name)
    try:
        return _spec(found, facts, name, unit, per)
    except ValueError as error:
        raise facts.refuse(str(error)) from None


def _spec(found: Mapping[str, Any], facts: _Facts, name: str, unit: Unit, per: Per) -> Spec:
    if found.get("version") != 1:
        raise facts.refuse("its metadata are of another version")
    if found.get("bound") is None:
        raise facts.refuse("its contributions are not bounded, so that no noise would be enough")
    if found.get("unit") != "track" or found.get("most_in_a_cell", 1) != 1:
        raise facts.refuse("it does not bound tracks with at most 1 in a cell")
    grid = _grid(facts)
    known = found.get("start_known", True) is True
    days = days_of(facts.time("start"), facts.time("end")) if known else ()
    if per == "day" and not days:
        raise UsageError(f"{name}: does not know on which days it was recorded; count with --start, or say --per ever")
    rate = float(facts.get("id_switch_rate", (int, float)))
    if not (math.isfinite(rate) and rate >= 0):
        raise facts.refuse("its rate of identity switches is no number of 0 or more")
    left_out = found.get("clipped")
    interval = found.get("interval_s")
    counts = CountFacts(
        table=str(found.get("table", "counts")),
        column=facts.get("count", str),
        bound=facts.whole("bound"),
        tracks_per_unit=facts.whole("tracks_per_unit"),
        id_switch_rate=rate,
        interval_s=interval if isinstance(interval, int) else None,
        end=facts.time("end"),
        left_out=left_out if isinstance(left_out, int) else None,
    )
    facts.get("mechanism", str)
    most = _most(counts, unit, grid, len(days), name)
    return Spec(grid, unit, most, (Count(counts.column),), days, facts=counts)


def _most(counts: CountFacts, unit: Unit, grid: Grid, days: int, name: str) -> Contributions:
    """Return the most that a unit adds; of one event it is 1."""
    if unit == "event":
        return Contributions(1, 1)
    cells = min(counts.bound, grid.size)
    if unit != "person-ever":
        return Contributions(cells, counts.tracks_per_unit)
    if not days:
        raise UsageError(f"{name}: does not know on how many days it was recorded; count with --start")
    return Contributions(cells, counts.tracks_per_unit * days)


def _grid(facts: _Facts) -> Grid:
    names, domain = facts.get("keys", list), facts.get("domain", dict)
    if sorted(map(str, names)) != sorted(map(str, domain)):
        raise facts.refuse("its keys and its domain differ")
    keys = []
    for key in names:
        values = domain[key]
        if not isinstance(values, list) or not values:
            raise facts.refuse(f"the domain of its key {key!r} is no list of values")
        words = tuple(map(_text, values))
        if len(set(words)) != len(words):
            raise facts.refuse(f"the domain of its key {key!r} names a value twice")
        keys.append(Key(key, words))
    grid = Grid(tuple(keys))
    if grid.size > _MOST_CELLS:
        raise facts.refuse(f"it has {grid.size} cells, and at most {_MOST_CELLS} are taken")
    return grid


def _text(value: Any) -> str:
    """Return a value of a domain as it is compared."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
