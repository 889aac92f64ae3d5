"""Tables are added up exactly on the grid; units are bounded at random, and independently of each other."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.adapters.tables_bounding import choose
from unseen.adapters.tables_polars import PolarsTables
from unseen.core.tabulation import Bounding, Grid, Key, Request, Tally
from unseen.errors import DamagedInput, UnreadableInput, UnsupportedInput, UsageError

_GRID = Grid((Key("street", ("north", "south")), Key("hour", ("0", "1", "2"))))
_ROWS: dict[str, list[object]] = {
    "street": ["north", "north", "south", "south", "south"],
    "hour": [0, 2, 1, 1, 1],
    "speed": [10.0, 20.0, 30.0, 500.0, -7.0],
    "person": ["a", "a", "b", "b", "c"],
}


def _write(path: Path, columns: dict[str, list[object]]) -> Path:
    frame = pl.DataFrame(columns)
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
    return path


@pytest.fixture(params=["csv", "parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return _write(tmp_path / f"rows.{request.param}", dict(_ROWS))


def test_rows_sums_and_bins_are_exact_with_clipped_values(table: Path) -> None:
    tallies = (
        Tally("rows"),
        Tally("sum", "speed", 0, 100, centre=50, step=0.5),
        Tally("bins", "speed", 0, 100, bins=2),
    )
    rows, sums, bins = PolarsTables().tally(table, Request(_GRID, tallies)).vectors
    assert rows.tolist() == [1, 0, 1, 0, 3, 0]
    assert (sums * 0.5).tolist() == [-40, 0, -30, 0, (30 - 50) + (100 - 50) + (0 - 50), 0]
    assert bins.reshape(6, 2).tolist() == [[1, 0], [0, 0], [1, 0], [0, 0], [2, 1], [0, 0]]


def test_a_key_of_ranges_counts_what_lies_outside_at_the_ends(table: Path) -> None:
    grid = Grid((Key("speed", ("0 to 50", "50 to 100"), (0.0, 100.0)),))
    assert PolarsTables().tally(table, Request(grid, (Tally("rows"),))).vectors[0].tolist() == [4, 1]


def test_without_keys_there_is_one_cell(table: Path) -> None:
    assert PolarsTables().tally(table, Request(Grid(()), (Tally("rows"),))).vectors[0].tolist() == [5]


def test_no_rows_are_zeros(tmp_path: Path) -> None:
    frame = pl.DataFrame(_ROWS).clear()
    frame.write_parquet(tmp_path / "none.parquet")
    for bounding in (None, Bounding(("person",), 2, 1, 6)):
        done = PolarsTables().tally(tmp_path / "none.parquet", Request(_GRID, (Tally("rows"),), bounding))
        assert done.vectors[0].tolist() == [0] * 6


@pytest.mark.parametrize("value", [None, float("nan"), "fast"])
def test_a_value_that_is_none_is_refused_or_dropped_as_declared(tmp_path: Path, value: object) -> None:
    speeds = ["10", "20", "30", "40", value] if isinstance(value, str) else [10.0, 20.0, 30.0, 40.0, value]
    path = _write(tmp_path / "rows.csv", {**_ROWS, "speed": list(speeds)})
    tallies = (Tally("sum", "speed", 0, 100, step=1),)
    with pytest.raises(UnsupportedInput, match="missing or no numbers") as caught:
        PolarsTables().tally(path, Request(_GRID, tallies))
    assert "fast" not in str(caught.value)
    done = PolarsTables().tally(path, Request(_GRID, tallies, missing="drop"))
    assert (done.rows, done.vectors[0].sum()) == (4, 100)


def test_a_key_value_that_is_not_declared_is_refused_or_dropped_as_declared_and_never_shown(table: Path) -> None:
    grid = Grid((Key("street", ("north",)),))
    with pytest.raises(UnsupportedInput, match="not declared") as caught:
        PolarsTables().tally(table, Request(grid, (Tally("rows"),)))
    assert "south" not in str(caught.value)
    assert PolarsTables().tally(table, Request(grid, (Tally("rows"),), undeclared="drop")).vectors[0].tolist() == [2]


def test_columns_that_are_not_there_are_named(table: Path) -> None:
    with pytest.raises(UsageError, match=r"has no column 'weight'; it has 'street'"):
        PolarsTables().tally(table, Request(_GRID, (Tally("sum", "weight", 0, 1),)))


def test_keys_of_fractions_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "rows.parquet", dict(_ROWS))
    with pytest.raises(UsageError, match="'speed' holds Float64"):
        PolarsTables().tally(path, Request(Grid((Key("speed", ("10.0",)),)), (Tally("rows"),)))


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_files_that_are_no_tables_are_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\xff\xfe garbage,\n1,2,3,4\n")
    with pytest.raises((DamagedInput, UsageError)) as caught:
        PolarsTables().tally(tmp_path / name, Request(_GRID, (Tally("rows"),)))
    assert "\n" not in str(caught.value)


def test_other_endings_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInput, match=r"\.parquet or \.csv"):
        PolarsTables().tally(tmp_path / "rows.xlsx", Request(_GRID, (Tally("rows"),)))
    with pytest.raises(UnreadableInput, match="is not there"):
        PolarsTables().tally(tmp_path / "rows.csv", Request(_GRID, (Tally("rows"),)))


def _many(tmp_path: Path, rows: int = 3000) -> Path:
    rng = np.random.default_rng(5)
    frame = {
        "street": rng.choice(["north", "south"], rows).tolist(),
        "hour": rng.integers(0, 3, rows).tolist(),
        "person": [f"p{n}" for n in rng.integers(0, 200, rows)],
    }
    return _write(tmp_path / "many.parquet", frame)


@pytest.mark.parametrize("at_a_time", [10_000_000, 700])
def test_no_unit_counts_in_more_cells_or_rows_than_declared(tmp_path: Path, at_a_time: int) -> None:
    path = _many(tmp_path)
    frame = pl.read_parquet(path)
    cells = frame.group_by("person", "street", "hour").agg(n=pl.len())
    expected = int(cells.select(pl.min_horizontal("n", 2)).sum().item())
    tables = PolarsTables(at_a_time, rows_sorted=at_a_time // 3)
    all_cells = tables.tally(path, Request(_GRID, (Tally("rows"),), Bounding(("person",), 6, 2, 100)))
    assert all_cells.rows == all_cells.vectors[0].sum() == expected
    assert all_cells.left_out == all_cells.left_out_in_all == frame.height - expected
    two = tables.tally(path, Request(_GRID, (Tally("rows"),), Bounding(("person",), 2, 1, 5)))
    persons = cells.group_by("person").agg(cells=pl.len(), n=pl.col("n").sum())
    kept = persons.select(pl.min_horizontal("cells", 2)).to_series()
    assert two.rows == kept.sum()
    assert two.left_out == int(persons.select(pl.min_horizontal(pl.col("n") - kept, 5)).sum().item())
    assert two.left_out_in_all == frame.height - two.rows


def test_cells_of_a_unit_are_chosen_evenly_and_anew_each_time(tmp_path: Path) -> None:
    frame = pl.DataFrame({"unit": [7] * 12, "cell": [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]})
    # One cell has seven of the rows: it is chosen no more often than the others.
    chosen = Counter(choose(frame, Bounding((), 1, 1, 99)).frame["cell"].item() for _ in range(1200))
    assert set(chosen) == set(range(6))
    assert all(abs(count - 200) < 65 for count in chosen.values())


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-4, 4)), max_size=25),
    st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4)), min_size=1, max_size=9),
)
@settings(max_examples=40)
def test_adding_a_unit_changes_sums_by_no_more_than_its_own_bound(
    others: list[tuple[int, int, int]], own: list[tuple[int, int]]
) -> None:
    # The secret is drawn anew in each call, so neighbours are compared where nothing of the others is left out.
    bounding = Bounding((), 4, 30, 99)
    both = [*others, *((99, cell, value) for cell, value in own)]

    def counts(rows: list[tuple[int, int, int]]) -> np.ndarray:
        frame = pl.DataFrame(rows, schema={"unit": pl.Int64, "cell": pl.Int64, "v0": pl.Int64}, orient="row")
        kept = choose(frame, bounding).frame
        return np.bincount(kept["cell"].to_numpy(), minlength=4) if kept.height else np.zeros(4, dtype=np.int64)

    change = counts(both) - counts(others)
    assert change.sum() == len(own)
    assert (change >= 0).all()


# Tables of counts.

_META = {"unseen.counts": json.dumps({"version": 1, "bound": 2})}


def _counts(hours: tuple[int, ...] = (0, 1)) -> pl.DataFrame:
    times = [datetime(2026, 11, 25, hour, tzinfo=UTC) for hour in hours]
    return pl.DataFrame({"interval_start": [*times, *times], "line": ["a"] * 2 + ["b"] * 2, "count": [1, 2, 3, 4]})


_COUNT_GRID = Grid((Key("interval_start", ("2026-11-25T00:00:00Z", "2026-11-25T01:00:00Z")), Key("line", ("a", "b"))))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_counts_are_read_in_the_order_of_the_grid_whatever_that_of_the_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"counts.{ending}"
    frame = _counts().reverse()
    frame.write_parquet(path) if ending == "parquet" else frame.write_csv(path)
    assert PolarsTables().counts(path, _COUNT_GRID, "count").tolist() == [1, 3, 2, 4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda frame: frame.head(3),
        lambda frame: pl.concat([frame, frame.head(1)]),
        lambda frame: pl.concat([frame.head(3), frame.head(1)]),
        lambda frame: frame.with_columns(count=pl.lit(None, dtype=pl.Int64)),
        lambda frame: frame.with_columns(count=pl.lit(-1)),
        lambda frame: frame.with_columns(line=pl.lit("c")),
    ],
    ids=["missing", "too many", "double", "null", "negative", "unknown"],
)
def test_a_table_of_counts_that_is_not_its_grid_is_refused(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "counts.parquet"
    damage(_counts()).write_parquet(path)
    with pytest.raises(DamagedInput, match="make the table again"):
        PolarsTables().counts(path, _COUNT_GRID, "count")


def test_metadata_are_found_in_the_schema_or_beside_the_file(tmp_path: Path) -> None:
    tables = PolarsTables()
    _counts().write_parquet(tmp_path / "a.parquet", metadata=_META)
    assert tables.metadata(tmp_path / "a.parquet", "unseen.counts") == {"version": 1, "bound": 2}
    assert tables.metadata(tmp_path / "a.parquet", "other") is None
    _counts().write_csv(tmp_path / "b.csv")
    assert tables.metadata(tmp_path / "b.csv", "unseen.counts") is None
    for beside in ("b.meta.json", "b.csv.meta.json"):
        (tmp_path / beside).write_text(json.dumps({"unseen.counts": {"version": 1}}))
        assert tables.metadata(tmp_path / "b.csv", "unseen.counts") == {"version": 1}
        (tmp_path / beside).write_text("{broken")
        with pytest.raises(DamagedInput, match="metadata cannot be read"):
            tables.metadata(tmp_path / "b.csv", "unseen.counts")
        (tmp_path / beside).unlink()


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"line": ["a", "b"], "count": [-3, 4], "mean": [0.5, 2.0]}
    for ending in ("csv", "parquet"):
        path = tmp_path / f"out.{ending}"
        PolarsTables().write(path, columns, {"unseen.release": "{}"})
        again = PolarsTables().read_back(path)
        assert {name: [str(v) for v in values] for name, values in again.items()} == {
            name: [str(v) for v in values] for name, values in columns.items()
        }


def test_large_sums_do_not_overflow(tmp_path: Path) -> None:
    path = _write(tmp_path / "rows.parquet", {"x": [2e9] * 3})
    tallies = (Tally("sum", "x", 0, 2e9, step=1),)
    assert PolarsTables().tally(path, Request(Grid(()), tallies)).vectors[0].tolist() == [6_000_000_000]


def test_keys_of_every_kind_are_found(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "small": pl.Series([-1, 0, 1], dtype=pl.Int8),
            "apart": pl.Series([5, 50, 500], dtype=pl.UInt16),
            "day": [datetime(2026, 11, day, tzinfo=UTC).date() for day in (24, 25, 24)],
            "wet": [True, False, True],
        }
    )
    frame.write_parquet(tmp_path / "kinds.parquet")
    keys = (
        Key("text", ("b", "a")),
        Key("small", ("-1", "0", "1")),
        Key("apart", ("500", "5", "50")),
        Key("day", ("2026-11-24", "2026-11-25")),
        Key("wet", ("true", "false")),
    )
    for key, places in zip(keys, ([1, 2], [1, 1, 1], [1, 1, 1], [2, 1], [2, 1]), strict=True):
        done = PolarsTables().tally(tmp_path / "kinds.parquet", Request(Grid((key,)), (Tally("rows"),)))
        assert done.vectors[0].tolist() == places
    whole = Grid(keys)
    assert PolarsTables().tally(tmp_path / "kinds.parquet", Request(whole, (Tally("rows"),))).rows == 3


def test_whole_numbers_outside_of_those_declared_are_not_declared(tmp_path: Path) -> None:
    path = _write(tmp_path / "rows.parquet", {"n": [0, 1, 2, 3, -1]})
    request = Request(Grid((Key("n", ("0", "1", "2")),)), (Tally("rows"),), undeclared="drop")
    assert PolarsTables().tally(path, request).vectors[0].tolist() == [1, 1, 1]
