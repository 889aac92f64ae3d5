"""Photos a second of whole commands on the same folder of JPEG files: start, models, reading and writing included."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.rows import Row
from bench.samples import Sample, copy_photos
from bench.unseen_cli import Settings, UnseenRun, redact
from bench.wanted import Figure, Wanted

__all__ = ["alternate", "speed_row", "timed_unseen"]


def alternate(
    first: Callable[[], UnseenRun], second: Callable[[], float], runs: int
) -> tuple[list[UnseenRun], list[float]]:
    """Run Unseen and another command in turns, so that what else the machine does falls on both.

    Returns Unseen's runs and the other's seconds.
    """
    pairs = [(first(), second()) for _ in range(runs)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def timed_unseen(
    samples: list[Sample], settings: Settings, environ: Mapping[str, str], scratch: Path
) -> Callable[[], UnseenRun]:
    """Return a function that redacts a fresh copy of the photos; raises SystemExit when one is left out."""

    def run() -> UnseenRun:
        done = redact(copy_photos(samples, scratch / "in"), settings, environ, scratch / "run")
        if len(done.masks) != len(samples):
            raise SystemExit(
                f"unseen released {len(done.masks)} of {len(samples)} photos; its speed cannot be compared"
            )
        return done

    return run


def speed_row(
    data: str, run: str, classes: Sequence[str], photos: int, seconds: Sequence[float], wanted: Wanted | None = None
) -> Row:
    """Return a row with the median of photos a second, and the slowest and the fastest run."""
    rates = [photos / s for s in seconds]
    speed = Figure(statistics.median(rates), (min(rates), max(rates)) if len(rates) > 1 else None, wanted)
    size = f"{len(rates)} run{'s' if len(rates) > 1 else ''}"
    return Row(data, run, tuple(classes), labels="photos", size=size, n=photos, speed=speed)
