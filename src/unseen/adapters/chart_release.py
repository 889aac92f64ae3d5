"""A chart of a release with its intervals, by matplotlib: lines over time, or points with bars."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_release"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: More than these would be too small to be read; the chart says how many there are.
_PANELS, _ROWS = 12, 40
_INK, _BAND = "#1f4e79", "#9dc3e6"


def draw_release(
    table: Mapping[str, Sequence[Any]], keys: Sequence[str], values: Sequence[str], words: str, ending: str
) -> bytes:
    """Return a chart as .png or .svg.

    `values` are columns that have NAME_low and NAME_high beside them, `words` are written below. With a key of times
    there is a panel for each combination of the other keys, else a row for each cell.
    """
    from matplotlib.figure import Figure

    height = len(table[values[0]])
    time = next((key for key in keys if height and all(_TIME.fullmatch(str(v)) for v in set(table[key]))), None)
    many = time is not None and len(set(table[time])) > 1
    figure = Figure(figsize=(9, 4), dpi=130, layout="constrained")
    if time is not None and many:
        _lines(figure, table, time, [key for key in keys if key != time], values[0])
    else:
        _points(figure, table, keys, values)
    note = "shaded and bars: 95 % intervals of the noise and of what is estimated to be left out"
    figure.supxlabel("\n".join(textwrap.wrap(f"{words} ({note})", 120)), fontsize=7)
    picture = io.BytesIO()
    # No date and no program name: the same figures give the same file.
    metadata = {"Date": None, "Creator": None} if ending == ".svg" else {"Software": None}
    figure.savefig(picture, format=ending.removeprefix("."), metadata=metadata)
    return picture.getvalue()


def _lines(figure: Figure, table: Mapping[str, Sequence[Any]], time: str, others: Sequence[str], name: str) -> None:
    """Draw a panel for each combination of the other keys, all to one scale."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(table[time])):
        groups.setdefault(tuple(str(table[key][row]) for key in others), []).append(row)
    shown = list(groups.items())[:_PANELS]
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure.set_size_inches(3.4 * columns + 1, 2.2 * rows + 1)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (group, places) in zip(panels, shown, strict=False):
        times = [datetime.fromisoformat(str(table[time][row])) for row in places]
        low, high = ([table[f"{name}_{end}"][row] for row in places] for end in ("low", "high"))
        axes.fill_between(times, low, high, step="post", color=_BAND, linewidth=0)
        axes.step(times, [table[name][row] for row in places], where="post", color=_INK, linewidth=1)
        axes.axhline(0, color="#888888", linewidth=0.5)
        axes.set_title(", ".join(group), fontsize=8)
        _time_axis(axes)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    more = f" (the first {_PANELS} of {len(groups)})" if len(groups) > _PANELS else ""
    figure.suptitle(f"{name.replace('_', ' ')}, by {', '.join(others) or 'time'}{more}", fontsize=10)


def _time_axis(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call]  # the library's own class
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=7)


def _points(figure: Figure, table: Mapping[str, Sequence[Any]], keys: Sequence[str], values: Sequence[str]) -> None:
    """Draw a row for each cell and a panel for each measure."""
    height = len(table[values[0]])
    shown = min(height, _ROWS)
    figure.set_size_inches(3.2 * len(values) + 2, 0.22 * shown + 1.6)
    panels = figure.subplots(1, len(values), sharey=True, squeeze=False).ravel()
    places = list(range(shown))
    for axes, name in zip(panels, values, strict=True):
        middle = [float(table[name][row]) for row in places]
        below = [max(0.0, m - float(table[f"{name}_low"][row])) for m, row in zip(middle, places, strict=True)]
        above = [max(0.0, float(table[f"{name}_high"][row]) - m) for m, row in zip(middle, places, strict=True)]
        axes.errorbar(
            middle, places, xerr=[below, above], fmt="o", color=_INK, ecolor=_BAND, markersize=3, elinewidth=3
        )
        axes.axvline(0, color="#888888", linewidth=0.5)
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=7)
    panels[0].set_yticks(places, [", ".join(str(table[key][row]) for key in keys) or "all" for row in places])
    panels[0].invert_yaxis()
    more = f" (the first {shown} of {height} cells)" if height > shown else ""
    figure.suptitle(f"by {', '.join(keys) or 'nothing'}{more}", fontsize=10)
