"""The two kinds of noise over the integers: how much a cost needs, its spread, its intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

from unseen.core.privacy import Cost, Distances, Noise

__all__ = ["CONFIDENCE", "Contributions", "half_width", "noise_for", "probability", "variance"]

#: Of every interval that is stated.
CONFIDENCE = 0.95
#: From this scale on sums over the integers are taken for integrals; the difference is far below one unit.
_SMOOTH = 200.0


@dataclass(frozen=True, slots=True)
class Contributions:
    """The most that one unit adds to a vector of integers: to `cells` cells of its choice, `each` to each of them.

    T tracks of one unit that each add 1 to at most K cells are K cells with T in each: in the worst case they all
    choose the same ones. L1 is T K then in any case, and L2 is largest, T sqrt(K) by the triangle inequality.
    """

    cells: int
    each: int

    @property
    def distances(self) -> Distances:
        """The most that adding or leaving out one unit changes the vector."""
        return Distances(self.cells * self.each, self.cells * self.each**2)


def noise_for(cost: Cost, most: Distances) -> Noise:
    """Return the least noise that costs no more than `cost` of one part, for neighbours that differ by `most`.

    Laplace noise of scale L1 / epsilon (Dwork et al. 2006; over the integers Ghosh et al. 2009), or Gaussian noise of
    variance L2**2 / (2 rho) (over the integers Canonne, Kamath and Steinke 2020).
    """
    if cost.epsilon is not None:
        return Noise("laplace", float(Fraction(most.l1) / cost.epsilon))
    return Noise("gaussian", math.sqrt(Fraction(most.l2_squared) / (2 * cost.rho)))


def variance(noise: Noise) -> float:
    """Return the variance."""
    if noise.kind == "laplace":
        # 2 r / (1 - r)**2 with r = exp(-1 / scale), written so that no digits are lost for large scales.
        return 0.5 / math.sinh(0.5 / noise.scale) ** 2
    if noise.scale >= _SMOOTH:
        return noise.scale**2
    weights = _weights(noise.scale)
    return 2 * sum(x * x * w for x, w in enumerate(weights)) / _total(weights)


def probability(noise: Noise, value: int) -> float:
    """Return the probability of a value."""
    if noise.kind == "laplace":
        return math.tanh(0.5 / noise.scale) * math.exp(-abs(value) / noise.scale)
    density = math.exp(-(value**2) / (2 * noise.scale**2))
    if noise.scale >= _SMOOTH:
        return density / (noise.scale * math.sqrt(2 * math.pi))
    return density / _total(_weights(noise.scale))


def half_width(noise: Noise, confidence: float = CONFIDENCE) -> int:
    """Return the least t such that noise lies from -t to t with at least this probability."""
    if noise.kind == "laplace":
        # P(|x| > t) = 2 r**(t + 1) / (1 + r) with r = exp(-1 / scale)
        beyond = (1 - confidence) * (1 + math.exp(-1 / noise.scale)) / 2
        return max(0, math.ceil(-noise.scale * math.log(beyond) - 1))
    if noise.scale >= _SMOOTH:
        return math.ceil(noise.scale * NormalDist().inv_cdf((1 + confidence) / 2))
    weights = _weights(noise.scale)
    total, inside = _total(weights), weights[0]
    for t in range(1, len(weights)):
        if inside >= confidence * total:
            return t - 1
        inside += 2 * weights[t]
    return len(weights) - 1


@lru_cache(maxsize=64)
def _weights(scale: float) -> tuple[float, ...]:
    """Weights of a discrete Gaussian at 0, 1, 2 ... until they no longer count."""
    return tuple(math.exp(-(x**2) / (2 * scale**2)) for x in range(math.ceil(10 * scale) + 2))


def _total(weights: tuple[float, ...]) -> float:
    return weights[0] + 2 * sum(weights[1:])
