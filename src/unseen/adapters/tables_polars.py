"""Tables by Polars: read lazily, in pieces that fit into memory, and added up on a grid."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.adapters.tables_bounding import choose
from unseen.core.names import display
from unseen.core.tabulation import Grid, Key, Request, Tallied, Tally, Whole
from unseen.errors import DamagedInput, UnreadableInput, UnsupportedInput, UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PolarsTables"]

_ENDINGS = (".parquet", ".csv")
#: Rows that are held at a time where units are bounded.
_AT_A_TIME = 4_000_000
#: Times are written in one way only; this is what others make of them.
_TIME = r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00:?00)$"


class PolarsTables:
    """Reads CSV and Parquet; implements `core.ports.Tables`. Every error names columns, never what is in them."""

    def __init__(self, rows_at_a_time: int = _AT_A_TIME) -> None:
        self._at_a_time = rows_at_a_time

    def metadata(self, path: Path, key: str) -> Mapping[str, Any] | None:
        """Return the JSON document under a key of a Parquet file's schema, or beside a CSV file, without its rows."""
        import polars as pl

        name = display(path.name)
        if path.suffix.lower() == ".parquet":
            with _mapped(name):
                text = pl.read_parquet_metadata(path).get(key)
        else:
            beside = (path.with_name(f"{path.stem}.meta.json"), path.with_name(f"{path.name}.meta.json"))
            found = next((place for place in beside if place.is_file()), None)
            text = found.read_text("utf-8") if found is not None else None
        if text is None:
            return None
        try:
            document = json.loads(text)
            if path.suffix.lower() != ".parquet":
                document = document[key]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DamagedInput(f"{name}: its metadata cannot be read; make the table again") from None
        return document if isinstance(document, dict) else None

    def counts(self, path: Path, grid: Grid, column: str) -> Whole:
        """Return the counts of a table that has one row for each cell, in the grid's order.

        Raises DamagedInput where cells are missing, double or unknown, or a count is none.
        """
        import polars as pl

        name = display(path.name)
        with _mapped(name):
            lazy = _scan(path)
            _require(lazy, [*(key.name for key in grid.keys), column], name)
            cell = _cell(grid, lazy.collect_schema())
            count = pl.col(column).cast(pl.Int64, strict=False)
            frame = lazy.select(cell=cell, count=count).collect(engine="streaming")
        if frame["cell"].null_count() or frame["count"].null_count() or frame.height != grid.size:
            raise DamagedInput(f"{name}: does not hold exactly one count for each declared cell; make the table again")
        cells, counts = frame["cell"].to_numpy(), frame["count"].to_numpy()
        if len(np.unique(cells)) != grid.size or counts.min() < 0:
            raise DamagedInput(f"{name}: cells are double, or counts below 0; make the table again")
        vector = np.zeros(grid.size, dtype=np.int64)
        vector[cells] = counts
        return vector

    def tally(self, path: Path, request: Request) -> Tallied:
        """Add up what is asked for.

        Where units are bounded, their rows are chosen by a random function of unit, cell and row that is made for this
        call and forgotten: what is chosen of one unit does not depend on any other. Raises UsageError for columns
        that are not there, UnsupportedInput for values that were not declared, and what reading can raise.
        """
        name = display(path.name)
        with _mapped(name):
            lazy = _scan(path)
            columns = [key.name for key in request.grid.keys] + [t.column for t in request.tallies if t.column]
            bounding = request.bounding
            _require(lazy, [*columns, *(bounding.columns if bounding is not None else ())], name)
            prepared = _prepared(lazy, request, name)
            if bounding is None:
                return _add_up(prepared, request)
            pieces = self._pieces(prepared)
            parts = [choose(piece, bounding) for piece in pieces]
            sums = [_add_up(chosen.frame.lazy(), request) for chosen in parts]
        vectors = tuple(np.sum([s.vectors[i] for s in sums], axis=0) for i in range(len(request.tallies)))
        return Tallied(
            vectors,
            sum(s.rows for s in sums),
            sum(chosen.left_out for chosen in parts),
            sum(chosen.left_out_in_all for chosen in parts),
        )

    def _pieces(self, prepared: pl.LazyFrame) -> Iterator[pl.DataFrame]:
        """Yield rows, all of a unit in one piece, in as many pieces as memory asks for."""
        import polars as pl

        rows = int(prepared.select(pl.len()).collect(engine="streaming").item())
        pieces = max(1, -(-rows // self._at_a_time))
        for piece in range(pieces):
            chosen = prepared if pieces == 1 else prepared.filter(pl.col("unit") % pieces == piece)
            yield chosen.collect(engine="streaming")

    def write(self, path: Path, columns: Mapping[str, Sequence[Any] | Whole], metadata: Mapping[str, str]) -> None:
        """Write a table to `path`, in the format of its ending; metadata go into a Parquet file's schema."""
        import polars as pl

        frame = pl.DataFrame({name: list(values) for name, values in columns.items()}, strict=False)
        if path.suffix.lower() == ".parquet":
            frame.write_parquet(path, metadata=dict(metadata))
        else:
            frame.write_csv(path)

    def read_back(self, path: Path) -> Mapping[str, list[Any]]:
        """Return all columns of a small table."""
        import polars as pl

        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path).to_dict(as_series=False)
        return pl.read_csv(path, infer_schema=False).to_dict(as_series=False)


def _scan(path: Path) -> pl.LazyFrame:
    import polars as pl

    if path.suffix.lower() not in _ENDINGS:
        raise UnsupportedInput(f"{display(path.name)}: is no table; tables end in {' or '.join(_ENDINGS)}")
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path, glob=False)
    # Types are not guessed from the first rows: all is text, and is read as what is declared.
    return pl.scan_csv(path, infer_schema=False, glob=False)


