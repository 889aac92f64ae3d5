"""From a guarantee to noise: what each vector of a release gets, and what that means for the error of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from unseen.core.privacy import Cost, Limit, Noise, Per
from unseen.core.tabulation import Tallied, Whole
from unseen.dp.budget import cost_of, limit_of
from unseen.dp.noise import CONFIDENCE, half_width, noise_for
from unseen.stats.measures import Columns, Noisy, Ratio
from unseen.stats.spec import Query, Spec

__all__ = ["Plan", "columns_of", "expected_errors", "plan_release", "vectors_of"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A release with its noise: one cost and one noise for each query of the spec."""

    spec: Spec
    limit: Limit
    queries: tuple[Query, ...]
    costs: tuple[Cost, ...]
    noises: tuple[Noise, ...]

    @property
    def cost(self) -> Cost:
        """What all of it costs one unit."""
        return Cost(tuple(part for cost in self.costs for part in cost.parts))


def plan_release(spec: Spec, epsilon: Fraction, delta: Fraction, per: Per) -> Plan:
    """Divide (epsilon, delta) among the vectors; Laplace noise where delta is 0, Gaussian elsewise."""
    limit = limit_of(epsilon, delta, per)
    queries = spec.queries()
    costs = tuple(cost_of(limit, [query.share for query in queries]))
    noises = tuple(noise_for(cost, query.most) for cost, query in zip(costs, queries, strict=True))
    return Plan(spec, limit, queries, costs, noises)


def expected_errors(plan: Plan, rows: float) -> dict[str, float]:
    """Return the half width of each measure's 95 % interval of noise in a cell of so many rows."""
    errors, at = {}, 0
    for measure in plan.spec.measures:
        count = len(measure.tallies)
        errors[measure.name] = measure.error(plan.noises[at : at + count], rows)
        at += count
    return errors


def vectors_of(plan: Plan, exact: Tallied) -> tuple[Whole, ...]:
    """Return the exact vectors in the order of the queries; secret."""
    if not plan.spec.bias_share:
        return exact.vectors
    return (*exact.vectors, np.array([exact.rows, exact.left_out], dtype=np.int64))


def columns_of(plan: Plan, noisy: Sequence[Whole]) -> tuple[Columns, Ratio | None]:
    """Return what is published of each cell, computed from the vectors with noise alone, and the estimated bias."""
    vectors = [Noisy(values, noise) for values, noise in zip(noisy, plan.noises, strict=True)]
    bias = _ratio(vectors.pop()) if plan.spec.bias_share else None
    columns: Columns = {}
    at = 0
    for measure in plan.spec.measures:
        count = len(measure.tallies)
        columns |= measure.columns(vectors[at : at + count], bias)
        at += count
    return columns, bias


def _ratio(noisy: Noisy) -> Ratio:
    """Return the estimated ratio of rows left out to rows kept; both may err in a third of 5 % together."""
    kept, out = (float(value) for value in noisy.values)
    wide = half_width(noisy.noise, 1 - (1 - CONFIDENCE) / 6)
    least, most = max(kept - wide, 1.0), max(kept + wide, 1.0)
    estimate = max(out, 0.0) / max(kept, 1.0)
    return Ratio(estimate, max(out - wide, 0.0) / most, max(out + wide, 0.0) / least)
