"""Reads a policy file's values into a charter; purposes inherit, and a narrower one never allows more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unseen.core.dicom_node import is_title
from unseen.core.formats import KEEPABLE
from unseen.core.labels import ACTIONS, is_purpose_name
from unseen.core.recipe import expand_classes
from unseen.core.regions import CLASSES, GROUPS
from unseen.core.terms import BASES, PURPOSES, SPECIAL_BASES
from unseen.errors import UsageError
from unseen.policy.charter import MODES, OUTPUTS, Budget, Charter, Controller, Kept, Purpose, Source
from unseen.policy.reader import Fault, Place, Reader
from unseen.policy.roles import GRANTS, ROLES, Person
from unseen.policy.rules import Policy, parse_policy, stricter

__all__ = ["KEYS", "PURPOSE_KEYS", "parse_charter"]

#: The keys of a policy file, and of one purpose in it.
KEYS = ("unseen", "mode", "controller", "people", "sources", "purposes", "recipe", "rules")
PURPOSE_KEYS = (
    "description", "term", "basis", "special_basis", "retention", "actions", "outputs", "who", "consent", "recipe",
    "keep", "budget", "purposes",
)  # fmt: skip
_CONTROLLER_KEYS = ("name", "contact", "dpo", "address")
_SOURCE_KEYS = ("paths", "cameras", "senders", "purposes", "prohibitions", "jurisdiction")
_KEEP_KEYS = ("classes", "metadata", "fields", "max_side", "max_rate")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_NAME = re.compile(r"[A-Za-z0-9][\w.@+-]{0,99}")
_FIELD = re.compile(r"[\w .:/-]{1,100}")
_DEEPEST = 8


def parse_charter(values: Any, read_rule: Callable[[str], str]) -> tuple[Charter, list[Fault]]:
    """Return the charter that parsed values mean, and every fault in them; with a fault it must not be used.

    `read_rule` returns the text of a file of rules that is named, and may raise UsageError.
    """
    reader = Reader()
    top = reader.mapping(values, (), KEYS)
    if not top:
        reader.fault((), "the policy is empty; unseen policy init writes one to begin with")
    if top.get("unseen") != 1 or isinstance(top.get("unseen"), bool):
        reader.fault(("unseen",) if "unseen" in top else (), "say which version of the format this is, as unseen: 1")
    floor = _floor(reader, top.get("recipe"), ("recipe",))
    purposes: dict[str, Purpose] = {}
    _purposes(reader, top.get("purposes"), ("purposes",), None, floor, purposes)
    if not purposes:
        reader.fault(("purposes",) if "purposes" in top else (), "purposes are missing; without one nothing is allowed")
    charter = Charter(
        controller=_controller(reader, top.get("controller")),
        mode=reader.word(top, "mode", (), MODES) or "enforce",  # type: ignore[arg-type]  # one of MODES
        purposes=purposes,
        sources=_sources(reader, top.get("sources"), purposes),
        people=_people(reader, top.get("people")),
        rules=_rules(reader, top, read_rule),
        floor=floor,
    )
    return charter, reader.faults


def _controller(reader: Reader, value: Any) -> Controller | None:
    place: Place = ("controller",)
    values = reader.mapping(value, place, _CONTROLLER_KEYS)
    if value is None:
        reader.fault((), "controller is missing; say who answers for the data, with name and contact")
        return None
    name, contact = (reader.text(values, key, place, required=True) for key in ("name", "contact"))
    return Controller(name, contact, reader.text(values, "dpo", place), reader.text(values, "address", place))


def _people(reader: Reader, value: Any) -> dict[str, Person]:
    people = {}
    for name, each in reader.mapping(value, ("people",)).items():
        place: Place = ("people", name)
        if not _NAME.fullmatch(name):
            reader.fault(place, "write an account's name: letters, digits, and . @ + - _")
        values = reader.mapping(each, place, ("roles", "permissions"))
        roles = reader.words(values, "roles", place, ROLES, "") or frozenset()
        people[name] = Person(roles, reader.words(values, "permissions", place, GRANTS, "") or frozenset())
    return people


def _sources(reader: Reader, value: Any, purposes: Mapping[str, Purpose]) -> dict[str, Source]:
    sources = {}
    for name, each in reader.mapping(value, ("sources",)).items():
        place: Place = ("sources", name)
        values = reader.mapping(each, place, _SOURCE_KEYS)
        reader.words(values, "paths", place, _is_path, "name paths below this file's folder, as raw/street/")
        paths = values.get("paths")
        sources[name] = Source(
            name=name,
            paths=tuple(each for each in paths if isinstance(each, str)) if isinstance(paths, list) else (),
            cameras=reader.words(values, "cameras", place, _is_named, "name cameras as unseen live does")
            or frozenset(),
            senders=reader.words(values, "senders", place, is_title, "write AE titles: 1 to 16 ASCII characters")
            or frozenset(),
            purposes=reader.words(values, "purposes", place, purposes, "") or frozenset(),
            prohibitions=reader.words(values, "prohibitions", place, ACTIONS, "") or frozenset(),
            jurisdiction=reader.words(
                values, "jurisdiction", place, _is_country, "write ISO 3166 codes, as DE or US-CA"
            )
            or frozenset(),
        )
    return sources


def _is_path(word: str) -> bool:
    return bool(word) and word.isprintable() and not word.startswith("/") and ".." not in word.split("/")


def _is_named(word: str) -> bool:
    return _NAME.fullmatch(word) is not None


def _is_country(word: str) -> bool:
    return _COUNTRY.fullmatch(word) is not None


def _rules(reader: Reader, top: Mapping[str, Any], read_rule: Callable[[str], str]) -> tuple[str, ...]:
    names = reader.words(top, "rules", (), _is_path, "name files below this file's folder, as rules/export.cedar")
    if not names:
        return ()
    texts = []
    for number, name in enumerate(top["rules"]):
        try:
            texts.append(read_rule(name))
        except UsageError as error:
            reader.fault(("rules", number), str(error))
    return tuple(texts)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a purpose and those above it said so far; None where nothing was said."""

    term: str | None = None
    basis: str | None = None
    special_basis: str | None = None
    retention_s: float | None = None
    actions: frozenset[str] | None = None
    outputs: frozenset[str] | None = None
    who: frozenset[str] | None = None
    consent: bool = False
    floor: Policy = field(default_factory=Policy)
    kept: Kept = field(default_factory=Kept)
    budget: Budget | None = None


