"""The 18 identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2)(i)(A) to (R), each with what reports show of it.

A row is met by evidence alone: the profile removes what may hold the identifier, every released object was verified,
and nothing of it was told to stay. All else is left to a person, beside what is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from unseen.govern.documents.evidence import evidence_sections, hidden_classes, second_look, unchecked_classes
from unseen.govern.documents.facts import Facts, Fate, utc
from unseen.govern.documents.model import Document, Row, Section, Source
from unseen.govern.documents.nodes import Node
from unseen.govern.documents.rows import asked, controller_rows

__all__ = ["identifiers", "safe_harbor"]

_LAW = "45 CFR 164.514(b)(2)"
#: What a person in a picture may carry or show, by the class that hides it.
_CLASS_OF = {"plate": "plate", "face": "face", "text": "text"}


@dataclass(frozen=True, slots=True)
class Part:
    """What one report shows of a row: words, sources, and whether that suffices."""

    values: tuple[str, ...]
    sources: tuple[Source, ...]
    met: bool


@cache
def identifiers() -> tuple[Mapping[str, Any], ...]:
    """Return the rows: letter, title, attributes of DICOM that may hold it, and how pictures may show it."""
    text = (files("unseen.govern.documents") / "data" / "safe-harbor.json").read_text("utf-8")
    return tuple(json.loads(text))


def safe_harbor(facts: Facts) -> Document:
    """Return the 18 rows, what else has to be known, and what the reports say in all."""
    rows = tuple(_row(facts, each) for each in identifiers())
    knowledge = (
        asked(facts, "actual-knowledge", "Actual knowledge", f"{_LAW}(ii)"),
        *([_pictures(facts)] if facts.studies else []),
    )
    who = Section("Who", tuple(controller_rows(facts)[:1])) if facts.policy is not None else None
    sections = [
        Section("The 18 identifiers", rows, "Of the individual, of relatives, employers and household members.", _LAW),
        Section("What else has to be known", knowledge),
        *evidence_sections(facts.redactions, facts.studies),
    ]
    return Document(
        "safe-harbor",
        "HIPAA Safe Harbor: the 18 identifiers",
        utc(facts.now),
        tuple(sections if who is None else [who, *sections]),
        facts.inputs,
        "What was removed, how that was verified, and what a person still has to decide. It is no finding of law.",
    )


def _row(facts: Facts, each: Mapping[str, Any]) -> Row:
    letter = each["letter"]
    label, ref, key = f"({letter.upper()}) {each['title']}", f"{_LAW}(i)({letter.upper()})", f"safe-harbor-{letter}"
    pairs = zip(facts.studies, facts.fates, strict=True)
    parts = [part for report, fates in pairs for part in _of_study(report, fates, each)]
    parts += [part for report in facts.redactions for part in _of_pictures(report, each)]
    values = tuple(value for part in parts for value in part.values)
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    if parts and all(part.met for part in parts):
        return Row(label, values, sources, ref)
    return asked(facts, key, label, ref, known=Row(label, values, sources) if values else None)


def _of_study(report: Node, fates: Mapping[str, Fate], each: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what a report of unseen dicom shows of a row."""
    verified, released = report["totals"]["verified"], report["totals"]["objects"]["released"]
    whole = _whole(report, "objects")
    proof = f"{report.place}: {verified.whole():,} of {released.whole():,} released objects verified"
    sources = (Source("PS3.15 2026d", "Table E.1-1"), report["recipe"]["options"].source, verified.source)
    if each["tags"]:
        told: dict[str, list[str]] = {}
        for tag in each["tags"]:
            told.setdefault(fates[tag].told, []).append(fates[tag].name)
        values = tuple(f"{fate}: {', '.join(names)}" for fate, names in told.items())
        gone = all(fates[tag].gone for tag in each["tags"])
        yield Part((*values, proof), sources, gone and whole)
    if "face" in each["seen"]:
        yield _faces_of_heads(report, whole)
    if "voice" in each["seen"]:
        yield Part(("voices (speech as a waveform) are refused",), (report["recipe"]["options"].source,), False)
    if "code" in each["seen"]:
        key = report["key"]
        yield Part(
            (f"private elements: {'those listed as safe stay' if _keeps_private(report) else 'removed'}",
             f"codes and UIDs are HMAC-SHA256 under a key that was {key.text()}"),
            (key.source, report["recipe"]["options"].source),
            key.text() == "thrown away" and not _keeps_private(report),
        )  # fmt: skip


