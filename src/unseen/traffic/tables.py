"""The tables that counts are published as: every cell of a grid that is known beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from unseen.core.counts import Cell, Counting, CountTable, TableName
from unseen.core.scene import Scene
from unseen.errors import UsageError
from unseen.traffic.counter import heat_grid
from unseen.traffic.tally import DWELL_S, SPEED_KMH, Tally
from unseen.traffic.watch import BACKWARD, FORWARD

__all__ = ["tables_of"]

#: Cells that a table has at most.
_MOST_CELLS = 20_000_000


def tables_of(tally: Tally, scene: Scene, asked: Counting) -> list[CountTable]:
    """Return a table for each kind of count that the scene allows.

    Without lines there are no crossings, without zones no occupancy and no dwell times, with less than two zones no
    origins and destinations, without lines or calibration no speeds. Columns that are not asked for are left out.
    Raises UsageError for a grid that is too large.
    """
    names = _names(scene)
    domains = _domains(tally, scene)
    for name in names:
        if math.prod(map(len, domains[name].values())) > _MOST_CELLS:
            raise UsageError(f"the table of {name} would have too many cells; choose a longer --interval")
    tables = []
    for name in names:
        domain = {key: tuple(values) for key, values in domains[name].items()}
        more = _occupancy(tally) if name == "occupancy" else {}
        tables.append(CountTable(name, domain, dict(tally.counts[name]), tally.start, tally.end, asked, more))
    if asked.fields is None:
        return tables
    return [kept for table in tables if (kept := table.keeping(sorted(asked.fields))) is not None]


def _names(scene: Scene) -> list[TableName]:
    names: list[TableName] = ["crossings"] if scene.lines else []
    names += ["occupancy", "dwell"] if scene.zones else []
    names += ["od"] if len(scene.zones) > 1 else []
    names += ["speed"] if scene.lines and scene.calibration is not None else []
    return [*names, "heat"]


def _domains(tally: Tally, scene: Scene) -> Mapping[TableName, Mapping[str, Sequence[Any]]]:
    time: Mapping[str, Sequence[Any]] = {"interval_start": tally.intervals()}
    cls = {"class": scene.classes}
    lines = {"line": tuple(line.name for line in scene.lines), "direction": (FORWARD, BACKWARD)}
    zones = tuple(zone.name for zone in scene.zones)
    columns, rows = heat_grid(scene)
    return {
        "crossings": {**time, **lines, **cls},
        "occupancy": {**time, "zone": zones, **cls},
        "dwell": {**time, "zone": zones, **cls, "seconds_from": DWELL_S},
        "od": {**time, "origin": zones, "destination": zones, **cls},
        "speed": {**time, **lines, **cls, "kmh_from": SPEED_KMH},
        "heat": {"column": tuple(range(columns)), "row": tuple(range(rows)), **cls},
    }


def _occupancy(tally: Tally) -> Mapping[str, Mapping[Cell, float | int | None]]:
    """Return mean and maximum of how many were in a zone, over the part of each interval that was recorded."""
    mean = {cell: seconds / _recorded(tally, cell[0]) for cell, seconds in tally.seconds.items()}
    return {"mean": mean} if tally.bound is not None else {"mean": mean, "maximum": tally.peaks()}


def _recorded(tally: Tally, interval: int) -> float:
    return max(1e-9, min(tally.end, interval + tally.interval_s) - max(tally.start, interval))
