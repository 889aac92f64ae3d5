"""What a team does with a policy beside obeying it: begin one, compare two, try one out on what is on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from unseen.adapters.rules_cedar import CedarRules
from unseen.core.access import Ask
from unseen.core.consents import ConsentRecord
from unseen.core.labels import Label
from unseen.core.names import display
from unseen.crypto.labels import check_label
from unseen.engine.governance import Governance
from unseen.engine.policies import POLICY_NAME
from unseen.errors import OutputTaken
from unseen.policy.charter import MODES, TO_FILL_IN, Charter
from unseen.policy.decision import Case, as_it_is, judge, ruling

__all__ = ["Change", "Difference", "begin", "differences", "first_policy", "simulate"]

Direction = Literal["wider", "narrower", "other"]

#: A policy that allows to redact what lies in raw/, and nothing else.
_TEMPLATE = """\
# Who may do what with which data, for which purpose. What is not written here is not allowed.
# unseen policy check unseen.yaml says what is wrong in it; editors can use docs/unseen.schema.json.
unseen: 1
mode: enforce                     # observe and warn only say what would be refused

controller:
  name: {name}
  contact: {contact}    # where people ask about their data

people:                           # accounts and their roles: viewer, annotator, operator, dpo, auditor, admin
  {actor}: {{roles: [operator, dpo]}}

sources:                          # where data comes from; what comes from nowhere is refused
  recordings:
    paths: [raw/]                 # below this file's folder
    purposes: [research]
    jurisdiction: [DE]            # ISO 3166

purposes:                         # a tree: what is below a purpose inherits from it, and never allows more
  research:
    description: Counting and describing what happens, never who it is
    term: dpv:ScientificResearch  # W3C Data Privacy Vocabulary
    basis: public-task            # GDPR Art. 6(1)
    retention: 90 days
    actions: [redact]
    outputs: [photo, video]
    who: [operator]
    recipe:
      require_hidden: [face, plate]
      refuse_methods: [mosaic, blur, none]
      require_verify: full
    keep:
      metadata: [icc]             # all else is dropped
"""


def first_policy(actor: str) -> str:
    """Return what `unseen policy init` writes, for an actor who may operate and answers for data protection."""
    return _TEMPLATE.format(actor=actor, name=TO_FILL_IN[0], contact=TO_FILL_IN[1])


def begin(folder: Path, actor: str) -> Path:
    """Write a policy to begin with; raises OutputTaken if there is one."""
    path = folder / POLICY_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(first_policy(actor))
    except FileExistsError:
        raise OutputTaken(f"{display(path)}: is there already; change that one") from None
    return path


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two policies: where, what, and whether the new one allows more."""

    direction: Direction
    place: str
    text: str


#: For sets and flags and numbers: what allows more when it is added, said, or larger.
_MORE = frozenset({
    "actions", "outputs", "who", "roles", "permissions", "classes", "metadata", "fields", "allow_metadata", "paths",
    "cameras", "senders", "retention_s", "max_side", "max_rate", "epsilon", "delta", "purposes",
})  # fmt: skip
_LESS = frozenset(
    {"prohibitions", "refuse_methods", "require_hidden", "refuse_unsafe", "require_credentials", "consent"}
)
_ORDERS: Mapping[str, tuple[str, ...]] = {
    "mode": MODES, "require_verify": ("skip", "sample", "full"), "require_recall": ("fast", "high"),
}  # fmt: skip


def differences(old: Charter, new: Charter) -> list[Change]:
    """Return what differs between two policies, in the order of the file; an empty list if they decide alike."""
    return list(_compare(old.as_dict(), new.as_dict(), ""))


