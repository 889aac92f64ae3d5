"""Holds, restrictions and flags: what keeps data from being deleted, from being used, and what has to be made anew."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Flag", "Hold", "Restriction"]


@dataclass(frozen=True, slots=True)
class Hold:
    """An order to keep something, as for a court: one item, or all that a person is in.

    `item` and `subject` are keyed; one of them is "". `by` is the keyed actor, `at` in seconds since 1970.
    """

    hold: str
    item: str
    subject: str
    reason: str
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Restriction:
    """A person's data may be stored and nothing else (GDPR Art. 18), until this is lifted.

    `keeps` says that it also keeps the data from being deleted at the end of storage, as a restriction does that the
    person asked for; not so one that an erasure left behind.
    """

    subject: str
    reason: str
    by: str
    at: float
    keeps: bool = True


@dataclass(frozen=True, slots=True)
class Flag:
    """A model that was made from data which was erased since, and has to be trained again without it."""

    item: str
    reason: str
    at: float
