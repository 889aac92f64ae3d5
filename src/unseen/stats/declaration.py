"""The declaration of a general table: whose rows belong together, which values keys may have, what is released."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, cast

from unseen.core.privacy import UNITS, Unit
from unseen.core.tabulation import Bounding, Grid, Key
from unseen.dp.noise import Contributions
from unseen.errors import UsageError
from unseen.stats.measures import Count, Mean, Measure, Quantiles, Sum
from unseen.stats.spec import MOST_COUNTED, Spec, days_between

__all__ = ["spec_of_declaration"]

_TOP = frozenset(
    (
        *("unit", "unit_columns", "cells", "rows_per_cell", "first_day", "last_day"),
        *("missing", "undeclared", "bias_share", "keys", "measures"),
    )
)
_MOST_CELLS = 10_000_000
_BIAS_SHARE = "0.1"


def spec_of_declaration(found: Mapping[str, Any], name: str) -> Spec:
    """Return what a declaration, parsed from TOML, asks for; `name` is for errors. Raises UsageError.

    docs/declaration.schema.json describes the file.
    """
    try:
        return _spec(found)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise UsageError(f"{name}: {error.args[0] if error.args else 'cannot be understood'}") from None


def _spec(found: Mapping[str, Any]) -> Spec:
    _only(found, _TOP, "the declaration")
    unit = found.get("unit")
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}")
    grid = _grid(_table(found, "keys"))
    measures = _measures(found.get("measures"))
    bounding, most = _bounding(found, cast(Unit, unit), grid)
    share = Fraction(str(_number(found.get("bias_share", float(_BIAS_SHARE)), "bias_share")))
    if not 0 <= share <= Fraction(1, 2):
        raise ValueError("bias_share must be from 0 to 0.5")
    return Spec(
        grid,
        cast(Unit, unit),
        most,
        measures,
        _days(found),
        bounding,
        missing=_choice(found, "missing"),
        undeclared=_choice(found, "undeclared"),
        bias_share=share if bounding is not None else Fraction(),
    )


def _bounding(found: Mapping[str, Any], unit: Unit, grid: Grid) -> tuple[Bounding | None, Contributions]:
    columns = found.get("unit_columns", [])
    if not isinstance(columns, list) or not all(isinstance(c, str) and c for c in columns):
        raise ValueError('unit_columns must be a list of columns, as ["person", "day"]')
    if unit == "event":
        if columns:
            raise ValueError("the unit event is one row; leave unit_columns out, or name another unit")
        return None, Contributions(1, 1)
    if not columns:
        raise ValueError(f"unit_columns must name the columns that tell one {unit} from another")
    if "cells" not in found:
        raise ValueError("cells must say in how many cells one unit counts at the most")
    cells, each = _whole(found, "cells"), _whole(found, "rows_per_cell", 1)
    cells = min(cells, grid.size)
    return Bounding(tuple(columns), cells, each, MOST_COUNTED * cells * each), Contributions(cells, each)


def _grid(found: Mapping[str, Any]) -> Grid:
    grid = Grid(tuple(_key(name, values) for name, values in found.items()))
    if grid.size > _MOST_CELLS:
        raise ValueError(f"the keys make {grid.size} cells; at most {_MOST_CELLS} are taken")
    return grid


def _key(name: str, values: Any) -> Key:
    if isinstance(values, dict) and set(values) == {"from", "to"}:
        first, last = values["from"], values["to"]
        if not (type(first) is type(last) is int and first <= last < first + _MOST_CELLS):
            raise ValueError(f"key {name!r}: from and to must be whole numbers, from at most to")
        return Key(name, tuple(map(str, range(first, last + 1))))
    if isinstance(values, dict) and set(values) == {"lower", "upper", "bins"}:
        lower, upper = _ends(values, f"key {name!r}")
        bins = _whole(values, "bins")
        edges = [lower + (upper - lower) * i / bins for i in range(bins + 1)]
        words = (f"{low:.12g} to {high:.12g}" for low, high in pairwise(edges))
        return Key(name, tuple(words), (lower, upper))
    if not isinstance(values, list) or not values:
        raise ValueError(f"key {name!r}: declare all of its values, as a list, {{from, to}} or {{lower, upper, bins}}")
    words_ = tuple(map(_text, values))
    if len(set(words_)) != len(words_):
        raise ValueError(f"key {name!r}: declares a value twice")
    return Key(name, words_)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        time = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str | int | date):
        return str(value)
    raise ValueError("values of keys are text, whole numbers, dates, times or booleans")


def _measures(found: Any) -> tuple[Measure, ...]:
    if not isinstance(found, list) or not found:
        raise ValueError('measures must hold at least one table, as [[measures]] with kind = "count"')
    measures = tuple(_measure(entry) for entry in found)
    names = [measure.name for measure in measures]
    if len(set(names)) != len(names):
        raise ValueError(
            f"two measures are named {next(n for n in names if names.count(n) > 1)!r}; give one another name"
        )
    return measures


def _measure(found: Any) -> Measure:
    kind = found.get("kind") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _MEASURES:
        raise ValueError(f"a measure's kind is one of {', '.join(_MEASURES)}")
    return _MEASURES[kind](found)


def _count(found: Mapping[str, Any]) -> Measure:
    _only(found, {"kind", "name", "weight"}, "a count")
    return Count(str(found.get("name", "count")), _whole(found, "weight", 1))


def _sum(found: Mapping[str, Any]) -> Measure:
    return Sum(*_column(found, {"step"}), _step(found), _whole(found, "weight", 1))


def _mean(found: Mapping[str, Any]) -> Measure:
    return Mean(*_column(found, {"step"}), _step(found), _whole(found, "weight", 1))


def _quantile(found: Mapping[str, Any]) -> Measure:
    name, column, lower, upper = _column(found, {"bins", "q"})
    shares = found.get("q", [0.5])
    if not isinstance(shares, list) or not shares or not all(0 < _number(q, "q") < 1 for q in shares):
        raise ValueError("q must be a list of shares between 0 and 1, as [0.5, 0.85]")
    bins = _whole(found, "bins", 32)
    return Quantiles(name, column, lower, upper, bins, tuple(map(float, shares)), _whole(found, "weight", 1))


#: What a measure's `kind` makes.
_MEASURES: Mapping[str, Callable[[Mapping[str, Any]], Measure]] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "quantile": _quantile,
}


def _column(found: Mapping[str, Any], more: set[str]) -> tuple[str, str, float, float]:
    kind, column = str(found["kind"]), found.get("column")
    _only(found, {"kind", "name", "weight", "column", "lower", "upper"} | more, f"a {kind}")
    if not isinstance(column, str) or not column:
        raise ValueError(f"a {kind} needs a column")
    if "lower" not in found or "upper" not in found:
        raise ValueError(f"the {kind} of {column!r} needs lower and upper: bounds that do not come from the data")
    lower, upper = _ends(found, f"the {kind} of {column!r}")
    return str(found.get("name", f"{column}_{kind}")), column, lower, upper


def _ends(found: Mapping[str, Any], what: str) -> tuple[float, float]:
    lower, upper = _number(found["lower"], f"{what}: lower"), _number(found["upper"], f"{what}: upper")
    if not lower < upper:
        raise ValueError(f"{what}: lower must be below upper")
    return lower, upper


def _step(found: Mapping[str, Any]) -> float:
    """Return the step of a sum; by default a thousandth of the bounds."""
    lower, upper = float(found["lower"]), float(found["upper"])
    step = _number(found.get("step", (upper - lower) / 1000), "step")
    if not (upper - lower) / 1e9 <= step <= upper - lower:
        raise ValueError("step must be above 0, and not above the width of the bounds")
    return step


def _days(found: Mapping[str, Any]) -> tuple[str, ...]:
    first, last = found.get("first_day"), found.get("last_day", found.get("first_day"))
    if first is None and last is None:
        return ()
    if type(first) is not date or type(last) is not date:
        raise ValueError("first_day and last_day are dates, as 2026-11-25 without quotes")
    return days_between(first, last)


def _choice(found: Mapping[str, Any], key: str) -> Literal["refuse", "drop"]:
    word = found.get(key, "refuse")
    if word not in ("refuse", "drop"):
        raise ValueError(f"{key} must be refuse or drop")
    return cast(Literal["refuse", "drop"], word)


def _table(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be a table")
    return value


def _whole(found: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = found.get(key, default)
    if type(value) is not int or not 1 <= value <= 1_000_000:
        raise ValueError(f"{key} must be a whole number from 1 to 1000000")
    return value


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} must be a number")
    return float(value)


def _only(found: Mapping[str, Any], known: frozenset[str] | set[str], what: str) -> None:
    unknown = [key for key in found if key not in known]
    if unknown:
        raise ValueError(f"{what} has {unknown[0]!r}, which is not known; known are {', '.join(sorted(known))}")
