"""What documents are made of: reports, decisions and policies as they are written, records and ledger as they are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.policy_yaml import document_of, read_text
from unseen.core.labels import covers, signed_label_from
from unseen.core.names import display
from unseen.crypto.labels import check_label
from unseen.errors import DamagedInput, LabelInvalid, LedgerBroken, TooLarge, UnreadableInput, UsageError
from unseen.govern.documents.decisions import Decisions, decisions_from
from unseen.govern.documents.facts import ConsentFacts, Fate, LabelFacts, LedgerFacts, Tally, utc
from unseen.govern.documents.model import Input
from unseen.govern.documents.nodes import Node
from unseen.govern.documents.safe_harbor import identifiers
from unseen.policy.labels import is_tombstone

if TYPE_CHECKING:
    from unseen.engine.governance import Governance

__all__ = ["RecordsFacts", "decisions_in", "fates_of", "read_policy", "read_report", "records_facts"]

_SCHEMAS = {"unseen-report/1": "report of unseen redact", "unseen-dicom-report/1": "report of unseen dicom"}
_LIMIT_BYTES = 1 << 30


def read_report(path: Path, governance: Governance | None, names: set[str]) -> tuple[Node, Input]:
    """Return a report, and what is said of it as an input; `names` are taken, so that no two are cited alike.

    Labels in it have to be genuine where there is a policy. Raises UsageError for what is no report, DamagedInput,
    UnreadableInput, TooLarge or LabelInvalid.
    """
    data = _bytes_of(path)
    name = shown = display(path.name)
    for number in range(2, len(names) + 3):
        if shown not in names:
            break
        shown = f"{name} ({number})"
    names.add(shown)
    try:
        values = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedInput(f"{shown}: is no JSON; take the report as it was written") from error
    schema = values.get("schema") if isinstance(values, Mapping) else None
    if schema not in _SCHEMAS:
        raise UsageError(f"{shown}: is no report of unseen redact or unseen dicom; name what --report wrote")
    node, said = Node(values, shown), [_SCHEMAS[schema]]
    if governance is not None:
        said += _under(node, governance)
    return node, Input(shown, ", ".join(said), hashlib.sha256(data).hexdigest())


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise UnreadableInput(f"{display(path)}: cannot be read ({error.strerror}); check the name") from error
    if len(data) > _LIMIT_BYTES:
        raise TooLarge(f"{display(path)}: is larger than {_LIMIT_BYTES >> 20} MiB; split the run")
    return data


def _under(report: Node, governance: Governance) -> list[str]:
    """Return under which rules a report was made, and how many labels in it are genuine; raises LabelInvalid."""
    said, genuine = [], 0
    policy = report.get("policy_sha256")
    if policy is not None:
        same = policy.text() == governance.charter.digest()
        said.append("made under this policy" if same else f"made under other rules, {policy.text()[:16]}")
    files = report.get("files")
    for file in files.each() if files is not None else ():
        label = file.get("label")
        if label is not None:
            signed = signed_label_from(label.value)
            try:
                check_label(signed, governance.key, signed.label.item)
            except LabelInvalid as error:
                raise LabelInvalid(f"{report.place}#{label.pointer}: {error}") from error
            genuine += 1
    return [*said, f"{genuine:,} labels in it are genuine"] if genuine else said


def decisions_in(path: Path | None, purposes: Mapping[str, object]) -> tuple[Decisions, list[Input]]:
    """Return what people decided, and the file as an input; raises UsageError, PolicyInvalid or DamagedInput."""
    if path is None:
        return Decisions(), []
    text, name = read_text(path, "the decisions"), display(path.name)
    node = Node(document_of(text, name).values, name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return decisions_from(node, purposes), [Input(name, "decisions of people", digest)]


def read_policy(governance: Governance) -> tuple[Node, Input]:
    """Return a policy as it is written, and what is said of it as an input."""
    text, name = read_text(governance.path, "the policy"), display(governance.path.name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Node(document_of(text, name).values, name), Input(name, "policy", digest)


def fates_of(report: Node) -> Mapping[str, Fate]:
    """Return what the profile did, under a report's options, with each attribute that Safe Harbor's rows name.

    Where it did one thing in some kinds of objects and another in others, both are told.
    """
    from unseen.dicom.explain import fate_of  # here: it takes the dictionary of the standard

    options = frozenset(report["recipe"]["options"].words())
    classes = sorted(
        {each["sop_class"].text() for study in report["studies"].each() for each in study["objects"].each()} or {""}
    )
    found = {}
    for tag in sorted({tag for row in identifiers() for tag in row["tags"]}):
        fates = [fate_of(int(tag, 16), options, sop_class) for sop_class in classes]
        told = " or ".join(dict.fromkeys(fate[1] for fate in fates))
        found[tag] = Fate(fates[0][0], told, all(fate[2] for fate in fates))
    return found


@dataclass(frozen=True, slots=True)
class RecordsFacts:
    """What records and ledger of a policy's folder say."""

    labels: LabelFacts
    consents: ConsentFacts
    ledger: LedgerFacts
    inputs: tuple[Input, ...]


