"""The report of a run over DICOM objects: a section a study, under its new UID; nothing that names an input."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import write_whole
from unseen.core.dicom import DicomReceipt, DicomRecipe

__all__ = ["SCHEMA", "DicomReport"]

#: Name and version of the report's format; a change that breaks readers raises the number.
SCHEMA = "unseen-dicom-report/1"
_STATUSES = ("released", "resumed", "failed", "skipped")


@dataclass(slots=True)
class DicomReport:
    """What was done with each object, and its totals."""

    recipe: DicomRecipe
    kept_key: bool
    started: float
    resume_note: str = ""
    ended: float = 0.0
    receipts: list[DicomReceipt] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if all was released, 1 if something was not."""
        return 1 if self.problems or any(r.status == "failed" for r in self.receipts) else 0

    def totals(self) -> dict[str, Any]:
        """Return the sums over all objects."""
        status: Counter[str] = Counter(r.status for r in self.receipts)
        seconds: Counter[str] = Counter()
        actions: Counter[str] = Counter()
        for receipt in self.receipts:
            seconds.update(receipt.seconds)
            actions.update(receipt.actions)
        return {
            "objects": {name: status[name] for name in _STATUSES},
            "studies": len({r.study for r in self.receipts if r.study}),
            "verified": sum(r.verified for r in self.receipts if r.status == "released"),
            "pixels_verified": sum(r.pixels_verified for r in self.receipts if r.status == "released"),
            "hidden_again": sum(r.hidden_again > 0 for r in self.receipts if r.status == "released"),
            "regions_hidden": sum(r.regions_hidden for r in self.receipts),
            "elements": dict(sorted(actions.items())),
            "seconds": {stage: round(s, 3) for stage, s in seconds.items()},
            "wall_seconds": round(max(0.0, self.ended - self.started), 3),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values; objects that were not released are in a section of their own."""
        studies: dict[str, list[DicomReceipt]] = {}
        for receipt in sorted(self.receipts, key=lambda r: r.number):
            studies.setdefault(receipt.study, []).append(receipt)
        others = studies.pop("", [])
        return {
            "schema": SCHEMA,
            "started": _utc(self.started),
            "ended": _utc(self.ended),
            "recipe": {**self.recipe.as_dict(), "sha256": self.recipe.digest()},
            "unsafe": [word for word, said in _unsafe(self.recipe).items() if said],
            "key": "kept" if self.kept_key else "thrown away",
            "totals": self.totals(),
            "studies": [_study(uid, receipts) for uid, receipts in studies.items()],
            "not_released": [r.as_dict() for r in others],
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all; raises OutputFailed or UsageError."""
        write_whole(path, _lines(self.as_dict()), "the report")


def _unsafe(recipe: DicomRecipe) -> dict[str, bool]:
    return {"--unsafe-keep-pixels": recipe.unsafe_keep_pixels, "--unsafe-skip-verify": recipe.verify == "skip"}


def _study(uid: str, receipts: list[DicomReceipt]) -> Mapping[str, Any]:
    """Return a study's section."""
    return {
        "study": uid,
        "patient": (receipts[0].output or "/").partition("/")[0],
        "series": len({r.series for r in receipts}),
        "modalities": sorted({r.modality for r in receipts if r.modality}),
        "objects": [r.as_dict() for r in receipts],
    }


def _lines(record: dict[str, Any]) -> Iterator[str]:
    yield json.dumps(record, indent=1, ensure_ascii=False)
    yield "\n"


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
