"""Tables of counts as Parquet or CSV files, written by Polars under a temporary name and then renamed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import goal_of, replacing, write_whole
from unseen.core.counts import KEY, CountTable
from unseen.core.names import display
from unseen.errors import OutputFailed

__all__ = ["frame_of", "sidecar_of", "write_table"]


def sidecar_of(path: Path) -> Path:
    """Return where the metadata of a CSV file lies: NAME.meta.json beside NAME.csv."""
    return path.with_suffix(".meta.json")


def frame_of(table: CountTable) -> Any:
    """Return the table as a Polars DataFrame: keys, `count` (Int64), further columns (Float64, Int64)."""
    import polars as pl

    cells = list(table.cells())
    columns: dict[str, Any] = {}
    for place, key in enumerate(table.keys):
        values = [cell[place] for cell in cells]
        if key == "interval_start":
            times = {value: datetime.fromtimestamp(value, UTC) for value in table.domain[key]}
            columns[key] = pl.Series(key, [times[value] for value in values], pl.Datetime("us", "UTC"))
        else:
            columns[key] = pl.Series(key, values, pl.String if isinstance(table.domain[key][0], str) else pl.Int64)
    columns["count"] = pl.Series("count", [table.counts.get(cell, 0) for cell in cells], pl.Int64)
    for name, more in table.more.items():
        values = [more.get(cell, 0) for cell in cells]
        columns[name] = pl.Series(name, values, pl.Int64 if name == "maximum" else pl.Float64)
    return pl.DataFrame(columns)


def write_table(table: CountTable, path: Path) -> None:
    """Write a table, whole or not at all, as its ending says: Parquet with metadata inside, CSV with it beside.

    Raises OutputFailed, and UsageError where something else than a file has the name.
    """
    frame, told = frame_of(table), json.dumps(table.metadata())
    try:
        with replacing(goal_of(path)) as part:
            if path.suffix.lower() == ".csv":
                # The metadata first: a table that nobody can explain must never lie there.
                write_whole(sidecar_of(path), [json.dumps({KEY: table.metadata()}, indent=2) + "\n"], "the metadata")
                frame.write_csv(part, datetime_format="%Y-%m-%dT%H:%M:%SZ")
            else:
                frame.write_parquet(part, metadata={KEY: told})
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot write the counts ({error.strerror}); choose another -o") from error
