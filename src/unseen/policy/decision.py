"""Decides on access by what a charter, a label and consents say; every "no" has a reason, and silence is a "no"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from unseen.core.access import Ask, Code, Reason
from unseen.core.consents import ConsentRecord, utc
from unseen.core.labels import Label, covers
from unseen.policy.charter import Charter, Kept, Mode, Purpose
from unseen.policy.roles import PERMISSIONS, ROLES, Person, may
from unseen.policy.rules import Policy

__all__ = [
    "FINAL",
    "STEPS",
    "Case",
    "Obligations",
    "Ruling",
    "as_it_is",
    "in_every_mode",
    "judge",
    "judge_job",
    "ruling",
]

#: Reasons that refuse in every mode: nothing is known, or a person said no.
FINAL: frozenset[str] = frozenset({
    "purpose-unknown", "purpose-missing", "no-label", "tampered", "prohibited",
    "consent-refused", "consent-withdrawn", "restricted", "rule-error", "error",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Obligations:
    """What has to be done where access is given: rules on the recipe, and the data that may be kept."""

    floor: Policy = field(default_factory=Policy)
    kept: Kept = field(default_factory=Kept)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision: whether it is allowed, why not, in which mode, and what it obliges to.

    In the modes observe and warn what is refused may be done all the same, and `would` is False; never where a reason
    is final.
    """

    request: Ask
    allowed: bool
    would: bool
    reasons: tuple[Reason, ...]
    obligations: Obligations
    mode: Mode
    at: float

    def told(self) -> str:
        """Return the reasons as one line."""
        return "; ".join(reason.text for reason in self.reasons) or "nothing speaks against it"


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision looks at, so that it depends on nothing else: also the moment is given.

    `consents` are the records of everybody in the label, about the purpose and those above it; `restricted` are those
    people in it whose data may be stored and nothing else.
    """

    request: Ask
    charter: Charter
    label: Label
    consents: tuple[ConsentRecord, ...]
    now: float
    restricted: frozenset[str] = frozenset()

    @property
    def purpose(self) -> Purpose | None:
        """The purpose that is asked for, None if the charter has no such one."""
        return self.charter.purposes.get(self.request.purpose)

    @property
    def person(self) -> Person:
        """Who acts; somebody whom the charter does not know has no roles."""
        return self.charter.people.get(self.request.actor, Person())


def as_it_is(request: Ask, label: Label) -> Ask:
    """Return a request by what it is: to view what is raw is to view it raw, whatever it is called."""
    raw = request.action == "view" and label.state == "raw"
    return replace(request, action="view-raw") if raw else request


def in_every_mode(request: Ask, label: Label) -> bool:
    """Whether what is refused is refused in every mode: to view raw data, and to take it out of a vault."""
    return request.action == "view-raw" or (request.vaulted and label.state == "raw")


def judge(case: Case) -> tuple[Reason, ...]:
    """Return every reason against a request, in the order of the steps; none means that nothing speaks against it."""
    return tuple(reason for step in STEPS for reason in step(case))


def _purpose(case: Case) -> Iterable[Reason]:
    """The purpose exists, and the label covers it."""
    asked, known = case.request.purpose, case.charter.purposes
    if not asked:
        yield Reason("purpose-missing", f"no purpose is said; say --purpose with one of {', '.join(sorted(known))}")
    elif asked not in known:
        yield Reason("purpose-unknown", f"the policy has no purpose {asked}; it has {', '.join(sorted(known))}")
    elif not covers(case.label.purposes, asked):
        given = ", ".join(sorted(case.label.purposes)) or "none"
        yield Reason("wrong-purpose", f"the label allows the purposes {given}, not {asked}")


def _prohibitions(case: Case) -> Iterable[Reason]:
    action, forbidden = case.request.action, case.label.prohibitions
    if action in forbidden or (action == "view-raw" and "view" in forbidden):
        yield Reason("prohibited", f"the label prohibits to {action if action in forbidden else 'view'} it")


def _retention(case: Case) -> Iterable[Reason]:
    until = case.label.retain_until
    if until is not None and until <= case.now:
        yield Reason("retention-over", f"it had to be deleted by {utc(until)}")


def _consent(case: Case) -> Iterable[Reason]:
    """Nobody in it has refused or withdrawn; where consent is needed, everybody has given it for this very purpose."""
    asked = case.request.purpose
    about = [record for record in case.consents if covers([record.purpose], asked)]
    against = {(record.subject, record.standing(case.now)) for record in about}
    for standing in sorted({s for _, s in against if s in ("refused", "withdrawn")}):
        count = sum(each == standing for _, each in against)
        who = "a person" if count == 1 else f"{count} people"
        code: Code = "consent-refused" if standing == "refused" else "consent-withdrawn"
        yield Reason(code, f"{who} in it {'has' if count == 1 else 'have'} {standing} consent for {asked}")
    if case.purpose is None or not case.purpose.consent:
        return
    exact = {record.subject: record for record in about if record.purpose == asked}
    needed = case.label.subjects or {r.subject for r in exact.values() if r.record in case.label.consents}
    if not needed:
        yield Reason("consent-missing", f"{asked} needs consent, and the label names nobody who gave it")
        return
    yield from _lacking(needed, exact, case)


def _lacking(needed: Iterable[str], exact: Mapping[str, ConsentRecord], case: Case) -> Iterable[Reason]:
    asked, none, expired = case.request.purpose, 0, 0
    for subject in needed:
        standing = exact[subject].standing(case.now) if subject in exact else "none"
        none += standing == "none"
        expired += standing == "expired"
    if expired:
        yield Reason("consent-expired", f"consent of {expired} of the people in it for {asked} has expired; renew it")
    if none:
        other = sorted({record.purpose for record in case.consents if record.allows(case.now)} - {asked})
        hint = f"; what was consented to is {', '.join(other)}" if other else ""
        yield Reason("consent-missing", f"{none} of the people in it gave no consent for {asked}{hint}")


def _restriction(case: Case) -> Iterable[Reason]:
    """Nobody in it has had the processing of their data restricted (GDPR Art. 18); what is aggregated is nobody's."""
    count = len(case.restricted)
    if count and case.label.state != "aggregated":
        who = "a person in it has" if count == 1 else f"{count} people in it have"
        yield Reason("restricted", f"{who} had processing restricted: it may be kept, and nothing else")


