"""Running counts as they are published: intervals hold as stated, and the second figure of loss bounds many days."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest

from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.core.privacy import Cost, Part
from unseen.core.tabulation import Grid, Key
from unseen.dp.budget import limit_of, loss_of
from unseen.dp.continual import SquareRoot
from unseen.dp.noise import Contributions
from unseen.errors import UsageError
from unseen.stats.measures import Count
from unseen.stats.running import Stream, cumulative_epsilon, expected_running_error, running_columns, stream_of
from unseen.stats.spec import CountFacts, Spec

_STREAMS, _STEPS = 300, 20
_KINDS = pytest.mark.parametrize(
    ("delta", "horizon"),
    [(Fraction(1, 10**6), 48), (Fraction(), 48), (Fraction(), None), (Fraction(1, 10**6), None)],
    ids=["root", "tree", "open", "open gaussian"],
)


def _stream(delta: Fraction, horizon: int | None) -> Stream:
    facts = CountFacts("crossings", "count", 2, 3, 0.2, 3600, datetime(2026, 1, 2, tzinfo=UTC), None)
    times = Key("interval_start", tuple(f"2026-01-01T{h:02d}:00:00Z" for h in range(_STEPS)))
    grid = Grid((times, Key("line", tuple(map(str, range(_STREAMS))))))
    spec = Spec(grid, "person-day", Contributions(2, 3), (Count(),), facts=facts)
    return stream_of(spec, horizon, limit_of(Fraction(1), delta, "day"))


@_KINDS
def test_intervals_hold_as_often_as_stated(delta: Fraction, horizon: int | None) -> None:
    stream = _stream(delta, horizon)
    increments = np.random.default_rng(3).poisson(50, (_STEPS, _STREAMS))
    measured = np.empty_like(increments)
    for step in range(_STEPS):
        exact = stream.scheme.measure(increments[: step + 1])
        measured[step] = OpenDpNoise().add(exact, stream.noise(step), stream.scheme.distances(step), stream.cost)
    columns = running_columns(stream, measured, "total")
    true = increments.cumsum(axis=0).ravel()
    inside = (np.array(columns["total_low"]) <= true) & (true <= np.array(columns["total_high"]))
    assert 0.93 <= inside.mean() <= 0.985
    error = np.array(columns["total"]).reshape(_STEPS, _STREAMS)[-1] - true.reshape(_STEPS, _STREAMS)[-1]
    assert 1.96 * error.std() == pytest.approx(expected_running_error(stream, _STEPS), rel=0.25)


@_KINDS
def test_loss_of_many_days_is_bounded_by_group_privacy_and_no_less_than_that_of_one(
    delta: Fraction, horizon: int | None
) -> None:
    stream = _stream(delta, horizon)
    one, many = cumulative_epsilon(stream, 1), cumulative_epsilon(stream, 5)
    assert one == pytest.approx(1, rel=1e-6)
    part = stream.cost.parts[0]
    group = 5.0 if delta == 0 else loss_of([Cost((Part("gaussian", 25 * part.rho),))], float(delta))
    assert one < many <= group + 1e-9
    # The exact distance of the square root is less than five times that of one day.
    assert (many < group - 0.01) == isinstance(stream.scheme, SquareRoot)


def test_a_table_without_intervals_has_no_running_counts() -> None:
    spec = Spec(Grid((Key("zone", ("a",)),)), "person-day", Contributions(1, 1), (Count(),))
    with pytest.raises(UsageError, match="by intervals"):
        stream_of(spec, 10, limit_of(Fraction(1), Fraction(), "day"))


@_KINDS
def test_loss_that_an_attacker_measures_is_what_was_paid(delta: Fraction, horizon: int | None) -> None:
    # Each of the streams is one trial: the same unit is there, with 3 tracks in each of the first two steps, and all
    # that
    # is measured is seen. The attacker knows everything but the noise, and takes the logarithm of the likelihood ratio.
    stream = _stream(delta, horizon)
    unit = np.zeros((_STEPS, _STREAMS), dtype=np.int64)
    unit[:2] = stream.most.each
    loss = np.zeros(_STREAMS)
    for step in range(_STEPS):
        change = stream.scheme.measure(unit[: step + 1])
        noise = stream.noise(step)
        seen = OpenDpNoise().add(change, noise, stream.scheme.distances(step), stream.cost)
        if noise.kind == "laplace":
            loss += (np.abs(seen) - np.abs(seen - change)) / noise.scale
        else:
            loss += (seen**2 - (seen - change).astype(float) ** 2) / (2 * noise.scale**2)
    if delta == 0:
        assert loss.max() <= 1 + 1e-9
        return
    # Of Gaussian noise the mean is rho and the variance is twice that (Bun and Steinke 2016), if the unit is the worst.
    paid = float(stream.cost.rho)
    assert loss.mean() <= paid + 4.5 * np.sqrt(2 * paid / _STREAMS)
    if isinstance(stream.scheme, SquareRoot):
        assert loss.var() == pytest.approx(2 * paid * _seen_so_far(stream), rel=0.4)


def _seen_so_far(stream: Stream) -> float:
    """The share of the worst unit's distance that lies in the first steps, which are all that the test draws."""
    assert isinstance(stream.scheme, SquareRoot)
    together = stream.scheme.right.astype(float).copy()
    together[1:] += stream.scheme.right[:-1]
    return float((together[:_STEPS] ** 2).sum() / (together**2).sum())
