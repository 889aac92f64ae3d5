"""The table as text, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.rows import Row
from bench.wanted import Figure
from unseen.core.regions import VEHICLES

__all__ = ["aligned", "as_records", "cell", "plain", "render"]

_HEADS = (
    "photos",
    "run",
    "classes",
    "labels",
    "size",
    "n",
    "half hidden",
    "90 % hidden",
    "over-redaction",
    "of it other text",
    "without it",
    "hidden whole",
    "not released",
    "photos/s",
)


def render(rows: Sequence[Row]) -> str:
    """Return an aligned Markdown table; what repeats the row above is left out, but for sizes and figures."""
    return aligned(_HEADS, _cells(rows))


def aligned(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as their widest cell."""
    lines = [heads, *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    body = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    body.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(body)


def _cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    lines = []
    before = ("", "", "", "")
    for row in rows:
        names = (row.data, row.run, _short(row.classes), row.labels)
        same = 0
        while same < len(names) and names[same] == before[same]:
            same += 1
        shown = ("",) * same + names[same:]
        lines.append((*shown, row.size, str(row.n), *_figures(row)))
        before = names
    return lines


def _short(classes: Sequence[str]) -> str:
    """Name the five vehicles by their group where they are all there."""
    if not set(VEHICLES) <= set(classes):
        return ",".join(classes)
    return ",".join([*(cls for cls in classes if cls not in VEHICLES), "vehicle"])


def _figures(row: Row) -> tuple[str, ...]:
    return (
        cell(row.half),
        cell(row.most),
        cell(row.over),
        cell(row.text),
        cell(row.beside),
        cell(row.whole, "d"),
        "" if row.not_released is None else str(row.not_released),
        cell(row.speed, ".1f"),
    )


def cell(figure: Figure | None, form: str = ".3f") -> str:
    """Return a figure with its interval, and whether it is what is wanted."""
    if figure is None:
        return ""
    text = format(round(figure.value) if form == "d" else figure.value, form)
    if figure.interval is not None:
        text += f" ({format(figure.interval[0], form)}-{format(figure.interval[1], form)})"
    if figure.wanted is not None:
        text += f" {'SHORT' if figure.short else 'ok'} {figure.wanted}"
    return text


def as_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    return [_record(row) for row in rows]


def _record(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in row.__slots__}
    return {name: plain(value) for name, value in values.items() if value is not None}


def plain(value: Any) -> Any:
    """Return a figure or another value of a row as what JSON can hold."""
    if not isinstance(value, Figure):
        return list(value) if isinstance(value, tuple) else value
    record: dict[str, Any] = {"value": round(value.value, 6)}
    if value.interval is not None:
        record["interval"] = [round(v, 6) for v in value.interval]
    if value.wanted is not None:
        record |= {"wanted": str(value.wanted), "short": value.short}
    return record