def _purposes(
    reader: Reader, value: Any, place: Place, above: str | None, floor: Policy, into: dict[str, Purpose],
    said: _Said | None = None,
) -> None:  # fmt: skip
    """Read purposes and those below them, each with what it inherits."""
    said = said or _Said(floor=floor)
    for word, each in reader.mapping(value, place).items():
        here: Place = (*place, word)
        if "." in word or not is_purpose_name(word):
            reader.fault(here, "name a purpose in lower-case words with hyphens; put narrower ones under its purposes")
            continue
        if len(here) > 2 * _DEEPEST:
            reader.fault(here, f"purposes are nested more than {_DEEPEST} deep; make the tree flatter")
            continue
        name = word if above is None else f"{above}.{word}"
        values = reader.mapping(each, here, PURPOSE_KEYS)
        own = _said(reader, values, here, said)
        into[name] = Purpose(
            name=name,
            description=reader.text(values, "description", here),
            term=own.term or "dpv:Purpose",
            basis=own.basis or "",
            special_basis=own.special_basis or "",
            retention_s=own.retention_s,
            actions=own.actions or frozenset(),
            outputs=own.outputs or frozenset(),
            who=own.who or frozenset(),
            consent=own.consent,
            floor=own.floor,
            kept=own.kept,
            budget=own.budget,
        )
        if not own.basis and not values.get("purposes"):
            reader.fault(here, f"basis is missing; say on what legal basis: {', '.join(BASES)}")
        _purposes(reader, values.get("purposes"), (*here, "purposes"), name, floor, into, own)


