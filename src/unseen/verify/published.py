"""A published table, read back: exactly the public grid, exactly the promised columns, numbers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["published_findings"]


def published_findings(
    table: Mapping[str, Sequence[Any]], keys: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[str]
) -> list[str]:
    """Return what is wrong with a table before it is published, nothing if all is as it must be.

    `cells` are the key values that were declared, in order: a row more or less, or another value, would depend on data.
    """
    found = []
    if list(table) != [*keys, *numbers]:
        found.append("other columns than declared")
    rows = list(zip(*(map(str, table.get(key, ())) for key in keys), strict=False)) if keys else [()] * _height(table)
    if rows != [tuple(cell) for cell in cells]:
        found.append("other cells than declared")
    for name in numbers:
        values = table.get(name, ())
        if len(values) != len(cells) or not all(map(_is_number, values)):
            found.append(f"the column {name!r} holds what is no number")
    return found


def _height(table: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(table.values()), ()))


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
