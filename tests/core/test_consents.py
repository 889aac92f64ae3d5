"""Consents: the last decision counts, at the moment that is asked about; a consent needs proof, a refusal does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.consents import ConsentEvent, ConsentRecord, consent_from, seconds_of, utc
from unseen.errors import UsageError

DAY = 86400.0
PROOF: dict[str, Any] = {"notice_version": "v3", "notice_language": "de-AT", "method": "paper-form"}


def _given(at: float = 0.0, until: float | None = None, state: Any = "given") -> ConsentEvent:
    return ConsentEvent(state, at, until, **PROOF)


def _record(*events: ConsentEvent) -> ConsentRecord:
    return ConsentRecord("ab" * 16, "cd" * 32, "research.road-safety", events)


def test_the_life_of_a_consent() -> None:
    record = _record(_given(10 * DAY, until=20 * DAY))
    assert record.standing(9 * DAY) == "none"
    assert record.standing(10 * DAY) == "given"
    assert record.standing(20 * DAY) == "expired"
    record = record.with_event(_given(21 * DAY, until=30 * DAY, state="renewed"))
    assert record.standing(22 * DAY) == "renewed"
    record = record.with_event(ConsentEvent("withdrawn", 23 * DAY))
    assert record.standing(22 * DAY) == "renewed"
    assert record.standing(23 * DAY) == "withdrawn"
    record = record.with_event(_given(24 * DAY))
    assert record.standing(25 * DAY) == "given"


def test_a_withdrawal_in_the_same_second_counts() -> None:
    record = _record(_given(5.0)).with_event(ConsentEvent("withdrawn", 5.0))
    assert not record.allows(5.0)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (ConsentEvent("refused", 0.0), ConsentEvent("withdrawn", 1.0)),
        (ConsentEvent("refused", 0.0), _given(1.0, state="renewed")),
        (_given(5.0), ConsentEvent("withdrawn", 4.0)),
    ],
    ids=["withdraw a refusal", "renew a refusal", "before what is on record"],
)
def test_what_cannot_follow_is_refused(first: ConsentEvent, then: ConsentEvent) -> None:
    with pytest.raises(UsageError):
        _record(first).with_event(then)


def test_a_withdrawn_consent_is_given_again_and_not_renewed() -> None:
    record = _record(_given(0.0), ConsentEvent("withdrawn", 1.0))
    with pytest.raises(UsageError, match="given again"):
        record.with_event(_given(2.0, state="renewed"))


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "maybe"}, {"at": float("nan")}, {"valid_until": 0.0}, {"valid_until": float("inf")},
        {"notice_version": ""}, {"notice_language": "german"}, {"method": ""}, {"method": "a hunch"}, {"proof": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_a_consent_that_could_not_be_proved_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ConsentEvent(**{"state": "given", "at": 0.0, **PROOF, **changed})


events = st.lists(
    st.tuples(st.sampled_from(["given", "renewed", "refused", "withdrawn"]), st.integers(0, 50), st.integers(1, 50)),
    min_size=1,
    max_size=6,
)


@given(events, st.integers(0, 120))
def test_a_record_reads_back_as_it_was_and_a_refusal_is_never_a_yes(rows: list[tuple[str, int, int]], now: int) -> None:
    made = []
    for state, at, span in sorted(rows, key=lambda row: row[1]):
        agreed = state in ("given", "renewed")
        made.append(_given(at, at + span, state) if agreed else ConsentEvent(state, at))  # type: ignore[arg-type]
    record = _record(*made)
    assert consent_from(record.as_dict(0.0)) == record
    past = [event for event in made if event.at <= now]
    if record.allows(now):
        assert past[-1].state in ("given", "renewed")
        assert past[-1].valid_until is not None
        assert past[-1].valid_until > now


def test_a_record_has_the_terms_of_the_vocabulary() -> None:
    told = _record(_given(0.0)).as_dict(1.0)
    assert told["status_term"] == "https://w3id.org/dpv#ConsentGiven"
    assert told["events"][0]["notice_language"] == "de-AT"


@pytest.mark.parametrize("text", ["2026-11-25", "2026-11-25T00:00:00Z", "2026-11-25T01:00:00+01:00"])
def test_times_are_read_in_utc(text: str) -> None:
    assert utc(seconds_of(text)) == "2026-11-25T00:00:00Z"


@pytest.mark.parametrize("values", [{}, {"record_id": "x"}, {"events": 5}, {"events": [{}]}, {"events": [5]}])
def test_what_is_no_record_is_told_so(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        consent_from(values)
