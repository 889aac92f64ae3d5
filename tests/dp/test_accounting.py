"""Conversions of privacy loss: they bound what the exact distributions say, and agree with each other."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unseen.dp.accounting import delta_of, epsilon_of, rho_of, rho_of_pure

_RHOS = st.floats(1e-6, 50.0)
_DELTAS = st.floats(1e-15, 0.1)


def _exact_delta(rho: float, epsilon: float) -> float:
    """The delta of Gaussian noise over the reals (Balle and Wang 2018, theorem 8)."""
    ratio = math.sqrt(2 * rho)
    return _tail(epsilon / ratio - ratio / 2) - math.exp(epsilon) * _tail(epsilon / ratio + ratio / 2)


def _tail(x: float) -> float:
    """How likely a normal variable is above x; 1 minus its distribution would have no digits left far out."""
    return math.erfc(x / math.sqrt(2)) / 2


@given(_RHOS, _DELTAS)
@example(0.140625, 1e-15)
def test_epsilon_of_zcdp_bounds_that_of_gaussian_noise(rho: float, delta: float) -> None:
    epsilon = epsilon_of(rho, delta)
    if epsilon < 300:
        assert _exact_delta(rho, epsilon) <= delta * (1 + 1e-6)


@given(_RHOS, _DELTAS)
def test_epsilon_is_never_worse_than_the_simple_formula(rho: float, delta: float) -> None:
    # Bun and Steinke 2016, proposition 1.3
    assert epsilon_of(rho, delta) <= rho + 2 * math.sqrt(rho * math.log(1 / delta)) + 1e-9


@given(st.floats(1e-4, 5.0), st.floats(1e-10, 1e-2))
def test_delta_and_epsilon_are_each_others_inverse(rho: float, delta: float) -> None:
    epsilon = epsilon_of(rho, delta)
    if epsilon > 0:
        assert delta_of(rho, epsilon) == pytest.approx(delta, rel=1e-3)


@given(st.fractions(Fraction(1, 100), 10), st.integers(3, 12))
def test_rho_is_the_most_that_means_no_more_than_asked_for(epsilon: Fraction, digits: int) -> None:
    delta = Fraction(1, 10**digits)
    rho = rho_of(epsilon, delta)
    assert epsilon_of(float(rho), float(delta)) <= float(epsilon) * (1 + 1e-9)
    assert epsilon_of(float(rho) * 1.001, float(delta)) > float(epsilon)
    assert rho.denominator < 10**20


def test_pure_loss_becomes_exact_rho() -> None:
    assert rho_of_pure(Fraction("0.1")) == Fraction(1, 200)


@pytest.mark.parametrize(("rho", "delta"), [(0.0, 0.1), (-1.0, 0.1), (1.0, 0.0), (1.0, 1.0), (math.nan, 0.1)])
def test_losses_that_make_no_sense_are_refused(rho: float, delta: float) -> None:
    with pytest.raises(ValueError, match="rho must be above 0"):
        epsilon_of(rho, delta)
