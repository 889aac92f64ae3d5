"""A line of the benchmark of releases."""

from __future__ import annotations

from dataclasses import dataclass

from bench.wanted import Figure, Wanted

__all__ = ["Line", "at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured, the figure, its unit, and how it is printed."""

    what: str
    figure: Figure
    unit: str = ""
    form: str = ".4g"


def at_most(value: float, bound: float) -> Figure:
    """Return a figure that is to be at most so much."""
    return Figure(value, wanted=Wanted(bound, at_most=True))


def at_least(value: float, bound: float) -> Figure:
    """Return a figure that is to be at least so much."""
    return Figure(value, wanted=Wanted(bound))
