"""Consent: one record for a person and a purpose, its events, and what it is worth at a moment (ISO/IEC TS 27560)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from unseen.core.labels import is_purpose_name
from unseen.core.terms import CONSENT_STATES, iri
from unseen.errors import UsageError

__all__ = [
    "METHODS",
    "RECORD_SCHEMA",
    "ConsentEvent",
    "ConsentRecord",
    "ConsentState",
    "Standing",
    "consent_from",
    "seconds_of",
    "utc",
]

ConsentState = Literal["given", "refused", "withdrawn", "expired", "renewed"]
#: What a record is worth at a moment; "none" before its first event.
Standing = Literal["given", "refused", "withdrawn", "expired", "renewed", "none"]
#: How a decision was obtained.
METHODS: tuple[str, ...] = ("paper-form", "web-form", "in-app", "recorded-speech", "email", "imported")
RECORD_SCHEMA = "unseen-consent/1"
_EVENTS: tuple[str, ...] = get_args(ConsentState)
_KEYED = re.compile(r"[0-9a-f]{16,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_VERSION = re.compile(r"[\w.+-]{1,64}")


def utc(seconds: float) -> str:
    """Return a moment as ISO 8601 in UTC, as 2026-11-25T08:00:00Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Return the seconds since 1970 of an ISO 8601 date or moment; one without a zone is in UTC. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise UsageError(f"cannot read the time {text!r}; write it as 2026-11-25 or 2026-11-25T08:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One decision of a person, or its end: when, until when, after which notice, and how it can be proved.

    Times are seconds since 1970; `proof` is the SHA-256 of the evidence (a scanned form, a recording), which is kept
    elsewhere. Raises UsageError.
    """

    state: ConsentState
    at: float
    valid_until: float | None = None
    notice_version: str = ""
    notice_language: str = ""
    method: str = ""
    proof: str = ""

    def __post_init__(self) -> None:
        if self.state not in _EVENTS:
            raise UsageError(f"unknown state of consent {self.state!r}; choose from {', '.join(_EVENTS)}")
        if not math.isfinite(self.at) or not (self.valid_until is None or math.isfinite(self.valid_until)):
            raise UsageError("the times of a consent must be moments; write them as 2026-11-25T08:00:00Z")
        if self.valid_until is not None and self.valid_until <= self.at:
            raise UsageError("a consent that ends before it begins is none; mend valid_until")
        if self.state in ("given", "renewed"):
            self._check_proof()

    def _check_proof(self) -> None:
        """Hold that a consent can be proved: which notice, in which language, how it was obtained."""
        if not _VERSION.fullmatch(self.notice_version):
            raise UsageError("a consent needs the version of the notice that was shown; say --notice VERSION")
        if not _LANGUAGE.fullmatch(self.notice_language):
            raise UsageError("a consent needs the language of the notice, as en or de-AT; say --language CODE")
        if self.method not in METHODS:
            raise UsageError(f"a consent needs how it was obtained; say --method with one of {', '.join(METHODS)}")
        if self.proof and not _SHA256.fullmatch(self.proof):
            raise UsageError("the proof of a consent is the SHA-256 of its evidence; say --proof FILE")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values with the DPV term of the state."""
        return {
            "event_state": self.state,
            "event_term": iri(CONSENT_STATES[self.state]),
            "event_time": utc(self.at),
            "valid_until": None if self.valid_until is None else utc(self.valid_until),
            "notice_version": self.notice_version,
            "notice_language": self.notice_language,
            "collection_method": self.method,
            "proof_sha256": self.proof,
        }


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """All that a person, named by a keyed identifier, decided about one purpose; events in the order they were made.

    Fields follow ISO/IEC TS 27560:2023 (header, purpose, notice, events) with terms of the W3C DPV. Raises UsageError.
    """

    record: str
    subject: str
    purpose: str
    events: tuple[ConsentEvent, ...]

    def __post_init__(self) -> None:
        if not (_KEYED.fullmatch(self.record) and _KEYED.fullmatch(self.subject)):
            raise UsageError("a consent record needs keyed identifiers; let unseen consent add make them")
        if not is_purpose_name(self.purpose):
            raise UsageError(f"{self.purpose!r} is no purpose; write it as research.road-safety")
        if not self.events:
            raise UsageError("a consent record without an event says nothing; add one")

    def standing(self, now: float) -> Standing:
        """Return what the record is worth at a moment: its last event by then decides, and its end."""
        past = [event for event in self.events if event.at <= now]
        if not past:
            return "none"
        last = max(enumerate(past), key=lambda pair: (pair[1].at, pair[0]))[1]
        if last.state in ("given", "renewed") and last.valid_until is not None and last.valid_until <= now:
            return "expired"
        return last.state

    def allows(self, now: float) -> bool:
        """Whether the person agrees, at this moment."""
        return self.standing(now) in ("given", "renewed")

    def with_event(self, event: ConsentEvent) -> ConsentRecord:
        """Return the record with one more event; raises UsageError for one that cannot follow."""
        before = self.standing(event.at)
        if self.events and event.at < self.events[-1].at:
            raise UsageError("an event cannot be put before those that are on record; give it a later time")
        if event.state == "renewed" and before not in ("given", "renewed", "expired"):
            raise UsageError(f"a consent that is {before} cannot be renewed; it has to be given again")
        if event.state in ("withdrawn", "expired") and before not in ("given", "renewed", "expired"):
            raise UsageError(f"a consent that is {before} cannot be {event.state}")
        return replace(self, events=(*self.events, event))

    def as_dict(self, now: float) -> dict[str, Any]:
        """Return the record as plain values; `now` says what it is worth."""
        standing = self.standing(now)
        return {
            "schema": RECORD_SCHEMA,
            "record_schema": "ISO/IEC TS 27560:2023",
            "record_id": self.record,
            "pii_principal_id": self.subject,
            "purpose": self.purpose,
            "status": standing,
            "status_term": iri(CONSENT_STATES[standing]),
            "events": [event.as_dict() for event in self.events],
        }


def consent_from(values: Mapping[str, Any]) -> ConsentRecord:
    """Read a record from plain values; raises UsageError for anything that is missing or of another kind."""
    try:
        events = tuple(_event_from(each) for each in values["events"])
        record, subject, purpose = values["record_id"], values["pii_principal_id"], values["purpose"]
        return ConsentRecord(record, subject, purpose, events)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"this is no consent record ({type(error).__name__}: {error}); export one to see how"
        ) from None


def _event_from(values: Mapping[str, Any]) -> ConsentEvent:
    until = values.get("valid_until")
    return ConsentEvent(
        state=values["event_state"],
        at=seconds_of(values["event_time"]),
        valid_until=None if not until else seconds_of(until),
        notice_version=values.get("notice_version") or "",
        notice_language=values.get("notice_language") or "",
        method=values.get("collection_method") or "",
        proof=values.get("proof_sha256") or "",
    )
