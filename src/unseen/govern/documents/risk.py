"""The risk assessment of the CCPA regulations, 11 CCR 7150 to 7157, as they are in force since January 2026."""

from __future__ import annotations

from dataclasses import replace

from unseen.govern.documents.evidence import evidence_sections
from unseen.govern.documents.facts import Facts, ledger_source, utc
from unseen.govern.documents.model import Document, Row, Section
from unseen.govern.documents.rows import (
    ALLOWED,
    access_rows,
    asked,
    controller_rows,
    hiding_row,
    label_row,
    outcomes_row,
    purpose_row,
    retention_row,
    security_rows,
    sources_of,
)

__all__ = ["risk_assessment"]

_LAW = "11 CCR 7152(a)"


def risk_assessment(facts: Facts) -> Document:
    """Return the report that section 7152 asks for, with what 7150, 7151 and 7153 to 7157 add."""
    sections = [
        Section("The business", tuple(_business(facts))),
        Section(
            "Why it is assessed, and who took part",
            (
                asked(facts, "risk-trigger", "Significant risk", "11 CCR 7150(b)"),
                asked(facts, "risk-stakeholders", "Stakeholders", "11 CCR 7151"),
            ),
        ),
        Section("(1) Purpose", tuple(_under(facts, "purpose")), ref=f"{_LAW}(1)"),
        Section("(2) Personal information", tuple(_information(facts)), ref=f"{_LAW}(2)"),
        Section("(3) How it is processed", tuple(_operation(facts)), ref=f"{_LAW}(3)"),
        Section("(4) Benefits", (asked(facts, "risk-benefits", "Benefits", f"{_LAW}(4)"),)),
        Section("(5) Negative impacts", (asked(facts, "risk-impacts", "Impacts, and their causes", f"{_LAW}(5)"),)),
        Section("(6) Safeguards", tuple(_safeguards(facts)), ref=f"{_LAW}(6)"),
        *evidence_sections(facts.redactions, facts.studies),
        Section("(7) to (9) Decision", tuple(_decision(facts))),
        Section("Training, review, submission", tuple(_after(facts))),
    ]
    return Document(
        "risk-assessment",
        "Risk assessment (California)",
        utc(facts.now),
        tuple(sections),
        facts.inputs,
        "The CCPA regulations' risk assessment report. Whether it must be made, and what it comes to, people decide.",
    )


def _business(facts: Facts) -> list[Row]:
    name, *rest = controller_rows(facts)[:3]
    return [replace(name, label="Business"), *rest]


def _under(facts: Facts, what: str) -> list[Row]:
    make = {"purpose": purpose_row, "retention": retention_row, "sources": sources_of}[what]
    rows = [replace(make(facts, each), label=each.name) for each in facts.purposes()]
    return rows or [asked(facts, {"sources": "data-sources"}.get(what, what), what.capitalize())]


def _information(facts: Facts) -> list[Row]:
    rows = [
        asked(facts, "risk-categories", "Categories"),
        asked(facts, "risk-minimum", "Minimum that is needed"),
    ]
    label = label_row(facts)
    return rows if label is None else [*rows, label]


def _operation(facts: Facts) -> list[Row]:
    access = [
        replace(row, label=f"{row.label}: {each.name}")
        for each in facts.purposes()
        for row in access_rows(facts, each, f"{_LAW}(3)(A)")
    ]
    rows = [
        *[replace(row, label=f"Sources: {row.label}", ref=f"{_LAW}(3)(A)") for row in _under(facts, "sources")],
        *access,
        *[replace(row, label=f"Kept: {row.label}", ref=f"{_LAW}(3)(B)") for row in _under(facts, "retention")],
        asked(facts, "risk-interaction", "Contact with consumers", f"{_LAW}(3)(C)"),
        asked(facts, "risk-consumers", "Number of consumers", f"{_LAW}(3)(D)", known=_people(facts)),
        asked(facts, "risk-disclosures", "What consumers are told", f"{_LAW}(3)(E)"),
        asked(facts, "risk-third-parties", "Given to", f"{_LAW}(3)(F)"),
        asked(facts, "risk-technology", "Decisions by machine", f"{_LAW}(3)(G)"),
    ]
    outcomes = outcomes_row(facts, facts.scope, f"{_LAW}(3)(A)")
    return rows if outcomes is None else [*rows, outcomes]


def _people(facts: Facts) -> Row | None:
    """Return how many faces and persons reports counted, which is not how many people there are."""
    counts = [
        (kind, report["totals"][total], total)
        for report in facts.redactions
        for total, kind in (("regions", "regions"), ("tracks", "tracks"))
    ]
    values = [
        f"{node['face'].whole():,} {kind} of faces were found; one person can make several"
        for kind, node, _ in counts
        if node.get("face") is not None
    ]
    return Row("-", tuple(values), tuple(node.source for _, node, _ in counts)) if values else None


def _safeguards(facts: Facts) -> list[Row]:
    rows = [
        replace(row, label=f"{row.label}: {each.name}")
        for each in facts.purposes()
        if (row := hiding_row(facts, each, f"{_LAW}(6)(B)")) is not None
    ]
    rows += security_rows(facts, f"{_LAW}(6)(A)")
    return [*rows, asked(facts, "risk-safeguards", "Other safeguards", f"{_LAW}(6)")]


def _decision(facts: Facts) -> list[Row]:
    return [
        asked(facts, "risk-weighing", "Risks against benefits", "11 CCR 7154"),
        asked(facts, "risk-initiate", "Decision", f"{_LAW}(7)"),
        asked(facts, "risk-informants", "Information came from", f"{_LAW}(8)"),
        asked(facts, "risk-approval", "Reviewed and approved by", f"{_LAW}(9)"),
    ]


def _after(facts: Facts) -> list[Row]:
    known = None
    if facts.ledger is not None:
        trained = facts.ledger.of(ALLOWED, facts.scope, "train")
        count = sum(tally.count for tally in trained)
        sources = ledger_source(trained)
        known = Row("-", (f"training was allowed {count:,} times",), sources) if count else None
    return [
        asked(facts, "risk-training", "Training of models", "11 CCR 7153", known=known),
        asked(facts, "risk-review", "Reviews and updates", "11 CCR 7155"),
        asked(facts, "risk-submission", "Submission to the Agency", "11 CCR 7157"),
    ]
