"""Labels: what is derived never allows more than what it came from; only a verification that passed raises a state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.labels import (
    ACTIONS,
    STATES,
    Label,
    SignedLabel,
    covers,
    derive,
    intersection,
    label_from,
    raise_state,
    signed_label_from,
)
from unseen.core.receipts import Verdict
from unseen.crypto.keys import Key
from unseen.crypto.labels import check_label, sign_label
from unseen.errors import LabelInvalid, Refused

ITEM = "ab" * 32
PASS = Verdict("pass", checked=("face", "plate"))
#: A small tree, so that purposes often cover each other.
PURPOSES = ("a", "a.b", "a.b.c", "a.d", "b", "b.a", "ab")

purposes = st.frozensets(st.sampled_from(PURPOSES))
keyed = st.frozensets(st.sampled_from(["1" * 16, "2" * 32, "3" * 64]))
labels = st.builds(
    Label,
    item=st.sampled_from(["a" * 64, "b" * 64, "c" * 64]),
    state=st.sampled_from(STATES),
    purposes=purposes,
    prohibitions=st.frozensets(st.sampled_from(ACTIONS)),
    basis=st.frozensets(st.sampled_from(["consent", "public-task"])),
    consents=keyed,
    subjects=keyed,
    retain_until=st.none() | st.floats(0, 1e10),
    jurisdiction=st.frozensets(st.sampled_from(["DE", "FR", "US-CA"])),
    parents=keyed,
)
several = st.lists(labels, min_size=1, max_size=4)


def _allows(label: Label, purpose: str, action: str, now: float) -> bool:
    kept = label.retain_until is None or now < label.retain_until
    return covers(label.purposes, purpose) and action not in label.prohibitions and kept


# Labels never widen.


@given(several, st.sampled_from(PURPOSES), st.sampled_from(ACTIONS), st.floats(0, 1e10))
def test_what_is_derived_allows_only_what_all_it_came_from_allow(
    parents: Sequence[Label], purpose: str, action: str, now: float
) -> None:
    assert _allows(derive(parents, ITEM), purpose, action, now) == all(
        _allows(parent, purpose, action, now) for parent in parents
    )


@given(several)
def test_people_consents_bases_and_places_are_carried_on_and_the_state_is_the_least(parents: Sequence[Label]) -> None:
    derived = derive(parents, ITEM)
    for parent in parents:
        assert parent.subjects <= derived.subjects
        assert parent.consents <= derived.consents
        assert parent.basis <= derived.basis
        assert parent.jurisdiction <= derived.jurisdiction
        assert STATES.index(derived.state) <= STATES.index(parent.state)
    assert derived.state in {parent.state for parent in parents}
    assert derived.parents == {parent.item for parent in parents}


@given(several, labels)
def test_one_more_source_never_widens(parents: list[Label], more: Label) -> None:
    before, after = derive(parents, ITEM), derive([*parents, more], ITEM)
    assert all(covers(before.purposes, purpose) for purpose in after.purposes)
    assert before.prohibitions <= after.prohibitions
    assert after.retain_until is None or before.retain_until is None or after.retain_until <= before.retain_until
    assert not (after.retain_until is None and before.retain_until is not None)


@given(st.lists(labels, min_size=1, max_size=3), st.lists(labels, min_size=1, max_size=3))
def test_deriving_in_steps_allows_what_deriving_at_once_does(one: list[Label], other: list[Label]) -> None:
    steps, once = derive([derive(one, ITEM), derive(other, "cd" * 32)], ITEM), derive([*one, *other], ITEM)
    assert replace(steps, parents=frozenset()) == replace(once, parents=frozenset())


@given(purposes, purposes, st.sampled_from(PURPOSES))
def test_an_intersection_covers_what_both_cover(one: frozenset[str], other: frozenset[str], purpose: str) -> None:
    both = intersection(one, other)
    assert covers(both, purpose) == (covers(one, purpose) and covers(other, purpose))
    assert both == intersection(other, one)


def test_a_narrower_purpose_is_covered_and_one_that_only_begins_alike_is_not() -> None:
    assert covers({"research"}, "research.road-safety")
    assert not covers({"research.road-safety"}, "research")
    assert not covers({"research"}, "researchers")


def test_nothing_has_no_label() -> None:
    with pytest.raises(LabelInvalid):
        derive([], ITEM)


# A state rises only by a verification that passed, of something.


@given(labels, st.sampled_from(STATES))
def test_without_a_verification_that_passed_no_state_rises(label: Label, state: Any) -> None:
    for verdict in (None, Verdict("not-verified"), Verdict("fail", checked=("face",)), Verdict("pass")):
        if STATES.index(state) <= STATES.index(label.state):
            assert raise_state(label, state, verdict) == label
        else:
            with pytest.raises(Refused, match="two people"):
                raise_state(label, state, verdict)


def test_with_one_it_does_and_nothing_else_changes() -> None:
    raw = Label(ITEM, "raw", purposes=frozenset({"a"}))
    assert raise_state(raw, "contextual", PASS) == replace(raw, state="contextual")


# One text for one label, signed; any change is found.


@given(labels, labels)
def test_equal_labels_have_one_text_and_others_another(one: Label, other: Label) -> None:
    assert (one.payload() == other.payload()) == (one == other)
    assert label_from(json.loads(one.payload())) == one


KEY = Key(bytes(range(32)))


@given(labels, st.data())
def test_a_label_that_was_changed_in_any_field_is_found(label: Label, data: st.DataObject) -> None:
    signed = sign_label(label, KEY)
    assert check_label(signed, KEY, label.item) == label
    changed = data.draw(labels.filter(lambda other: other != label))
    with pytest.raises(LabelInvalid, match="changed"):
        check_label(SignedLabel(changed, signed.tag), KEY, changed.item)


def test_a_label_of_another_file_or_under_another_key_counts_for_nothing() -> None:
    signed = sign_label(Label(ITEM, "raw"), KEY)
    with pytest.raises(LabelInvalid, match="another file"):
        check_label(signed, KEY, "cd" * 32)
    with pytest.raises(LabelInvalid, match="another key"):
        check_label(signed, Key(bytes(32)), ITEM)


GOOD = sign_label(Label(ITEM, "raw", purposes=frozenset({"a"})), KEY).as_dict()


@pytest.mark.parametrize(
    "changed",
    [
        {"tag": ""}, {"tag": None}, {"schema": "unseen-label/2"}, {"state": "safe"}, {"state": None}, {"item": "x"},
        {"purposes": ["A"]}, {"purposes": "a"}, {"purposes": [1]}, {"purposes": ["a..b"]}, {"prohibitions": ["fly"]},
        {"retain_until": "never"}, {"retain_until": True}, {"retain_until": float("inf")},
        {"subjects": ["Ann Example"]},
        {"consents": ["1"]}, {"jurisdiction": ["Germany"]}, {"parents": [None]}, {"basis": ["\n"]}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_label_is_told_so(changed: dict[str, Any]) -> None:
    with pytest.raises(LabelInvalid):
        signed_label_from({**GOOD, **changed})


@pytest.mark.parametrize("values", [None, [], "x", {}, {"tag": "0" * 64}])
def test_what_is_nothing_like_a_label_is_told_so(values: Any) -> None:
    with pytest.raises(LabelInvalid):
        signed_label_from(values)
