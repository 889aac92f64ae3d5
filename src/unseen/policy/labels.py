"""What the label of raw data begins with, what hiding makes of it, and what is left of it when data is deleted."""

from __future__ import annotations

from dataclasses import replace

from unseen.core.labels import ACTIONS, Label, State, raise_state
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.errors import Refused
from unseen.policy.charter import Charter, Source

__all__ = ["after_redaction", "from_source", "is_tombstone", "tombstone", "without_person"]


def from_source(
    source: Source, charter: Charter, item: str, now: float, *,
    subjects: frozenset[str] = frozenset(), consents: frozenset[str] = frozenset(),
) -> Label:  # fmt: skip
    """Return the label that raw data of a source begins with; it is kept for the shortest time of its purposes.

    `subjects` are the people who are known to be in it, `consents` their records.
    """
    purposes = [charter.purposes[name] for name in source.purposes]
    spans = [purpose.retention_s for purpose in purposes if purpose.retention_s is not None]
    return Label(
        item=item,
        state="raw",
        purposes=source.purposes,
        prohibitions=source.prohibitions,
        basis=frozenset(purpose.basis for purpose in purposes if purpose.basis),
        subjects=subjects,
        consents=consents,
        retain_until=now + min(spans) if spans else None,
        jurisdiction=source.jurisdiction,
    )


def after_redaction(label: Label, recipe: Recipe, verdict: Verdict | None) -> Label:
    """Return the label of a redacted picture: its state rises only as far as was verified.

    "contextual" needs faces and plates hidden by looks that hold no information, and both looked at again; fewer
    classes, or mosaic and blur, give "pseudonymised"; without a verification that passed it stays as it is.
    """
    if verdict is None or verdict.outcome != "pass" or not verdict.checked:
        return label
    safe = all(look.non_interfering for look in recipe.looks.values() if look.method != "none")
    looked = frozenset(verdict.checked) & recipe.hidden
    state: State = "contextual" if safe and {"face", "plate"} <= looked else "pseudonymised"
    return raise_state(label, state, verdict)


def tombstone(label: Label, now: float) -> Label:
    """Return the label of what was deleted: it names nobody and forbids everything, also to a copy that comes back."""
    return replace(
        label,
        purposes=frozenset(),
        prohibitions=frozenset(ACTIONS),
        basis=frozenset(),
        consents=frozenset(),
        subjects=frozenset(),
        retain_until=now if label.retain_until is None else min(now, label.retain_until),
    )


def is_tombstone(label: Label) -> bool:
    """Whether a label is that of something that was deleted."""
    return not label.purposes and not label.subjects and label.prohibitions >= {"view", "view-raw", "redact", "export"}


def without_person(label: Label, subject: str, consents: frozenset[str], verdict: Verdict | None) -> Label:
    """Return the label of a picture in which a person was hidden with everybody else: it names the person no longer.

    `consents` are the person's own records. Raises Refused unless a verification of faces passed.
    """
    if verdict is None or verdict.outcome != "pass" or "face" not in verdict.checked:
        raise Refused("the label names the person still: no verification of faces passed")
    return replace(label, subjects=label.subjects - {subject}, consents=label.consents - consents)
