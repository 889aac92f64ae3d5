"""From what tools did on clips to the rows of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.metrics import wilson
from bench.table import aligned, cell, plain
from bench.video_metrics import Leaks
from bench.video_runs import Done
from bench.video_tools import LIMIT
from bench.video_wanted import wanted_of
from bench.wanted import Figure, Wanted

__all__ = ["VideoRow", "as_records", "render", "rows_of"]

#: Figure -> head of its column, and how it is printed.
_COLUMNS: dict[str, tuple[str, str]] = {
    "tracks": ("tracks leaked", ".3f"),
    "pairs": ("track-frames leaked", ".4f"),
    "frames": ("frames leaked", ".4f"),
    "longest": ("longest gap", "d"),
    "beside": ("over-redaction", ".4f"),
    "whole": ("hidden whole", "d"),
    "not_released": ("not released", "d"),
    "rate": ("frames/s", ".1f"),
    "of_limit": ("of the limit", ".2f"),
    "cpu_ms": ("CPU ms a frame", ".1f"),
    "peak_mb": ("peak MB", "d"),
    "verifying_ms": ("verifying: ms a frame", ".1f"),
    "verifying_cpu_ms": ("CPU ms a frame for it", ".1f"),
}


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One row: what was run on how many frames, the counts of leaks, and its figures by name.

    `verifying_ms` and `verifying_cpu_ms` are what the run takes more, a frame, than the same one that is not verified.
    """

    data: str
    run: str
    frames: int
    counts: Leaks | None
    by_name: Mapping[str, Figure]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure that has a value."""
        return tuple(self.by_name.values())


def rows_of(data: str, done: Sequence[Done], *, asked: bool = False, timed: bool = False) -> list[VideoRow]:
    """Return a row for each tool on the same clips; `asked`: figures are wanted of them, `timed`: of speed too."""
    return [_row(data, one, done, wanted_of(one, done, timed=timed) if asked else {}) for one in done]


def _row(data: str, done: Done, all_of_them: Sequence[Done], wanted: Mapping[str, Wanted]) -> VideoRow:
    values = _costs(done, all_of_them)
    if done.leaks is not None:
        values |= _leaks(done, done.leaks)
    asked = {name: Figure(*value, wanted.get(name)) for name, value in values.items()}
    return VideoRow(data, done.tool.name, done.frames, done.leaks, asked)


def _costs(done: Done, all_of_them: Sequence[Done]) -> dict[str, tuple[float, tuple[float, float] | None]]:
    rates = [done.frames / seconds for seconds in done.seconds]
    values = {
        "rate": (done.rate, (min(rates), max(rates)) if len(rates) > 1 else None),
        "cpu_ms": (1e3 * done.cpu / done.frames, None),
        "peak_mb": (done.peak / 1e6, None),
    }
    for other in all_of_them:
        if other.tool.name == LIMIT:
            values["of_limit"] = (done.rate / other.rate, None)
        if done.tool.verified and other.tool.verified is False and other.tool.stride == done.tool.stride:
            values["verifying_ms"] = (1e3 * (done.median - other.median) / done.frames, None)
            values["verifying_cpu_ms"] = (1e3 * (done.cpu - other.cpu) / done.frames, None)
    return values


def _leaks(done: Done, found: Leaks) -> dict[str, tuple[float, tuple[float, float] | None]]:
    counts = {
        "tracks": (found.leaked_tracks, found.tracks),
        "pairs": (found.leaked_pairs, found.pairs),
        "frames": (found.leaked_frames, found.shown),
    }
    return {name: (k / n, wilson(k, n)) for name, (k, n) in counts.items() if n} | {
        "longest": (found.longest, None),
        "beside": (found.beside / found.frames, None),
        "whole": (found.whole, None),
        "not_released": (done.clips - done.released, None),
    }


def render(rows: Sequence[VideoRow]) -> str:
    """Return an aligned Markdown table; the number of tracks and frames stands before their figures."""
    lines, before = [], ""
    for row in rows:
        counts = ("", "") if row.counts is None else (str(row.counts.tracks), str(row.counts.pairs))
        figures = (cell(row.by_name.get(name), form) for name, (_, form) in _COLUMNS.items())
        lines.append(("" if row.data == before else row.data, row.run, str(row.frames), *counts, *figures))
        before = row.data
    heads = ("clips", "run", "frames", "tracks", "track-frames", *(head for head, _ in _COLUMNS.values()))
    return aligned(heads, lines)


def as_records(rows: Sequence[VideoRow]) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    return [
        {
            "data": row.data,
            "run": row.run,
            "frames": row.frames,
            "counts": None if row.counts is None else asdict(row.counts),
            **{name: plain(figure) for name, figure in row.by_name.items()},
        }
        for row in rows
    ]
