"""A table as a release sees it: a public grid of cells, and whole numbers to be added up in each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bounding", "Grid", "Key", "Request", "Tallied", "Tally", "Whole"]

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Key:
    """A key column and all values it may have, which are public, as text; times as 2026-11-25T08:00:00Z.

    With `ranges`, (lower, upper), it is a column of numbers that is cut into equally wide ranges, one for each value;
    what lies outside counts in the first or the last one.
    """

    name: str
    values: tuple[str, ...]
    ranges: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a release: every combination of the keys' values, whatever the data hold."""

    keys: tuple[Key, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each key."""
        return tuple(len(key.values) for key in self.keys)

    @property
    def size(self) -> int:
        """The number of cells."""
        return math.prod(self.shape)

    def cells(self) -> Iterator[tuple[str, ...]]:
        """Yield the key values of every cell; the last key changes first."""
        return product(*(key.values for key in self.keys))


@dataclass(frozen=True, slots=True)
class Tally:
    """What is added up in each cell, as whole numbers.

    "rows" counts rows. "sum" adds up (value - `centre`) / `step`, rounded, with values clipped to `lower` .. `upper`.
    "bins" counts rows in each of `bins` equally wide ranges from `lower` to `upper`: a vector of cells times bins.
    """

    kind: Literal["rows", "sum", "bins"]
    column: str = ""
    lower: float = 0.0
    upper: float = 0.0
    centre: float = 0.0
    step: float = 1.0
    bins: int = 1

    @property
    def each(self) -> int:
        """The most that one row adds to one number of the vector."""
        if self.kind != "sum":
            return 1
        return max(1, math.ceil(max(abs(self.lower - self.centre), abs(self.upper - self.centre)) / self.step + 0.5))


@dataclass(frozen=True, slots=True)
class Bounding:
    """Whose rows belong together, and how many of them count: `cells` cells of a unit, `each` rows in each of them.

    Which ones is chosen at random. `most_counted` is where the count of a unit's rows that were left out stops.
    """

    columns: tuple[str, ...]
    cells: int
    each: int
    most_counted: int


@dataclass(frozen=True, slots=True)
class Request:
    """What to add up: the grid, the tallies, the bounding (None where each row is a unit of its own).

    Rows that miss a value that is used, NaN among them, are dropped or refused, as `missing` says; and so are rows with
    a value that a key does not declare, as `undeclared` says.
    """

    grid: Grid
    tallies: tuple[Tally, ...]
    bounding: Bounding | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    undeclared: Literal["refuse", "drop"] = "refuse"


@dataclass(frozen=True, slots=True)
class Tallied:
    """The sums, one vector a tally, exact and secret.

    `rows` were counted; `left_out` is the sum over units of the rows that bounding left out, each unit's at most
    `most_counted`; `left_out_in_all` is the same without that.
    """

    vectors: tuple[Whole, ...]
    rows: int
    left_out: int = 0
    left_out_in_all: int = 0
