"""Events: one way only to write them, and nothing in them that could be a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.ledger import Event, canonical, event_from

NOW = datetime(2026, 5, 4, 12, 30, 0, 123, tzinfo=UTC)
_REFERENCE = "ab" * 32

_text = st.text(st.characters(codec="utf-8"), max_size=8)
_keys = st.text(st.characters(max_codepoint=127), max_size=5)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


def test_canonical_json_is_that_of_rfc_8785() -> None:
    # The strings of the RFC's section 3.2.2, but for keys beyond ASCII and the fraction, which are refused here.
    value: Any = {"string": '€$\x0f\nA\'B"\\\\"/', "literals": [None, True, False], "numbers": [10, -1]}
    written = '{"literals":[null,true,false],"numbers":[10,-1],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == written.encode()


@given(_values)
def test_what_is_written_comes_back_and_is_written_the_same(value: Any) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


@given(st.dictionaries(_keys, _values, max_size=4), _text, st.datetimes(timezones=st.just(UTC)))
def test_an_event_comes_back(details: dict[str, Any], purpose: str, time: datetime) -> None:
    event = Event("vault.opened", time, _REFERENCE, purpose, (_REFERENCE,), ("cd" * 32, "ef" * 32), details)
    assert event_from(event.encoded()) == event


@pytest.mark.parametrize("value", [1.5, 1e300, float("nan"), 2**53, {1: 2}, {"é": 1}, b"x", {"a": {1, 2}}, "\ud800"])
def test_what_has_more_than_one_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"in an event|an event cannot"):
        canonical(value)


@pytest.mark.parametrize("kind", ["", "Vault", "vault opened", "vault.", ".vault", "vault\n", "tür"])
def test_a_kind_is_dotted_words(kind: str) -> None:
    with pytest.raises(ValueError, match="dotted words"):
        Event(kind, NOW)


@pytest.mark.parametrize("name", ["alice", "photo-17.jpg", "AB" * 32, "ab" * 31, _REFERENCE + "\n"])
@pytest.mark.parametrize("field", ["actor", "subjects", "items"])
def test_a_name_is_refused_where_a_commitment_belongs(field: str, name: str) -> None:
    words: dict[str, Any] = {field: name if field == "actor" else (name,)}
    with pytest.raises(ValueError, match="never names"):
        Event("vault.opened", NOW, **words)


@pytest.mark.parametrize("time", [datetime(2026, 5, 4), datetime(2026, 5, 4, tzinfo=timezone(timedelta(hours=2)))])
def test_a_time_is_in_utc(time: datetime) -> None:
    with pytest.raises(ValueError, match="in UTC"):
        Event("vault.opened", time)


def test_details_cannot_be_changed_from_outside_afterwards() -> None:
    details: dict[str, Any] = {"list": [1]}
    event = Event("vault.opened", NOW, details=details)
    before = event.encoded()
    details["list"].append(2)
    assert event.encoded() == before


def test_an_event_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65536 bytes"):
        Event("vault.opened", NOW, details={"text": "x" * 65536}).encoded()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1,"w":1'),
        (b'"purpose":"x"', b'"purpose": "x"'),
        (b'"purpose":"x"', b'"purpose":1'),
        (b"vault.opened", b"Vault"),
        (b"12:30:00.000123Z", b"12:30:00.123Z"),
        (b'"details":{}', b'"details":[]'),
        (b'"actor":""', b'"actor":null'),
        (b'"items":[]', b'"items":null'),
        (b'"items":[]', b'"items":[1]'),
        (b"{", b"[1,"),
    ],
)
def test_bytes_that_no_event_would_have_are_refused(old: bytes, new: bytes) -> None:
    data = Event("vault.opened", NOW, purpose="x").encoded()
    with pytest.raises(ValueError, match=r"no event|canonical form|dotted words|delimiter|commitments|does not match"):
        event_from(data.replace(old, new, 1))