def _require(lazy: pl.LazyFrame, columns: Sequence[str], name: str) -> None:
    there = lazy.collect_schema().names()
    gone = [column for column in dict.fromkeys(columns) if column not in there]
    if gone:
        raise UsageError(f"{name}: has no column {', '.join(map(repr, gone))}; it has {', '.join(map(repr, there))}")


def _prepared(lazy: pl.LazyFrame, request: Request, name: str) -> pl.LazyFrame:
    """Return cell, one column v0, v1 ... for each tally, and unit where units are bounded, all whole numbers."""
    import polars as pl

    schema = lazy.collect_schema()
    columns = {"cell": _cell(request.grid, schema)}
    columns |= {f"v{i}": _value(tally, schema) for i, tally in enumerate(request.tallies) if tally.kind != "rows"}
    missing = _missing(request, schema)
    if request.bounding is not None:
        # Two units with one hash are bounded as one, which counts less of them, never more.
        hashed = pl.struct(list(request.bounding.columns)).hash(secrets.randbits(64))
        columns["unit"] = hashed
    problems = lazy.select(
        missing=missing.sum(),
        undeclared=(columns["cell"].is_null() & ~missing).sum(),
    )
    absent, unknown = problems.collect(engine="streaming").row(0)
    if absent and request.missing == "refuse":
        raise UnsupportedInput(
            f'{name}: values that are used are missing or no numbers; say missing = "drop" or mend it'
        )
    if unknown and request.undeclared == "refuse":
        raise UnsupportedInput(f'{name}: a key has values that are not declared; declare them, or undeclared = "drop"')
    return lazy.filter(~missing).with_columns(**columns).select(list(columns)).drop_nulls("cell")


def _cell(grid: Grid, schema: Mapping[str, Any]) -> pl.Expr:
    """Return each row's place in the grid, null where a value is not declared."""
    import polars as pl

    place: pl.Expr = pl.lit(0, dtype=pl.Int64)
    stride = grid.size
    for key in grid.keys:
        stride //= len(key.values)
        place = place + _place(key, schema[key.name]) * stride
    return place


