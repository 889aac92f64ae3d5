"""Wraps open where they were made for, and nowhere else."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from unseen.crypto.wrap import derived_key, unwrap, wrap

_SECRET, _KEY = bytes(range(32)), b"k" * 32
_words = st.sampled_from(["", "a", "ab", "abc", "research", "é", "\udc80"])


@given(*[_words] * 6)
def test_a_wrap_opens_for_its_purpose_item_and_generation_only(
    purpose: str, item: str, generation: str, other_purpose: str, other_item: str, other_generation: str
) -> None:
    made = wrap(_SECRET, _KEY, purpose, item, generation, os.urandom)
    same = (purpose, item, generation) == (other_purpose, other_item, other_generation)
    assert unwrap(_SECRET, made, other_purpose, other_item, other_generation) == (_KEY if same else None)


@given(st.integers(0, 59), st.integers(1, 255))
def test_no_byte_of_a_wrap_can_be_changed(place: int, flip: int) -> None:
    made = bytearray(wrap(_SECRET, _KEY, "p", "i", "g", os.urandom))
    made[place] ^= flip
    assert unwrap(_SECRET, bytes(made), "p", "i", "g") is None


def test_a_wrap_that_was_cut_or_is_of_another_secret_opens_nothing() -> None:
    made = wrap(_SECRET, _KEY, "p", "i", "g", os.urandom)
    assert unwrap(bytes(32), made, "p", "i", "g") is None
    assert [n for n in range(len(made)) if unwrap(_SECRET, made[:n], "p", "i", "g") is not None] == []


def test_no_two_wraps_are_alike() -> None:
    assert len({wrap(_SECRET, _KEY, "p", "i", "g", os.urandom) for _ in range(20)}) == 20


@given(st.lists(_words, max_size=3), st.lists(_words, max_size=3))
def test_other_words_give_another_key(one: list[str], two: list[str]) -> None:
    assert (derived_key(_SECRET, *one) == derived_key(_SECRET, *two)) == (one == two)
