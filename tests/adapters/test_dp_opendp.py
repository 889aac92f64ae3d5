"""OpenDP's noise as we use it: drawn as stated, at the loss that is stated, measured from outside."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chisquare  # type: ignore[import-untyped]

from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.core.privacy import Cost, Distances, Noise, Part
from unseen.dp.budget import cost_of, limit_of
from unseen.dp.noise import half_width, noise_for, probability, variance
from unseen.errors import UnseenError, UsageError

_DRAWS = 20_000
_PURE = cost_of(limit_of(Fraction(1), Fraction(), "ever"), [Fraction(1)])[0]
_GAUSS = Cost((Part("gaussian", Fraction(1, 8)),))
_COSTS = pytest.mark.parametrize("cost", [_PURE, _GAUSS], ids=["laplace", "gaussian"])
_MOST = Distances(3, 9)


def _draw(cost: Cost, most: Distances, value: int = 0, draws: int = _DRAWS) -> np.ndarray:
    return OpenDpNoise().add(np.full(draws, value, dtype=np.int64), noise_for(cost, most), most, cost)


@_COSTS
def test_draws_are_distributed_as_stated(cost: Cost) -> None:
    # One test in a hundred thousand fails by chance.
    noise, drawn = noise_for(cost, _MOST), _draw(cost, _MOST)
    end = half_width(noise, 0.999)
    seen = Counter(int(np.clip(x, -end, end)) for x in drawn)
    inner = {x: probability(noise, x) for x in range(-end + 1, end)}
    tail = (1 - sum(inner.values())) / 2
    expected = {-end: tail, **inner, end: tail}
    chances = [_DRAWS * p for p in expected.values()]
    assert chisquare([seen[x] for x in expected], chances).pvalue > 1e-5
    assert drawn.var() == pytest.approx(variance(noise), rel=0.08)
    wide = half_width(noise)
    assert (np.abs(drawn) <= wide).mean() == pytest.approx(
        sum(probability(noise, x) for x in range(-wide, wide + 1)), abs=0.01
    )


def test_an_attack_that_tells_neighbours_apart_stays_under_the_bound_of_epsilon() -> None:
    # The best attack on one number is a threshold: from "above it" the attacker says that the unit is there. Whatever
    # the
    # threshold, its true positives are at most e**epsilon times its false ones (Wasserman and Zhou 2010).
    with_unit, without = _draw(_PURE, _MOST, value=_MOST.l1), _draw(_PURE, _MOST)
    for threshold in range(-3, 12):
        hit, false = (with_unit >= threshold).mean(), (without >= threshold).mean()
        error = 4.5 * math.sqrt(hit * (1 - hit) / _DRAWS + math.e**2 * false * (1 - false) / _DRAWS)
        assert hit <= math.e * false + error
    # And it is no empty bound: the best threshold comes close to it.
    assert max((with_unit >= t).mean() / (without >= t).mean() for t in range(2, 6)) > 0.9 * math.e


def test_the_attack_sees_noise_that_is_too_small() -> None:
    # A stated distance of 3 where neighbours differ by 6 is the kind of mistake that the test above must find.
    with_unit, without = _draw(_PURE, _MOST, value=2 * _MOST.l1), _draw(_PURE, _MOST)
    assert (with_unit >= 6).mean() > 2 * math.e * (without >= 6).mean()


def test_an_attack_on_gaussian_noise_stays_under_epsilon_and_delta() -> None:
    limit = limit_of(Fraction(1), Fraction(1, 1000), "ever")
    (cost,) = cost_of(limit, [Fraction(1)])
    with_unit, without = _draw(cost, _MOST, value=3), _draw(cost, _MOST)
    for threshold in range(0, 40, 4):
        hit, false = (with_unit >= threshold).mean(), (without >= threshold).mean()
        assert hit <= math.e * false + 1e-3 + 4.5 * math.sqrt((hit + math.e**2 * false) / _DRAWS)


@pytest.mark.parametrize("epsilon", ["0.1", "1/3", "0.7", "1", "3.3"])
@pytest.mark.parametrize("distance", [1, 3, 17, 1000])
def test_the_library_agrees_that_noise_costs_no_more(epsilon: str, distance: int) -> None:
    # Scales are rounded to floats; `add` refuses to draw where the library's own figure is above what was asked for.
    values = np.zeros((2, 2), dtype=np.int64)
    for limit in (
        limit_of(Fraction(epsilon), Fraction(), "ever"),
        limit_of(Fraction(epsilon), Fraction(1, 10**6), "ever"),
    ):
        (cost,) = cost_of(limit, [Fraction(1)])
        most = Distances(distance, distance**2)
        assert OpenDpNoise().add(values, noise_for(cost, most), most, cost).shape == (2, 2)


@_COSTS
def test_noise_that_would_cost_more_is_not_drawn(cost: Cost) -> None:
    wanted = noise_for(cost, _MOST)
    with pytest.raises(UnseenError, match="costs more than was asked for"):
        OpenDpNoise().add(np.zeros(1, dtype=np.int64), Noise(wanted.kind, wanted.scale * 0.999), _MOST, cost)


def test_sums_that_could_leave_64_bits_are_refused() -> None:
    with pytest.raises(UsageError, match="too large"):
        OpenDpNoise().add(np.array([2**62]), noise_for(_PURE, _MOST), _MOST, _PURE)


def test_nothing_gets_no_noise() -> None:
    assert OpenDpNoise().add(np.zeros((0, 3), dtype=np.int64), noise_for(_PURE, _MOST), _MOST, _PURE).shape == (0, 3)
