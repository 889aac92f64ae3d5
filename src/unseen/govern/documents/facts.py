"""All that a document is made of, as values: policy, reports, labels, consents, ledger, decisions, and the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unseen.core.labels import covers
from unseen.govern.documents.decisions import Decisions
from unseen.govern.documents.model import Input, Row, Source
from unseen.govern.documents.nodes import Node
from unseen.policy.charter import TO_FILL_IN, Charter, Purpose

__all__ = ["ConsentFacts", "Facts", "Fate", "LabelFacts", "LedgerFacts", "PolicyFacts", "Tally", "ledger_source", "utc"]


def utc(seconds: float) -> str:
    """Return a moment as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy as it is understood, and as it is written, so that each word of it can be cited."""

    charter: Charter
    written: Node

    def cited(self, *path: str) -> Row | None:
        """Return what stands at a place of the file as a row without a label; None for nothing, or a placeholder."""
        node: Node | None = self.written
        for step in path:
            node = None if node is None else node.get(step)
        if node is None or node.value in (None, "", [], *TO_FILL_IN):
            return None
        values = tuple(str(v) for v in node.value) if isinstance(node.value, list) else (str(node.value),)
        return Row("", values, (node.source,))

    def of_purpose(self, name: str, key: str) -> Row | None:
        """Return what the file says of a purpose, there or, as it inherits, at the nearest purpose above."""
        words = name.split(".")
        for depth in range(len(words), 0, -1):
            path = [step for word in words[:depth] for step in ("purposes", word)]
            found = self.cited(*path, key)
            if found is not None:
                return found
        return None

    def rules_for(self, name: str) -> tuple[Source, ...]:
        """Return every place that says rules on recipes for a purpose: they add up."""
        words, found = name.split("."), [self.cited("recipe")]
        for depth in range(1, len(words) + 1):
            found.append(self.cited(*[step for word in words[:depth] for step in ("purposes", word)], "recipe"))
        return tuple(source for row in found if row is not None for source in row.sources)

    def source_of_purpose(self, name: str) -> Source:
        """Return where a purpose stands."""
        return Source(self.written.place, "/purposes/" + name.replace(".", "/purposes/"))


@dataclass(frozen=True, slots=True)
class Tally:
    """How often the ledger has one kind of event, action and purpose: numbers of the first and last, and times."""

    kind: str
    action: str
    purpose: str
    count: int
    first: int
    last: int
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """A ledger that was checked: its origin, size, root, and what is in it."""

    origin: str
    size: int
    root: str
    tallies: tuple[Tally, ...] = ()

    def of(self, kinds: tuple[str, ...], purpose: str | None = None, action: str = "") -> tuple[Tally, ...]:
        """Return the tallies of events of these kinds, by purpose (and those below it) and action where named."""
        return tuple(
            tally
            for tally in self.tallies
            if tally.kind in kinds
            and (purpose is None or covers([purpose], tally.purpose))
            and (not action or tally.action == action)
        )


def ledger_source(tallies: tuple[Tally, ...]) -> tuple[Source, ...]:
    """Return the numbers of events as a source."""
    if not tallies:
        return ()
    first, last = min(t.first for t in tallies), max(t.last for t in tallies)
    return (Source("ledger", f"event {first}" if first == last else f"events {first} to {last}"),)


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """The labels on record: how many by state, how many cover each purpose, how many items were made from others, how
    many are past their end, and with how many people."""

    total: int = 0
    by_state: Mapping[str, int] = field(default_factory=dict)
    by_purpose: Mapping[str, int] = field(default_factory=dict)
    derived: int = 0
    overdue: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """The consents on record: how many by purpose and by what they are worth now, and how they were obtained."""

    standing: Mapping[tuple[str, str], int] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What a DICOM profile does with an attribute: its name, what is told of it, and whether nothing of it stays."""

    name: str
    told: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known. `redactions` and `studies` are reports of unseen redact and unseen dicom.

    `fates` says for each report of studies what the profile does with an attribute (tag as eight hexadecimal digits);
    `scope` is the purpose a document is for, with those below it, None for all. `records` is where labels lie.
    """

    now: float
    inputs: tuple[Input, ...] = ()
    policy: PolicyFacts | None = None
    redactions: tuple[Node, ...] = ()
    studies: tuple[Node, ...] = ()
    fates: tuple[Mapping[str, Fate], ...] = ()
    labels: LabelFacts | None = None
    consents: ConsentFacts | None = None
    ledger: LedgerFacts | None = None
    decisions: Decisions = field(default_factory=Decisions)
    scope: str | None = None

    def purposes(self) -> Iterator[Purpose]:
        """Yield the purposes for which somebody may do something, in the file's order."""
        if self.policy is None:
            return
        for name, purpose in self.policy.charter.purposes.items():
            if (self.scope is None or covers([self.scope], name)) and purpose.basis and purpose.actions and purpose.who:
                yield purpose

    @property
    def inputs_but_reports(self) -> tuple[Input, ...]:
        """What was read, for documents that say nothing of reports."""
        reports = {node.place for node in (*self.redactions, *self.studies)}
        return tuple(each for each in self.inputs if each.name not in reports)

    def cited(self, *path: str) -> Row | None:
        """Return what the policy says at a place, None if it says nothing or there is no policy."""
        return None if self.policy is None else self.policy.cited(*path)
