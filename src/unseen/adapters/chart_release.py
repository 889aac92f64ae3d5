"""A chart of a release with its intervals, by matplotlib: lines over time, or points with bars."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    height = len(table[values[0]])
    time = next((key for key in keys if height and all(_TIME.fullmatch(str(v)) for v in set(table[key]))), None)
    many = time is not None and len(set(table[time])) > 1
    figure = Figure(figsize=(9, 4), dpi=130, layout="constrained")
    if time is not None and many:
        _lines(figure, table, time, [key for key in keys if key != time], values[0])
    else:
        _points(figure, table, keys, values)
    of = "the noise and of what is estimated to be left out" if any(n.endswith("_bias") for n in table) else "the noise"
    width = round(13 * figure.get_size_inches()[0])
    figure.supxlabel("\n".join(textwrap.wrap(f"{words} Light blue: 95 % intervals of {of}.", width)), fontsize=7)
    picture = io.BytesIO()
    # No date, no program name, no random names within: the same figures give the same file.
    metadata = {"Date": None, "Creator": None} if ending == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "unseen", "svg.fonttype": "none"}):
        figure.savefig(picture, format=ending.removeprefix("."), metadata=metadata)
    return picture.getvalue()


def _lines(figure: Figure, table: Mapping[str, Sequence[Any]], time: str, others: Sequence[str], name: str) -> None:
    """Draw a panel for each combination of the other keys, all to one scale."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(table[time])):
        groups.setdefault(tuple(str(table[key][row]) for key in others), []).append(row)
    shown = list(groups.items())[:_PANELS]
    columns = min(3, math.ceil(math.sqrt(len(shown))))
    rows = math.ceil(len(shown) / columns)
    figure.set_size_inches(max(7.0, 3.4 * columns + 1), 2.2 * rows + 1)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (group, places) in zip(panels, shown, strict=False):
        # The last interval is as long as the one before it.
        times = [datetime.fromisoformat(str(table[time][row])) for row in places]
        times.append(times[-1] + (times[-1] - times[-2] if len(times) > 1 else timedelta(0)))
        middle, low, high = ([table[f"{name}{e}"][row] for row in [*places, places[-1]]] for e in ("", "_low", "_high"))
        axes.fill_between(times, low, high, step="post", color=_BAND, linewidth=0)
        axes.step(times, middle, where="post", color=_INK, linewidth=1)
        axes.axhline(0, color="#888888", linewidth=0.5)
        axes.set_title(", ".join(group), fontsize=8)
        _time_axis(axes)
    for place, axes in enumerate(panels):
        axes.set_visible(place < len(shown))
        axes.tick_params(labelbottom=place + columns >= len(shown))
    more = f" (the first {_PANELS} of {len(groups)})" if len(groups) > _PANELS else ""
    first, last = (str(end)[:10] for end in (min(table[time]), max(table[time])))
    when = f"{first}, UTC" if first == last else f"{first} to {last}, UTC"
    figure.suptitle(f"{name.replace('_', ' ')}, by {', '.join(others) or 'time'}{more}, {when}", fontsize=10)


def _time_axis(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]  # the library's own class
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=7)


def _points(figure: Figure, table: Mapping[str, Sequence[Any]], keys: Sequence[str], values: Sequence[str]) -> None:
    """Draw a row for each cell and a panel for each measure."""
    height = len(table[values[0]])
    shown = min(height, _ROWS)
    figure.set_size_inches(3.2 * len(values) + 2, 0.22 * shown + 1.6)
    panels = figure.subplots(1, len(values), sharey=True, squeeze=False).ravel()
    places = list(range(shown))
    for axes, name in zip(panels, values, strict=True):
        middle, low, high = ([float(table[f"{name}{e}"][row]) for row in places] for e in ("", "_low", "_high"))
        axes.hlines(places, low, high, color=_BAND, linewidth=3)
        axes.plot(middle, places, "o", color=_INK, markersize=3)
        if min(low) < 0:
            axes.axvline(0, color="#888888", linewidth=0.5)
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=7)
    panels[0].set_yticks(places, [", ".join(str(table[key][row]) for key in keys) or "all" for row in places])
    panels[0].invert_yaxis()
    more = f" (the first {shown} of {height} cells)" if height > shown else ""
    figure.suptitle(f"by {', '.join(keys) or 'nothing'}{more}", fontsize=10)
