"""Terms of the vocabulary: each is an address under its namespace, and each word that is used has one."""

from __future__ import annotations

from typing import get_args

import pytest

from unseen.core.consents import ConsentState, Standing
from unseen.core.terms import BASES, CONSENT_STATES, PURPOSES, SPECIAL_BASES, iri

TERMS = (*PURPOSES, *BASES.values(), *SPECIAL_BASES.values(), *CONSENT_STATES.values())


def test_every_term_is_an_address_and_none_is_there_twice() -> None:
    assert len(set(TERMS)) == len(TERMS)
    assert all(iri(term).startswith("https://w3id.org/dpv") and "#" in iri(term) for term in TERMS)


def test_the_examples_of_the_vocabulary_are_among_them() -> None:
    assert iri("dpv:ScientificResearch") == "https://w3id.org/dpv#ScientificResearch"
    assert iri(BASES["public-task"]) == "https://w3id.org/dpv/legal/eu/gdpr#A6-1-e"
    assert {"dpv:Purpose", "dpv:ServiceProvision", "dpv:Verification"} <= set(PURPOSES)
    assert len(PURPOSES) == 122


def test_every_state_of_a_consent_has_a_term() -> None:
    assert CONSENT_STATES.keys() == set(get_args(Standing)) >= set(get_args(ConsentState))


def test_an_unknown_prefix_is_none() -> None:
    with pytest.raises(KeyError):
        iri("foaf:Person")
