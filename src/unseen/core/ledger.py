"""What the ledger remembers: events as frozen values, with one way only to write each down as bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

__all__ = ["MAXIMUM_BYTES", "Entry", "Event", "Head", "Json", "Row", "canonical", "event_from"]

Json: TypeAlias = "bool | int | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"

#: The most bytes of one event: larger things lie elsewhere, and their hash is in the event.
MAXIMUM_BYTES = 64 * 1024
#: Whole numbers that every reader of JSON holds exactly (RFC 8785, section 3.2.2.3; RFC 7493).
_LARGEST = 2**53 - 1
_KIND = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*", re.ASCII)
_COMMITMENT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_KEYS = {"actor", "details", "items", "kind", "purpose", "subjects", "time", "v"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `kind` is a dotted word as "vault.erased". `time` is in UTC. `actor`, `subjects` and `items` are commitments of 64
    hexadecimal digits (`ledger.commitments`), so that no name can get here by mistake; `actor` may be "". `details`
    holds what is not personal: null, booleans, whole numbers, text, lists, and objects whose keys are ASCII. It is
    copied. Raises ValueError if something else is in it.
    """

    kind: str
    time: datetime
    actor: str = ""
    purpose: str = ""
    subjects: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    details: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"an event's kind is dotted words as vault.erased, not {self.kind!r}")
        if self.time.utcoffset() != timedelta(0):
            raise ValueError("an event's time is in UTC")
        for reference in (*self.subjects, *self.items, *([self.actor] if self.actor else [])):
            if not _COMMITMENT.fullmatch(reference):
                raise ValueError("actor, subjects and items are commitments of 64 hexadecimal digits, never names")
        object.__setattr__(self, "subjects", tuple(self.subjects))
        object.__setattr__(self, "items", tuple(self.items))
        object.__setattr__(self, "details", json.loads(canonical(self.details)))

    def encoded(self) -> bytes:
        """Return the event as canonical JSON; raises ValueError above MAXIMUM_BYTES."""
        # The values were looked at when the event was made.
        data = _written(
            {
                "actor": self.actor,
                "details": self.details,
                "items": self.items,
                "kind": self.kind,
                "purpose": self.purpose,
                "subjects": self.subjects,
                "time": self.time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
                "v": 1,
            }
        )
        if len(data) > MAXIMUM_BYTES:
            raise ValueError(f"an event has at most {MAXIMUM_BYTES} bytes, and this one has {len(data)}")
        return data


def event_from(data: bytes) -> Event:
    """Return the event that `Event.encoded` wrote; raises ValueError for bytes it would not have written."""
    words = json.loads(data)
    if not isinstance(words, dict) or words.keys() != _KEYS or words["v"] != 1:
        raise ValueError("these bytes are no event of this version")
    texts = (words["kind"], words["actor"], words["purpose"], words["time"])
    if not all(isinstance(text, str) for text in texts) or not isinstance(words["details"], dict):
        raise ValueError("these bytes are no event of this version")
    try:
        event = Event(
            kind=words["kind"],
            time=datetime.strptime(words["time"], _TIME).replace(tzinfo=UTC),
            actor=words["actor"],
            purpose=words["purpose"],
            subjects=tuple(words["subjects"]),
            items=tuple(words["items"]),
            details=words["details"],
        )
    except TypeError as error:
        raise ValueError("these bytes are no event of this version") from error
    if event.encoded() != data:
        raise ValueError("these bytes are not the event's canonical form")
    return event


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an appended event stands: its number from 0, its leaf's hash, the size of the tree that ends with it."""

    index: int
    leaf: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """A stored event: its bytes, the root of the tree that ends with it, and a signature over index, leaf and root."""

    index: int
    event: bytes
    root: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The state of a ledger: which one (`origin`), how many events, and the root hash over all of them (32 bytes)."""

    origin: str
    size: int
    root: bytes


def canonical(value: Json) -> bytes:
    """Return the only way to write a value: JSON after RFC 8785, for the values that need no judgement.

    These are null, booleans, whole numbers up to 2^53 - 1, text that is Unicode, lists, and objects with ASCII keys;
    for them, sorting by code point is the order that RFC 8785 wants. Raises ValueError for all others, fractions too.
    """
    _check(value)
    return _written(value)


def _written(value: Json) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("text in an event must be Unicode; write other bytes in hexadecimal") from error


def _check(value: Any) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("whole numbers in an event have at most 53 bits; write larger ones as text")
    elif isinstance(value, list | tuple):
        for each in value:
            _check(each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError("keys in an event are ASCII text")
            _check(each)
    else:
        raise ValueError(f"an event cannot hold a {type(value).__name__}; write it as text")
