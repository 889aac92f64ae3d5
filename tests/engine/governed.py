"""A city with a policy, for tests: its file, its clock, and stand-ins for the ledger and the keys."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from unseen.core.consents import ConsentEvent, ConsentRecord
from unseen.core.labels import Label
from unseen.core.ledger import Entry, Event
from unseen.crypto.labels import sign_label
from unseen.engine.governance import Governance, open_governance

DAY = 86400.0
NOW = 1_700_000_000.0

CITY = """\
unseen: 1
controller:
  name: City of Example
  contact: privacy@city.example
  dpo: dpo@city.example
people:
  olga: {roles: [operator]}
  viktor: {roles: [viewer]}
  dora: {roles: [dpo], permissions: [export, view-raw]}
  anton: {roles: [admin]}
  ada: {roles: [auditor]}
  rosa: {roles: [operator, viewer], permissions: [view-raw]}
sources:
  street:
    paths: [street/]
    cameras: [crossing]
    purposes: [research]
    prohibitions: [train]
    jurisdiction: [DE]
  ward:
    paths: [ward/*.png]
    purposes: [care]
    jurisdiction: [DE]
  archive:
    paths: [archive/]
    purposes: [research.road-safety, care]
recipe:
  refuse_unsafe: true
purposes:
  research:
    description: How many people cross, never who
    term: dpv:ScientificResearch
    basis: public-task
    retention: 90 days
    actions: [redact, live, count, view, view-raw, export]
    outputs: [photo, live, table]
    who: [operator, viewer]
    recipe:
      require_hidden: [face]
      refuse_methods: [mosaic, blur]
      require_verify: full
    keep:
      metadata: []
    purposes:
      road-safety:
        retention: 30 days
        actions: [redact, view]
      marketing:
        who: []
  care:
    term: dpv:ImproveHealthcare
    basis: consent
    special_basis: explicit-consent
    actions: [redact, train, view]
    outputs: [photo, model]
    who: [operator]
    purposes:
      teaching:
        description: Showing students what was seen
"""


@dataclass
class ListLedger:
    """An `EventLedger` that remembers, after calling a function that may raise."""

    before: Callable[[Event], None] = lambda _: None
    events: list[Event] = field(default_factory=list)

    def append(self, event: Event) -> Entry:
        self.before(event)
        self.events.append(event)
        return Entry(len(self.events) - 1, b"", len(self.events))


@dataclass(frozen=True)
class FunctionRing:
    """An `Opener` that opens by a function of item and purpose."""

    give: Callable[[str, str], bytes]

    def open(self, item: str, purpose: str) -> BinaryIO:
        return io.BytesIO(self.give(item, purpose))


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def found_city(root: Path, text: str = CITY) -> Path:
    """Write the policy, and return its path."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "unseen.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def govern(root: Path, clock: Clock | None = None, text: str = CITY) -> Governance:
    """Write the policy and open what stands behind it."""
    return open_governance(found_city(root, text), clock or Clock())


def put(governance: Governance, label: Label, kind: str = "photo") -> Label:
    """Sign a label and store it."""
    governance.records.add(sign_label(label, governance.key), kind, governance.clock())
    return label


def agree(governance: Governance, name: str, purpose: str, *, until: float | None = None) -> ConsentRecord:
    """Store a person's consent, given yesterday."""
    event = ConsentEvent("given", NOW - DAY, until, notice_version="v1", notice_language="en", method="web-form")
    record = ConsentRecord(governance.key.tag("test", f"{name} {purpose}".encode())[:32], governance.subject(name),
                           purpose, (event,))  # fmt: skip
    governance.records.put_consents([record])
    return record
