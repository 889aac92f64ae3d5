"""Tables of counts as files: schema, UTC times, metadata; charts and the page hold nothing but aggregates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from unseen.adapters.charts import chart
from unseen.adapters.counts_page import page
from unseen.adapters.counts_polars import sidecar_of, write_table
from unseen.core.counts import KEY, Counting, CountTable
from unseen.errors import OutputFailed, UsageError

_START = 1_767_254_400
_TIMES = (_START, _START + 900)
_LINES = {"line": ("a", "b"), "direction": ("forward", "backward")}
_ASKED = Counting(Path("s.yaml"), Path("c.parquet"), bound=3, starts=(datetime(2026, 1, 1, 8, tzinfo=UTC),))
_CLASSES = {"class": ("person", "car")}
CROSSINGS = CountTable(
    "crossings",
    {"interval_start": _TIMES, **_LINES, **_CLASSES},
    {(_START, "a", "forward", "car"): 4, (_START + 900, "b", "backward", "person"): 2},
    _START,
    _START + 1500.5,
    _ASKED,
)
_ZONES = ("west", "east <b>")
_CELL = (_START, "west", "person")
OCCUPANCY = CountTable(
    "occupancy",
    {"interval_start": _TIMES, "zone": _ZONES, **_CLASSES},
    {_CELL: 3},
    _START,
    _START + 1500,
    replace(_ASKED, bound=None),
    {"mean": {_CELL: 0.25}, "maximum": {_CELL: 2}},
)
EVERY = (
    CROSSINGS,
    OCCUPANCY,
    replace(
        OCCUPANCY,
        name="dwell",
        domain={"interval_start": _TIMES, "zone": _ZONES, **_CLASSES, "seconds_from": (0, 5, 10)},
        counts={(*_CELL, 5): 3},
        more={},
    ),
    replace(
        OCCUPANCY,
        name="od",
        domain={"interval_start": _TIMES, "origin": _ZONES, "destination": _ZONES, **_CLASSES},
        counts={(_START, "west", "east <b>", "car"): 3},
        more={},
    ),
    replace(
        CROSSINGS,
        name="speed",
        domain={"interval_start": _TIMES, **_LINES, **_CLASSES, "kmh_from": (0, 5, 10)},
        counts={(_START, "a", "forward", "car", 10): 3},
    ),
    replace(
        OCCUPANCY,
        name="heat",
        domain={"column": tuple(range(8)), "row": tuple(range(4)), **_CLASSES},
        counts={(3, 2, "car"): 3},
        more={},
    ),
)


def test_parquet_has_schema_times_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    write_table(CROSSINGS, path)
    frame = pl.read_parquet(path)
    assert dict(frame.schema) == {
        "interval_start": pl.Datetime("us", "UTC"),
        "line": pl.String,
        "direction": pl.String,
        "class": pl.String,
        "count": pl.Int64,
    }
    assert len(frame) == 2 * 2 * 2 * 2
    assert frame["count"].sum() == 6
    assert frame["interval_start"][0] == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert json.loads(pl.read_parquet_metadata(path)[KEY]) == CROSSINGS.metadata()
    assert [p.name for p in tmp_path.iterdir()] == ["c.parquet"]


def test_csv_has_its_metadata_beside(tmp_path: Path) -> None:
    path = tmp_path / "c.occupancy.csv"
    write_table(OCCUPANCY, path)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "interval_start,zone,class,count,mean,maximum"
    assert lines[1] == "2026-01-01T08:00:00Z,west,person,3,0.25,2"
    assert sidecar_of(path) == tmp_path / "c.occupancy.meta.json"
    assert json.loads(sidecar_of(path).read_text("utf-8")) == {KEY: OCCUPANCY.metadata()}


def test_table_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="cannot write the counts"):
        write_table(CROSSINGS, tmp_path / "file" / "c.parquet")
    (tmp_path / "c.parquet").mkdir()
    with pytest.raises(UsageError, match="no regular file"):
        write_table(CROSSINGS, tmp_path / "c.parquet")
    (tmp_path / "link.csv").symlink_to("x" * 300)
    with pytest.raises(OutputFailed, match="cannot write the counts"):
        write_table(CROSSINGS, tmp_path / "link.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.parquet", "file", "link.csv"]


def test_cell_outside_of_the_grid_is_a_bug() -> None:
    with pytest.raises(ValueError, match="outside of the grid"):
        replace(CROSSINGS, counts={(_START, "c", "forward", "car"): 1})


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_chart_is_a_picture_in_two_formats_without_metadata(table: CountTable) -> None:
    png, svg = chart(table)
    assert png.startswith(b"\x89PNG")
    assert b"tEXt" not in png
    assert b"<svg" in svg
    assert b"<dc:date>" not in svg


def test_empty_table_is_a_chart_too_and_the_same_each_time() -> None:
    empty = replace(OCCUPANCY, counts={}, more={name: {} for name in OCCUPANCY.more})
    png, svg = chart(empty)
    assert png.startswith(b"\x89PNG")
    assert chart(empty) == (png, svg)


def test_page_holds_totals_and_loads_nothing() -> None:
    charts = {table.name: b"<svg/>" for table in EVERY}
    text = page(EVERY, charts, {table.name: f"c.{table.name}.parquet" for table in EVERY})
    assert "<td>a<td>forward<td>car<td class=n>4" in text
    assert "east &lt;b&gt;" in text
    assert "east <b>" not in text
    assert "at most 3 cells" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text
    unbounded = page(EVERY[1:2], charts, {"occupancy": "c.occupancy.parquet"})
    assert "no track's share in them is bounded" in unbounded


@pytest.mark.parametrize(
    "wrong",
    [
        {"out": Path("c.txt")},
        {"interval_s": 0},
        {"interval_s": 7},
        {"bound": 0},
        {"tracks_per_unit": 0},
        {"id_switch_rate": float("nan")},
        {"id_switch_rate": 1.5},
    ],
    ids=str,
)
def test_counting_refuses_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        replace(_ASKED, **wrong)
