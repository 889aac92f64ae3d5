"""What is looked for in a table before it is published."""

from __future__ import annotations

import math
from typing import Any

import pytest

from unseen.verify.published import published_findings

_KEYS, _CELLS, _NUMBERS = ["line", "hour"], [("a", "0"), ("a", "1"), ("b", "0"), ("b", "1")], ["count"]
_GOOD: dict[str, list[Any]] = {"line": ["a", "a", "b", "b"], "hour": [0, 1, 0, 1], "count": [3, -1, 0, 7]}


def test_a_table_that_is_the_public_grid_passes() -> None:
    assert published_findings(_GOOD, _KEYS, _CELLS, _NUMBERS) == []
    assert published_findings({"count": ["3"]}, [], [()], _NUMBERS) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"line": ["a", "a", "b", "c"]}, "other cells than declared"),
        ({"line": ["a", "b", "a", "b"]}, "other cells than declared"),
        ({name: values[:-1] for name, values in _GOOD.items()}, "other cells than declared"),
        ({"count": [3, -1, 0, math.nan]}, "the column 'count' holds what is no number"),
        ({"count": [3, -1, 0, math.inf]}, "the column 'count' holds what is no number"),
        ({"count": [3, -1, 0, None]}, "the column 'count' holds what is no number"),
        ({"count": [3, -1, 0]}, "the column 'count' holds what is no number"),
        ({"track": [1, 2, 3, 4]}, "other columns than declared"),
    ],
)
def test_anything_else_is_found(changed: dict[str, list[Any]], found: str) -> None:
    assert found in published_findings({**_GOOD, **changed}, _KEYS, _CELLS, _NUMBERS)


def test_a_column_that_is_missing_is_found() -> None:
    assert "other columns than declared" in published_findings({"line": [], "hour": []}, _KEYS, _CELLS, _NUMBERS)
