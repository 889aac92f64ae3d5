"""The one gate: nothing is opened, made or handed out without passing here, and whatever goes wrong is a no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from unseen.core.access import Ask, Reason
from unseen.core.labels import Label, SignedLabel
from unseen.core.ledger import Event
from unseen.core.ports import EventLedger, Opener, Records, Rules
from unseen.core.recipe import Recipe
from unseen.crypto.keys import Key
from unseen.crypto.labels import check_label
from unseen.errors import Denied, LabelInvalid, UnseenError
from unseen.policy.charter import Charter
from unseen.policy.decision import Case, Obligations, Ruling, as_it_is, judge, ruling
from unseen.policy.minimise import minimise
from unseen.policy.rules import decide

__all__ = ["Gate", "Passed", "oblige"]

_NO_LABEL = Reason("no-label", "it has no label, so nothing is allowed; name its source in the policy")


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gate let through: the decision, the label it looked at, and the recipe with all obligations in it."""

    ruling: Ruling
    label: Label
    recipe: Recipe | None = None
    raised: tuple[str, ...] = ()


class Gate:
    """Decides, in this order, and stops at nothing less than the end:

    1. label: there, well-formed, signed by the key, for this very item
    2. purpose, prohibitions, retention, consent at this moment, permission, output (policy.decision.STEPS)
    3. rules: Cedar says Allow, and no rule failed
    4. obligations: the recipe is raised to the purpose's floor, and what the purpose does not need is dropped
    5. the ledger has it, also a refusal
    6. the key ring gives the content

    Everything comes in as a parameter: the clock, the records, the ledger, the keys.
    """

    def __init__(
        self, charter: Charter, rules: Rules, records: Records, ledger: EventLedger, ring: Opener, key: Key,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self.charter = charter
        self._rules, self._records, self._ledger, self._ring = rules, records, ledger, ring
        self._key, self._clock = key, clock

    def decide(self, request: Ask, beside: SignedLabel | None = None) -> Ruling:
        """Return the decision on a request, without writing it down; never raises.

        `beside` is the label that lies beside the item; where the records have one too, that one counts, and the
        other has to be signed all the same.
        """
        return self._decide(request, beside)[0]

    def admit(self, request: Ask, beside: SignedLabel | None = None, recipe: Recipe | None = None) -> Passed:
        """Decide, take the obligations into the recipe, write it down; raises Denied with every reason."""
        decided, label = self._decide(request, beside)
        raised: tuple[str, ...] = ()
        if decided.allowed and recipe is not None:
            try:
                recipe, raised = oblige(recipe, decided.obligations)
            except Denied as error:
                found = (*decided.reasons, *(Reason("obligation", text) for text in error.reasons))
                decided = ruling(decided.request, found, self.charter, decided.at, label)
        self._write_down(decided, label)
        if not decided.allowed or label is None:
            raise Denied(f"refused: {decided.told()}", tuple(reason.text for reason in decided.reasons))
        return Passed(decided, label, recipe, raised)

    def open(
        self, request: Ask, beside: SignedLabel | None = None, recipe: Recipe | None = None
    ) -> tuple[IO[bytes], Passed]:
        """Decide as `admit` does, write it down, and only then ask for the key; raises Denied."""
        passed = self.admit(request, beside, recipe)
        try:
            return self._ring.open(request.item, request.purpose), passed
        except UnseenError as error:
            raise Denied(f"refused: the item cannot be opened for {request.purpose} ({error})") from error

    def _decide(self, request: Ask, beside: SignedLabel | None) -> tuple[Ruling, Label | None]:
        now, label = self._clock(), None
        try:
            label = self._label(request, beside)
            request = request if label is None else as_it_is(request, label)
            reasons = (_NO_LABEL,) if label is None else self._reasons(request, label, now)
        except LabelInvalid as error:
            reasons = (Reason("tampered", str(error)),)
        except Exception as error:  # noqa: BLE001  # whatever it is, the answer is no
            told = str(error) if isinstance(error, UnseenError) else type(error).__name__
            reasons = (Reason("error", f"it could not be decided ({told}), so nothing is allowed"),)
        return ruling(request, reasons, self.charter, now, label), label

    def _label(self, request: Ask, beside: SignedLabel | None) -> Label | None:
        """Return the label that counts, None if there is none; raises LabelInvalid if any that there is was changed."""
        stored = self._records.label(request.item)
        found = [check_label(each, self._key, request.item) for each in (beside, stored) if each is not None]
        return found[-1] if found else None

    def _reasons(self, request: Ask, label: Label, now: float) -> tuple[Reason, ...]:
        people, restricted = self._people(label)
        found = judge(Case(request, self.charter, label, self._records.consents(people), now, restricted))
        if request.purpose not in self.charter.purposes:
            return found
        ruled = self._rules.evaluate(request, label, now)
        # Cedar refuses for the same causes, in fewer words; what failed in it is said in any case.
        return found + tuple(reason for reason in ruled if not found or reason.code != "rule")

    def _people(self, label: Label) -> tuple[frozenset[str], frozenset[str]]:
        """Return who is in a label, by name or by a record of consent, and who of them has restricted processing."""
        named = self._records.consents_by_record(label.consents)
        people = label.subjects | {record.subject for record in named}
        return people, self._records.restricted(people)

    def _write_down(self, decided: Ruling, label: Label | None) -> None:
        """Append the decision to the ledger; a ledger that cannot be written denies."""
        request = decided.request
        event = Event(
            kind="access.allowed" if decided.allowed else "access.denied",
            time=datetime.fromtimestamp(decided.at, UTC),
            actor=self._key.tag("actor", request.actor.encode()),
            purpose=request.purpose if request.purpose in self.charter.purposes else "",
            items=(request.item,) if label is not None else (),
            subjects=tuple(sorted(label.subjects)) if label is not None else (),
            details={
                "action": request.action,
                "mode": decided.mode,
                "policy": self.charter.digest(),
                "reasons": [reason.code for reason in decided.reasons],
            },
        )
        try:
            self._ledger.append(event)
        except Exception as error:
            raise Denied(
                "refused: the decision could not be written to the ledger; free some space, then again"
            ) from error


def oblige(recipe: Recipe, obligations: Obligations) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe raised to the floor and without what the purpose does not need, and a line for each change.

    Raises Denied for a recipe that cannot be raised.
    """
    smaller, dropped = minimise(recipe, obligations.kept)
    decision = decide(smaller, obligations.floor)
    if not decision.allowed:
        raise Denied("; ".join(decision.reasons), decision.reasons)
    return decision.recipe, (*decision.raised, *dropped)
