"""Charts of tables of counts by Matplotlib: one figure a table, as bytes of PNG and of SVG."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from unseen.core.counts import CountTable, TableName

__all__ = ["TITLES", "chart"]

TITLES: Mapping[TableName, str] = {
    "crossings": "Crossings of lines",
    "occupancy": "How many are in a zone",
    "dwell": "How long they stay in a zone",
    "od": "From zone to zone",
    "speed": "Speed at lines",
    "heat": "Where they pass",
}
#: Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
_COLOURS: Mapping[str, str] = {
    "person": "#0072b2",
    "bicycle": "#009e73",
    "car": "#d55e00",
    "motorcycle": "#e69f00",
    "bus": "#cc79a7",
    "truck": "#56b4e9",
}
_INK, _PALE = "#333333", "#e4e4e4"
#: Lines or zones that a chart shows at most; the table has all.
_MOST_PANELS = 12
#: Rules of Matplotlib that hold for all figures; the salt makes names inside of an SVG the same each time.
_RULES: Any = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.axisbelow": True,
    "svg.hashsalt": "unseen",
}


def chart(table: CountTable) -> tuple[bytes, bytes]:
    """Return a chart of a table as PNG and as SVG; they hold no metadata but the title."""
    import matplotlib as mpl

    with mpl.rc_context(_RULES):
        figure = _DRAWERS[table.name](table)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=144, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return png.getvalue(), svg.getvalue()


def _figure(table: CountTable, panels: int, height: float = 2.2) -> tuple[Any, list[Any]]:
    """Return a figure with panels one below the other, under the table's title and time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.7 + height * panels), layout="constrained")
    figure.suptitle(f"{TITLES[table.name]}\n{_period(table)}", x=0.01, ha="left", fontsize=11, color=_INK)
    return figure, list(figure.subplots(panels, 1, squeeze=False)[:, 0])


def _period(table: CountTable) -> str:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (table.start, table.end))
    same = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%M:%S} to {end:{'%H:%M:%S' if same else '%Y-%m-%d %H:%M:%S'}} UTC"


def _panels(table: CountTable, key: str) -> tuple[Any, Any]:
    """Return a figure, and its panels with the name that each is for: of a line, or of a zone."""
    names = table.domain[key][:_MOST_PANELS]
    figure, axes = _figure(table, len(names))
    more = len(table.domain[key]) - len(names)
    if more:
        figure.supxlabel(f"and {more} more in the table", fontsize=8)
    return figure, zip(axes, names, strict=True)


def _crossings(table: CountTable) -> Any:
    figure, panels = _panels(table, "line")
    times, counts = table.domain["interval_start"], table.by("interval_start", "line", "direction", "class")
    for axes, line in panels:
        axes.set_title(f"{line}: forward above, backward below", loc="left", fontsize=9)
        for direction, sign in (("forward", 1), ("backward", -1)):
            rows = {c: [sign * counts[t, line, direction, c] for t in times] for c in table.domain["class"]}
            _stacked(axes, range(len(times)), rows)
        axes.axhline(0, color=_INK, linewidth=0.8)
        _whole_numbers(axes, around_zero=True)
        _times(axes, times)
        _legend(axes)
    return figure


def _occupancy(table: CountTable) -> Any:
    figure, panels = _panels(table, "zone")
    times, means, most = table.domain["interval_start"], table.more["mean"], table.more.get("maximum", {})
    for axes, zone in panels:
        axes.set_title(f"{zone}: mean{', and maximum as a line' if most else ''}", loc="left", fontsize=9)
        for cls in table.domain["class"]:
            mean = [float(means.get((t, zone, cls), 0) or 0) for t in times]
            if any(mean):
                places = _beside(axes, len(times), mean, cls, table, zone)
                highest = [int(most.get((t, zone, cls), 0) or 0) for t in times]
                if most:
                    axes.hlines(highest, *places, color=_COLOURS[cls], linewidth=1.6)
        axes.set_ylim(bottom=0)
        _times(axes, times)
        _legend(axes)
    return figure


def _beside(
    axes: Any, count: int, values: Sequence[float], cls: str, table: CountTable, zone: str
) -> tuple[list[float], list[float]]:
    """Draw bars of a class beside those of other classes; return their left and right edges."""
    means = table.more["mean"]
    shown = [c for c in table.domain["class"] if any(cell[1:] == (zone, c) and value for cell, value in means.items())]
    width = 0.8 / len(shown)
    left = [i - 0.4 + shown.index(cls) * width for i in range(count)]
    axes.bar(left, values, width, align="edge", color=_COLOURS[cls], alpha=0.75, label=cls)
    return left, [x + width for x in left]