def _permission(case: Case) -> Iterable[Reason]:
    """The purpose allows the action, and the person's roles, or permissions, do."""
    purpose, action, actor = case.purpose, case.request.action, case.request.actor
    if purpose is None:
        return
    if action not in purpose.actions:
        allowed = ", ".join(sorted(purpose.actions)) or "nothing"
        yield Reason("action", f"{purpose.name} allows {allowed}, not {action}")
    if may(case.person, action, purpose.who):
        return
    admitted = case.person.roles & purpose.who
    roles = ", ".join(sorted(case.person.roles)) or "no role"
    if action in PERMISSIONS and admitted:
        yield Reason("permission", f"{actor} has not the permission {action}, which no role brings")
    else:
        able = sorted(role for role in purpose.who if action in PERMISSIONS or action in ROLES[role])
        wanted = ", ".join(able) or "nobody"
        yield Reason("role", f"{actor} has {roles}, and {action} for {purpose.name} is for {wanted}")


def _output(case: Case) -> Iterable[Reason]:
    kind, purpose = case.request.output, case.purpose
    if kind and purpose is not None and kind not in purpose.outputs:
        allowed = ", ".join(sorted(purpose.outputs)) or "nothing"
        yield Reason("output", f"{purpose.name} may put out {allowed}, not {kind}")


#: The steps of a decision, in order; each yields its reasons against.
STEPS: tuple[Callable[[Case], Iterable[Reason]], ...] = (
    _purpose,
    _prohibitions,
    _retention,
    _consent,
    _restriction,
    _permission,
    _output,
)


def judge_job(charter: Charter, action: str, purpose: str, actor: str) -> tuple[Reason, ...]:
    """Return what speaks against a job whatever its inputs are: purpose, action, role; in the charter's mode."""
    anything = Label(item="0" * 64, state="aggregated", purposes=frozenset(charter.purposes))
    case = Case(Ask(action, purpose, actor), charter, anything, (), 0.0)
    found = (*_purpose(case), *_permission(case))
    if charter.mode == "enforce" or in_every_mode(case.request, anything):
        return found
    return tuple(reason for reason in found if reason.code in FINAL)


def ruling(
    request: Ask, reasons: tuple[Reason, ...], charter: Charter, now: float, label: Label | None = None
) -> Ruling:
    """Return the decision that reasons mean in a charter's mode, with the obligations of the purpose."""
    purpose = charter.purposes.get(request.purpose)
    would = not reasons
    final = any(reason.code in FINAL for reason in reasons)
    final = final or (request.action == "view-raw" if label is None else in_every_mode(request, label))
    return Ruling(
        request=request,
        allowed=would or (charter.mode != "enforce" and not final),
        would=would,
        reasons=reasons,
        obligations=Obligations(charter.floor) if purpose is None else Obligations(purpose.floor, purpose.kept),
        mode=charter.mode,
        at=now,
    )
