"""The report of a run: every receipt, the totals, and the exit code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.core.looks import LEAKS
from unseen.core.models import ModelFile
from unseen.core.names import display
from unseen.core.receipts import SCHEMA, FileReceipt, model_record
from unseen.core.recipe import Recipe
from unseen.errors import OutputFailed

__all__ = ["Report"]


@dataclass(slots=True)
class Report:
    """Collects receipts. `started` and `ended` are seconds since the epoch."""

    recipe: Recipe
    models: Sequence[ModelFile]
    policy: str
    raised: tuple[str, ...]
    plain_hashes: bool
    resume_note: str
    started: float
    ended: float = 0.0
    files: list[FileReceipt] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)

    def add(self, receipt: FileReceipt) -> None:
        """Take in one receipt."""
        self.files.append(receipt)

    def ran_on(self, devices: Mapping[str, str]) -> None:
        """Take in what each model ran on, as "runtime:device" by its name."""
        self.devices.update(devices)

    @property
    def exit_code(self) -> int:
        """0 if every photo was released, 1 if some were not."""
        return 1 if any(f.status == "failed" for f in self.files) else 0

    def totals(self) -> dict[str, Any]:
        """Return counts of files, regions by class, residues, and seconds by stage."""
        status = Counter(f.status for f in self.files)
        regions = Counter(r.cls for f in self.files for frame in f.regions for r in frame)
        reasons = Counter(r.reason for f in self.files for frame in f.regions for r in frame)
        seconds: Counter[str] = Counter()
        for file in self.files:
            seconds.update(file.seconds)
        return {
            "files": {name: status[name] for name in ("released", "resumed", "failed", "skipped")},
            "regions": dict(sorted(regions.items())),
            "reasons": dict(sorted(reasons.items())),
            "verified": sum(f.verdict is not None and f.verdict.outcome == "pass" for f in self.files),
            "files_with_residues": sum(f.verdict is not None and f.verdict.rounds > 0 for f in self.files),
            "seconds": {stage: round(s, 3) for stage, s in seconds.items()},
            "wall_seconds": round(self.ended - self.started, 3),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the report as its schema has it (docs/report.schema.json)."""
        used = sorted({look.method for look in self.recipe.looks.values() if look.method in LEAKS})
        return {
            "schema": SCHEMA,
            "started": _utc(self.started),
            "ended": _utc(self.ended),
            "recipe": {**self.recipe.as_dict(), "sha256": self.recipe.digest()},
            "policy_sha256": self.policy,
            "raised_by_policy": list(self.raised),
            "visible_by_choice": list(self.recipe.visible_by_choice),
            "unsafe": _unsafe(self.recipe, plain_hashes=self.plain_hashes),
            "leaks": {method: LEAKS[method] for method in used},
            "hashes": "sha256" if self.plain_hashes else "hmac-sha256",
            "models": model_record(self.models, self.devices),
            "totals": self.totals(),
            "files": [f.as_dict() for f in self.files],
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all; raises OutputFailed."""
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputFailed(f"{display(path)}: cannot write the report ({error.strerror})") from error


def _unsafe(recipe: Recipe, *, plain_hashes: bool) -> list[str]:
    """Return every choice that lowers protection, by the option that made it."""
    chosen = {
        "--unsafe-strength": recipe.unsafe_strength,
        "--unsafe-skip-verify": recipe.verify == "skip",
        "--plain-hashes": plain_hashes,
    }
    return [option for option, yes in chosen.items() if yes]


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