def _said(reader: Reader, values: Mapping[str, Any], place: Place, above: _Said) -> _Said:
    # A basis that is misspelt is one fault, not one more in each purpose below.
    basis = reader.word(values, "basis", place, BASES) or above.basis or ("consent" if "basis" in values else None)
    special = reader.word(values, "special_basis", place, SPECIAL_BASES) or above.special_basis
    needed = above.consent or basis == "consent" or special == "explicit-consent"
    consent = reader.flag(values, "consent", place)
    if consent is False and needed:
        reader.fault((*place, "consent"), "consent is needed by the purpose above or by the basis; leave this out")
    retention = reader.span(values, "retention", place)
    if retention is not None and above.retention_s is not None and retention > above.retention_s:
        reader.fault((*place, "retention"), "longer than the purpose above keeps data; make it shorter")
    return replace(
        above,
        term=reader.word(values, "term", place, PURPOSES) or above.term,
        basis=basis,
        special_basis=special,
        retention_s=above.retention_s if retention is None else retention,
        actions=_narrowed(reader, values, "actions", place, ACTIONS, above.actions),
        outputs=_narrowed(reader, values, "outputs", place, OUTPUTS, above.outputs),
        who=_narrowed(reader, values, "who", place, tuple(ROLES), above.who),
        consent=needed or bool(consent),
        floor=stricter(above.floor, _floor(reader, values.get("recipe"), (*place, "recipe"))),
        kept=_kept(reader, values.get("keep"), (*place, "keep"), above.kept),
        budget=_budget(reader, values.get("budget"), (*place, "budget"), above.budget),
    )


def _narrowed(
    reader: Reader, values: Mapping[str, Any], key: str, place: Place, known: tuple[str, ...],
    above: frozenset[str] | None,
) -> frozenset[str] | None:  # fmt: skip
    own = reader.words(values, key, place, known, "")
    if own is None or above is None:
        return above if own is None else own
    if own - above:
        reader.fault((*place, key), f"{', '.join(sorted(own - above))}: not among the {key} of the purpose above")
    return own & above


def _floor(reader: Reader, value: Any, place: Place) -> Policy:
    values = reader.mapping(value, place)
    if not values:
        return Policy()
    try:
        return parse_policy(values)
    except UsageError as error:
        reader.fault(place, str(error))
        return Policy()


def _kept(reader: Reader, value: Any, place: Place, above: Kept) -> Kept:
    values = reader.mapping(value, place, _KEEP_KEYS)
    classes = reader.words(values, "classes", place, (*CLASSES, *GROUPS), "")
    known = [word for word in classes or () if word in CLASSES or word in GROUPS]
    side = reader.number(values, "max_side", place, low=16, whole=True)
    rate = reader.number(values, "max_rate", place, low=0.01)
    sides = [each for each in (above.max_side, None if side is None else int(side)) if each is not None]
    rates = [each for each in (above.max_rate, rate) if each is not None]
    return Kept(
        classes=_both(above.classes, None if classes is None else frozenset(expand_classes(known))),
        metadata=_both(above.metadata, reader.words(values, "metadata", place, KEEPABLE, "")),
        fields=_both(above.fields, reader.words(values, "fields", place, _is_field, "write names of columns")),
        max_side=min(sides, default=None),
        max_rate=min(rates, default=None),
    )


def _is_field(word: str) -> bool:
    return _FIELD.fullmatch(word) is not None


def _both(above: frozenset[str] | None, own: frozenset[str] | None) -> frozenset[str] | None:
    if above is None or own is None:
        return above if own is None else own
    return above & own


def _budget(reader: Reader, value: Any, place: Place, above: Budget | None) -> Budget | None:
    if value is None:
        return above
    values = reader.mapping(value, place, ("epsilon", "delta"))
    epsilon = reader.number(values, "epsilon", place, low=1e-6)
    delta = reader.number(values, "delta", place, low=0.0)
    if epsilon is None:
        if "epsilon" not in values:
            reader.fault(place, "epsilon is missing; say how much releases may reveal, as epsilon: 1")
        return above
    budget = Budget(float(epsilon), float(delta or 0.0))
    if above is not None and (budget.epsilon > above.epsilon or budget.delta > above.delta):
        reader.fault(place, "more than the purpose above may reveal; make it smaller")
    return budget
