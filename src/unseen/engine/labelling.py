"""Labels by hand: who is in a file, what is forbidden for it, and an override that two people have to agree on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from unseen.core.labels import STATES, Label, State, derive, raise_state
from unseen.core.lineage import Made, Override
from unseen.core.names import display
from unseen.core.receipts import Verdict
from unseen.crypto.labels import check_label, sign_label
from unseen.engine.governance import Governance, kind_of, label_path, write_label
from unseen.errors import LabelInvalid, UsageError

__all__ = ["label_of", "made", "models_of", "override", "tighten", "with_people"]


def label_of(governance: Governance, path: Path) -> Label:
    """Return the label of a file, checked; raises LabelInvalid if it has none, or one that was changed."""
    item, beside = governance.take_in(path)
    stored = governance.records.label(item)
    found = [check_label(signed, governance.key, item) for signed in (beside, stored) if signed is not None]
    if not found:
        raise LabelInvalid(f"{display(path.name)}: has no label; name its source in the policy")
    if stored is None:
        governance.records.add(sign_label(found[-1], governance.key), kind_of(path), governance.clock())
    return found[-1]


def tighten(
    governance: Governance, path: Path, actor: str, *, subjects: Iterable[str] = (), prohibitions: Iterable[str] = ()
) -> tuple[Label, int]:
    """Add people, by name, and prohibitions to a file's label and to those of all that was made from it.

    Returns the label and the number of items that were made from it. A label can be made tighter by hand, never wider.
    """
    governance.require(actor, "record-consent")
    label = label_of(governance, path)
    people, forbidden = frozenset(map(governance.subject, subjects)), frozenset(prohibitions)
    below = governance.records.made_from(label.item)
    tightened = with_people(governance, label, people, forbidden)
    for each in below:
        signed = governance.records.label(each.item)
        if signed is not None:
            with_people(governance, check_label(signed, governance.key, each.item), people, forbidden)
    governance.note("label.tightened", actor=actor, items=(label.item,), people=len(people), made=len(below))
    if label_path(path).exists():
        write_label(sign_label(tightened, governance.key), path)
    return tightened, len(below)


def with_people(
    governance: Governance, label: Label, people: frozenset[str], forbidden: frozenset[str] = frozenset()
) -> Label:
    """Add people, by keyed identifier, and prohibitions to a label on record; return it."""
    named = governance.records.consents(people)
    tightened = replace(
        label,
        subjects=label.subjects | people,
        prohibitions=label.prohibitions | forbidden,
        consents=label.consents | {record.record for record in named},
    )
    governance.records.relabel(sign_label(tightened, governance.key))
    return tightened


def override(governance: Governance, path: Path, state: str, actor: str, reason: str) -> tuple[Label, bool]:
    """Set a label's state by hand: the first of two people proposes it, the second, another one, carries it out.

    Returns the label and whether it was carried out. Both steps are in the ledger. Raises Denied or UsageError.
    """
    governance.require(actor, "override")
    if state not in STATES:
        raise UsageError(f"unknown state {state!r}; choose from {', '.join(STATES)}")
    label = label_of(governance, path)
    who = governance.key.tag("actor", actor.encode())
    first = governance.records.override(label.item, state)
    if first is None or first.proposed_by == who:
        governance.records.propose(Override(label.item, state, who, reason, governance.clock()))
        governance.note("override.proposed", actor=actor, items=(label.item,), state=state, reason=reason)
        return label, False
    changed = replace(label, state=state)  # type: ignore[arg-type]  # one of STATES
    # Written down first: an override that is in no ledger must not be.
    governance.note(
        "override.carried-out", actor=actor, items=(label.item,), state=state, reason=reason, before=label.state
    )
    signed = sign_label(changed, governance.key)
    governance.records.relabel(signed)
    governance.records.settle(first)
    if label_path(path).exists():
        write_label(signed, path)
    return changed, True


def made(
    governance: Governance, output: Path, sources: Iterable[Path | Label], kind: str, *, made_by: str,
    state: State = "raw", verdict: Verdict | None = None,
) -> Label:  # fmt: skip
    """Label what was made of files, record its lineage, and write the label beside it; raises LabelInvalid or Refused.

    A source that is no file, as an item of a vault, comes as its label, which was checked.

    The state is that of the least protected source, or `state` if that is higher and a verification passed. An output
    that has a label already is allowed no more than before.
    """
    labels = [each if isinstance(each, Label) else label_of(governance, each) for each in sources]
    label = derive(labels, governance.item(output))
    signed = governance.keep(label, kind, made_by=made_by, verified=lambda known: raise_state(known, state, verdict))
    write_label(signed, output)
    return signed.label


def models_of(governance: Governance, subject: str) -> tuple[list[Made], list[str]]:
    """Return the models that were trained on what a person, by name, is in, and the programs that looked at it."""
    found = governance.records.items_of(governance.subject(subject))
    below = {made.item: made for item in found for made in governance.records.made_from(item.item)}
    models = {item.item: item for item in (*found, *below.values()) if item.kind == "model"}
    tools = governance.records.tools_of([item.item for item in (*found, *below.values())])
    return sorted(models.values(), key=lambda each: each.at), tools
