"""Facts of the noise: probabilities, spread, intervals, and the loss that follows from them, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.privacy import Cost, Distances, Noise
from unseen.dp.budget import cost_of, limit_of
from unseen.dp.noise import Contributions, half_width, noise_for, probability, variance

_SCALES = st.floats(0.2, 60.0)
_NOISES = st.builds(Noise, st.sampled_from(["laplace", "gaussian"]), _SCALES)


def _span(noise: Noise) -> range:
    end = math.ceil(noise.scale * 45) + 2
    return range(-end, end + 1)


@given(_NOISES)
def test_probabilities_add_up_and_give_the_variance(noise: Noise) -> None:
    chances = {x: probability(noise, x) for x in _span(noise)}
    assert sum(chances.values()) == pytest.approx(1, abs=1e-9)
    assert sum(x * x * p for x, p in chances.items()) == pytest.approx(variance(noise), rel=1e-6, abs=1e-12)


@given(_NOISES, st.floats(0.5, 0.999))
def test_interval_is_the_least_that_holds_enough(noise: Noise, confidence: float) -> None:
    wide = half_width(noise, confidence)
    inside = sum(probability(noise, x) for x in range(-wide, wide + 1))
    assert inside >= confidence - 1e-9
    if wide:
        assert inside - 2 * probability(noise, wide) < confidence + 1e-9


@given(st.fractions(Fraction(1, 20), 4), st.integers(1, 30))
def test_loss_of_laplace_noise_is_what_was_asked_for(epsilon: Fraction, distance: int) -> None:
    # Worst over all outputs: the ratio of probabilities when the true value moves by the whole distance.
    noise = noise_for(
        cost_of(limit_of(epsilon, Fraction(), "ever"), [Fraction(1)])[0], Distances(distance, distance**2)
    )
    losses = [
        math.log(probability(noise, x) / probability(noise, x - distance)) for x in range(-2 * distance, 2 * distance)
    ]
    assert max(losses) == pytest.approx(float(epsilon), rel=1e-6)


@given(st.floats(0.01, 2.0), st.integers(1, 8))
def test_renyi_loss_of_gaussian_noise_is_no_more_than_asked_for(rho: float, distance: int) -> None:
    # rho-zCDP: the Renyi divergence of every order is at most rho times the order.
    cost = cost_of(limit_of(Fraction(1), Fraction(1, 10**6), "ever"), [Fraction(1)])[0]
    noise = noise_for(Cost((type(cost.parts[0])("gaussian", Fraction(rho)),)), Distances(distance, distance**2))
    for order in (1.5, 2.0, 8.0):
        terms = [
            order * _log(noise, x) + (1 - order) * _log(noise, x - distance)
            for x in range(-int(20 * noise.scale) - 40 * distance, int(20 * noise.scale) + 40 * distance)
        ]
        top = max(terms)
        divergence = (top + math.log(sum(math.exp(t - top) for t in terms)) - _log_total(noise)) / (order - 1)
        assert divergence <= rho * order * (1 + 1e-6)


def _log(noise: Noise, value: int) -> float:
    return -(value**2) / (2 * noise.scale**2)


def _log_total(noise: Noise) -> float:
    return -math.log(probability(noise, 0))


def test_tracks_of_one_person_that_take_the_same_cells_are_the_worst() -> None:
    most = Contributions(cells=3, each=4).distances
    assert (most.l1, most.l2_squared) == (12, 48)


@given(st.lists(st.sets(st.integers(0, 9), max_size=3), max_size=4))
def test_no_tracks_change_a_table_by_more(tracks: list[set[int]]) -> None:
    changed = [sum(cell in track for track in tracks) for cell in range(10)]
    most = Contributions(cells=3, each=4).distances
    assert sum(changed) <= most.l1
    assert sum(value**2 for value in changed) <= most.l2_squared
