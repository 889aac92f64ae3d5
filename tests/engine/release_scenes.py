"""Tables to release, and stand-ins that notice in which order things are done."""

from __future__ import annotations

import itertools
import json
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from unseen.adapters.budget_sql import open_ledger
from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.adapters.tables_polars import PolarsTables
from unseen.core.privacy import Cost, Distances, Noise
from unseen.core.releases import ReleaseJob
from unseen.core.tabulation import Whole
from unseen.engine.publish import Desk

__all__ = ["START", "TIME", "Scripted", "counts_table", "desk", "job", "trips"]

START = datetime(2026, 11, 25, tzinfo=UTC)
TIME = datetime(2026, 11, 25, 12, tzinfo=UTC)


def counts_table(path: Path, hours: int = 24, *, seed: int = 3, first: int = 0, **changed: Any) -> Path:
    """Write a table of counts by hour, line and class, from hour `first` on; `changed` replaces metadata."""
    times = [START + timedelta(hours=first + hour) for hour in range(hours)]
    domain = {
        "interval_start": [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times],
        "line": ["bridge", "market"],
        "class": ["person", "car"],
    }
    rows = list(itertools.product(*domain.values()))
    frame = pl.DataFrame(rows, schema=list(domain), orient="row").with_columns(
        pl.col("interval_start").str.to_datetime(time_zone="UTC"),
        count=pl.Series(np.random.default_rng(seed).poisson(60, len(rows))),
    )
    facts = {
        "version": 1,
        "table": "crossings",
        "keys": list(domain),
        "domain": domain,
        "count": "count",
        "bound": 1,
        "mechanism": "uniform random choice",
        "tracks_per_unit": 2,
        "unit": "track",
        "start": f"{times[0]:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{times[-1] + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "interval_s": 3600,
        "id_switch_rate": 0.2,
        **changed,
    }
    if path.suffix == ".parquet":
        frame.write_parquet(path, metadata={"unseen.counts": json.dumps(facts)})
    else:
        frame.write_csv(path)
        path.with_name(f"{path.stem}.meta.json").write_text(json.dumps({"unseen.counts": facts}))
    return path


def trips(folder: Path, rows: int = 4000) -> tuple[Path, Path]:
    """Write a table of trips and its declaration: persons with many trips, streets, hours, speeds."""
    rng = np.random.default_rng(8)
    frame = pl.DataFrame(
        {
            "person": [f"p{n}" for n in rng.integers(0, 900, rows)],
            "street": rng.choice(["north", "south"], rows),
            "hour": rng.integers(6, 10, rows),
            "speed": rng.normal(50, 9, rows),
        }
    )
    frame.write_csv(folder / "trips.csv")
    (folder / "trips.toml").write_text(
        'unit = "person-ever"\nunit_columns = ["person"]\ncells = 3\n'
        '[keys]\nstreet = ["north", "south"]\nhour = { from = 6, to = 9 }\n'
        '[[measures]]\nkind = "count"\n'
        '[[measures]]\nkind = "mean"\ncolumn = "speed"\nlower = 0\nupper = 100\n'
        '[[measures]]\nkind = "quantile"\ncolumn = "speed"\nlower = 0\nupper = 100\nbins = 10\n'
    )
    return folder / "trips.csv", folder / "trips.toml"


def job(folder: Path, table: Path, **changed: Any) -> ReleaseJob:
    """Return a job that releases a table into a folder, epsilon 1 a person-day."""
    words: dict[str, Any] = {
        "table": table,
        "output": folder / "public.csv",
        "epsilon": Fraction(1),
        "delta": Fraction(),
        "unit": "person-day",
        "per": "day",
        "ledger": str(folder / "budget.sqlite"),
        "dataset": "junction",
        **changed,
    }
    return ReleaseJob(**words)


class Scripted:
    """Noise, tables and a ledger that are the real ones, and call `at(word)` before each step."""

    def __init__(self, where: str, at: Callable[[str], None]) -> None:
        self._at = at
        self._tables, self._noise, self._ledger = PolarsTables(), OpenDpNoise(), open_ledger(where, lambda: TIME)
        # Not every test closes it, and Python warns of that since 3.13.
        weakref.finalize(self, self._ledger.close)
        self.name = self._ledger.name
        self.limit, self.charges = self._ledger.limit, self._ledger.charges
        self.metadata, self.tally, self.read_back = self._tables.metadata, self._tables.tally, self._tables.read_back

    def add(self, values: Whole, noise: Noise, most: Distances, cost: Cost) -> Whole:
        self._at("draw")
        drawn = self._noise.add(values, noise, most, cost)
        self._at("drawn")
        return drawn

    def counts(self, path: Path, grid: Any, column: str) -> Whole:
        self._at("read")
        return self._tables.counts(path, grid, column)

    def write(self, path: Path, columns: Mapping[str, Sequence[Any] | Whole], metadata: Mapping[str, str]) -> None:
        self._at("write")
        self._tables.write(path, columns, metadata)
        self._at("written")

    def reserve(self, *words: Any, **more: Any) -> Any:
        self._at("reserve")
        done = self._ledger.reserve(*words, **more)
        self._at("reserved")
        return done

    def commit(self, reservation: str) -> None:
        self._at("commit")
        self._ledger.commit(reservation)

    def close(self) -> None:
        self._ledger.close()


def desk(scripted: Scripted) -> Desk:
    """Return a desk on which everything is scripted."""
    return Desk(scripted, scripted, scripted)