def _dwell(table: CountTable) -> Any:
    return _histogram(table, "zone", "seconds_from", "seconds")


def _speed(table: CountTable) -> Any:
    return _histogram(table, "line", "kmh_from", "km/h")


def _histogram(table: CountTable, panel: str, key: str, unit: str) -> Any:
    figure, panels = _panels(table, panel)
    bounds, counts = table.domain[key], table.by(panel, "class", key)
    labels = [*(f"{a}-{b}" for a, b in pairwise(bounds)), f"{bounds[-1]}+"]
    for axes, name in panels:
        axes.set_title(f"{name}: {unit}", loc="left", fontsize=9)
        _stacked(axes, range(len(bounds)), {c: [counts[name, c, b] for b in bounds] for c in table.domain["class"]})
        axes.set_xticks(range(len(bounds)), labels, rotation=45 if len(bounds) > 14 else 0, fontsize=7)
        axes.set_xlim(-0.6, len(bounds) - 0.4)
        _whole_numbers(axes)
        _legend(axes)
    return figure


def _od(table: CountTable) -> Any:
    zones, counts = table.domain["origin"], table.by("origin", "destination")
    figure, (axes,) = _figure(table, 1, height=max(2.6, 0.5 * len(zones) + 1.2))
    rows = [[counts[a, b] for b in zones] for a in zones]
    most = max(1, *(count for row in rows for count in row))
    axes.imshow(rows, cmap="Blues", vmin=0, vmax=most * 1.2)
    for i, row in enumerate(rows):
        for j, count in enumerate(row):
            axes.text(j, i, count, ha="center", va="center", color="white" if count > 0.7 * most else _INK)
    axes.set_xticks(range(len(zones)), zones, rotation=30, ha="right")
    axes.set_yticks(range(len(zones)), zones)
    axes.set_xlabel("last zone")
    axes.set_ylabel("first zone")
    axes.spines[:].set_visible(False)
    return figure


def _heat(table: CountTable) -> Any:
    from matplotlib.ticker import MaxNLocator

    columns, rows = table.domain["column"], table.domain["row"]
    counts = table.by("row", "column")
    figure, (axes,) = _figure(table, 1, height=6.0 * len(rows) / len(columns) + 0.4)
    drawn = axes.imshow([[counts[r, c] for c in columns] for r in rows], cmap="Blues", vmin=0, aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    figure.colorbar(drawn, ax=axes, label="tracks that passed", shrink=0.8, ticks=MaxNLocator(integer=True, nbins=6))
    return figure


def _stacked(axes: Any, places: Sequence[int], rows: Mapping[str, Sequence[int]]) -> None:
    """Draw bars of each class on those of the class before; classes without counts are left out."""
    base = [0] * len(places)
    for cls, values in rows.items():
        if any(values):
            axes.bar(places, values, 0.8, base, color=_COLOURS[cls], label=cls)
            base = [a + b for a, b in zip(base, values, strict=True)]


def _times(axes: Any, times: Sequence[int]) -> None:
    """Write some of the times below the bars: the day where there are several."""
    step = max(1, -(-len(times) // 8))
    several = times[-1] - times[0] >= 86400
    form = "%d %b %H:%M" if several else "%H:%M:%S" if any(t % 60 for t in times) else "%H:%M"
    shown = range(0, len(times), step)
    axes.set_xticks(shown, [f"{datetime.fromtimestamp(times[i], UTC):{form}}" for i in shown], fontsize=8)
    axes.set_xlim(-0.6, max(len(times), 4) - 0.4)


def _whole_numbers(axes: Any, *, around_zero: bool = False) -> None:
    """Let the scale have whole numbers only, without a sign: below zero is the other direction."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = axes.get_ylim()
    most = max(1.0, abs(low), abs(high))
    axes.set_ylim(-most if around_zero else 0, most)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):.0f}"))
    axes.grid(axis="y", color=_PALE, linewidth=0.8)


def _legend(axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        axes.legend(unique.values(), unique.keys(), loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    else:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color=_INK)


_DRAWERS: Mapping[TableName, Callable[[CountTable], Any]] = {
    "crossings": _crossings,
    "occupancy": _occupancy,
    "dwell": _dwell,
    "od": _od,
    "speed": _speed,
    "heat": _heat,
}
