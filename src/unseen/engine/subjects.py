"""A person's data under a policy: what there is, where it is, and the restriction of its processing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.core.consents import ConsentRecord
from unseen.core.labels import Label
from unseen.core.ports import KeyRing
from unseen.core.rights import Restriction
from unseen.engine.deletion import known_items, label_now, lineage
from unseen.engine.governance import Governance
from unseen.engine.survey import Survey, survey
from unseen.errors import UsageError
from unseen.govern.retention import Known, kept_of

__all__ = ["DUTY", "Dossier", "Entry", "dossier", "find", "lift_restriction", "person", "reach", "restrict"]

#: What somebody needs to answer people about their data.
DUTY = "answer-requests"
_KEYED = re.compile(r"[0-9a-f]{64}")


def person(governance: Governance, name: str) -> str:
    """Return the keyed identifier of a person: of a name, or the identifier itself as labels have it.

    Raises UsageError for an empty name.
    """
    if not name.strip():
        raise UsageError("name the person, or give the keyed identifier as labels have it")
    return name if _KEYED.fullmatch(name) else governance.subject(name)


def reach(governance: Governance, subject: str) -> int:
    """Return how many items there are of a person now, by keyed identifier; raises LabelInvalid."""
    items = known_items(governance)
    return sum(not items[made.item].gone for made in governance.records.items_of(subject))


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that a person is in: its label, kind, files, whether a vault holds it, and why it must stay.

    `restricted` tells that somebody else in it restricted their data's processing, which keeps it for them.
    """

    known: Known
    label: Label
    files: tuple[Path, ...]
    changed: tuple[Path, ...]
    sealed: bool
    held: str
    restricted: bool

    @property
    def item(self) -> str:
        """Its commitment."""
        return self.known.item

    @property
    def missing(self) -> bool:
        """Whether nothing of it was found."""
        return not (self.files or self.sealed) and self.known.kind != "live"


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is on record of a person; `found` is where files lie."""

    subject: str
    entries: tuple[Entry, ...]
    consents: tuple[ConsentRecord, ...]
    restriction: Restriction | None
    found: Survey


def dossier(governance: Governance, subject: str, folders: Sequence[Path], vault: KeyRing | None) -> Dossier:
    """Return what there is of a person, by keyed identifier, oldest first.

    What was made from data of a person names the person too, unless they were taken out of it.
    """
    records, rights = governance.records, governance.records.rights
    items = known_items(governance)
    kept = kept_of(items, lineage(governance), rights.holds())
    others = {each.subject for each in rights.restrictions() if each.keeps and each.subject != subject}
    mine = [made.item for made in records.items_of(subject) if not items[made.item].gone]
    found, entries = survey(governance, mine, folders), []
    for item in mine:
        label = label_now(governance, item)
        if label is not None:
            files, changed = tuple(found.files.get(item, ())), tuple(found.changed.get(item, ()))
            sealed = vault is not None and vault.holds(item)
            restricted = bool(others & label.subjects)
            entries.append(Entry(items[item], label, files, changed, sealed, kept.get(item, ""), restricted))
    return Dossier(subject, tuple(entries), records.consents([subject]), rights.restriction(subject), found)


def find(
    governance: Governance, name: str, actor: str, folders: Sequence[Path] = (), vault: KeyRing | None = None
) -> Dossier:
    """Return what there is of a person, by name or keyed identifier; the ledger knows of it. Raises Denied."""
    governance.require(actor, DUTY)
    subject = person(governance, name)
    governance.note("subject.find", actor=actor, subjects=(subject,))
    return dossier(governance, subject, folders, vault)


def restrict(governance: Governance, name: str, actor: str, reason: str) -> Restriction:
    """Let a person's data be stored and nothing else, from the next decision on; raises Denied or UsageError."""
    governance.require(actor, DUTY)
    if not reason.strip() or not reason.isprintable():
        raise UsageError("a restriction needs its reason, in one line; say --reason TEXT")
    by = governance.key.tag("actor", actor.encode())
    made = Restriction(person(governance, name), reason.strip(), by, governance.clock())
    governance.records.rights.restrict(made)
    # Its reason is in the records alone, which an erasure ends: what people write there is often about the person.
    governance.note("subject.restricted", actor=actor, subjects=(made.subject,))
    return made


def lift_restriction(governance: Governance, name: str, actor: str, reason: str) -> None:
    """Let a person's data be processed again; raises Denied, or UsageError if it was not restricted."""
    governance.require(actor, DUTY)
    subject = person(governance, name)
    if governance.records.rights.restriction(subject) is None:
        raise UsageError("nothing restricts the processing of this person's data; check the name")
    # Written down first: what is in no ledger must not open anything.
    governance.note("subject.unrestricted", actor=actor, subjects=(subject,), reason=reason.strip())
    governance.records.rights.lift_restriction(subject)
