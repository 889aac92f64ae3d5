"""Consents of a folder under a policy: added, withdrawn, listed, taken in and handed out."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import write_whole
from unseen.core.consents import METHODS, ConsentEvent, ConsentRecord, consent_from, seconds_of, utc
from unseen.core.names import display
from unseen.core.terms import BASES, iri
from unseen.engine.governance import Governance
from unseen.errors import UsageError

__all__ = [
    "COLUMNS",
    "METHODS",
    "ConsentEvent",
    "Effect",
    "decide",
    "export_consents",
    "import_consents",
    "listed",
    "proof_of",
    "receipt",
    "seconds_of",
]

#: The columns of a CSV of consents, a row an event.
COLUMNS = (
    "record_id", "subject_id", "purpose", "state", "at", "valid_until", "notice_version", "notice_language", "method",
    "proof_sha256",
)  # fmt: skip
_LIMIT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Effect:
    """A record as it is now, and how many items it is about: those with the person in them, and all made from them."""

    record: ConsentRecord
    items: int


def proof_of(path: Path | None) -> str:
    """Return the SHA-256 of the evidence for a consent, "" without one; raises UsageError."""
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the proof ({error.strerror}); check the name") from error


def decide(governance: Governance, subject: str, purpose: str, event: ConsentEvent, actor: str) -> Effect:
    """Write down what a person, by name, decided about a purpose; raises UsageError or Denied."""
    governance.require(actor, "record-consent")
    _check_purpose(governance, purpose)
    who = governance.subject(subject)
    before = [record for record in governance.records.consents([who]) if record.purpose == purpose]
    if before:
        record = before[0].with_event(event)
    elif event.state in ("given", "refused"):
        record = ConsentRecord(secrets.token_hex(16), who, purpose, (event,))
    else:
        raise UsageError(f"there is no consent for {purpose} on record that could be {event.state}; check the name")
    governance.records.put_consents([record])
    governance.note(f"consent.{event.state}", actor=actor, record=record.record, purpose=purpose)
    found = governance.records.items_of(who)
    below = {made.item for item in found for made in governance.records.made_from(item.item)}
    return Effect(record, len(below | {item.item for item in found}))


def _check_purpose(governance: Governance, purpose: str) -> None:
    known = governance.charter.purposes
    if purpose not in known:
        raise UsageError(f"the policy has no purpose {purpose!r}; it has {', '.join(sorted(known))}")


def listed(governance: Governance, actor: str, subject: str | None = None) -> list[dict[str, Any]]:
    """Return records as plain values, all or those of one person by name; raises Denied."""
    governance.require(actor, "read-consents")
    records: Iterable[ConsentRecord]
    if subject is None:
        records = governance.records.all_consents()
    else:
        records = governance.records.consents([governance.subject(subject)])
    now = governance.clock()
    return [record.as_dict(now) for record in records]


def receipt(governance: Governance, actor: str, subject: str, purpose: str) -> dict[str, Any]:
    """Return the receipt of a consent, for the person to keep (ISO/IEC TS 27560): the record, and whom to turn to."""
    found = [record for record in listed(governance, actor, subject) if record["purpose"] == purpose]
    if not found:
        raise UsageError(f"nothing is on record for this person and {purpose}; check the name")
    about, controller = governance.charter.purposes[purpose], governance.charter.controller
    return {
        "schema": "unseen-consent-receipt/1",
        "receipt_schema": "ISO/IEC TS 27560:2023",
        "issued": utc(governance.clock()),
        "pii_controller": None
        if controller is None
        else {
            "name": controller.name,
            "contact": controller.contact,
            "dpo": controller.dpo,
            "address": controller.address,
        },
        "purpose": {
            "name": about.name,
            "description": about.description,
            "term": iri(about.term),
            "lawful_basis": iri(BASES[about.basis]) if about.basis else None,
            "retention_days": None if about.retention_s is None else round(about.retention_s / 86400, 2),
        },
        "withdrawal": None if controller is None else controller.contact,
        "record": found[0],
    }


def export_consents(governance: Governance, actor: str, path: Path) -> int:
    """Write all records to a .json or .csv file, whole or not at all, and return how many.

    Raises OutputFailed or UsageError.
    """
    records = listed(governance, actor)
    if _kind(path) == "json":
        write_whole(path, [json.dumps(records, indent=1, ensure_ascii=False), "\n"], "the consents")
        return len(records)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        head = [record["record_id"], record["pii_principal_id"], record["purpose"]]
        writer.writerows([*head, *_cells(event)] for event in record["events"])
    write_whole(path, [text.getvalue()], "the consents")
    return len(records)


def _cells(event: Mapping[str, Any]) -> list[str]:
    names = ("event_state", "event_time", "valid_until", "notice_version", "notice_language", "collection_method")
    return [*(event[name] or "" for name in names), event["proof_sha256"]]


def import_consents(governance: Governance, actor: str, path: Path) -> int:
    """Take in the records of a .json or .csv file, all or none, and return how many; raises UsageError or Denied.

    A CSV has the columns of an export; in place of `subject_id` it may have `subject`, with names, which are keyed on
    the way in and not kept. A record for a person and purpose that is there already must go on from that one.
    """
    governance.require(actor, "record-consent")
    values = _read(path)
    rows = values if _kind(path) == "json" else list(_from_csv(governance, values, path))
    records = [consent_from(row) for row in rows if isinstance(row, Mapping)]
    if len(records) != len(rows):
        raise UsageError(f"{display(path)}: holds something that is no record; export some to see how they look")
    if len({record.record for record in records}) < len(records):
        raise UsageError(f"{display(path)}: has one record_id for several people or purposes; export again")
    for record in records:
        _check_purpose(governance, record.purpose)
        _check_goes_on(governance, record)
    governance.records.put_consents(records)
    governance.note("consent.imported", actor=actor, records=len(records))
    return len(records)


def _check_goes_on(governance: Governance, record: ConsentRecord) -> None:
    """Raise UsageError if a record would undo what was decided since: a withdrawal must not be lost to an old file.

    Nor may it take the place of another record: labels know people by their records, too.
    """
    for known in governance.records.consents_by_record([record.record]):
        if (known.subject, known.purpose) != (record.subject, record.purpose):
            raise UsageError("a record_id in the file is that of another person or purpose; leave it out of new rows")
    for known in governance.records.consents([record.subject]):
        if known.purpose != record.purpose:
            continue
        if known.record != record.record:
            raise UsageError("a person and purpose in the file have another record_id on record; export again")
        if record.events[: len(known.events)] != known.events:
            raise UsageError("a record in the file leaves out what is on record already, as a withdrawal; export again")


def _kind(path: Path) -> str:
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("json", "csv"):
        raise UsageError(f"{display(path)}: consents are kept in .json or .csv files; name one")
    return kind


def _read(path: Path) -> list[Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
        text = data.decode("utf-8-sig")
        values = json.loads(text) if _kind(path) == "json" else list(csv.DictReader(io.StringIO(text, newline="")))
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the consents ({error.strerror}); check the name") from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise UsageError(f"{display(path)}: cannot be read ({type(error).__name__}); export some to see how") from error
    if not isinstance(values, list) or len(data) > _LIMIT_BYTES:
        raise UsageError(f"{display(path)}: holds no list of records, or too many; export some to see how it looks")
    return values


def _from_csv(governance: Governance, rows: list[dict[str, Any]], path: Path) -> Iterable[dict[str, Any]]:
    """Yield records, each with the events of all rows for one person and purpose, in the order of their times."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number, row in enumerate(rows, start=2):
        if None in row or not row.get("purpose") or not (row.get("subject_id") or row.get("subject")):
            raise UsageError(f"{display(path)}:{number}: needs purpose, and subject_id or subject; see an export")
        who = row.get("subject_id") or governance.subject(str(row["subject"]))
        known = next((r for r in governance.records.consents([who]) if r.purpose == row["purpose"]), None)
        record = found.setdefault(
            (who, row["purpose"]),
            {
                "record_id": row.get("record_id") or (known.record if known else secrets.token_hex(16)),
                "pii_principal_id": who,
                "purpose": row["purpose"],
                "events": [],
            },
        )
        record["events"].append({
            "event_state": row.get("state"), "event_time": row.get("at") or "", "valid_until": row.get("valid_until"),
            "notice_version": row.get("notice_version"), "notice_language": row.get("notice_language"),
            "collection_method": row.get("method"), "proof_sha256": row.get("proof_sha256"),
        })  # fmt: skip
    for record in found.values():
        record["events"].sort(key=lambda event: utc(seconds_of(event["event_time"])))
        yield record
