"""10 million rows grouped by 5 keys: seconds and peak memory of releases, and of the plain group-by of Polars."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.process import Used, used_by
from bench.release_figures import Line
from bench.wanted import Figure

__all__ = ["table_rows"]

#: Made in a process of its own, so that this one stays small.
_MAKE = """
import sys
import numpy as np, polars as pl
rows, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(7)
pl.DataFrame({
    "person": rng.integers(0, rows // 20, rows),
    "street": np.array([f"street {n}" for n in range(20)])[rng.integers(0, 20, rows)],
    "hour": rng.integers(0, 24, rows, dtype=np.int8),
    "weekday": rng.integers(0, 7, rows, dtype=np.int8),
    "class": np.array(["person", "bicycle", "car", "motorcycle", "bus", "truck"])[rng.integers(0, 6, rows)],
    "direction": np.array(["in", "out"])[rng.integers(0, 2, rows)],
    "speed": rng.normal(30, 8, rows).astype(np.float32),
}).write_parquet(path)
"""
_PLAIN = """
import sys
import polars as pl
keys = ["street", "hour", "weekday", "class", "direction"]
done = pl.scan_parquet(sys.argv[1]).group_by(keys).agg(pl.len(), pl.col("speed").mean()).sort(keys)
done.collect(engine="streaming").write_csv(sys.argv[2])
"""
_KEYS = """
[keys]
street = [{streets}]
hour = {{ from = 0, to = 23 }}
weekday = {{ from = 0, to = 6 }}
class = ["person", "bicycle", "car", "motorcycle", "bus", "truck"]
direction = ["in", "out"]

[[measures]]
kind = "count"

[[measures]]
kind = "mean"
column = "speed"
lower = 0
upper = 60
step = 0.1
"""
_UNITS = {
    "event": 'unit = "event"\n',
    "person-ever": 'unit = "person-ever"\nunit_columns = ["person"]\ncells = 20\n',
}


def table_rows(folder: Path, rows: int) -> list[Line]:
    """Time whole commands, one after another, in one run; each in a process of its own."""
    table = folder / "trips.parquet"
    used_by([sys.executable, "-c", _MAKE, str(rows), str(table)])
    cells = 20 * 24 * 7 * 6 * 2
    lines = []
    plain = used_by([sys.executable, "-c", _PLAIN, str(table), str(folder / "plain.csv")])
    lines += _lines(f"{rows} rows, 5 keys, {cells} cells: plain Polars group-by", plain, None)
    for unit, head in _UNITS.items():
        declaration = folder / f"{unit}.toml"
        streets = ", ".join(f'"street {n}"' for n in range(20))
        declaration.write_text(head + _KEYS.format(streets=streets))
        words = ["release", str(table), "-o", str(folder / f"{unit}.csv"), "--declare", str(declaration)]
        words += ["--unit", unit, "--epsilon", "1", "--ledger", str(folder / "rows.sqlite")]
        used = used_by([sys.executable, "-m", "unseen", *words])
        lines += _lines(f"{rows} rows, 5 keys: unseen release, {unit}", used, plain)
    return lines


def _lines(name: str, used: Used, plain: Used | None) -> list[Line]:
    times = ""
    if plain is not None:
        times = f"; {used.seconds / plain.seconds:.1f} and {used.cpu / plain.cpu:.1f} times"
    memory = "" if plain is None or not plain.peak else f", {used.peak / plain.peak:.1f} times"
    return [
        Line(f"{name}: seconds", Figure(used.seconds), f"s, {used.cpu:.1f} of processor time{times}", ".2f"),
        Line(f"{name}: peak memory", Figure(used.peak / 1e6), f"MB{memory}", ".0f"),
    ]
