"""Noise against what is stated of it: its distribution, an attack, errors of releases, and a year of running counts."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.release_figures import Line, at_least, at_most
from bench.wanted import Figure
from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.core.privacy import Cost, Noise
from unseen.core.releases import ReleaseJob
from unseen.dp.budget import cost_of, limit_of
from unseen.dp.continual import Scheme, SquareRoot, Tree
from unseen.dp.noise import Contributions, half_width, noise_for, probability, variance

__all__ = ["error_rows", "noise_rows", "year_rows"]

_DRAWS = 20_000
_HOURS = 8760
#: What one person adds in the attack: 2 tracks in the same 3 cells.
_PERSON = Contributions(3, 2)
_ONE = Fraction(1)


def _costs(epsilon: Fraction = _ONE, delta: Fraction = Fraction(1, 10**6)) -> dict[str, tuple[Cost, float]]:
    """Return costs by kind of noise, each with its delta."""
    pure, other = limit_of(epsilon, Fraction(), "ever"), limit_of(epsilon, delta, "ever")
    return {"laplace": (cost_of(pure, [_ONE])[0], 0.0), "gaussian": (cost_of(other, [_ONE])[0], float(delta))}


def noise_rows() -> list[Line]:
    """Draw 20,000 times from each kind of noise; tell tables with and without one person apart in as many trials."""
    from scipy.stats import chisquare  # type: ignore[import-untyped]

    lines = []
    most = _PERSON.distances
    for kind, (cost, delta) in _costs(delta=Fraction(1, 1000)).items():
        noise = noise_for(cost, most)
        drawn = OpenDpNoise().add(np.zeros(_DRAWS, dtype=np.int64), noise, most, cost)
        p = float(chisquare(*_binned(drawn, noise)).pvalue)
        ratio = float(drawn.std()) / math.sqrt(variance(noise))
        inside = float((np.abs(drawn) <= half_width(noise)).mean())
        lines += [
            Line(f"{kind}: chi-square of {_DRAWS} draws, p", at_least(p, 1e-4)),
            Line(f"{kind}: standard deviation, drawn / stated, off by", at_most(abs(ratio - 1), 0.05), "", ".4f"),
            Line(f"{kind}: share within the 95 % interval", at_least(inside, 0.945), "", ".4f"),
            Line(f"{kind}: tables with or without a person, epsilon shown", _attacked(noise, cost, delta), "stated 1"),
        ]
    return lines


def _attacked(noise: Noise, cost: Cost, delta: float) -> Figure:
    """Attack by the likelihood ratio of all cells that a person changes, the best that there is."""
    change = np.full((_DRAWS, _PERSON.cells), _PERSON.each, dtype=np.int64)

    def ratio(table: NDArray[np.int64]) -> NDArray[np.float64]:
        seen = OpenDpNoise().add(table, noise, _PERSON.distances, cost)
        scores: NDArray[np.float64]
        if noise.kind == "laplace":
            scores = ((np.abs(seen) - np.abs(seen - change)) / noise.scale).sum(axis=1)
        else:
            scores = ((seen**2 - (seen - change) ** 2) / (2 * noise.scale**2)).sum(axis=1)
        return scores

    return at_most(_attack(ratio(change), ratio(np.zeros_like(change)), delta), 1.0)


def _binned(drawn: NDArray[np.int64], noise: Noise) -> tuple[list[int], list[float]]:
    """Return how often each value came and should come, tails together."""
    end = half_width(noise, 0.998)
    values = np.clip(drawn, -end, end)
    inner = [probability(noise, x) for x in range(-end + 1, end)]
    tail = (1 - sum(inner)) / 2
    seen = [int((values == x).sum()) for x in range(-end, end + 1)]
    return seen, [_DRAWS * p for p in (tail, *inner, tail)]


def _attack(with_unit: NDArray[np.float64], without: NDArray[np.float64], delta: float) -> float:
    """Return the most epsilon that a threshold on scores shows for sure: the lower end of a 95 % interval.

    The interval is Bonferroni's over all thresholds, each with Clopper and Pearson's bounds (Jagielski et al. 2020).
    """
    from scipy.stats import beta

    trials, thresholds = len(without), np.unique(np.quantile(with_unit, np.linspace(0.01, 0.99, 40)))
    error = 0.05 / (2 * len(thresholds))
    best = 0.0
    for threshold in thresholds:
        hits, false = int((with_unit >= threshold).sum()), int((without >= threshold).sum())
        low = float(beta.ppf(error, hits, trials - hits + 1)) if hits else 0.0
        high = float(beta.ppf(1 - error, false + 1, trials - false)) if false < trials else 1.0
        if low > delta:
            best = max(best, math.log((low - delta) / high))
    return best


def error_rows(folder: Path) -> list[Line]:
    """Release tables of counts and compare their errors with those that stand in the release."""
    import polars as pl

    from unseen.engine.publish import publish

    lines = []
    for kind, delta in (("laplace", Fraction()), ("gaussian", Fraction(1, 10**6))):
        table = _table(folder / f"{kind}.parquet", hours=24 * 200)
        public = folder / f"public-{kind}.csv"
        job = ReleaseJob(table, public, _ONE, delta, "person-day", "day", str(folder / "errors.sqlite"), dataset=kind)
        facts = publish(job).facts
        released, true = pl.read_csv(public), pl.read_parquet(table)["count"].to_numpy()
        error = released["count"].to_numpy() - true
        stated = math.sqrt(variance(Noise(facts["noise"][0]["kind"], facts["noise"][0]["scale"])))
        low, high = released["count_low"].to_numpy(), released["count_high"].to_numpy()
        inside = float(((low <= true) & (true <= high)).mean())
        name = f"release, {kind}"
        lines += [
            Line(f"{name}: error of {len(error)} cells", Figure(float(error.std())), f"stated {stated:.3f}"),
            Line(f"{name}: error, empirical / stated, off by", at_most(abs(error.std() / stated - 1), 0.05)),
            Line(f"{name}: mean error / standard error", at_most(_mean_off(error), 4.0)),
            Line(f"{name}: share within the stated interval", at_least(inside, 0.94)),
        ]
    return lines


def _mean_off(error: NDArray[np.float64]) -> float:
    return abs(float(error.mean())) / (float(error.std()) / math.sqrt(len(error)))


def _table(path: Path, hours: int) -> Path:
    """Write a table of counts by hours, 2 lines and 2 classes; a person makes 3 tracks of at most 2 cells a day."""
    import polars as pl

    starts = np.datetime64("2025-01-01T00:00:00") + np.arange(hours + 1) * np.timedelta64(1, "h")
    domain = {"interval_start": [f"{time}Z" for time in starts[:-1]], "line": ["a", "b"], "class": ["person", "car"]}
    rows = list(itertools.product(*domain.values()))
    frame = pl.DataFrame(rows, schema=list(domain), orient="row")
    counts = np.random.default_rng(1).poisson(100, len(rows))
    facts = {
        **{"version": 1, "table": "crossings", "keys": list(domain), "domain": domain, "count": "count", "bound": 2},
        **{"mechanism": "random", "unit": "track", "tracks_per_unit": 3, "id_switch_rate": 0.2, "interval_s": 3600},
        **{"start": f"{starts[0]}Z", "end": f"{starts[-1]}Z"},
    }
    frame.with_columns(count=pl.Series(counts)).write_parquet(path, metadata={"unseen.counts": json.dumps(facts)})
    return path


def year_rows() -> list[Line]:
    """Publish running counts of every hour of a year, epsilon 1 a person-day, beside what is released once."""
    lines = []
    for name, most in (
        ("1 event a person-day", Contributions(1, 1)),
        ("3 tracks with 2 cells each", Contributions(2, 3)),
    ):
        pure, gaussian = (cost for cost, _ in _costs().values())
        once = {kind: variance(noise_for(cost, most.distances)) for kind, (cost, _) in _costs().items()}
        lines += _year(f"year, {name}: square root, delta 1e-6", SquareRoot(_HOURS, most), gaussian, once["gaussian"])
        lines += _year(f"year, {name}: tree, delta 0", Tree(most, _HOURS), pure, once["laplace"])
        lines += _year(f"year, {name}: tree without horizon, delta 0", Tree(most), pure, once["laplace"])
        for kind, spread in once.items():
            lines.append(
                Line(
                    f"year, {name}: one-off, {kind}: one count, or the year's total once",
                    Figure(math.sqrt(spread)),
                    "error",
                )
            )
            naive = math.sqrt(spread * (_HOURS + 1) / 2)
            lines.append(
                Line(
                    f"year, {name}: one-off, {kind}: hourly counts added up, mean over the year", Figure(naive), "error"
                )
            )
    return lines  # fmt: skip


def _year(name: str, scheme: Scheme, cost: Cost, once: float) -> list[Line]:
    """Draw a year's noise for 20 streams; its error must be the one that is stated."""
    streams = 20
    distances = [scheme.distances(step) for step in range(_HOURS)]
    known = {most: noise_for(cost, most) for most in set(distances)}
    measured = np.zeros((_HOURS, streams), dtype=np.int64)
    for most, noise in known.items():
        rows = [i for i, other in enumerate(distances) if other == most]
        measured[rows] = OpenDpNoise().add(measured[rows], noise, most, cost)
    stated = math.sqrt(scheme.spread(np.array([[variance(known[most])] for most in distances])).mean())
    error = scheme.publish(measured.astype(np.float64))
    end = math.sqrt(scheme.spread(np.array([[variance(known[most])] for most in distances]))[-1, 0])
    # Errors of one stream hang together, so that streams are what is counted.
    squares = (error**2).mean(axis=0)
    off = 1.96 * float(squares.std(ddof=1)) / math.sqrt(streams)
    mean = float(squares.mean())
    drawn = Figure(math.sqrt(mean), (math.sqrt(max(mean - off, 0.0)), math.sqrt(mean + off)))
    return [
        Line(
            f"{name}: running count, mean over the year",
            drawn,
            f"error, stated {stated:.1f}; at the end {end:.1f}",
        ),
        Line(f"{name}: as many times the error of one count", Figure(stated / math.sqrt(once)), "times"),
    ]
