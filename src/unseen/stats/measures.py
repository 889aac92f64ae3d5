"""What can be released of each cell: counts, sums, means, quantiles; each from whole numbers with noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unseen.core.privacy import Noise
from unseen.core.tabulation import Tally, Whole
from unseen.dp.noise import CONFIDENCE, half_width, variance

__all__ = ["COLUMN_ENDS", "Columns", "Count", "Mean", "Measure", "Noisy", "Quantiles", "Ratio", "Sum"]

Real = NDArray[np.float64]
#: What names of columns end in beside the value's own.
COLUMN_ENDS = ("", "_noise_low", "_noise_high", "_bias", "_low", "_high", "_nonnegative")
#: Columns of a published table by name, one value a cell.
Columns = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Noisy:
    """A vector with noise, and the noise's distribution."""

    values: Whole
    noise: Noise


@dataclass(frozen=True, slots=True)
class Ratio:
    """An estimate of rows left out for each row kept, and the ends of its interval, which errs in a third of 5 %."""

    estimate: float
    low: float
    high: float


class Measure(Protocol):
    """One thing that is released of each cell; `weight` says how much of the budget goes to it, beside the others."""

    @property
    def name(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns of values."""
        ...

    @property
    def weight(self) -> int: ...

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """The whole numbers that it needs."""
        ...

    def columns(self, noisy: Sequence[Noisy], bias: Ratio | None) -> Columns:
        """Return its columns: the value, the noise's 95 % interval, the bias if it is estimated, the total interval."""
        ...

    def error(self, noises: Sequence[Noise], rows: float) -> float:
        """Return the half width of the noise's interval that is to be expected in a cell of so many rows."""
        ...

    def as_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Count:
    """Rows in each cell; signed, because noise may lead below 0."""

    name: str = "count"
    weight: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Rows."""
        return (Tally("rows"),)

    def columns(self, noisy: Sequence[Noisy], bias: Ratio | None) -> Columns:
        """Return whole numbers."""
        return _linear(self.name, noisy[0], 1, bias)

    def error(self, noises: Sequence[Noise], rows: float) -> float:
        """The noise alone."""
        return half_width(noises[0])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "kind": "count"}


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a column whose values are clipped to bounds and rounded to multiples of a step."""

    name: str
    column: str
    lower: float
    upper: float
    step: float
    weight: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """The sum in steps."""
        return (Tally("sum", self.column, self.lower, self.upper, 0.0, self.step),)

    def columns(self, noisy: Sequence[Noisy], bias: Ratio | None) -> Columns:
        """Return multiples of the step."""
        return _linear(self.name, noisy[0], self.step, bias, self.tallies[0].each)

    def error(self, noises: Sequence[Noise], rows: float) -> float:
        """The noise alone, in the column's unit."""
        return half_width(noises[0]) * self.step

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "kind": "sum", **_bounds(self), "step": self.step}


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean of such a column: the sum of differences from the middle of the bounds, over the count, both with noise."""

    name: str
    column: str
    lower: float
    upper: float
    step: float
    weight: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """The differences in steps, and the rows."""
        centre = (self.lower + self.upper) / 2
        return Tally("sum", self.column, self.lower, self.upper, centre, self.step), Tally("rows")

    def columns(self, noisy: Sequence[Noisy], bias: Ratio | None) -> Columns:
        """Return means within the bounds, with intervals that hold for sum and count together."""
        centre = (self.lower + self.upper) / 2
        sums, counts = noisy[0].values.astype(float), noisy[1].values.astype(float)
        each = 1 - (1 - CONFIDENCE) / 2
        wide, off = half_width(noisy[0].noise, each), half_width(noisy[1].noise, each)
        mean = centre + self.step * sums / np.maximum(counts, 1)
        ends = [self.step * (sums + s * wide) / np.maximum(counts + c * off, 1) for s in (-1, 1) for c in (-1, 1)]
        known = counts - off >= 1
        low = np.where(known, centre + np.min(ends, axis=0), self.lower)
        high = np.where(known, centre + np.max(ends, axis=0), self.upper)
        clipped = [np.clip(v, self.lower, self.upper).tolist() for v in (mean, low, high)]
        return _named(self.name, clipped[0], clipped[1], clipped[2])

    def error(self, noises: Sequence[Noise], rows: float) -> float:
        """By the noise of sum and count, for a mean at a quarter of the bounds from their middle."""
        half = (self.upper - self.lower) / 2
        rows = max(rows, 1.0)
        spread = math.hypot(
            self.step * math.sqrt(variance(noises[0])) / rows, half / 2 * math.sqrt(variance(noises[1])) / rows
        )
        return min(half, NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * spread)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "kind": "mean", **_bounds(self), "step": self.step}


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of such a column, read from counts in `bins` ranges of equal width."""

    name: str
    column: str
    lower: float
    upper: float
    bins: int
    shares: tuple[float, ...]
    weight: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """One for each share, as speed_85."""
        return tuple(f"{self.name}_{100 * share:g}".replace(".", "_") for share in self.shares)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Rows in each range."""
        return (Tally("bins", self.column, self.lower, self.upper, bins=self.bins),)

    def columns(self, noisy: Sequence[Noisy], bias: Ratio | None) -> Columns:
        """Return each quantile; its interval holds every range that could hold it."""
        counts = noisy[0].values.reshape(-1, self.bins).astype(float)
        columns: Columns = {}
        for name, share in zip(self.names, self.shares, strict=True):
            found = [self._one(row, share, variance(noisy[0].noise)) for row in counts]
            columns |= _named(name, *map(list, zip(*found, strict=True)))
        return columns

    def _one(self, counts: Real, share: float, spread: float) -> tuple[float, float, float]:
        """Return a quantile and the ends of its interval.

        At each edge the rows below it are compared with their share of all rows. A range could hold the quantile if,
        within what noise explains, not too many lie below its lower edge and enough below its upper.
        """
        edges = np.linspace(self.lower, self.upper, self.bins + 1)
        below = np.concatenate([[0.0], np.cumsum(counts)]) - share * counts.sum()
        number = np.arange(self.bins + 1)
        noise = np.sqrt(spread * ((1 - share) ** 2 * number + share**2 * (self.bins - number)))
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        could = np.flatnonzero((below[:-1] <= z * noise[:-1]) & (below[1:] >= -z * noise[1:]))
        if counts.sum() <= z * math.sqrt(spread * self.bins) or not could.size:
            return float((self.lower + self.upper) / 2), self.lower, self.upper
        at = min(int(np.searchsorted(np.maximum.accumulate(below[1:]), 0.0)), self.bins - 1)
        inside = float(np.clip(-below[at] / max(below[at + 1] - below[at], 1e-9), 0, 1))
        value = float(edges[at] + inside * (edges[at + 1] - edges[at]))
        low, high = float(edges[could[0]]), float(edges[could[-1] + 1])
        return min(max(value, low), high), low, high

    def error(self, noises: Sequence[Noise], rows: float) -> float:
        """For rows that are spread evenly between the bounds: the noise of the rows below the middle, and a range."""
        spread = math.sqrt(variance(noises[0]) * self.bins / 4)
        width = (self.upper - self.lower) * NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * spread / max(rows, 1.0)
        return min((self.upper - self.lower) / 2, width + (self.upper - self.lower) / self.bins)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "kind": "quantile", **_bounds(self), "bins": self.bins, "q": list(self.shares)}


def _bounds(measure: Sum | Mean | Quantiles) -> dict[str, Any]:
    return {"column": measure.column, "lower": measure.lower, "upper": measure.upper}


def _named(name: str, value: list[Any], low: list[Any], high: list[Any]) -> Columns:
    """Name the columns of a measure for which no bias is estimated."""
    return {name: value, **_ends(f"{name}_noise", low, high), **_ends(name, low, high)}


def _ends(name: str, low: list[Any], high: list[Any]) -> Columns:
    return {f"{name}_low": low, f"{name}_high": high}


def _linear(name: str, noisy: Noisy, step: float, bias: Ratio | None, largest: int = 1) -> Columns:
    """Return the columns of something that is added up: the value, noise, bias, and all together.

    One row adds `largest` steps at the most.
    """
    values = noisy.values
    wide = half_width(noisy.noise)
    columns: Columns = {name: (values * step).tolist()}
    columns |= _ends(f"{name}_noise", ((values - wide) * step).tolist(), ((values + wide) * step).tolist())
    if bias is None:
        return columns | _ends(name, ((values - wide) * step).tolist(), ((values + wide) * step).tolist())
    columns[f"{name}_bias"] = (values * step * -bias.estimate).tolist()
    # A third of what may err for each: the noise, the estimate of the bias, and which rows were chosen at random.
    each = 1 - (1 - CONFIDENCE) / 3
    wide = half_width(noisy.noise, each)
    chosen = NormalDist().inv_cdf((1 + each) / 2) * _spread_of_choice(np.abs(values) + wide, largest, bias.high)
    ends = [(values + s * wide) * (1 + r) + s * chosen for s in (-1, 1) for r in (bias.low, bias.high)]
    return columns | _ends(name, (step * np.min(ends, axis=0)).tolist(), (step * np.max(ends, axis=0)).tolist())


def _spread_of_choice(kept: Real, largest: int, ratio: float) -> Real:
    """Return the standard deviation of a total that is estimated from rows that were chosen at random.

    Of n rows that add up to N each was kept with chance p = 1 / (1 + ratio); N is estimated as what was kept, times
    1 + ratio. One row adds `largest` at the most, and all add with one sign.
    """
    spread: Real = np.sqrt(largest * kept * ratio * (1 + ratio))
    return spread
