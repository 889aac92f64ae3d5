"""Looks: unknown words and weak strengths are refused, never taken for something else."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import DEFAULT_LOOKS, LEAKS, METHODS, NON_INTERFERING, Look, floor_of
from unseen.core.regions import CLASSES
from unseen.errors import Refused, UsageError

methods: Any = st.sampled_from(METHODS)
classes = st.sampled_from(CLASSES)


def test_every_class_has_a_default_that_holds_nothing_of_the_inside() -> None:
    assert set(DEFAULT_LOOKS) == set(CLASSES)
    assert all(look.non_interfering for look in DEFAULT_LOOKS.values())


def test_every_method_either_holds_nothing_or_says_what_it_leaks_or_hides_nothing() -> None:
    assert {*NON_INTERFERING, *LEAKS, "none"} == set(METHODS)
    assert not NON_INTERFERING & LEAKS.keys()


@given(st.text())
def test_an_unknown_method_is_refused(word: str) -> None:
    if word not in METHODS:
        with pytest.raises(UsageError, match="unknown hiding method"):
            Look(word)  # type: ignore[arg-type]


def test_an_unknown_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="choose box or ellipse"):
        Look("fill", shape="circle")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(LEAKS)))
def test_a_strength_where_the_method_has_none_is_refused(method: Any) -> None:
    with pytest.raises(UsageError, match="has no strength"):
        Look(method, 3.0)


@pytest.mark.parametrize("strength", [0.0, -1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("method", sorted(LEAKS))
def test_a_strength_that_is_no_positive_number_is_refused(method: Any, strength: float) -> None:
    with pytest.raises(UsageError, match="positive number"):
        Look(method, strength)


@given(methods, classes)
def test_no_strength_means_the_floor(method: Any, cls: str) -> None:
    look = Look(method)
    assert look.strength_for(cls) == floor_of(method, cls)
    look.check_floor(cls, unsafe=False)


@pytest.mark.parametrize(
    ("look", "cls", "weak"),
    [
        (Look("mosaic", 8), "face", False),
        (Look("mosaic", 8.01), "face", True),
        (Look("mosaic", 5), "plate", False),
        (Look("mosaic", 6), "plate", True),
        (Look("mosaic", 6), "text", True),
        (Look("mosaic", 6), "person", False),
        (Look("blur", 0.5), "face", False),
        (Look("blur", 0.49), "face", True),
        (Look("blur", 3), "plate", False),
        (Look("none"), "face", False),
    ],
)
def test_what_is_below_the_floor_needs_the_word_unsafe(look: Look, cls: str, weak: bool) -> None:
    assert look.is_below_floor(cls) == weak
    look.check_floor(cls, unsafe=True)
    if weak:
        with pytest.raises(Refused, match=f"{cls}={look.method}.*weaker than the floor.*--unsafe-strength"):
            look.check_floor(cls, unsafe=False)
    else:
        look.check_floor(cls, unsafe=False)
