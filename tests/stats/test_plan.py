"""A release as an attacker sees it: tables with and without one person, through the noise that is planned for them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.core.tabulation import Bounding, Grid, Key, Tallied
from unseen.dp.noise import Contributions
from unseen.stats.measures import Count, Mean
from unseen.stats.plan import columns_of, expected_errors, plan_release, vectors_of
from unseen.stats.spec import Spec

_PERSON = np.array([2, 0, 2, 2, 0], dtype=np.int64)
_SPEC = Spec(Grid((Key("cell", tuple("abcde")),)), "person-day", Contributions(3, 2), (Count(),))


@pytest.mark.parametrize(
    ("delta", "trials"), [(Fraction(), 20_000), (Fraction(1, 1000), 8_000)], ids=["laplace", "gaussian"]
)
def test_tables_with_and_without_a_person_cannot_be_told_apart_beyond_epsilon(delta: Fraction, trials: int) -> None:
    plan = plan_release(_SPEC, Fraction(1), delta, "ever")
    (query,), (noise,), (cost,) = plan.queries, plan.noises, plan.costs
    cells = np.flatnonzero(_PERSON)
    changed = np.broadcast_to(_PERSON[cells], (trials, len(cells)))

    def ratio(table: np.ndarray) -> np.ndarray:
        """The best attack that there is: the likelihood ratio of all cells that the person changes."""
        seen = OpenDpNoise().add(table, noise, query.most, cost)
        laplace, gauss = np.abs(seen) - np.abs(seen - changed), seen**2 - (seen - changed) ** 2
        found: np.ndarray = laplace / noise.scale if noise.kind == "laplace" else gauss / (2 * noise.scale**2)
        return np.asarray(found.sum(axis=1))

    with_person, without = ratio(np.ascontiguousarray(changed)), ratio(np.zeros(changed.shape, dtype=np.int64))
    for threshold in np.quantile(with_person, np.linspace(0.02, 0.98, 25)):
        hit, false = (with_person >= threshold).mean(), (without >= threshold).mean()
        error = 4.5 * math.sqrt((hit + math.e**2 * false) / trials)
        assert hit <= math.e * false + float(delta) + error
    if delta == 0:
        assert 0.97 < with_person.max() <= 1 + 1e-9


def test_plans_divide_the_budget_exactly_and_errors_fall_with_it() -> None:
    bounding = Bounding(("person",), 3, 2, 18)
    measures = (Count(weight=3), Mean("speed", "v", 0.0, 100.0, 0.5))
    spec = Spec(_SPEC.grid, "person-day", Contributions(3, 2), measures, bounding=bounding, bias_share=Fraction(1, 10))
    plan = plan_release(spec, Fraction(2, 3), Fraction(), "ever")
    assert plan.cost.epsilon == Fraction(2, 3)
    assert plan.costs[0].epsilon == Fraction(2, 3) * Fraction(9, 10) * Fraction(3, 4)
    more = plan_release(spec, Fraction(4), Fraction(), "ever")
    first, second = expected_errors(plan, 1000.0), expected_errors(more, 1000.0)
    assert all(second[name] < first[name] for name in ("count", "speed"))


def test_bias_is_estimated_from_what_has_noise() -> None:
    bounding = Bounding(("person",), 3, 2, 18)
    spec = Spec(
        _SPEC.grid, "person-day", Contributions(3, 2), (Count(),), bounding=bounding, bias_share=Fraction(1, 10)
    )
    plan = plan_release(spec, Fraction(1), Fraction(), "ever")
    exact = Tallied((np.array([1000, 2000, 3000, 0, 0]),), rows=6000, left_out=1500, left_out_in_all=1600)
    vectors = vectors_of(plan, exact)
    noisy = [
        OpenDpNoise().add(v, n, q.most, c)
        for v, n, q, c in zip(vectors, plan.noises, plan.queries, plan.costs, strict=True)
    ]
    columns, bias = columns_of(plan, noisy)
    assert bias is not None
    assert bias.low < 0.25 < bias.high
    assert columns["count_low"][1] <= 2500 <= columns["count_high"][1]