def _compare(old: Any, new: Any, place: str) -> Iterator[Change]:
    if old == new:
        return
    key = place.rpartition("/")[2]
    shown = place.lstrip("/").replace("/", ": ")
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _compare_mappings(old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        added, gone = [v for v in new if v not in old], [v for v in old if v not in new]
        for sign, changed in (("+", added), ("-", gone)):
            if changed:
                yield Change(_direction(key, more=sign == "+"), shown, f"{sign} {', '.join(map(str, changed))}")
    else:
        words = f"{_told(key, old)} -> {_told(key, new)}"
        yield Change(_direction(key, more=_larger(key, old, new)), shown.removesuffix("_s"), words)


def _compare_mappings(old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[Change]:
    named = place in ("/purposes", "/people", "/sources")
    for key in dict.fromkeys((*old, *new)):
        if named and (key not in old or key not in new):
            yield Change(
                "narrower" if key in old else "wider", place.lstrip("/"), f"{'-' if key in old else '+'} {key}"
            )
        else:
            yield from _compare(old.get(key), new.get(key), f"{place}/{key}")


def _direction(key: str, *, more: bool | None) -> Direction:
    if more is None or (key not in _MORE and key not in _LESS and key not in _ORDERS):
        return "other"
    widens = more if key in _MORE else not more
    return "wider" if widens else "narrower"


def _larger(key: str, old: Any, new: Any) -> bool | None:
    """Whether the new value is larger, or says less: None stands for no limit."""
    if key in _ORDERS and old in _ORDERS[key] and new in _ORDERS[key]:
        return _ORDERS[key].index(new) > _ORDERS[key].index(old)
    if key in _MORE and (old is None or new is None):
        return new is None
    try:
        return bool(new > old)
    except TypeError:
        return None


def _told(key: str, value: Any) -> str:
    if key == "retention_s" and value is not None:
        return f"{value / 86400:g} days"
    return "nothing" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that another policy decides otherwise: for how many items, and why it is refused where it is."""

    action: str
    purpose: str
    actor: str
    items: int
    now_allowed: bool
    reason: str


def simulate(governance: Governance, new: Charter) -> tuple[int, list[Difference]]:
    """Return how many decisions were tried, and those that another policy would make otherwise.

    Tried is every action under every purpose, by everybody whom either policy names, on every item on record; items
    with like labels are decided once.
    """
    old, now = governance.charter, governance.clock()
    rules = CedarRules(old), CedarRules(new)
    labels: Counter[Label] = Counter()
    for signed in governance.records.labels():
        label = check_label(signed, governance.key, signed.label.item)
        labels[replace(label, item="0" * 64, parents=frozenset())] += 1
    tried, found = 0, []
    known = {label: _people(governance, label) for label in labels}
    for request in _requests(old, new):
        changed: Counter[tuple[bool, str]] = Counter()
        for label, count in labels.items():
            before, _ = _decided(Case(request, old, label, known[label][0], now, known[label][1]), rules[0])
            after, reason = _decided(Case(request, new, label, known[label][0], now, known[label][1]), rules[1])
            tried += count
            if before != after:
                changed[(after, reason)] += count
        for (after, reason), count in changed.items():
            found.append(Difference(request.action, request.purpose, request.actor, count, after, reason))
    return tried, found


def _requests(old: Charter, new: Charter) -> Iterator[Ask]:
    purposes = {**old.purposes, **new.purposes}
    for actor in sorted({*old.people, *new.people}):
        for name in purposes:
            known = [charter.purposes[name] for charter in (old, new) if name in charter.purposes]
            for action in sorted(frozenset().union(*(purpose.actions for purpose in known))):
                yield Ask(action, name, actor)


def _people(governance: Governance, label: Label) -> tuple[tuple[ConsentRecord, ...], frozenset[str]]:
    """Return the consents of everybody in a label, and who of them has restricted processing."""
    named = governance.records.consents_by_record(label.consents)
    people = label.subjects | {record.subject for record in named}
    return governance.records.consents(people), governance.records.restricted(people)


def _decided(case: Case, rules: CedarRules) -> tuple[bool, str]:
    case = replace(case, request=as_it_is(case.request, case.label))
    reasons = judge(case)
    if not reasons and case.purpose is not None:
        reasons = rules.evaluate(case.request, case.label, case.now)
    decided = ruling(case.request, reasons, case.charter, case.now, case.label)
    return decided.allowed, decided.told()
