"""Legal holds: set, lifted and listed, each step in the ledger."""

from __future__ import annotations

import secrets
from pathlib import Path

from unseen.core.rights import Hold
from unseen.engine.governance import Governance
from unseen.engine.labelling import label_of
from unseen.engine.subjects import person
from unseen.errors import UsageError

__all__ = ["lift_hold", "listed_holds", "set_hold"]

_DUTY = "hold-items"


def set_hold(governance: Governance, actor: str, reason: str, *, file: Path | None = None, subject: str = "") -> Hold:
    """Keep a file, or all that a person is in, from being deleted until the hold is lifted; raises Denied, UsageError.

    A hold on a person reaches what is labelled with the person later, too.
    """
    governance.require(actor, _DUTY)
    if (file is None) == (not subject):
        raise UsageError("say what to hold: either FILE, or --subject NAME")
    if not reason.strip() or not reason.isprintable():
        raise UsageError("a hold needs its reason, in one line; say --reason TEXT")
    item = "" if file is None else label_of(governance, file).item
    who = person(governance, subject) if subject else ""
    by = governance.key.tag("actor", actor.encode())
    hold = Hold(secrets.token_hex(6), item, who, reason.strip(), by, governance.clock())
    # Written down first: a hold that is in no ledger must not be.
    items, subjects = (item,) if item else (), (who,) if who else ()
    governance.note("hold.set", actor=actor, items=items, subjects=subjects, hold=hold.hold, reason=hold.reason)
    governance.records.rights.put_hold(hold)
    return hold


def lift_hold(governance: Governance, actor: str, name: str, reason: str) -> Hold:
    """Lift a hold by its name; raises Denied, or UsageError if there is none."""
    governance.require(actor, _DUTY)
    found = [hold for hold in governance.records.rights.holds() if hold.hold == name]
    if not found:
        raise UsageError(f"there is no hold {name!r}; unseen hold list shows those there are")
    governance.note("hold.lifted", actor=actor, hold=name, reason=reason.strip())
    governance.records.rights.lift_hold(name)
    return found[0]


def listed_holds(governance: Governance, actor: str) -> tuple[Hold, ...]:
    """Return every hold, oldest first; raises Denied."""
    governance.require(actor, "plan-retention")
    return governance.records.rights.holds()
