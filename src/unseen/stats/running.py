"""Running counts of a table of counts: steps of time, streams of the other keys, and what is published of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from unseen.core.privacy import Cost, Limit, Noise
from unseen.core.tabulation import Grid, Whole
from unseen.dp.budget import cost_of, loss_of
from unseen.dp.continual import Scheme, SquareRoot, Tree
from unseen.dp.noise import Contributions, noise_for, variance
from unseen.errors import UsageError
from unseen.stats.measures import Columns, Real
from unseen.stats.spec import Spec

__all__ = [
    "TIME",
    "Stream",
    "cumulative_epsilon",
    "expected_running_error",
    "increments_of",
    "running_columns",
    "stream_of",
]

#: The key of a table of counts that says when an interval begins.
TIME = "interval_start"
#: Standard deviations to either side that hold 95 % of a sum of noises: of one Laplace noise, the widest, or of
#: Gaussians.
_WIDE = {"laplace": 2.12, "gaussian": 1.96}


@dataclass(frozen=True, slots=True)
class Stream:
    """Running counts with their noise: the scheme, the whole cost for one unit, and the streams' grid without time.

    `column` names the counts; `end` is when the table's recording ends.
    """

    scheme: Scheme
    cost: Cost
    limit: Limit
    grid: Grid
    most: Contributions
    horizon: int | None
    interval_s: int
    column: str
    end: datetime

    def noise(self, step: int) -> Noise:
        """Return the noise of what is measured at a step."""
        return noise_for(self.cost, self.scheme.distances(step))

    def as_dict(self) -> dict[str, Any]:
        """Return what must not change while the stream goes on, as plain values."""
        return {
            "scheme": type(self.scheme).__name__,
            "epsilon": str(self.limit.epsilon),
            "delta": str(self.limit.delta),
            "per": self.limit.per,
            "horizon": self.horizon,
            "cells": self.most.cells,
            "each": self.most.each,
            "interval_s": self.interval_s,
            "keys": {key.name: list(key.values) for key in self.grid.keys},
        }


def stream_of(spec: Spec, horizon: int | None, limit: Limit) -> Stream:
    """Return the stream of a table of counts; raises UsageError for a table without intervals.

    With a horizon and a delta the square root of the running sums is measured, else sums over blocks.
    """
    facts = spec.facts
    if facts is None or facts.interval_s is None or TIME not in (key.name for key in spec.grid.keys):
        raise UsageError("running counts need a table of counts by intervals, as unseen count writes of crossings")
    (cost,) = cost_of(limit, [Fraction(1)])
    by_root = horizon is not None and not limit.pure
    scheme: Scheme = SquareRoot(horizon, spec.most) if by_root and horizon is not None else Tree(spec.most, horizon)
    grid = Grid(tuple(key for key in spec.grid.keys if key.name != TIME))
    return Stream(scheme, cost, limit, grid, spec.most, horizon, facts.interval_s, facts.column, facts.end)


def increments_of(spec: Spec, stream: Stream, counts: Whole) -> tuple[list[datetime], Whole]:
    """Return when each interval that is over begins, in order, and their counts, shape (steps, streams).

    Raises UsageError where intervals are not one after another.
    """
    keys = [key.name for key in spec.grid.keys]
    place = keys.index(TIME)
    times = [_time(value) for value in spec.grid.keys[place].values]
    table = np.moveaxis(counts.reshape(spec.grid.shape), place, 0).reshape(len(times), -1)
    order = sorted(range(len(times)), key=times.__getitem__)
    length = timedelta(seconds=stream.interval_s)
    starts = [times[i] for i in order]
    if any(later - earlier != length for earlier, later in pairwise(starts)):
        raise UsageError("the intervals of the table are not one after another")
    over = [i for i in order if times[i] + length <= stream.end]
    return [times[i] for i in over], np.ascontiguousarray(table[over])


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(f"the key {TIME} holds what is no time") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def running_columns(stream: Stream, measured: Whole, name: str) -> Columns:
    """Return running counts and the ends of their 95 % intervals, a row for each step and stream.

    They are rounded to whole numbers, outward the ends: computed from what has noise alone.
    """
    totals = stream.scheme.publish(measured.astype(np.float64))
    spread = np.sqrt(_spreads(stream, len(measured)))
    wide = _WIDE["laplace" if stream.limit.pure else "gaussian"] * spread[:, np.newaxis]
    low = np.floor(totals - wide + 1e-9).astype(np.int64).ravel().tolist()
    high = np.ceil(totals + wide - 1e-9).astype(np.int64).ravel().tolist()
    whole = np.rint(totals).astype(np.int64).ravel().tolist()
    return {
        name: whole,
        f"{name}_noise_low": low,
        f"{name}_noise_high": high,
        f"{name}_low": list(low),
        f"{name}_high": list(high),
    }


def _spreads(stream: Stream, steps: int) -> Real:
    """Return the variance of the running count after each step."""
    distances = [stream.scheme.distances(step) for step in range(steps)]
    known = {most: variance(noise_for(stream.cost, most)) for most in set(distances)}
    return stream.scheme.spread(np.array([[known[most]] for most in distances]))[:, 0]


def expected_running_error(stream: Stream, steps: int) -> float:
    """Return the half width of the 95 % interval of the last running count."""
    kind = "laplace" if stream.limit.pure else "gaussian"
    return _WIDE[kind] * math.sqrt(float(_spreads(stream, steps)[-1]))


def cumulative_epsilon(stream: Stream, days: int) -> float:
    """Return a bound of epsilon for who is there on each of so many days, at the stream's delta.

    By group privacy: loss grows with the days in pure privacy, and with their square in zCDP. For the square root it is
    no more than if all contributions followed each other from the first step on.
    """
    if stream.limit.pure:
        return days * loss_of([stream.cost], 0.0)
    times = Fraction(days * days)
    if isinstance(stream.scheme, SquareRoot):
        many = Contributions(stream.most.cells * days, stream.most.each)
        one, all_ = stream.scheme.changed_by(stream.most).l2_squared, stream.scheme.changed_by(many).l2_squared
        times = min(times, Fraction(all_, one))
    part = stream.cost.parts[0]
    grown = Cost((type(part)(part.kind, part.rho * times),))
    return loss_of([grown], float(stream.limit.delta))