def _place(key: Key, dtype: Any) -> pl.Expr:
    import polars as pl

    column = pl.col(key.name)
    if key.ranges is not None:
        return _range(_number(key.name, dtype), *key.ranges, len(key.values))
    if isinstance(dtype, pl.Datetime):
        text = (column.dt.convert_time_zone("UTC") if dtype.time_zone else column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    elif dtype.is_float() or dtype.is_nested():
        raise UsageError(f"the key {key.name!r} holds {dtype}; keys are text, whole numbers, dates, times or booleans")
    else:
        text = column.cast(pl.String).str.replace(_TIME, "${1}T${2}Z")
    places = pl.Series(range(len(key.values)), dtype=pl.Int64)
    return text.replace_strict(pl.Series(key.values), places, default=None, return_dtype=pl.Int64)


def _number(column: str, dtype: Any) -> pl.Expr:
    """Return a column as numbers; what is none becomes null."""
    import polars as pl

    number = pl.col(column)
    if not dtype.is_numeric():
        number = number.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    return number.cast(pl.Float64).fill_nan(None)


def _value(tally: Tally, schema: Mapping[str, Any]) -> pl.Expr:
    import polars as pl

    number = _number(tally.column, schema[tally.column]).clip(tally.lower, tally.upper)
    if tally.kind == "sum":
        return ((number - tally.centre) / tally.step).round().cast(pl.Int64)
    return _range(number, tally.lower, tally.upper, tally.bins)


def _range(number: pl.Expr, lower: float, upper: float, count: int) -> pl.Expr:
    """Return in which of `count` equally wide ranges a number lies; those outside lie in the first or the last."""
    import polars as pl

    place = ((number - lower) / ((upper - lower) / count)).floor().clip(0, count - 1)
    return place.cast(pl.Int64)


def _missing(request: Request, schema: Mapping[str, Any]) -> pl.Expr:
    import polars as pl

    words = [key.name for key in request.grid.keys]
    if request.bounding is not None:
        words += request.bounding.columns
    empty = [pl.col(word).is_null() for word in dict.fromkeys(words)]
    ranges = [key.name for key in request.grid.keys if key.ranges is not None]
    numbers = dict.fromkeys([*ranges, *(tally.column for tally in request.tallies if tally.column)])
    return pl.any_horizontal(
        [*empty, *(_number(column, schema[column]).is_null() for column in numbers), pl.lit(False)]
    )


def _add_up(rows: pl.LazyFrame, request: Request) -> Tallied:
    """Add up prepared rows on the grid."""
    import polars as pl

    vectors: list[Whole] = []
    plain = [i for i, tally in enumerate(request.tallies) if tally.kind != "bins"]
    sums = [pl.len().alias("rows")]
    sums += [pl.col(f"v{i}").sum().alias(f"v{i}") for i in plain if request.tallies[i].kind == "sum"]
    table = rows.group_by("cell").agg(sums).collect(engine="streaming")
    cells = table["cell"].to_numpy()
    for i, tally in enumerate(request.tallies):
        vector = np.zeros(request.grid.size * tally.bins, dtype=np.int64)
        if tally.kind == "bins":
            binned = rows.group_by("cell", f"v{i}").agg(pl.len().alias("rows")).collect(engine="streaming")
            vector[binned["cell"].to_numpy() * tally.bins + binned[f"v{i}"].to_numpy()] = binned["rows"].to_numpy()
        else:
            vector[cells] = table["rows" if tally.kind == "rows" else f"v{i}"].to_numpy()
        vectors.append(vector)
    return Tallied(tuple(vectors), int(table["rows"].sum()))


@contextmanager
def _mapped(name: str) -> Iterator[None]:
    """Map Polars' errors, whose messages may hold what is in the table, to ours."""
    import polars as pl

    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableInput(f"{name}: is not there; check the name") from error
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check the file") from error
    except pl.exceptions.PolarsError as error:
        raise DamagedInput(f"{name}: cannot be read as a table ({type(error).__name__}); check the file") from None
