"""An impact assessment (GDPR Art. 35) in the order of the CNIL's method; what data shows is filled in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unseen.govern.documents.dpia_cnil import RISK_LABELS, for_the_tool
from unseen.govern.documents.evidence import evidence_sections
from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Document, Row, Section
from unseen.govern.documents.questions import RISKS
from unseen.govern.documents.rows import (
    access_rows,
    asked,
    basis_row,
    consent_row,
    controller_rows,
    hiding_row,
    jurisdictions,
    label_row,
    outcomes_row,
    purpose_row,
    retention_row,
    security_rows,
    sources_of,
)
from unseen.policy.charter import Purpose

__all__ = ["dpia"]

_Rows = Callable[[Facts], list[Row]]
_RISK_TITLES = {"access": "Illegitimate access", "change": "Unwanted change", "loss": "Disappearance"}


def _each(facts: Facts, make: Callable[[Facts, Purpose], Row | None]) -> list[Row]:
    """Return a row for each purpose, under its name."""
    found = [(each.name, make(facts, each)) for each in facts.purposes()]
    return [replace(row, label=name) for name, row in found if row is not None]


def _overview(facts: Facts) -> list[Row]:
    return _each(facts, purpose_row)


def _people(facts: Facts) -> list[Row]:
    return [
        *controller_rows(facts),
        asked(facts, "joint-controllers", "Joint controllers"),
        asked(facts, "processors", "Processors"),
    ]


def _data(facts: Facts) -> list[Row]:
    label = label_row(facts)
    rows = [
        asked(facts, "data-subjects", "People concerned"),
        asked(facts, "data-categories", "Personal data"),
        asked(facts, "recipients", "Recipients outside"),
        *_each(facts, sources_of),
    ]
    return rows if label is None else [*rows, label]


def _cycle(facts: Facts) -> list[Row]:
    rows = [row for each in facts.purposes() for row in _named(each, access_rows(facts, each))]
    outcomes = outcomes_row(facts, facts.scope)
    if outcomes is not None:
        rows.append(outcomes)
    reports = (*facts.redactions, *facts.studies)
    rows += [
        Row(
            "Processing run",
            (f"{each['started'].text()} to {each['ended'].text()}, recipe {each['recipe']['sha256'].text()[:16]}",),
            (each["recipe"]["sha256"].source,),
        )
        for each in reports
    ]
    return rows or [asked(facts, "data-sources", "Life cycle")]


def _named(purpose: Purpose, rows: list[Row]) -> list[Row]:
    return [replace(row, label=f"{row.label}: {purpose.name}") for row in rows]


def _consent(facts: Facts) -> list[Row]:
    rows = _each(facts, consent_row)
    needed = any(each.consent for each in facts.purposes())
    if needed:
        return [*rows, asked(facts, "dpia-consent", "How it was obtained")]
    said = [each for each in facts.purposes() if facts.policy is not None]
    if rows or not said or facts.policy is None:
        return rows or [asked(facts, "dpia-consent", "How it was obtained")]
    sources = tuple(facts.policy.source_of_purpose(each.name) for each in said)
    return [Row("Consent", ("no purpose is based on consent",), sources)]


def _one(key: str, label: str) -> _Rows:
    return lambda facts: [asked(facts, key, label)]


#: The tool's questions: number, title, and the rows that answer it.
_QUESTIONS: tuple[tuple[int, str, _Rows], ...] = (
    (111, "The processing", _overview),
    (112, "Responsibilities", _people),
    (113, "Standards", _one("dpia-standards", "Codes, certificates, guidelines")),
    (121, "Data", _data),
    (122, "Life cycle", _cycle),
    (123, "Supporting assets", _one("dpia-assets", "Machines, disks, networks, paper")),
    (211, "Purposes", lambda facts: _each(facts, purpose_row)),
    (212, "Legal bases", lambda facts: _each(facts, basis_row)),
    (213, "Minimisation", lambda facts: [*_minimised(facts), asked(facts, "dpia-necessity", "Why it is needed")]),
    (214, "Accuracy", _one("dpia-accuracy", "Quality of data")),
    (
        215,
        "Storage",
        lambda facts: [*_each(facts, retention_row), asked(facts, "dpia-retention-reason", "Why so long")],
    ),
    (221, "Information", _one("dpia-informed", "Notices and signs")),
    (222, "Consent", _consent),
    (223, "Access and portability", _one("dpia-access", "Access and copies")),
    (224, "Rectification and erasure", _one("dpia-erasure", "Rectification and erasure")),
    (225, "Restriction and objection", _one("dpia-objection", "Restriction and objection")),
    (226, "Processors", _one("processors", "Contracts with processors")),
    (227, "Transfers", lambda facts: [asked(facts, "transfers", "Transfers", known=jurisdictions(facts))]),
)


def _minimised(facts: Facts) -> list[Row]:
    """Return what the policy drops, as it is applied."""
    if facts.policy is None:
        return []
    rows = []
    for purpose in facts.purposes():
        kept, said = purpose.kept, facts.policy.of_purpose(purpose.name, "keep")
        values = []
        for what, words in (("classes", kept.classes), ("metadata", kept.metadata), ("columns", kept.fields)):
            if words is not None:
                values.append(f"{what} kept: {', '.join(sorted(words)) or 'none'}")
        values += [f"pictures of at most {kept.max_side} pixels"] if kept.max_side else []
        values += [f"at most {kept.max_rate:g} frames a second"] if kept.max_rate else []
        if values and said is not None:
            rows.append(Row(purpose.name, tuple(values), said.sources))
    return rows


def _measures(facts: Facts) -> list[Section]:
    """Return the measures that data shows, each a section: of the policy, of the ledger, of reports."""
    hiding = [
        replace(row, label=f"{row.label}: {each.name}")
        for each in facts.purposes()
        if (row := hiding_row(facts, each)) is not None
    ]
    rows = (*hiding, *security_rows(facts))
    sections = [Section("Measures of the policy", rows)] if rows else []
    sections += evidence_sections(facts.redactions, facts.studies)
    return [*sections, Section("Other measures", (asked(facts, "security-measures", "Organisational measures"),))]


def _risks(facts: Facts, measures: list[Section]) -> list[Section]:
    titles = tuple(section.title for section in measures if section.title != "Other measures")
    sections = []
    for risk in RISKS:
        rows = []
        for key, label in RISK_LABELS.items():
            if key != "measures":
                rows.append(asked(facts, f"risk-{risk}-{key}", label))
            elif titles:
                rows.append(Row(label, tuple(f"see: {title}" for title in titles)))
        sections.append(Section(f"Risk: {_RISK_TITLES[risk]}", tuple(rows)))
    return sections


def _opinions(facts: Facts) -> Section:
    words = {
        "dpia-author": "Author",
        "dpia-evaluator": "Evaluator",
        "dpia-validator": "Validator",
        "dpia-dpo-opinion": "Data protection officer",
        "dpia-people-opinion": "People concerned",
    }
    rows = [asked(facts, "dpia-name", "Name of the processing")]
    return Section("Who, and what they say", (*rows, *(asked(facts, k, v) for k, v in words.items())))


def dpia(facts: Facts) -> Document:
    """Return the assessment: what data shows is filled in, what has to be judged is asked."""
    answered = [(number, Section(title, tuple(rows(facts)))) for number, title, rows in _QUESTIONS]
    measures = _measures(facts)
    sections = [section for _, section in answered if section.rows]
    return Document(
        "dpia",
        "Data protection impact assessment",
        utc(facts.now),
        (_opinions(facts), *sections, *measures, *_risks(facts, measures)),
        facts.inputs,
        "GDPR Art. 35, by the method of the CNIL. Severity and likelihood are judgements, and left to people.",
        data=for_the_tool(facts, answered, measures),
    )
