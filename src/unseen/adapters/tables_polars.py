"""Tables by Polars: read lazily, in pieces that fit into memory, and added up on a grid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.adapters.tables_bounding import Chosen, choose
from unseen.adapters.tables_cells import cell_of, row_values
from unseen.core.names import display
from unseen.core.tabulation import Bounding, Grid, Request, Tallied, Whole
from unseen.errors import DamagedInput, UnreadableInput, UnsupportedInput, UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PolarsTables"]

_ENDINGS = (".parquet", ".csv")
#: Rows that are held at a time where units are bounded, and rows that are sorted at a time.
_AT_A_TIME, _SORTED = 10_000_000, 1_000_000


class PolarsTables:
    """Reads CSV and Parquet; implements `core.ports.Tables`. Every error names columns, never what is in them."""

    def __init__(self, rows_at_a_time: int = _AT_A_TIME, rows_sorted: int = _SORTED) -> None:
        self._at_a_time, self._sorted = rows_at_a_time, rows_sorted

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
            cell = cell_of(grid, lazy.collect_schema())
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
            rows = lazy.with_columns(**row_values(request, lazy.collect_schema()))
            if bounding is None:
                return _by_cell(rows, request, name)
            done: list[Tallied] = []
            for piece in self._pieces(rows, request, name):
                done += [_add_up(part, request) for part in _in_parts(piece, bounding, self._sorted)]
        vectors = tuple(np.sum([part.vectors[i] for part in done], axis=0) for i in range(len(request.tallies)))
        counted = (sum(part.rows for part in done), sum(part.left_out for part in done))
        return Tallied(vectors, *counted, sum(part.left_out_in_all for part in done))

    def _pieces(self, rows: pl.LazyFrame, request: Request, name: str) -> Iterator[pl.DataFrame]:
        """Yield rows that count, all of a unit in one piece, in as many pieces as memory asks for."""
        import polars as pl

        height = int(rows.select(pl.len()).collect(engine="streaming").item())
        pieces = max(1, -(-height // self._at_a_time))
        wanted = ["unit", "cell", *_value_columns(request)]
        for piece in range(pieces):
            part = rows if pieces == 1 else rows.filter(pl.col("unit") % pieces == piece)
            frame = part.select("ok", *wanted).collect(engine="streaming")
            counts, declared = frame["ok"], frame["cell"].is_not_null()
            _check((~counts).any(), (counts & ~declared).any(), request, name)
            yield frame.filter(counts & declared).select(wanted)

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


def _check(missing: bool, undeclared: bool, request: Request, name: str) -> None:
    """Raise UnsupportedInput for rows that are there and must not be; what is in them is not told."""
    if missing and request.missing == "refuse":
        raise UnsupportedInput(
            f'{name}: values that are used are missing or no numbers; say missing = "drop" or mend it'
        )
    if undeclared and request.undeclared == "refuse":
        raise UnsupportedInput(
            f'{name}: a key has values that are not declared; declare them, or say undeclared = "drop"'
        )


def _value_columns(request: Request) -> list[str]:
    return [f"v{i}" for i, tally in enumerate(request.tallies) if tally.kind != "rows"]


def _in_parts(piece: pl.DataFrame, bounding: Bounding, most: int) -> Iterator[Chosen]:
    """Choose rows of a piece in parts, which hold units whole, so that what sorting needs stays small."""
    import polars as pl

    parts = max(1, -(-piece.height // most))
    for part in range(parts):
        # Other bits of the hash than those that made the pieces.
        yield choose(piece if parts == 1 else piece.filter((pl.col("unit") // 2**32) % parts == part), bounding)


def _by_cell(rows: pl.LazyFrame, request: Request, name: str) -> Tallied:
    """Add up rows that are units of their own, reading the table once, and once more for each tally of bins."""
    import polars as pl

    sums = [pl.col(f"v{i}").cast(pl.Int64).sum() for i, t in enumerate(request.tallies) if t.kind == "sum"]
    table = rows.group_by("cell", "ok").agg(pl.len().alias("rows"), *sums).collect(engine="streaming")
    known = table["cell"].is_not_null()
    _check((~table["ok"]).any(), (table["ok"] & ~known).any(), request, name)
    good = rows.filter(pl.col("ok") & pl.col("cell").is_not_null())
    bins = {
        i: good.group_by("cell", f"v{i}").agg(pl.len().alias("rows")).collect(engine="streaming")
        for i, tally in enumerate(request.tallies)
        if tally.kind == "bins"
    }
    return _tallied(table.filter(table["ok"] & known), bins, request)


def _add_up(chosen: Chosen, request: Request) -> Tallied:
    """Add up rows of which all count."""
    import polars as pl

    frame = chosen.frame
    sums = [pl.col(f"v{i}").cast(pl.Int64).sum() for i, t in enumerate(request.tallies) if t.kind == "sum"]
    bins = {
        i: frame.group_by("cell", f"v{i}").agg(pl.len().alias("rows"))
        for i, tally in enumerate(request.tallies)
        if tally.kind == "bins"
    }
    done = _tallied(frame.group_by("cell").agg(pl.len().alias("rows"), *sums), bins, request)
    return replace(done, left_out=chosen.left_out, left_out_in_all=chosen.left_out_in_all)


def _tallied(table: pl.DataFrame, bins: Mapping[int, pl.DataFrame], request: Request) -> Tallied:
    """Put sums by cell, and counts by cell and bin, into their places."""
    vectors: list[Whole] = []
    cells = table["cell"].to_numpy()
    for i, tally in enumerate(request.tallies):
        vector = np.zeros(request.grid.size * tally.bins, dtype=np.int64)
        if tally.kind == "bins":
            places = bins[i]["cell"].to_numpy().astype(np.int64) * tally.bins + bins[i][f"v{i}"].to_numpy()
            vector[places] = bins[i]["rows"].to_numpy()
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
