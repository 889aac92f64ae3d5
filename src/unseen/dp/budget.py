"""Rules of a budget: what a limit means, what is spent, what may still be; in exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from unseen.core.privacy import EVER, Charge, Cost, Limit, Part, Per
from unseen.dp.accounting import epsilon_of, rho_of, rho_of_pure

__all__ = ["cost_of", "left", "limit_of", "loss_of", "overspent", "spent", "total", "worst_period"]


def limit_of(epsilon: Fraction, delta: Fraction, per: Per) -> Limit:
    """Return the limit that means (epsilon, delta) for one unit in each period."""
    return Limit(epsilon, delta, rho_of_pure(epsilon) if delta == 0 else rho_of(epsilon, delta), per)


def cost_of(limit: Limit, shares: Sequence[Fraction]) -> list[Cost]:
    """Divide a limit into costs, Laplace's where it is pure and Gaussian elsewise; `shares` add up to 1 at most."""
    if not shares or min(shares) <= 0 or sum(shares) > 1:
        raise ValueError(f"shares must be above 0 and add up to 1 at most, got {shares}")
    if limit.pure:
        epsilons = [limit.epsilon * share for share in shares]
        return [Cost((Part("laplace", rho_of_pure(epsilon), epsilon),)) for epsilon in epsilons]
    return [Cost((Part("gaussian", limit.rho * share),)) for share in shares]


def _value(cost: Cost, limit: Limit) -> Fraction | None:
    return cost.epsilon if limit.pure else cost.rho


def total(costs: Iterable[tuple[Cost, int]], limit: Limit) -> Fraction:
    """Return what costs add up to in the limit's currency, each so many times.

    A cost that has no value in that currency, as Gaussian noise has no pure epsilon, counts as all that there is.
    """
    values = ((_value(cost, limit), times) for cost, times in costs)
    return sum((times * (limit.most if value is None else value) for value, times in values), Fraction())


def spent(charges: Iterable[Charge], limit: Limit, period: str) -> Fraction:
    """Return what is spent in a period, in the limit's currency; reserved charges count."""
    return total(((charge.cost, 1) for charge in charges if charge.period == period), limit)


def left(charges: Iterable[Charge], limit: Limit, period: str) -> Fraction:
    """Return what is left in a period."""
    return max(Fraction(), limit.most - spent(charges, limit, period))


def overspent(spent_in: Mapping[str, Fraction], limit: Limit, cost: Cost) -> str | None:
    """Return why a cost cannot be charged to each of the periods in which so much is spent, None if it can."""
    wanted = _value(cost, limit)
    if wanted is None:
        return "it is a budget of pure epsilon, and this noise is Gaussian: leave --delta out, or set a budget with one"
    if any((period == EVER) != (limit.per == "ever") for period in spent_in):
        return f"it is a budget {'for each day' if limit.per == 'day' else 'in all'}: say --per {limit.per}"
    name = "epsilon" if limit.pure else "rho"
    for period, gone in spent_in.items():
        if gone + wanted > limit.most:
            when = "" if period == EVER else f" for {period}"
            return (
                f"{name} {float(gone):.6g} of {float(limit.most):.6g} is spent{when}, {float(wanted):.6g} is asked for"
            )
    return None


def worst_period(charges: Sequence[Charge], limit: Limit) -> str:
    """Return the period in which most is spent, EVER if there is none."""
    periods = sorted({charge.period for charge in charges})
    return max(periods, key=lambda period: spent(charges, limit, period), default=EVER)


def loss_of(costs: Iterable[Cost], delta: float) -> float:
    """Return the epsilon that costs come to at a delta, the smaller of two bounds that both hold.

    Pure epsilons add up; so do rhos, which are converted in the end. Without a delta there may be no bound: infinity.
    """
    costs = list(costs)
    if not costs:
        return 0.0
    pure = [cost.epsilon for cost in costs if cost.epsilon is not None]
    bounds = [float(sum(pure, Fraction()))] if len(pure) == len(costs) else []
    if delta > 0:
        bounds.append(epsilon_of(float(sum((cost.rho for cost in costs), Fraction())), delta))
    return min(bounds, default=float("inf"))
