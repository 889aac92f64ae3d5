"""Counts of traffic: how counting is asked for, and tables of counts on a fixed public grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from unseen.errors import UsageError

__all__ = [
    "COUNTING_LOOKS",
    "ENDINGS",
    "KEY",
    "REDACTION_LOOKS",
    "TABLES",
    "Cell",
    "CountTable",
    "Counting",
    "TableName",
    "parse_time",
    "starts_of",
    "utc_text",
]

TableName = Literal["crossings", "occupancy", "dwell", "od", "speed", "heat"]
TABLES: tuple[TableName, ...] = ("crossings", "occupancy", "dwell", "od", "speed", "heat")
#: Endings of the files that tables are written to.
ENDINGS = (".parquet", ".csv")
#: Under this key the metadata of a table lies in a Parquet file.
KEY = "unseen.counts"
#: Frames a second that are looked at where counting is what is wanted, and where it comes along with redaction.
COUNTING_LOOKS, REDACTION_LOOKS = 12.5, 7.0

_DAY = 86400
_MECHANISM = "uniform random choice of at most K cells per track, unseeded"

#: A cell: one value for each key. Times are seconds since 1970 in UTC, of the beginning of the interval.
Cell = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Counting:
    """How a call asks for counts.

    `scene` is the scene file, `out` the table of crossings, beside which the others go. Intervals last `interval_s`
    seconds and begin at whole multiples of it in UTC. With `bound` each track adds at most 1 to at most so many cells
    of each table. `tracks_per_unit` is the most tracks that one person or vehicle is assumed to make in a day,
    `id_switch_rate` the assumed share of tracks that are broken off and go on as another: both are stated, not
    measured. `starts` says when recordings begin: of the first, the others following it, or of each. `looks` is how
    many frames a second are looked at, at least, where no stride says it. Of the columns `fields` stay, None for all.
    Raises UsageError.
    """

    scene: Path
    out: Path
    interval_s: int = 900
    bound: int | None = None
    tracks_per_unit: int = 10
    id_switch_rate: float = 0.4
    starts: tuple[datetime, ...] = ()
    charts: bool = True
    looks: float = REDACTION_LOOKS
    fields: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.out.suffix.lower() not in ENDINGS:
            raise UsageError(f"counts are written to a file that ends in {' or '.join(ENDINGS)}, got {self.out.name}")
        if not 1 <= self.interval_s <= _DAY or _DAY % self.interval_s:
            raise UsageError(
                f"--interval must divide a day of {_DAY} seconds, as 60, 900, 3600 do; got {self.interval_s}"
            )
        if self.bound is not None and self.bound < 1:
            raise UsageError(f"--bound must be at least 1, got {self.bound}")
        if self.tracks_per_unit < 1:
            raise UsageError(f"--tracks-per-unit must be at least 1, got {self.tracks_per_unit}")
        if not (math.isfinite(self.id_switch_rate) and 0 <= self.id_switch_rate <= 1):
            raise UsageError(f"--id-switch-rate must be a share from 0 to 1, got {self.id_switch_rate}")


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts of one kind in every cell of a fixed grid, zeros too; nothing in it depends on data but the counts.

    `domain` has all values of each key; the grid is their product. `counts` holds the cells that are not 0. `more` are
    further columns by name, numbers or None in each cell, 0 where a cell is missing. `start` and `end` are seconds
    since 1970. `dropped` are the keys that it had before, over which its counts are added up. Raises ValueError if a
    cell lies outside of the grid.
    """

    name: TableName
    domain: Mapping[str, tuple[Any, ...]]
    counts: Mapping[Cell, int]
    start: float
    end: float
    asked: Counting
    more: Mapping[str, Mapping[Cell, float | int | None]] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = [frozenset(values) for values in self.domain.values()]
        for cell in itertools.chain(self.counts, *self.more.values()):
            if len(cell) != len(known) or not all(v in values for v, values in zip(cell, known, strict=True)):
                raise ValueError(f"cell {cell} lies outside of the grid of {self.name}")

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.domain)

    def cells(self) -> Iterator[Cell]:
        """Yield every cell of the grid, in the order of the domain."""
        return itertools.product(*self.domain.values())

    def by(self, *keys: str) -> dict[Cell, int]:
        """Return counts added up over all keys but those named; every cell is there."""
        places = [self.keys.index(key) for key in keys]
        sums: dict[Cell, int] = dict.fromkeys(itertools.product(*(self.domain[key] for key in keys)), 0)
        for cell, count in self.counts.items():
            sums[tuple(cell[i] for i in places)] += count
        return sums

    def keeping(self, fields: Sequence[str]) -> CountTable | None:
        """Return the table with no columns but these, None if they do not name its count.

        Rows that no key tells apart any more become one, counts added up; means and maxima cannot be, and go then.
        """
        if "count" not in fields:
            return None
        keys = tuple(key for key in self.keys if key in fields)
        more = {name: values for name, values in self.more.items() if name in fields and keys == self.keys}
        if keys == self.keys:
            return replace(self, more=more)
        domain = {key: self.domain[key] for key in keys}
        counts = {cell: count for cell, count in self.by(*keys).items() if count}
        dropped = tuple(key for key in self.keys if key not in keys)
        return replace(self, domain=domain, counts=counts, more=more, dropped=dropped)

    def metadata(self) -> dict[str, Any]:
        """Return what `release` has to know of the table, as plain values; how much a bound cut off is not in it."""
        domain = {key: list(values) for key, values in self.domain.items()}
        if "interval_start" in domain:
            domain["interval_start"] = [utc_text(value) for value in domain["interval_start"]]
        bound = self.asked.bound
        return {
            "version": 1,
            "table": self.name,
            "keys": list(self.keys),
            "domain": domain,
            "count": "count",
            "bound": bound,
            # A track may have been in several of the cells that became one.
            "most_in_a_cell": bound if self.dropped or bound is None else 1,
            "mechanism": "none: contributions are not bounded" if bound is None else _MECHANISM,
            "unit": "track",
            "tracks_per_unit": self.asked.tracks_per_unit,
            "id_switch_rate": self.asked.id_switch_rate,
            "start": utc_text(self.start),
            "end": utc_text(self.end),
            "start_known": bool(self.asked.starts),
            "interval_s": self.asked.interval_s,
        }


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted and written, for the person at the terminal."""

    tables: tuple[CountTable, ...]
    files: tuple[Path, ...]
    frames: int = 0
    seconds: float = 0.0
    device: str = ""
    problems: tuple[str, ...] = ()


def parse_time(text: str) -> datetime:
    """Read a time with its offset from UTC, as 2026-01-01T08:00:00Z; raises UsageError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"cannot read the time {text!r}; write it as 2026-01-01T08:00:00Z") from None
    if time.tzinfo is None:
        raise UsageError(f"the time {text} does not say its offset; write Z for UTC, or +02:00")
    return time.astimezone(UTC)


def utc_text(seconds: float) -> str:
    """Return seconds since 1970 as 2026-01-01T08:00:00Z, with fractions where there are any."""
    text = datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="auto")
    return text.replace("+00:00", "Z")


def starts_of(counting: Counting, seconds: Sequence[float | None]) -> list[float]:
    """Return when each recording begins, in seconds since 1970; `seconds` is how long each is, None if not known.

    Without a start the first begins in 1970. Raises UsageError unless there is one start, or one for each.
    """
    given = [time.timestamp() for time in counting.starts] or [0.0]
    if len(given) == len(seconds):
        return given
    if len(given) > 1:
        raise UsageError(f"--start is said {len(given)} times for {len(seconds)} videos; say it once, or for each")
    if None in seconds[:-1]:
        raise UsageError("a video does not say how long it is; say --start once for each video, in order")
    return list(itertools.accumulate((s or 0.0 for s in seconds[:-1]), initial=given[0]))
