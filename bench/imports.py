"""Measures how long `unseen --help` and `import unseen` take, as whole processes.

    python -m bench.imports [--runs N]

Prints the median of each beside the limit and the time an empty Python takes; the exit code is 1 above the limit.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

__all__ = ["COMMANDS", "LIMIT_S", "main", "median_seconds"]

LIMIT_S = 0.3
COMMANDS: dict[str, list[str]] = {
    "unseen --help": ["-m", "unseen", "--help"],
    "import unseen": ["-c", "import unseen"],
}


def median_seconds(words: Sequence[str], runs: int) -> float:
    """Return the median time of a Python process over `runs` runs, after one that fills the file cache."""
    command = [sys.executable, *words]
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def main(words: Sequence[str] | None = None) -> int:
    """Print the medians and return 0, or 1 if one is above the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="timed runs of each (default: 10)")
    runs = max(1, parser.parse_args(words).runs)
    print(f"{'empty Python':15} {median_seconds(['-c', 'pass'], runs):.3f} s, median of {runs}")
    short = False
    for name, command in COMMANDS.items():
        seconds = median_seconds(command, runs)
        short |= seconds > LIMIT_S
        print(f"{name:15} {seconds:.3f} s, median of {runs} {'SHORT' if seconds > LIMIT_S else 'ok'} <= {LIMIT_S}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
