"""Commitments: they open with their salt, and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.ledger.commitments import commitment, opens

_SALT = bytes(range(32))
_words = st.text(st.characters(), max_size=20)


@given(_words, _words, _words, _words)
def test_a_commitment_opens_to_one_field_and_value(field: str, value: str, other: str, another: str) -> None:
    field, other = (text.encode("utf-8", "replace").decode() for text in (field, other))
    made = commitment(_SALT, field, value)
    assert opens(made, _SALT, field, value)
    assert opens(made, _SALT, other, another) == ((field, value) == (other, another))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_another_salt_makes_another_commitment(one: bytes, two: bytes) -> None:
    assert (commitment(one, "item", "x") == commitment(two, "item", "x")) == (one == two)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="a salt has 32 bytes"):
        commitment(bytes(length), "item", "x")
