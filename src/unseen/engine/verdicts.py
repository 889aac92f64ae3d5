"""What is said of a file that was looked at again, and that somebody still shows in it."""

from __future__ import annotations

from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.errors import VerificationFailed
from unseen.verify.residues import SecondOpinion

__all__ = ["ResiduesRemain", "verdict_of"]


class ResiduesRemain(VerificationFailed):
    """A second model still saw something after the last try."""


def verdict_of(recipe: Recipe, opinion: SecondOpinion, found: int, rounds: int, *, scanned: str = "") -> Verdict:
    """Return the verdict on a file in which a second model `found` so many residues, hidden in so many `rounds`.

    Of a file that no second model looked at, `scanned` names what else was.
    """
    checked = frozenset[str]() if scanned else recipe.hidden & set(opinion.classes)
    return Verdict(
        outcome="not-verified" if scanned else "pass",
        checked=tuple(sorted(checked)),
        unchecked=tuple(sorted(recipe.hidden - checked)),
        residues=found,
        rounds=rounds,
        detail=f"{scanned} scanned; not looked at again by a second model" if scanned else "",
    )
