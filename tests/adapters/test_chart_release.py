"""Charts of releases: what is drawn for which keys, the same figures as the same file."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unseen.adapters.chart_release import draw_release

_WORDS = "These figures hold random noise."


def _series(hours: int, lines: int) -> dict[str, list[Any]]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [f"{start + timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}" for h in range(hours)]
    cells = list(itertools.product(times, [f"line {n}" for n in range(lines)]))
    values = [i % 40 - 3 for i in range(len(cells))]
    return {
        "interval_start": [cell[0] for cell in cells],
        "line": [cell[1] for cell in cells],
        "count": list(values),
        "count_low": [value - 5 for value in values],
        "count_high": [value + 5 for value in values],
    }


def _svg(table: dict[str, list[Any]], keys: list[str]) -> str:
    return draw_release(table, keys, ["count"], _WORDS, ".svg").decode()


@pytest.mark.parametrize(("hours", "lines"), [(2, 1), (72, 2), (24 * 400, 1)])
def test_times_become_lines_in_panels(hours: int, lines: int) -> None:
    svg = _svg(_series(hours, lines), ["interval_start", "line"])
    assert svg.count('id="axes_') == lines
    assert _WORDS in svg
    assert "95 % intervals of the noise" in svg


def test_the_same_figures_are_the_same_file() -> None:
    first, second = (_svg(_series(2, 1), ["interval_start", "line"]) for _ in range(2))
    assert first == second


def test_many_panels_and_many_cells_are_cut_and_said_to_be() -> None:
    assert "the first 12 of 15" in _svg(_series(2, 15), ["interval_start", "line"])
    cells: dict[str, list[Any]] = {name: list(range(50)) for name in ("count", "count_low", "count_high")}
    assert "the first 40 of 50 cells" in _svg({"line": [f"line {n}" for n in range(50)], **cells}, ["line"])


def test_a_single_cell_without_keys_is_drawn() -> None:
    one: dict[str, list[Any]] = {"count": [5], "count_low": [-2], "count_high": [12]}
    assert draw_release(one, [], ["count"], _WORDS, ".png").startswith(b"\x89PNG")
