"""Words that become exact fractions, and values that refuse what makes no sense."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.privacy import Account, Cost, Distances, Part, parse_delta, parse_epsilon
from unseen.errors import UsageError


@pytest.mark.parametrize(("word", "value"), [("0.1", "1/10"), ("1", "1"), ("1/3", "1/3"), ("2.5e-1", "1/4")])
def test_epsilon_is_read_exactly(word: str, value: str) -> None:
    assert parse_epsilon(word) == Fraction(value)


def test_delta_may_be_none() -> None:
    assert parse_delta("0") == 0
    assert parse_delta("1e-6") == Fraction(1, 10**6)


@given(st.text(max_size=60))
def test_whatever_is_said_is_a_number_in_range_or_a_usage_error(word: str) -> None:
    said = "a number"
    with contextlib.suppress(UsageError):
        said = str(parse_epsilon(word))
        assert 0 < Fraction(said) <= 100
    assert "\n" not in said


@given(st.lists(st.fractions(Fraction(1, 1000), 10), min_size=1, max_size=9))
def test_costs_add_up_exactly_and_are_pure_only_together(epsilons: list[Fraction]) -> None:
    costs = [Cost((Part("laplace", epsilon**2 / 2, epsilon),)) for epsilon in epsilons]
    total = costs[0]
    for cost in costs[1:]:
        total = total + cost
    assert total.epsilon == sum(epsilons)
    assert total.rho == sum(epsilon**2 / 2 for epsilon in epsilons)
    assert (total + Cost((Part("gaussian", Fraction(1)),))).epsilon is None


def test_losses_and_distances_of_nothing_are_refused() -> None:
    for wrong in (
        lambda: Part("laplace", Fraction(0)),
        lambda: Part("x", Fraction(1), Fraction(-1)),
        lambda: Distances(0, 1),
    ):
        with pytest.raises(ValueError, match="must be"):
            wrong()


def test_names_of_accounts_can_be_printed() -> None:
    with pytest.raises(UsageError, match="printable"):
        Account("a\x1b[2J", "event", "publication")
    with pytest.raises(UsageError, match="printable"):
        Account("", "event", "publication")
    with pytest.raises(UsageError, match="unknown unit"):
        Account("a", "family", "publication")  # type: ignore[arg-type]
