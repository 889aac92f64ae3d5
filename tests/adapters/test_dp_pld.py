"""Privacy loss distributions against the analytic bound, and against exact figures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from unseen.adapters.dp_pld import pld_epsilon
from unseen.core.privacy import Cost, Part
from unseen.dp.accounting import rho_of
from unseen.dp.budget import cost_of, limit_of, loss_of

_DELTA = 1e-6


def _pure(epsilon: str) -> Cost:
    return cost_of(limit_of(Fraction(epsilon), Fraction(), "ever"), [Fraction(1)])[0]


def _gauss(rho: Fraction) -> Cost:
    return Cost((Part("gaussian", rho),))


_COSTS = [_pure("0.01"), _pure("0.5"), _gauss(Fraction(1, 10**4)), _gauss(rho_of(Fraction(1), Fraction(1, 10**6)))]


@pytest.mark.parametrize("times", [1, 10, 365])
@pytest.mark.parametrize("cost", _COSTS)
def test_loss_distributions_are_never_above_the_bound(cost: Cost, times: int) -> None:
    epsilon, bound = pld_epsilon([cost] * times, _DELTA), loss_of([cost] * times, _DELTA)
    assert 0.5 * bound < epsilon <= bound


def test_gaussian_noise_has_the_epsilon_of_the_exact_formula() -> None:
    # Balle and Wang 2018, theorem 8, solved by bisection: deviation 4.22468 gives epsilon 1 at delta 1e-6.
    assert pld_epsilon([_gauss(Fraction(1) / (2 * Fraction("4.2247") ** 2))], _DELTA) == pytest.approx(1.0, abs=0.01)


def test_mixed_losses_are_composed() -> None:
    both = pld_epsilon([_pure("0.1"), _gauss(Fraction(1, 100))], _DELTA)
    assert max(pld_epsilon([_pure("0.1")], _DELTA), pld_epsilon([_gauss(Fraction(1, 100))], _DELTA)) < both
    assert both <= loss_of([_pure("0.1"), _gauss(Fraction(1, 100))], _DELTA)


def test_of_other_kinds_only_rho_is_known() -> None:
    other = Cost((Part("something-later", Fraction(1, 50)),))
    assert pld_epsilon([other], _DELTA) == loss_of([other], _DELTA)


def test_nothing_costs_nothing() -> None:
    assert pld_epsilon([], _DELTA) == 0
