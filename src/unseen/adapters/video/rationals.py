"""Ratios as PyAV tells them: rates, lengths of ticks, shapes of pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

__all__ = ["fraction"]


def fraction(told: Any) -> Fraction | None:
    """Return a ratio that PyAV tells, None where it tells none.

    Since version 19 PyAV has a type of its own for them, which is FFmpeg's: of 32 bits, so that the product of two is
    rounded, and without what `fractions` can do beside arithmetic.
    """
    return Fraction(told.numerator, told.denominator) if told else None