def records_facts(governance: Governance) -> RecordsFacts:
    """Return what records and ledger say, checked; raises LabelInvalid for a changed record, LedgerBroken."""
    ledger = _ledger(governance)
    given = Input("ledger", f"{ledger.size:,} events, checked; ledger {ledger.origin}", ledger.root)
    return RecordsFacts(_labels(governance), _consents(governance), ledger, (given,))


def _ledger(governance: Governance) -> LedgerFacts:
    """Return what is in the ledger, after every row of it was checked."""
    from unseen.engine.governance import CommittedLedger
    from unseen.engine.ledger import check_ledger, events

    if not isinstance(governance.ledger, CommittedLedger):
        raise UsageError("the ledger cannot be read from here; open the policy's own")
    store = governance.ledger.ledger
    checked = check_ledger(store)
    if checked.findings:
        raise LedgerBroken(f"the ledger was changed ({checked.findings[0]}); say: unseen ledger verify")
    tallies: dict[tuple[str, str, str], Tally] = {}
    for index, event in events(store, checked.head.size):
        if index < checked.head.size:
            action, at = event.details.get("action", ""), utc(event.time.timestamp())
            key = (event.kind, action if isinstance(action, str) else "", event.purpose)
            known = tallies.get(key) or Tally(*key, 0, index, index, at, at)
            since, until = min(known.since, at), max(known.until, at)
            tallies[key] = Tally(*key, known.count + 1, known.first, index, since, until)
    head = checked.head
    return LedgerFacts(head.origin, head.size, head.root.hex(), tuple(tallies.values()))


def _labels(governance: Governance) -> LabelFacts:
    states: Counter[str] = Counter()
    purposes: Counter[str] = Counter()
    people: set[str] = set()
    now, derived, overdue = governance.clock(), 0, 0
    for signed in governance.records.labels():
        label = check_label(signed, governance.key, signed.label.item)
        if is_tombstone(label):
            continue  # it was deleted
        states[label.state] += 1
        purposes.update(name for name in governance.charter.purposes if covers(label.purposes, name))
        derived += bool(label.parents)
        people |= label.subjects
        overdue += label.retain_until is not None and label.retain_until <= now
    return LabelFacts(states.total(), dict(sorted(states.items())), dict(purposes), derived, overdue, len(people))


def _consents(governance: Governance) -> ConsentFacts:
    standing: Counter[tuple[str, str]] = Counter()
    methods: set[str] = set()
    notices: set[str] = set()
    for record in governance.records.all_consents():
        standing[(record.purpose, record.standing(governance.clock()))] += 1
        methods |= {event.method for event in record.events if event.method}
        notices |= {f"{e.notice_version} ({e.notice_language})" for e in record.events if e.notice_version}
    return ConsentFacts(dict(sorted(standing.items())), tuple(sorted(methods)), tuple(sorted(notices)))
