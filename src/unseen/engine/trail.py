"""What the ledger knows of items and people: its events, found by their commitments, and who data was handed out by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unseen.core.consents import utc
from unseen.core.ledger import Event
from unseen.engine.governance import Governance
from unseen.engine.ledger import events

__all__ = ["Trace", "for_person", "recipients", "still_sealed", "trail"]

_HANDED_OUT = "export"
#: A copy that shows people as they are, in a file that no policy reaches.
_TAKEN_OUT = "vault.unsafe-view-raw"


@dataclass(frozen=True, slots=True)
class Trace:
    """One event about a person: its number in the ledger, when, what, for which purpose, by whom, and the items of it.

    `actor` is an account of the policy, "" where it is none; `reasons` are codes; `named` tells that it names the
    person, and not their items alone.
    """

    index: int
    time: str
    kind: str
    purpose: str
    action: str
    reasons: tuple[str, ...]
    actor: str
    items: tuple[str, ...]
    named: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, without who acted: that is about somebody else."""
        return {
            "event": self.index,
            "time": self.time,
            "kind": self.kind,
            "purpose": self.purpose,
            "action": self.action,
            "reasons": list(self.reasons),
            "items": [item[:12] for item in self.items],
        }


def trail(governance: Governance, subject: str, items: Iterable[str]) -> list[Trace]:
    """Return every event that names a person or one of the items, oldest first; reads the whole ledger."""
    openings, ledger = governance.ledger.openings, governance.ledger.ledger
    people = set(openings.commitments("subject", subject))
    known = {made: item for item in items for made in openings.commitments("item", item)}
    accounts = {governance.key.tag("actor", name.encode()): name for name in governance.charter.people}
    found = []
    for index, event in events(ledger, ledger.head().size):
        own = tuple(known[made] for made in event.items if made in known)
        named = bool(people.intersection(event.subjects))
        if own or named:
            opened = openings.opened(event.actor) if event.actor else None
            actor = "" if opened is None else accounts.get(opened[1], "")
            found.append(replace(_trace(index, event, own, actor), named=named))
    return found


def _trace(index: int, event: Event, items: tuple[str, ...], actor: str) -> Trace:
    action, reasons = event.details.get("action", ""), event.details.get("reasons", ())
    codes = tuple(map(str, reasons)) if isinstance(reasons, list | tuple) else (str(reasons),)
    time, purpose = utc(event.time.timestamp()), event.purpose or str(event.details.get("purpose", ""))
    return Trace(index, time, event.kind, purpose, str(action), codes, actor, items)


def still_sealed(traces: Iterable[Trace], *, vault: bool) -> set[str]:
    """Return the items that were put into a vault, and were not deleted from there since, as far as the ledger knows.

    What was about to be deleted may be gone already, its run killed before it said so: with the `vault` at hand, that
    counts as gone if it is not in there.
    """
    sealed: set[str] = set()
    for each in traces:
        if each.kind == "vault.sealed":
            sealed.update(each.items)
        elif each.kind == "vault.erased" or each.kind.endswith((".deleted", ".deleting") if vault else ".deleted"):
            sealed.difference_update(each.items)
    return sealed


def for_person(traces: Iterable[Trace], shared: Collection[str]) -> list[Trace]:
    """Return what a person may be told: not what other people in `shared` items consented to, restricted or asked for.

    Why something was refused may be the person's own doing there; they know that without being told.
    """
    told = []
    for each in traces:
        others = any(item in shared for item in each.items)
        if not each.named and each.items and each.kind.startswith("erasure."):
            continue  # somebody else's: what it left may name this person alone
        if others and not each.named and each.kind.startswith(("model.", "subject.")):
            continue
        reasons = tuple(r for r in each.reasons if r != "restricted" and not r.startswith("consent-"))
        if not others or reasons == each.reasons:
            told.append(each)
        elif reasons:
            told.append(replace(each, reasons=reasons))
    return told


def recipients(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """Return each time that data was handed out: when, by whom, for what, how many items. Who got it, they know."""
    handed = [
        each
        for each in traces
        if each.kind == _TAKEN_OUT or (each.kind == "access.allowed" and each.action == _HANDED_OUT)
    ]
    return [
        {"time": each.time, "by": each.actor or "an account that the policy no longer has", "purpose": each.purpose,
         "items": [item[:12] for item in each.items], "event": each.index}
        for each in handed
    ]  # fmt: skip
