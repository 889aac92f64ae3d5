"""Epsilon at a delta by privacy loss distributions, from dp-accounting; checked against the analytic bound."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from unseen.core.privacy import Cost, Part
from unseen.dp.budget import loss_of
from unseen.errors import UnseenError

__all__ = ["pld_epsilon"]

#: Width of the buckets of losses; the distribution is rounded so that the result is never too small.
_WIDTH = 1e-3
#: By how much two ways of accounting may differ in the wrong direction, for rounding to buckets.
_SLACK = 0.02


def pld_epsilon(costs: Iterable[Cost], delta: float) -> float:
    """Return the epsilon of all costs together at a delta, by composing their privacy loss distributions.

    A pure part is taken for the worst pure mechanism of its epsilon (Kairouz, Oh and Viswanath 2015), a Gaussian one
    for noise over the reals of its rho (Koskela, Jalko and Honkela 2020), which noise over the integers of standard
    deviation 1 and more hardly differs from; of other kinds only rho is known, so that the analytic bound is returned.
    Raises UnseenError when the result lies above the bound that zCDP gives: then one of the two is wrong.
    """
    costs = list(costs)
    bound = loss_of(costs, delta)
    parts = Counter(part for cost in costs for part in cost.parts)
    if not parts or delta <= 0 or any(part.kind not in _KNOWN for part in parts):
        return bound
    from dp_accounting.pld import privacy_loss_distribution as pld

    width = _width(parts)
    total = pld.identity(value_discretization_interval=width)
    for part, times in parts.items():
        total = total.compose(_distribution(part, width).self_compose(times))
    epsilon = float(total.get_epsilon_for_delta(delta))
    if not epsilon <= bound * (1 + _SLACK) + width * sum(parts.values()):
        raise UnseenError(f"two ways of accounting disagree: {epsilon:.4f} by loss distributions, at most {bound:.4f}")
    return min(epsilon, bound)


_KNOWN = ("laplace", "gaussian")


def _width(parts: Counter[Part]) -> float:
    """Return a width at which the distributions of all parts have few thousand buckets, and are still fine enough."""
    least = min(math.sqrt(2 * float(part.rho)) for part in parts)
    return max(1e-5, min(_WIDTH, least / 50))


def _distribution(part: Part, width: float):  # type: ignore[no-untyped-def]  # the library's own class
    from dp_accounting.pld import common
    from dp_accounting.pld import privacy_loss_distribution as pld

    if part.epsilon is not None:
        return pld.from_privacy_parameters(
            common.DifferentialPrivacyParameters(float(part.epsilon), 0.0), value_discretization_interval=width
        )
    deviation = 1 / math.sqrt(2 * float(part.rho))
    return pld.from_gaussian_mechanism(deviation, value_discretization_interval=width)
