"""Says, step by step, whether something would be allowed, without doing it or writing it down."""

from __future__ import annotations

from pathlib import Path

from unseen.core.access import Ask
from unseen.core.labels import Label
from unseen.core.names import display
from unseen.engine.governance import Governance
from unseen.policy.charter import Purpose
from unseen.policy.decision import Ruling, judge_job, ruling

__all__ = ["explain"]


def explain(governance: Governance, action: str, purpose: str, actor: str, path: Path | None) -> tuple[list[str], bool]:
    """Return lines that explain a decision, and whether it is to allow; without a file, on the policy alone."""
    charter = governance.charter
    if path is None:
        decided = ruling(Ask(action, purpose, actor), judge_job(charter, action, purpose, actor), charter, 0.0)
        lines, signed = [], None
    else:
        item, beside = governance.take_in(path)
        decided = governance.gate.decide(Ask(action, purpose, actor, item), beside)
        signed = governance.records.label(item) or beside
        lines = [f"label: {_told(signed.label)}" if signed else f"label: none beside {display(path.name)}, no source"]
    return [*lines, *_purpose(charter.purposes.get(purpose)), *_decision(decided)], decided.allowed


def _told(label: Label) -> str:
    purposes = ", ".join(sorted(label.purposes)) or "none"
    people = f", {len(label.subjects)} people" if label.subjects else ""
    return f"{label.state}, for {purposes}{people}"


def _purpose(purpose: Purpose | None) -> list[str]:
    if purpose is None:
        return []
    consent = ", consent of everybody in it" if purpose.consent else ""
    return [
        f"purpose: {purpose.name} ({purpose.basis}{consent}) allows {', '.join(sorted(purpose.actions)) or 'nothing'}, "
        f"by {', '.join(sorted(purpose.who)) or 'nobody'}"
    ]


def _decision(decided: Ruling) -> list[str]:
    word = "allowed" if decided.allowed else "refused"
    if decided.would:
        return [f"{word}: nothing speaks against it", *_obligations(decided)]
    mode = "" if decided.mode == "enforce" else f" (mode {decided.mode})"
    return [f"{word}{mode}:", *(f"  {reason.code}: {reason.text}" for reason in decided.reasons)]


def _obligations(decided: Ruling) -> list[str]:
    floor, kept, lines = decided.obligations.floor, decided.obligations.kept, []
    if floor.require_hidden:
        lines.append(f"  must hide {', '.join(sorted(floor.require_hidden))}")
    if floor.require_verify != "skip":
        lines.append(f"  must verify: {floor.require_verify}")
    if floor.require_credentials:
        lines.append("  must carry content credentials")
    if kept.metadata is not None:
        lines.append(f"  keeps of the metadata: {', '.join(sorted(kept.metadata)) or 'nothing'}")
    if kept.max_side is not None:
        lines.append(f"  keeps pictures of at most {kept.max_side} pixels")
    if kept.max_rate is not None:
        lines.append(f"  keeps at most {kept.max_rate:g} frames a second")
    if kept.classes is not None:
        lines.append(f"  shows of what is found: {', '.join(sorted(kept.classes)) or 'nothing'}")
    if kept.fields is not None:
        lines.append(f"  keeps the columns and attributes {', '.join(sorted(kept.fields)) or 'none'}")
    return lines
