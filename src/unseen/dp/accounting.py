"""Conversions between pure, zero-concentrated and approximate differential privacy."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

__all__ = ["delta_of", "epsilon_of", "rho_of", "rho_of_pure"]

_PHI = (math.sqrt(5) - 1) / 2
_STEPS = 120
#: Digits that are kept of a rho that is found by search.
_DIGITS = 9


def rho_of_pure(epsilon: Fraction) -> Fraction:
    """Return the zCDP of a pure mechanism: epsilon squared over 2 (Bun and Steinke 2016, proposition 1.4)."""
    return epsilon * epsilon / 2


def epsilon_of(rho: float, delta: float) -> float:
    """Return an epsilon such that rho-zCDP implies (epsilon, delta).

    Every order alpha > 1 of the Renyi divergence gives one (Canonne, Kamath and Steinke 2020, proposition 12); the
    least that a search finds is returned, so that a search that ends early is still on the safe side.
    """
    if not (rho > 0 and 0 < delta < 1):
        raise ValueError(f"rho must be above 0 and delta within 0 and 1, got {rho} and {delta}")

    def at(log_order: float) -> float:
        # order = 1 + x; written so that it holds for orders next to 1 as for large ones.
        x = math.exp(log_order)
        return (1 + x) * rho + (-math.log(delta) - math.log1p(x)) / x + math.log(x) - math.log1p(x)

    return max(0.0, _least(at, -20.0, 40.0))


def delta_of(rho: float, epsilon: float) -> float:
    """Return a delta such that rho-zCDP implies (epsilon, delta), by the same proposition."""
    if not (rho > 0 and epsilon >= 0):
        raise ValueError(f"rho must be above 0 and epsilon at least 0, got {rho} and {epsilon}")

    def at(log_order: float) -> float:
        x = math.exp(log_order)
        return x * ((1 + x) * rho - epsilon) - math.log1p(x) + x * (math.log(x) - math.log1p(x))

    return math.exp(min(0.0, _least(at, -20.0, 40.0)))


def rho_of(epsilon: Fraction, delta: Fraction) -> Fraction:
    """Return the most rho, rounded down, that implies (epsilon, delta).

    It has few digits, so that sums of it stay short.
    """
    low, high = 0.0, float(epsilon) + 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle <= low or epsilon_of(middle, float(delta)) > float(epsilon):
            high = middle
        else:
            low = middle
    if low == 0.0:
        raise ValueError(f"no noise gives epsilon {float(epsilon)} at delta {float(delta)}")
    unit = Fraction(10) ** (math.floor(math.log10(low)) - _DIGITS)
    return (Fraction(low) // unit) * unit


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the least value of a function that falls and then rises, by golden-section search."""
    a, b = low, high
    c, d = b - _PHI * (b - a), a + _PHI * (b - a)
    at_c, at_d = function(c), function(d)
    for _ in range(_STEPS):
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - _PHI * (b - a)
            at_c = function(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + _PHI * (b - a)
            at_d = function(d)
    return min(at_c, at_d)
