"""What an erasure has planned and done so far, on disk before it goes on, so that one that was killed is finished."""

from __future__ import annotations

import contextlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import OWN
from unseen.adapters.journal_file import FileJournal
from unseen.engine.governance import Governance
from unseen.govern.rights import FATES, Fate

__all__ = ["ErasureLog", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is planned for one item: its fate, and how many files and copies in a vault there were."""

    item: str
    kind: str
    fate: Fate
    files: int
    sealed: bool


@dataclass(slots=True)
class ErasureLog:
    """The journal of one person's erasure; named by a keyed tag, and deleted when the certificate is written.

    `replaced` has the label of what takes the place of a shared picture, by the item that is replaced; `certificate`
    is the path to which the certificate was about to be written.
    """

    path: Path
    journal: FileJournal
    reference: str = ""
    began: float = 0.0
    steps: dict[str, Step] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    replaced: dict[str, dict[str, Any]] = field(default_factory=dict)
    recipients: list[dict[str, Any]] = field(default_factory=list)
    consents: set[str] = field(default_factory=set)
    commitments: int = 0
    certificate: str = ""

    @classmethod
    def open(cls, governance: Governance, subject: str) -> ErasureLog:
        """Open the journal of a person's erasure, and read what an earlier run wrote; raises OutputFailed."""
        path = governance.root / OWN / "erasures" / f"{governance.key.tag('erasure', subject.encode())[:32]}.jsonl"
        log = cls(path, FileJournal(path))
        for entry in log.journal.entries():
            log._take(entry)
        return log

    def begin(self, at: float) -> None:
        """Begin a new erasure."""
        self._write({"event": "begun", "reference": secrets.token_hex(8), "at": at})

    def plan(self, steps: Iterable[Step], recipients: Iterable[Mapping[str, Any]]) -> None:
        """Add what is planned; what is planned otherwise than before is not done yet."""
        rows = [[s.item, s.kind, s.fate, s.files, s.sealed] for s in steps if self.steps.get(s.item) != s]
        known = {each["event"] for each in self.recipients}
        told = [dict(each) for each in recipients if each["event"] not in known]
        if rows or told:
            self._write({"event": "plan", "steps": rows, "recipients": told})

    def note_replaced(self, item: str, label: Mapping[str, Any]) -> None:
        """Note by what a picture is about to be replaced."""
        self._write({"event": "replacing", "item": item, "label": dict(label)})

    def note_done(self, *items: str) -> None:
        """Note that items are done with."""
        if items:
            self._write({"event": "done", "items": list(items)})

    def note_consents(self, records: Sequence[str]) -> None:
        """Note which consents are about to be withdrawn."""
        self._write({"event": "consents", "records": list(records)})

    def note_forgotten(self, count: int) -> None:
        """Note how many commitments can be opened no more."""
        self._write({"event": "forgotten", "count": count})

    def note_certificate(self, path: Path) -> None:
        """Note where the certificate is about to be written."""
        self._write({"event": "certificate", "path": str(path.resolve())})

    def close(self, *, finished: bool) -> None:
        """Close the journal; one that is finished with is deleted, as it holds a keyed trace of the person."""
        self.journal.close()
        if finished:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _write(self, entry: dict[str, object]) -> None:
        self.journal.append(entry)
        self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> None:
        match entry.get("event"):
            case "begun":
                self.reference, self.began = str(entry["reference"]), float(entry["at"])
            case "plan":
                self.steps.update((row[0], Step(*row)) for row in entry["steps"])
                self.done -= {row[0] for row in entry["steps"]}
                self.recipients += entry["recipients"]
            case "replacing":
                self.replaced[entry["item"]] = dict(entry["label"])
            case "done":
                self.done.update(entry["items"])
            case "consents":
                self.consents.update(entry["records"])
            case "certificate":
                self.certificate = str(entry["path"])
            case "forgotten":
                self.commitments += int(entry["count"])

    def totals(self) -> dict[str, int]:
        """Return what was done, in numbers."""
        mine = [step for step in self.steps.values() if step.item in self.done]
        fates = Counter(step.fate for step in mine)
        erased = [step for step in mine if step.fate in ("delete", "redact")]
        return {
            "deleted": fates["delete"],
            "redacted": fates["redact"],
            "files": sum(step.files for step in erased),
            "sealed": sum(step.sealed for step in erased),
            "models": fates["retrain"],
            "consents": len(self.consents),
            "commitments": self.commitments,
        }

    def kept(self) -> list[dict[str, Any]]:
        """Return what stays, and why; and what should have been deleted and was not found."""
        counts: Counter[tuple[str, str]] = Counter()
        for step in self.steps.values():
            if step.fate not in ("delete", "redact"):
                counts[step.kind, FATES[step.fate]] += 1
            elif not step.files and not step.sealed:
                counts[step.kind, "not found where it was looked for; its label forbids every use"] += 1
        return [{"kind": kind, "why": why, "count": count} for (kind, why), count in sorted(counts.items())]