def _whole(report: Node, what: str) -> bool:
    """Whether something was released, all of it in this run and verified, and protection was lowered nowhere."""
    counts, verified = report["totals"][what], report["totals"]["verified"].whole()
    released, resumed = counts["released"].whole(), counts["resumed"].whole()
    return 0 < verified == released and not resumed and not report["unsafe"].value


def _keeps_private(report: Node) -> bool:
    return "retain-safe-private" in report["recipe"]["options"].words()


def _faces_of_heads(report: Node, whole: bool) -> Part:
    deface, keep = report["recipe"]["deface"], report["recipe"]["keep_face"]
    if keep.flag():
        return Part(("faces of heads were kept, as asked for",), (keep.source,), False)
    if deface.flag():
        return Part(("faces of heads were removed, and the result was checked",), (deface.source,), whole)
    return Part(("no head is among the results: objects that show one are refused",), (deface.source,), whole)


def _pictures(facts: Facts) -> Row:
    """Return which pictures nobody looked at, and ask about them; all looked at needs no question."""
    unseen: list[Node] = []
    for report in facts.studies:
        for study in report["studies"].each():
            unseen += [
                o["pixels"] for o in study["objects"].each() if o["pixels"].text().startswith(("not looked", "kept"))
            ]
    label = "Writing in pictures"
    if not unseen:
        sources = tuple(report["studies"].source for report in facts.studies)
        return Row(label, ("every picture that may show writing was looked at",), sources)
    text = (
        f"{len(unseen):,} objects were not looked at: they come straight from a scanner, have no picture, or were kept"
    )
    return asked(facts, "safe-harbor-pictures", label, known=Row(label, (text,), tuple(o.source for o in unseen[:3])))


def _of_pictures(report: Node, each: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what a report of unseen redact shows of a row."""
    for kind in each["seen"]:
        if kind in _CLASS_OF:
            yield _class(report, _CLASS_OF[kind])
        elif kind in ("place", "time", "device"):
            yield _metadata(report, kind)
        elif kind == "voice":
            yield _voice(report)
        else:
            yield Part(("what is special about a person, a place or a thing in the picture stays",),
                       (report["recipe"]["looks"].source,), False)  # fmt: skip


def _class(report: Node, cls: str) -> Part:
    hidden, unchecked, look = hidden_classes(report), unchecked_classes(report), second_look(report)
    source = report["recipe"]["looks"].source
    if cls not in hidden:
        return Part((f"{report.place}: {cls} was not hidden",), (source,), False)
    told = f"{report.place}: {cls} hidden by {hidden[cls]}"
    if cls in unchecked:
        return Part((f"{told}; no second model looks for it",), (source, unchecked[cls]), False)
    if report["leaks"].get(hidden[cls]) is not None:
        return Part((f"{told}, which holds information",), (source, report["leaks"].source), False)
    return Part((told, *look.values), (source, *look.sources), _whole(report, "files"))


def _metadata(report: Node, kind: str) -> Part:
    kept = report["recipe"]["keep_metadata"]
    loses = "datetime" not in kept.words() if kind == "time" else True
    told = (
        f"{report.place}: metadata dropped but {', '.join(kept.words()) or 'nothing'}; each result was searched for it"
    )
    return Part((told,), (kept.source,), loses)


def _voice(report: Node) -> Part:
    audio, frames = report["recipe"]["video"]["audio"], report["totals"]["frames"]
    if not frames.whole():
        return Part((f"{report.place}: photos have no sound; hands may show prints",), (frames.source,), False)
    told = "sound dropped" if audio.text() == "drop" else "sound kept, and voices with it"
    return Part((f"{report.place}: {told}; hands may show prints",), (audio.source, frames.source), False)
