"""Running counts that are published again and again: what is measured with noise, and what is made of it.

A scheme turns the increments of a stream into integers, one a step, of which each unit changes only a few or only a
little.
These get noise; running counts are computed from them alone, so that no further noise is needed, however often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unseen.core.privacy import Distances
from unseen.dp.noise import Contributions

__all__ = ["Scheme", "SquareRoot", "Tree", "naive_errors"]

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

#: Coefficients of the factorisation are whole multiples of 2**-20, so that what gets noise is whole.
_BITS = 20


class Scheme(Protocol):
    """What is measured at each step, and how running counts come from it."""

    def distances(self, step: int) -> Distances:
        """Return the most that one unit changes what is measured, as the noise of this step must cover it."""
        ...

    def measure(self, increments: Whole) -> Whole:
        """Return the integers of the last step; `increments` has shape (steps so far, streams)."""
        ...

    def publish(self, measured: Real) -> Real:
        """Return the running count after each step from what was measured, with noise; shapes (steps, streams)."""
        ...

    def spread(self, variances: Real) -> Real:
        """Return the variance of each step's running count, from those of the noise of each step."""
        ...


@dataclass(frozen=True, slots=True)
class Tree:
    """Sums over blocks of lengths that are powers of two: the binary mechanism (Chan et al. 2011; Dwork et al. 2010).

    Step t measures the block of its lowest bit that ends there, so that each increment lies in at most `levels`
    blocks and
    each running count is a sum of at most as many. Without a `horizon` steps 1, 2-3, 4-7 ... each have a tree of
    their own,
    so that noise grows with the logarithm of the time, and a unit's whole loss is the same wherever its increments lie.
    `most` bounds what one unit adds over all steps and streams.
    """

    most: Contributions
    horizon: int | None = None

    def _place(self, step: int) -> tuple[int, int]:
        """Return the step within its tree, counted from 1, and the levels of that tree."""
        number = step + 1
        if self.horizon is not None:
            return number, self.horizon.bit_length()
        first = 1 << (number.bit_length() - 1)
        return number - first + 1, first.bit_length()

    def distances(self, step: int) -> Distances:
        """Each of a unit's increments changes at most `levels` blocks."""
        return Contributions(self._place(step)[1], self.most.cells * self.most.each).distances

    def measure(self, increments: Whole) -> Whole:
        """Return the sum over the block that ends with the last step."""
        within, _ = self._place(len(increments) - 1)
        total: Whole = increments[-(within & -within) :].sum(axis=0)
        return total

    def publish(self, measured: Real) -> Real:
        """Add up the blocks that make up each beginning of the stream."""
        return self._sums(measured)

    def spread(self, variances: Real) -> Real:
        """Add up the variances of the same blocks."""
        return self._sums(variances)

    def _sums(self, blocks: Real) -> Real:
        sums = np.zeros_like(blocks)
        for step in range(len(blocks)):
            within, _ = self._place(step)
            before = step - (within & -within)
            sums[step] = blocks[step] + (sums[before] if before >= 0 else 0)
        return sums


class SquareRoot:
    """The square root of the matrix of running sums, for a known number of steps (Fichtenberger et al. 2023).

    The lower triangular matrix of ones is L R with R its square root, a Toeplitz matrix of binomial coefficients; R
    times
    the increments is measured with Gaussian noise and multiplied by L. R is rounded to whole multiples of 2**-20, and L
    computed for the rounded R, so that what gets noise is whole, and nothing is biased. `most.cells` increments of
    one unit,
    `most.each` in each, change R's result most where they follow each other in one stream from the first step on: all
    of its columns' inner products are positive, and smaller the later and the further apart they are. More of them than
    there are steps go on in further streams.
    """

    def __init__(self, horizon: int, most: Contributions) -> None:
        if horizon < 1:
            raise ValueError(f"a horizon is at least one step, got {horizon}")
        self.horizon, self.most = horizon, most
        k = np.arange(1, horizon, dtype=np.float64)
        exact = np.concatenate([[1.0], np.cumprod((2 * k - 1) / (2 * k))])
        self.right: Whole = np.rint(exact * 2.0**_BITS).astype(np.int64)
        self.left = _divide(self.right / 2.0**_BITS)
        self._distances = self.changed_by(most)

    def changed_by(self, most: Contributions) -> Distances:
        """Return the most that a unit with these contributions changes what is measured."""
        first, streams = int(self.right.sum()), divmod(most.cells, self.horizon)
        # In one stream products add up, which the sum of squares feels; apart, each cell may be in the first step.
        squares = streams[0] * self._squares(self.horizon) + self._squares(streams[1])
        return Distances(most.cells * most.each * first, squares * most.each**2)

    def _squares(self, cells: int) -> int:
        """Return the sum of squares that one increment in each of the first so many steps of a stream makes."""
        together = np.zeros(self.horizon, dtype=np.int64)
        for late in range(cells):
            together[late:] += self.right[: self.horizon - late]
        return sum(int(value) ** 2 for value in together)

    def distances(self, step: int) -> Distances:
        """The same at every step."""
        return self._distances

    def measure(self, increments: Whole) -> Whole:
        """Return R times the increments, times 2**20, at the last step."""
        return self.right[len(increments) - 1 :: -1] @ increments

    def publish(self, measured: Real) -> Real:
        """Multiply by L."""
        return _causal(self.left, measured / 2.0**_BITS)

    def spread(self, variances: Real) -> Real:
        """Return the variances of L times the noise."""
        return _causal(self.left**2, variances / 4.0**_BITS)


def _divide(series: Real) -> Real:
    """Return the power series 1 / (1 - z) divided by a series whose first coefficient is 1."""
    quotient = np.zeros_like(series)
    for n in range(len(series)):
        quotient[n] = 1.0 - np.einsum("k,k->", series[n:0:-1], quotient[:n])
    return quotient


def _causal(kernel: Real, values: Real) -> Real:
    """Return each step's sum of kernel[k] times the values k steps before; shape (steps, streams)."""
    steps = len(values)
    result = np.zeros_like(values, dtype=np.float64)
    for step in range(steps):
        # Not by a matrix library: its threads would wait for each other at every one of many short sums.
        result[step] = np.einsum("k,ks->s", kernel[step::-1], values[: step + 1])
    return result


def naive_errors(steps: int, variance: float) -> Real:
    """Return the variance of each running count when each step gets noise of its own, and counts are added up."""
    return variance * np.arange(1, steps + 1, dtype=np.float64)
