"""What Polars computes of each row: its place in the grid, its values as whole numbers, whether it may count at all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unseen.core.tabulation import Grid, Key, Request, Tally
from unseen.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["cell_of", "row_values"]

#: Times are written in one way only; this is what others make of them.
_TIME = r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00:?00)$"
_SMALL = 2**31 - 1


def row_values(request: Request, schema: Mapping[str, Any]) -> dict[str, pl.Expr]:
    """Return columns by name.

    `cell` is null where a key has a value that is not declared; `ok` is false where a value that is used is missing;
    v0, v1 ... are the values of tallies; `unit` is there where units are bounded: a hash with a secret that is made for
    this call. Two units with one hash are bounded as one, which counts less of them, never more.
    """
    import polars as pl

    columns = {"cell": cell_of(request.grid, schema), "ok": ~_missing(request, schema)}
    columns |= {f"v{i}": _value(tally, schema) for i, tally in enumerate(request.tallies) if tally.kind != "rows"}
    if request.bounding is not None:
        columns["unit"] = pl.struct(list(request.bounding.columns)).hash(secrets.randbits(64))
    return columns


def cell_of(grid: Grid, schema: Mapping[str, Any]) -> pl.Expr:
    """Return each row's place in the grid, null where a value is not declared; raises UsageError for fractions."""
    import polars as pl

    whole = pl.Int32 if grid.size <= _SMALL else pl.Int64
    place: pl.Expr = pl.lit(0, dtype=whole)
    stride = grid.size
    for key in grid.keys:
        stride //= len(key.values)
        place = place + _place(key, schema[key.name]).cast(whole) * pl.lit(stride, dtype=whole)
    return place


def _place(key: Key, dtype: Any) -> pl.Expr:
    """Return which of a key's values each row has, from 0."""
    import polars as pl

    column = pl.col(key.name)
    if key.ranges is not None:
        return _range(_number(key.name, dtype), *key.ranges, len(key.values))
    if dtype.is_integer() and _in_a_row(key.values):
        first = int(key.values[0])
        # Wide enough for every kind of whole number that can be compared with those declared.
        place = column.cast(pl.Int64, strict=False) - first
        return pl.when(place.is_between(0, len(key.values) - 1)).then(place)
    if isinstance(dtype, pl.Datetime):
        text = (column.dt.convert_time_zone("UTC") if dtype.time_zone else column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    elif dtype.is_float() or dtype.is_nested():
        raise UsageError(f"the key {key.name!r} holds {dtype}; keys are text, whole numbers, dates, times or booleans")
    else:
        text = column.cast(pl.String)
        if any("T" in value and value.endswith("Z") for value in key.values):
            text = text.str.replace(_TIME, "${1}T${2}Z")
    return text.cast(pl.Enum(list(key.values)), strict=False).to_physical()


def _in_a_row(values: tuple[str, ...]) -> bool:
    """Whether values are whole numbers that follow each other."""
    try:
        first = int(values[0])
    except ValueError:
        return False
    return values == tuple(str(first + i) for i in range(len(values)))


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
        whole = pl.Int32 if tally.each <= _SMALL else pl.Int64
        return ((number - tally.centre) / tally.step).round().cast(whole)
    return _range(number, tally.lower, tally.upper, tally.bins)


def _range(number: pl.Expr, lower: float, upper: float, count: int) -> pl.Expr:
    """Return in which of `count` equally wide ranges a number lies; those outside lie in the first or the last."""
    import polars as pl

    place = ((number - lower) / ((upper - lower) / count)).floor().clip(0, count - 1)
    return place.cast(pl.Int32)


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
