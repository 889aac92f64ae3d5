"""Labels: what is known of an artefact's protection, and what may be done with it; derived ones never allow more."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from unseen.core.receipts import Verdict
from unseen.errors import LabelInvalid, Refused

__all__ = [
    "ACTIONS",
    "SCHEMA",
    "STATES",
    "Label",
    "SignedLabel",
    "State",
    "covers",
    "derive",
    "intersection",
    "is_purpose_name",
    "label_from",
    "raise_state",
    "signed_label_from",
]

State = Literal["raw", "pseudonymised", "contextual", "aggregated"]
#: From the least protected to the most. "contextual": people can be told only by who knows the scene already.
STATES: tuple[str, ...] = get_args(State)
#: What may be done with an artefact under a purpose; `view-raw` and `export` are permissions of their own.
ACTIONS: tuple[str, ...] = (
    "annotate", "count", "dicom", "export", "live", "redact", "release", "store", "train", "view", "view-raw",
)  # fmt: skip
SCHEMA = "unseen-label/1"
_PURPOSE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*")
_KEYED = re.compile(r"[0-9a-f]{16,64}")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_TAG = re.compile(r"[0-9a-f]{64}")


def is_purpose_name(name: str) -> bool:
    """Whether a word names a purpose: lower-case words, with a dot before each narrower one."""
    return len(name) <= 200 and _PURPOSE.fullmatch(name) is not None


def covers(purposes: Iterable[str], purpose: str) -> bool:
    """Whether a purpose is among these, or narrower than one of them: research covers research.road-safety."""
    return any(purpose == each or purpose.startswith(f"{each}.") for each in purposes)


def intersection(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Return the purposes that both sets cover, in the fewest names."""
    both = {each for each in one if covers(other, each)} | {each for each in other if covers(one, each)}
    return frozenset(each for each in both if not covers(both - {each}, each))


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of one artefact, and binds whoever uses it.

    `item` is the keyed commitment to its content, so that a label fits one file only; `subjects` are keyed
    identifiers of the people in it, `consents` the identifiers of records; `retain_until` is in seconds since 1970,
    None for no end; `jurisdiction` has ISO 3166 codes; `parents` are the items it was made from. Raises LabelInvalid.
    """

    item: str
    state: State
    purposes: frozenset[str] = frozenset()
    prohibitions: frozenset[str] = frozenset()
    basis: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    retain_until: float | None = None
    jurisdiction: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise LabelInvalid(f"a label has the unknown state {self.state!r}; choose from {', '.join(STATES)}")
        if self.retain_until is not None and not math.isfinite(self.retain_until):
            raise LabelInvalid("a label's retain_until must be a number of seconds, or nothing")
        _check("purpose", self.purposes, is_purpose_name)
        _check("prohibition", self.prohibitions, ACTIONS.__contains__)
        _check("jurisdiction", self.jurisdiction, lambda word: _COUNTRY.fullmatch(word) is not None)
        for what in ("consents", "subjects", "parents"):
            _check(what, getattr(self, what), lambda word: _KEYED.fullmatch(word) is not None)
        _check("item", [self.item], lambda word: _KEYED.fullmatch(word) is not None)
        _check("basis", self.basis, lambda word: 0 < len(word) <= 100 and word.isprintable())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: sets as sorted lists."""
        sets = {name: sorted(getattr(self, name)) for name in _SETS}
        return {"schema": SCHEMA, "item": self.item, "state": self.state, "retain_until": self.retain_until, **sets}

    def payload(self) -> bytes:
        """Return what is signed: canonical JSON, one text for one label."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":")).encode()


_SETS = ("purposes", "prohibitions", "basis", "consents", "subjects", "jurisdiction", "parents")


def _check(what: str, words: Iterable[str], good: Any) -> None:
    for word in words:
        if not isinstance(word, str) or not good(word):
            raise LabelInvalid(f"a label has a {what} that is none; take the label that was issued with the file")


@dataclass(frozen=True, slots=True)
class SignedLabel:
    """A label and the tag that the holder of the key made of it; nothing is said here of whether the tag is right."""

    label: Label
    tag: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the file of a label has them."""
        return {**self.label.as_dict(), "tag": self.tag}


def label_from(values: Mapping[str, Any]) -> Label:
    """Read a label from plain values; raises LabelInvalid for anything that is missing, unknown or of another kind."""
    known = {"schema", "item", "state", "retain_until", *_SETS}
    if values.keys() != known or values.get("schema") != SCHEMA:
        raise LabelInvalid(f"this is no label of schema {SCHEMA}; take the label that was issued with the file")
    until, item, state = values["retain_until"], values["item"], values["state"]
    if isinstance(until, bool) or not isinstance(until, int | float | None) or not isinstance(state, str):
        raise LabelInvalid("a label's state or retain_until is of another kind; take the one that was issued")
    lists = [values[name] for name in _SETS]
    if not all(isinstance(each, list) and all(isinstance(word, str) for word in each) for each in lists):
        raise LabelInvalid("a label's lists must hold words; take the label that was issued with the file")
    sets = {name: frozenset(values[name]) for name in _SETS}
    return Label(item=item, state=state, retain_until=until, **sets)  # type: ignore[arg-type]  # Label checks the word


def signed_label_from(values: Any) -> SignedLabel:
    """Read a signed label from plain values; raises LabelInvalid."""
    if not isinstance(values, Mapping):
        raise LabelInvalid("this is no label; take the label that was issued with the file")
    tag = values.get("tag")
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise LabelInvalid("a label without a signature counts for nothing; take the one that was issued")
    return SignedLabel(label_from({name: value for name, value in values.items() if name != "tag"}), tag)


def derive(parents: Sequence[Label], item: str) -> Label:
    """Return the label of what was made from these: it allows what all of them allow, for as long as all of them do.

    Purposes are the intersection; prohibitions, bases, consents, subjects and jurisdictions the union; retain_until
    the minimum; the state that of the least protected. Raises LabelInvalid without a parent.
    """
    if not parents:
        raise LabelInvalid("an artefact without a source has no label; name what it was made from")
    purposes = parents[0].purposes
    for parent in parents:
        purposes = intersection(purposes, parent.purposes)
    ends = [parent.retain_until for parent in parents if parent.retain_until is not None]
    union = {name: frozenset[str]().union(*(getattr(p, name) for p in parents)) for name in _UNITED}
    return Label(
        item=item,
        state=min((parent.state for parent in parents), key=STATES.index),
        purposes=purposes,
        retain_until=min(ends, default=None),
        parents=frozenset(parent.item for parent in parents),
        **union,
    )


_UNITED = ("prohibitions", "basis", "consents", "subjects", "jurisdiction")


def raise_state(label: Label, state: State, verdict: Verdict | None) -> Label:
    """Return the label with a higher state, which only a verification that passed, of something, can give.

    A state that is not higher changes nothing. Raises Refused without such a verdict.
    """
    if STATES.index(state) <= STATES.index(label.state):
        return label
    if verdict is None or verdict.outcome != "pass" or not verdict.checked:
        raise Refused(f"the state stays {label.state}: no verification passed; two people can override it")
    return replace(label, state=state)
