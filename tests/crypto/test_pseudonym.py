"""Pseudonyms: stable under one key, unlinkable without it, one for each name."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from unseen.crypto.keys import Key
from unseen.crypto.pseudonym import pseudonym

KEY = Key(b"a" * 32)
# Lone surrogates too: Python hands over names that are no UTF-8 with them.
names = st.text(st.characters())


@given(names)
def test_a_pseudonym_is_32_hexadecimal_digits_for_any_name(name: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", pseudonym(KEY, "path", name))


@given(names, names)
def test_different_names_get_different_pseudonyms_and_the_same_name_the_same(a: str, b: str) -> None:
    assert (pseudonym(KEY, "path", a) == pseudonym(KEY, "path", b)) == (a == b)


def test_a_name_in_broken_bytes_is_not_taken_for_the_name_those_bytes_would_spell() -> None:
    assert pseudonym(KEY, "path", "é.jpg") != pseudonym(KEY, "path", "\udcc3\udca9.jpg")


@given(names)
def test_another_domain_or_key_gives_another_pseudonym(name: str) -> None:
    mine = pseudonym(KEY, "path", name)
    assert mine != pseudonym(KEY, "folder", name)
    assert mine != pseudonym(Key(b"b" * 32), "path", name)


def test_a_pseudonym_stays_the_same_over_releases() -> None:
    # Journals and renamed trees depend on it.
    assert pseudonym(KEY, "path", "holiday/anna.jpg") == KEY.tag("path", b"holiday/anna.jpg")[:32]
