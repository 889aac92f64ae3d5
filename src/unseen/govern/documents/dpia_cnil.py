"""An impact assessment in the form that the CNIL's PIA tool imports (https://github.com/LINCnil/pia).

Questions have the tool's numbers, answers are HTML there, and comments say at a question what a person has to answer.
Nothing is evaluated: that is what the tool is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Row, Section
from unseen.govern.documents.questions import RISKS

__all__ = ["RISK_LABELS", "for_the_tool"]

#: The tool's number of the first question of each risk, in the order of RISKS.
_FIRST = (321, 331, 341)
#: What is asked about each risk, in the tool's order.
RISK_LABELS = {
    "impacts": "Impacts on people",
    "threats": "Threats",
    "sources": "Sources of risk",
    "measures": "Measures against it",
    "severity": "Severity",
    "likelihood": "Likelihood",
}

_HEAD = {
    "dpia-author": "author_name",
    "dpia-evaluator": "evaluator_name",
    "dpia-validator": "validator_name",
    "dpia-dpo-opinion": "dpo_opinion",
    "dpia-people-opinion": "concerned_people_opinion",
}


@dataclass(slots=True)
class _Export:
    """What is written, as it grows; the tool gives everything new numbers when it imports it."""

    now: str
    answers: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    measures: list[dict[str, Any]] = field(default_factory=list)

    def answer(
        self, question: int, text: str | None = None, gauge: int | None = None, items: tuple[str, ...] = ()
    ) -> None:
        data = {"text": text, "gauge": gauge, "list": list(items)}
        self.answers.append({**self._stamp(len(self.answers)), "reference_to": question, "data": data})

    def comment(self, question: int, row: Row) -> None:
        if row.missing is not None:
            said = f"MISSING: {row.label}. {row.missing.text} ({row.missing.key})"
            stamp = self._stamp(len(self.comments))
            self.comments.append({**stamp, "reference_to": question, "for_measure": False, "description": said})

    def measure(self, section: Section) -> None:
        """Add what is done against the risks, as a section tells it."""
        said = {"title": section.title, "content": _html(section.rows), "placeholder": None}
        self.measures.append({**self._stamp(len(self.measures)), **said})

    def _stamp(self, before: int) -> dict[str, Any]:
        return {"id": before + 1, "pia_id": 1, "created_at": self.now, "updated_at": self.now}


def for_the_tool(facts: Facts, answered: list[tuple[int, Section]], measures: list[Section]) -> dict[str, Any]:
    """Return the values that the tool exports and imports; `answered` has the tool's number of each section."""
    export = _Export(utc(facts.now))
    for number, section in answered:
        if text := _html(section.rows):
            export.answer(number, text)
        for row in section.rows:
            export.comment(number, row)
    listed = [section for section in measures if any(row.values for row in section.rows)]
    for first, risk in zip(_FIRST, RISKS, strict=True):
        _risk(export, facts, first, risk, tuple(section.title for section in listed))
    for section in listed:
        export.measure(section)
    return {
        "pia": _head(facts, export.now),
        "answers": export.answers,
        "measures": export.measures,
        "evaluations": [],
        "comments": export.comments,
    }


def _risk(export: _Export, facts: Facts, first: int, risk: str, measures: tuple[str, ...]) -> None:
    """Write down what was decided about a risk, and ask for the rest; measures are named by their titles."""
    for number, (key, label) in enumerate(RISK_LABELS.items(), start=first):
        if key == "measures":
            export.answer(number, items=measures)
            continue
        row = facts.decisions.row(f"risk-{risk}-{key}", label)
        export.comment(number, row)
        if row.missing is None and key in ("severity", "likelihood"):
            gauge, text = _gauge(row.values)
            export.answer(number, escape(text), gauge)
        elif row.missing is None:
            export.answer(number, items=row.values)


def _gauge(values: tuple[str, ...]) -> tuple[int | None, str]:
    """Return level and reason of an answer as "2: reason"; of another one no level, which the tool then asks for."""
    level, _, reason = " ".join(values).partition(":")
    return (int(level), reason.strip()) if level.strip() in ("1", "2", "3", "4") else (None, " ".join(values))


def _html(rows: tuple[Row, ...]) -> str:
    items = [
        f"<li><strong>{escape(row.label)}</strong>: {escape('; '.join(row.values))}"
        f" <em>({escape(row.decided or '; '.join(map(str, row.sources)))})</em></li>"
        for row in rows
        if row.values
    ]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _head(facts: Facts, now: str) -> dict[str, Any]:
    said = {key: " ".join(row.values) for key in _HEAD if not (row := facts.decisions.row(key, "-")).missing}
    name = facts.decisions.row("dpia-name", "-")
    controller = None if facts.policy is None else facts.policy.charter.controller
    return {
        "id": 1, "status": 0, "is_example": 0, "is_archive": 0, "progress": 0, "category": "",
        "name": " ".join(name.values) or f"MISSING: its name ({controller.name if controller else ''})",
        **dict.fromkeys(
            ("dpo_status", "dpos_names", "concerned_people_searched_opinion", "concerned_people_searched_content",
             "concerned_people_status", "people_names", "rejection_reason", "applied_adjustments", "structure_id",
             "structure_name", "structure_sector_name", "structure_data")
        ),
        **{theirs: said.get(key, "") for key, theirs in _HEAD.items()},
        "created_at": now, "updated_at": now,
    }  # fmt: skip
