"""Noise by OpenDP: its discrete Laplace and Gaussian over vectors of integers, and nothing else of it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from unseen.core.privacy import Cost, Distances, Noise
from unseen.errors import UnseenError, UsageError

__all__ = ["OpenDpNoise"]

#: Beyond this sums could leave the 64 bits in which they are added.
_MOST = 2**61
_NUDGES = 60


class OpenDpNoise:
    """Adds noise to integers, and holds the library to what it says the noise costs.

    The measurement is `make_laplace` or `make_gaussian` over vectors of 64-bit integers, exact samplers without
    floating-point holes (Canonne, Kamath and Steinke 2020). Its Context and its grouping by Polars are not used:
    we bound contributions ourselves, and tell the library the distance alone.
    """

    def add(self, values: NDArray[np.int64], noise: Noise, most: Distances, cost: Cost) -> NDArray[np.int64]:
        """Return values with fresh noise, of the same shape.

        `cost` is the most that the noise may cost when neighbours differ by `most`. The scale is raised by rounding
        errors at the most, so that the library's own figure is not above it; raises UnseenError if that is not
        enough, and UsageError for values beyond 2**61.
        """
        flat = np.ascontiguousarray(values, dtype=np.int64).reshape(-1)
        if flat.size == 0:
            return flat.reshape(values.shape)
        if max(abs(int(flat.min())), abs(int(flat.max()))) > _MOST - int(40 * noise.scale):
            raise UsageError("sums are too large for 64 bits; declare narrower bounds or a coarser step")
        drawn = _measurement(noise, most, cost)(flat.tolist())
        return np.asarray(drawn, dtype=np.int64).reshape(values.shape)


def _measurement(noise: Noise, most: Distances, cost: Cost):  # type: ignore[no-untyped-def]  # the library's own class
    """Return the library's measurement with the least scale, from that of `noise` on, that it finds to cost no more."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    scale = noise.scale
    for nudge in range(_NUDGES):
        if noise.kind == "laplace":
            made = dp.m.make_laplace(domain, dp.l1_distance(T="i64"), scale=scale)
            allowed, stated = cost.epsilon, float(made.map(most.l1))  # type: ignore[no-untyped-call]
        else:
            made = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=scale)
            allowed, stated = cost.rho, float(made.map(_root(most.l2_squared)))  # type: ignore[no-untyped-call]
        if allowed is not None and math.isfinite(stated) and Fraction(stated) <= allowed:
            return made
        scale = noise.scale * (1 + 2.0 ** (nudge - 52))
        if 2.0 ** (nudge - 52) > 1e-9:
            break
    raise UnseenError(f"{noise.kind} noise of scale {noise.scale:g} costs more than was asked for; nothing was drawn")


def _root(squared: int) -> float:
    """Return a square root, rounded up."""
    root = math.sqrt(squared)
    while Fraction(root) ** 2 < squared:
        root = math.nextafter(root, math.inf)
    return root
