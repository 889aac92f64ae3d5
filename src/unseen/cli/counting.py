"""The words that ask for counts, which several verbs share, and what is printed of counts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.core.counts import Counted, Counting, CountTable, parse_time
from unseen.core.names import display
from unseen.errors import UsageError

__all__ = ["add_counting", "add_terms", "counting_from", "print_counted"]


def add_counting(group: Any) -> None:
    """Add the words that ask for counts beside something else."""
    group.add_argument(
        "--count",
        metavar="SCENE.yaml",
        type=Path,
        help="count what crosses the lines and stays in the zones",
    )
    group.add_argument(
        "--counts", metavar="FILE", type=Path, help="where the counts go: a .parquet or .csv file; others lie beside it"
    )
    add_terms(group)


def add_terms(group: Any) -> None:
    """Add the words that say how it is counted."""
    group.add_argument(
        "--interval",
        metavar="SECONDS",
        type=int,
        default=900,
        help="length of an interval; must divide a day (default: 900)",
    )
    group.add_argument(
        "--bound",
        metavar="K",
        type=int,
        help="let each track add 1 to at most K cells of a table, chosen at random; unseen release needs it",
    )
    group.add_argument(
        "--tracks-per-unit",
        metavar="N",
        type=int,
        default=10,
        help="most tracks that one person or vehicle is assumed to make in a day; stated in the tables (default: 10)",
    )
    group.add_argument(
        "--id-switch-rate",
        metavar="SHARE",
        type=float,
        default=0.4,
        help="share of tracks that are assumed to break off and go on as another; stated in the tables (default: 0.4)",
    )
    group.add_argument(
        "--start",
        metavar="TIME",
        action="append",
        default=[],
        help="when the recording begins, as 2026-01-01T08:00:00Z; said once, or once a video; "
        "where it is said once videos follow each other; without it times count from 1970",
    )
    group.add_argument("--no-charts", action="store_true", help="write tables only, no charts and no summary page")


def counting_from(args: argparse.Namespace, scene: Path | None, out: Path | None) -> Counting | None:
    """Return how it is counted, None if it is not; raises UsageError."""
    if scene is None and out is None:
        return None
    if scene is None or out is None:
        raise UsageError("counts need a scene and a file; say --count SCENE.yaml --counts FILE.parquet")
    return Counting(
        scene=scene,
        out=out,
        interval_s=args.interval,
        bound=args.bound,
        tracks_per_unit=args.tracks_per_unit,
        id_switch_rate=args.id_switch_rate,
        starts=tuple(parse_time(text) for text in args.start),
        charts=not args.no_charts,
    )


def _print_dropped(tables: Sequence[CountTable]) -> None:
    """Say which columns the policy took away."""
    dropped = sorted({key for table in tables for key in table.dropped})
    if dropped:
        print(f"note: the policy decided: not told apart by {', '.join(dropped)}")


def print_counted(counted: Counted) -> None:
    """Print the totals, what they do not guarantee, and where they are."""
    for table in counted.tables:
        if table.name == "crossings" and not table.dropped:
            for (line, direction, cls), count in table.by("line", "direction", "class").items():
                if count:
                    print(f"{line}, {direction}: {count} {cls}")
        if table.name == "dwell" and not table.dropped:
            for (zone, cls), count in table.by("zone", "class").items():
                if count:
                    print(f"{zone}: {count} {'stays' if count > 1 else 'stay'}, {cls}")
    _print_dropped(counted.tables)
    asked = counted.tables[0].asked
    if not asked.starts:
        print("note: the recording's time is not known, so times count from 1970-01-01T00:00:00Z; say --start")
    if asked.bound is None:
        print("note: exact counts, not bounded by track: not for publishing; say --bound K, then unseen release")
    print(f"counts: {', '.join(display(path) for path in counted.files)}")
