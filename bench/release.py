"""Measures releases: noise, an attack, errors as stated, a year of running counts, 10 million rows, overspending.

    python -m bench.release [--only noise|error|year|rows|budget] [--rows N] [--json FILE]

Prints one table: every figure for which something is wanted says "ok" or "SHORT". The exit code is 1 if one is short.
Nothing is read but what it makes itself; a PostgreSQL server is started where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.release_budget import budget_rows
from bench.release_figures import Line
from bench.release_noise import error_rows, noise_rows, year_rows
from bench.release_tables import table_rows
from bench.table import aligned, cell, plain

__all__ = ["main"]

_ROWS = 10_000_000


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark, print the table and return 0, or 1 if a figure falls short."""
    args = _arguments(words)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as folder:
        parts: dict[str, Callable[[], list[Line]]] = {
            "noise": noise_rows,
            "error": lambda: error_rows(Path(folder)),
            "year": year_rows,
            "rows": lambda: table_rows(Path(folder), args.rows),
            "budget": lambda: budget_rows(Path(folder)),
        }
        for name in dict.fromkeys(args.only or parts):
            print(f"{name} ...", file=sys.stderr, flush=True)
            lines += parts[name]()
    print(aligned(("what", "figure", "unit"), [(line.what, cell(line.figure, line.form), line.unit) for line in lines]))
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores.")
    if args.json is not None:
        record = [{"what": line.what, "unit": line.unit, "figure": plain(line.figure)} for line in lines]
        args.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return int(any(line.figure.short for line in lines))


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=("noise", "error", "year", "rows", "budget"))
    parser.add_argument("--rows", type=int, default=_ROWS, help=f"rows of the large table (default: {_ROWS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
