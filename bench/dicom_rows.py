"""From checks and times to rows, and from rows to tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.dicom_score import Result, left_over
from bench.metrics import wilson
from bench.table import aligned, cell, plain
from bench.wanted import Figure, Wanted

__all__ = ["ScoreRow", "SpeedRow", "as_records", "render_scores", "render_speed", "score_row", "speed_rows"]

_PASSED, _FASTER = 0.9995, 3.0


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """What a tool passed: of all checks, by kind, and of what had to be removed by place."""

    run: str
    passed: Figure
    left: Figure
    not_released: int
    kinds: Mapping[str, Figure] = field(default_factory=dict)
    places: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures for which something is wanted."""
        return (self.passed, self.left)


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """How fast a tool was: files a second, seconds of all cores, and peak memory in MB.

    `times` and `cpu_times` are how many times as fast it was as the fastest of the others, by the clock and by seconds
    of all cores, which hardly depend on what else the machine does; None where there is no other.
    """

    run: str
    rate: Figure
    cpu: float
    peak: float
    times: float | None = None
    cpu_times: float | None = None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures for which something is wanted."""
        return (self.rate,)


def score_row(run: str, results: Sequence[Result], not_released: int) -> ScoreRow:
    """Return the row of a tool; of Unseen it is wanted that nothing is left and that all but 0.05 % is passed."""
    ours = run.startswith("unseen")
    passed, left = sum(r.passed for r in results), left_over(results)
    removed = [r for r in results if r.check.kind == "text removed"]
    return ScoreRow(
        run,
        Figure(passed / len(results), wilson(passed, len(results)), Wanted(_PASSED) if ours else None),
        Figure(left, wanted=Wanted(0, at_most=True) if ours else None),
        not_released,
        _shares([(r.check.kind, r.passed) for r in results]),
        _shares([(r.check.category, r.passed) for r in removed]),
    )


def _shares(results: Sequence[tuple[str, bool]]) -> dict[str, Figure]:
    names = sorted({name for name, _ in results})
    groups = {name: [passed for each, passed in results if each == name] for name in names}
    return {name: Figure(sum(group) / len(group), wilson(sum(group), len(group))) for name, group in groups.items()}


def speed_rows(files: int, used: Mapping[str, Sequence[tuple[float, float, int]]]) -> list[SpeedRow]:
    """Return a row for each tool from (seconds, seconds of all cores, peak bytes) of its runs."""
    rates = {name: [files / seconds for seconds, _, _ in runs] for name, runs in used.items()}
    works = {name: statistics.median(cpu for _, cpu, _ in runs) for name, runs in used.items()}
    others = [name for name in used if not name.startswith("unseen")]
    fastest = max((statistics.median(rates[name]) for name in others), default=None)
    least = min((works[name] for name in others), default=None)
    rows = []
    for name, runs in used.items():
        wanted = Wanted(_FASTER * fastest) if name.startswith("unseen") and fastest else None
        interval = (min(rates[name]), max(rates[name])) if len(runs) > 1 else None
        rate = Figure(statistics.median(rates[name]), interval, wanted)
        times = rate.value / fastest if fastest else None
        cpu_times = least / works[name] if least and works[name] else None
        rows.append(SpeedRow(name, rate, works[name], max(r[2] for r in runs) / 1e6, times, cpu_times))
    return rows


def render_scores(rows: Sequence[ScoreRow]) -> str:
    """Return a table with a line for each kind of check and each place, and a column for each tool."""
    heads = ["checks passed", *(row.run for row in rows)]
    cells = [["all", *(cell(row.passed, ".4f") for row in rows)]]
    cells.append(["identifiers left", *(cell(row.left, "d") for row in rows)])
    cells.append(["files not released", *(str(row.not_released) for row in rows)])
    for title, part in (("", "kinds"), ("removed: ", "places")):
        names = sorted({name for row in rows for name in getattr(row, part)})
        cells += [[title + name, *(_share(getattr(row, part).get(name)) for row in rows)] for name in names]
    return aligned(heads, cells)


def _share(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.3f}"


def render_speed(rows: Sequence[SpeedRow]) -> str:
    """Return a table of speed and memory."""
    cells = [
        [row.run, cell(row.rate, ".1f"), _times(row.times), f"{row.cpu:.1f}", _times(row.cpu_times), f"{row.peak:.0f}"]
        for row in rows
    ]
    heads = ["run", "files/s", "times the fastest other", "seconds of all cores", "times the least of others"]
    return aligned([*heads, "peak memory, MB"], cells)


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def as_records(rows: Sequence[ScoreRow | SpeedRow]) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    return [{name: _plain(getattr(row, name)) for name in row.__slots__} for row in rows]


def _plain(value: Any) -> Any:
    return {name: plain(each) for name, each in value.items()} if isinstance(value, Mapping) else plain(value)
