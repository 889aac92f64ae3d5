"""What the label of raw data begins with, and what hiding makes of a label's state."""

from __future__ import annotations

from unseen.core.labels import Label, State, raise_state
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.policy.charter import Charter, Source

__all__ = ["after_redaction", "from_source"]


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
