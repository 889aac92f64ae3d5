"""Values of differential privacy: units, costs, budgets, noise. What is computed with them is in `unseen.dp`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from unseen.errors import UsageError

__all__ = [
    "EVER",
    "PERS",
    "UNITS",
    "Account",
    "Charge",
    "Cost",
    "Distances",
    "Kind",
    "Limit",
    "Noise",
    "Part",
    "Per",
    "Reserved",
    "Unit",
    "parse_delta",
    "parse_epsilon",
]

Unit = Literal["event", "vehicle-day", "person-day", "person-ever"]
#: Each unit, and in what two tables differ that must be hard to tell apart.
UNITS: Mapping[Unit, str] = {
    "event": "one counted event",
    "vehicle-day": "everything that one vehicle does on one day",
    "person-day": "everything that one person does on one day",
    "person-ever": "everything that one person ever does",
}
Per = Literal["day", "ever"]
PERS: tuple[Per, ...] = ("day", "ever")
#: The period of charges that are not kept apart by days.
EVER = "ever"
#: Beyond these a guarantee says nothing, or noise has no size that a computer knows.
_LEAST_EPSILON, _MOST_EPSILON, _LEAST_DELTA = 1e-6, 100.0, 1e-30


@dataclass(frozen=True, slots=True)
class Part:
    """The loss of one mechanism for one unit: `rho` in zCDP, and `epsilon` where it is a pure one.

    `kind` says what makes it, for other ways of accounting: "laplace", "gaussian".
    """

    kind: str
    rho: Fraction
    epsilon: Fraction | None = None

    def __post_init__(self) -> None:
        if self.rho <= 0 or (self.epsilon is not None and self.epsilon <= 0):
            raise ValueError(f"a loss must be above 0, got rho {self.rho} and epsilon {self.epsilon}")


@dataclass(frozen=True, slots=True)
class Cost:
    """The loss of mechanisms that are used together, for one unit; losses add up."""

    parts: tuple[Part, ...]

    @property
    def rho(self) -> Fraction:
        """The loss in zero-concentrated differential privacy (Bun and Steinke 2016)."""
        return sum((part.rho for part in self.parts), Fraction())

    @property
    def epsilon(self) -> Fraction | None:
        """The loss in pure differential privacy, None if a part has none."""
        known = [part.epsilon for part in self.parts if part.epsilon is not None]
        return sum(known, Fraction()) if len(known) == len(self.parts) else None

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parts + other.parts)


@dataclass(frozen=True, slots=True)
class Account:
    """What a budget is for: a data set, a unit of protection and a purpose."""

    dataset: str
    unit: Unit
    purpose: str

    def __post_init__(self) -> None:
        for what, word in (("data set", self.dataset), ("purpose", self.purpose)):
            if not 1 <= len(word) <= 200 or not word.isprintable():
                raise UsageError(f"the name of a {what} has 1 to 200 printable characters, got {word[:200]!r}")
        if self.unit not in UNITS:
            raise UsageError(f"unknown unit {self.unit!r}; choose from {', '.join(UNITS)}")

    def __str__(self) -> str:
        return f"{self.dataset} / {self.unit} / {self.purpose}"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may be spent in one period.

    With `delta` 0 it is a sum of pure epsilons, and only pure mechanisms may be charged. Else it is `rho`, the most
    zCDP that still means (`epsilon`, `delta`), and every mechanism may be. `per` says whether days are kept apart.
    """

    epsilon: Fraction
    delta: Fraction
    rho: Fraction
    per: Per

    @property
    def pure(self) -> bool:
        """Whether epsilons are added up, and not rhos."""
        return self.delta == 0

    @property
    def most(self) -> Fraction:
        """The limit in the currency that is added up."""
        return self.epsilon if self.pure else self.rho


@dataclass(frozen=True, slots=True)
class Charge:
    """What was taken from a budget for one period: a day as 2026-11-25, or EVER.

    `committed` is False until the release is out; a charge counts from the moment it is reserved, for ever.
    """

    reservation: str
    period: str
    cost: Cost
    committed: bool
    at: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation that was made: its name, and whether it opened the account."""

    reservation: str
    opened: bool


@dataclass(frozen=True, slots=True)
class Distances:
    """The most that two neighbouring vectors of integers differ in: in L1, and in L2 squared."""

    l1: int
    l2_squared: int

    def __post_init__(self) -> None:
        if self.l1 < 1 or self.l2_squared < 1:
            raise ValueError(f"distances must be at least 1, got {self.l1} and {self.l2_squared}")


Kind = Literal["laplace", "gaussian"]


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise with probability proportional to exp(-|x| / scale) or exp(-x**2 / (2 scale**2)) over the integers."""

    kind: Kind
    scale: float


def parse_epsilon(word: str) -> Fraction:
    """Read an epsilon exactly, as 0.1 or 1/3; raises UsageError."""
    value = _fraction(word, "epsilon")
    if not _LEAST_EPSILON <= value <= _MOST_EPSILON:
        raise UsageError(f"epsilon must be from {_LEAST_EPSILON:g} to {_MOST_EPSILON:g}, got {word}")
    return value


def parse_delta(word: str) -> Fraction:
    """Read a delta exactly, as 1e-6, or 0 for none; raises UsageError."""
    value = _fraction(word, "delta")
    if value != 0 and not _LEAST_DELTA <= value < 1:
        raise UsageError(f"delta must be 0, or at least {_LEAST_DELTA:g} and far below 1, as 1e-6, got {word}")
    return value


def _fraction(word: str, what: str) -> Fraction:
    above, slash, below = word.partition("/")
    try:
        numbers = [float(part) for part in ((above, below) if slash else (above,))]
        # What is too large for a float would be no less of a surprise as a fraction.
        if len(word) > 40 or not all(math.isfinite(n) and (n == 0 or 1e-40 < abs(n) < 1e40) for n in numbers):
            raise ValueError(word)
        return Fraction(above) / Fraction(below) if slash else Fraction(above)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{what} must be a number, as 0.5 or 1e-6, got {word[:40]!r}") from None
