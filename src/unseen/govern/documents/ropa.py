"""The record of processing activities of GDPR Art. 30: (1) a controller's, (2) a processor's."""

from __future__ import annotations

from unseen.govern.documents.evidence import evidence_sections
from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Document, Row, Section
from unseen.govern.documents.rows import (
    access_rows,
    asked,
    basis_row,
    consent_row,
    controller_rows,
    hiding_row,
    items_row,
    jurisdictions,
    label_row,
    outcomes_row,
    purpose_row,
    retention_row,
    security_rows,
    sources_of,
)
from unseen.policy.charter import Purpose

__all__ = ["controller_record", "processor_record"]


def controller_record(facts: Facts) -> Document:
    """Return the record that a controller keeps (Art. 30(1)): a section for each purpose."""
    art = "Art. 30(1)"
    who = [
        *controller_rows(facts, f"{art}(a)"),
        asked(facts, "joint-controllers", "Joint controllers", f"{art}(a)"),
        asked(facts, "representative", "Representative", f"{art}(a)"),
    ]
    sections = [Section("Controller", tuple(who))]
    sections += [Section(f"Activity: {each.name}", tuple(_activity(facts, each))) for each in facts.purposes()]
    return Document(
        "ropa",
        "Record of processing activities (controller)",
        utc(facts.now),
        (*sections, *_shown(facts, f"{art}(g)")),
        facts.inputs,
        "The record of GDPR Art. 30(1), one activity for each purpose of the policy.",
    )


def _activity(facts: Facts, purpose: Purpose) -> list[Row]:
    art = "Art. 30(1)"
    rows: list[Row | None] = [
        purpose_row(facts, purpose, f"{art}(b)"),
        basis_row(facts, purpose),
        asked(facts, "data-subjects", "People concerned", f"{art}(c)", purpose.name),
        asked(facts, "data-categories", "Personal data", f"{art}(c)", purpose.name, _kinds(facts, purpose)),
        sources_of(facts, purpose),
        items_row(facts, purpose),
        *access_rows(facts, purpose, f"{art}(d)"),
        asked(facts, "recipients", "Recipients outside", f"{art}(d)", purpose.name),
        asked(facts, "transfers", "Transfers", f"{art}(e)", purpose.name, jurisdictions(facts, purpose)),
        retention_row(facts, purpose, f"{art}(f)"),
        consent_row(facts, purpose),
        hiding_row(facts, purpose, f"{art}(g)"),
        outcomes_row(facts, purpose.name),
    ]
    return [row for row in rows if row is not None]


def _kinds(facts: Facts, purpose: Purpose) -> Row | None:
    """Return what kinds of data a purpose may put out, which is all that a policy says of categories."""
    said = None if facts.policy is None else facts.policy.of_purpose(purpose.name, "outputs")
    if said is None or not purpose.outputs:
        return None
    return Row("-", (f"kinds of results: {', '.join(sorted(purpose.outputs))}",), said.sources)


def _shown(facts: Facts, ref: str) -> list[Section]:
    """Return the measures for all activities, and what records and reports show of them."""
    label = label_row(facts)
    rows = [*security_rows(facts, ref), asked(facts, "security-measures", "Other measures", ref)]
    rows += [] if label is None else [label]
    return [Section("Measures for all of them", tuple(rows)), *evidence_sections(facts.redactions, facts.studies)]


def processor_record(facts: Facts) -> Document:
    """Return the record that a processor keeps (Art. 30(2)) of what it does for the policy's controller."""
    art = "Art. 30(2)"
    who = [
        asked(facts, "processor", "Processor", f"{art}(a)"),
        *controller_rows(facts, f"{art}(a)"),
        asked(facts, "representative", "Controller's representative", f"{art}(a)"),
    ]
    sections = [Section("Who", tuple(who))]
    for purpose in facts.purposes():
        rows: list[Row | None] = [
            purpose_row(facts, purpose, f"{art}(b)"),
            *access_rows(facts, purpose, f"{art}(b)"),
            _kinds_row(facts, purpose),
            outcomes_row(facts, purpose.name, f"{art}(b)"),
            asked(facts, "transfers", "Transfers", f"{art}(c)", purpose.name, jurisdictions(facts, purpose)),
            hiding_row(facts, purpose, f"{art}(d)"),
        ]
        sections.append(Section(f"Processing: {purpose.name}", tuple(row for row in rows if row is not None)))
    return Document(
        "ropa",
        "Record of processing activities (processor)",
        utc(facts.now),
        (*sections, *_shown(facts, f"{art}(d)")),
        facts.inputs,
        "The record of GDPR Art. 30(2): what is processed on behalf of the controller whom the policy names.",
    )


def _kinds_row(facts: Facts, purpose: Purpose) -> Row | None:
    kinds = _kinds(facts, purpose)
    return None if kinds is None else Row("Results", kinds.values, kinds.sources, "Art. 30(2)(b)")
