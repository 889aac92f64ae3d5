"""The report of a run: every receipt, the totals, and the exit code."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import write_whole
from unseen.core.counts import Counted
from unseen.core.looks import LEAKS
from unseen.core.models import ModelFile
from unseen.core.receipts import SCHEMA, FileReceipt, model_record
from unseen.core.recipe import Recipe

__all__ = ["Report", "wilson"]

#: The normal quantile of a two-sided interval of 95 %.
_Z95 = 1.959964


@dataclass(slots=True)
class Report:
    """Collects receipts. `started` and `ended` are seconds since the epoch.

    `places` leads from the output names in receipts, which are made safe to print, to paths below the output folder;
    `devices` says what each model ran on; `problems` are those of the run as a whole, as a full disk for the sheet is.
    """

    recipe: Recipe
    models: Sequence[ModelFile]
    policy: str
    raised: tuple[str, ...]
    plain_hashes: bool
    resume_note: str
    started: float
    ended: float = 0.0
    files: list[FileReceipt] = field(default_factory=list)
    places: dict[str, Path] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    counted: Counted | None = None

    def add(self, receipt: FileReceipt, below: Path) -> None:
        """Take in one receipt, and the path of its output below the output folder."""
        self.files.append(receipt)
        if receipt.output is not None:
            self.places[receipt.output] = below

    def ran_on(self, devices: Mapping[str, str]) -> None:
        """Take in what each model ran on, as "runtime:device" by its name."""
        self.devices.update(devices)

    @property
    def exit_code(self) -> int:
        """0 if every photo was released, 1 if some were not or the run's own papers could not be written."""
        return 1 if self.problems or any(f.status == "failed" for f in self.files) else 0

    def totals(self) -> dict[str, Any]:
        """Return counts of files, regions by class, residues with their interval, and seconds by stage."""
        status = Counter(f.status for f in self.files)
        regions = [r for f in self.files for frame in f.regions for r in frame]
        seconds: Counter[str] = Counter()
        for file in self.files:
            seconds.update(file.seconds)
        return {
            "files": {name: status[name] for name in ("released", "resumed", "failed", "skipped")},
            "regions": dict(sorted(Counter(r.cls for r in regions).items())),
            "tracks": dict(sorted(Counter(t.cls for f in self.files if f.video for t in f.video.tracks).items())),
            "frames": sum(f.video.frames for f in self.files if f.video),
            "reasons": dict(sorted(Counter(r.reason for r in regions).items())),
            "verified": sum(f.verdict is not None and f.verdict.outcome == "pass" for f in self.files),
            "files_with_residues": sum(f.verdict is not None and f.verdict.rounds > 0 for f in self.files),
            "second_look": self._second_look(),
            "seconds": {stage: round(s, 3) for stage, s in seconds.items()},
            "wall_seconds": round(max(0.0, self.ended - self.started), 3),
        }

    def _second_look(self) -> dict[str, Any]:
        """Say how many outputs a second model looked at, and in what share it saw something that had to be hidden.

        Files that failed count too. The interval (Wilson, 95 %) is for all outputs of the run: in a sample, for those
        that were not looked at as well.
        """
        looked = [f.verdict for f in self.files if f.verdict is not None and f.verdict.outcome != "not-verified"]
        found = sum(v.rounds > 0 for v in looked)
        low, high = wilson(found, len(looked))
        return {
            "looked_at": len(looked),
            "with_residues": found,
            "share": round(found / len(looked), 4) if looked else None,
            "interval_95": [round(low, 4), round(high, 4)],
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
        """Write the report as JSON, whole or not at all; raises OutputFailed or UsageError."""
        write_whole(path, _lines(self.as_dict()), "the report")


def _lines(record: dict[str, Any]) -> Iterator[str]:
    """Yield a report as JSON: indented, but a line for each file, since Python indents slowly and files are many."""
    files = record.pop("files")
    head = json.dumps(record, indent=2, ensure_ascii=False).removesuffix("\n}")
    yield f'{head},\n  "files": ['
    for number, file in enumerate(files):
        yield f"{',' if number else ''}\n    {json.dumps(file, ensure_ascii=False)}"
    yield "\n  ]\n}\n"


def wilson(found: int, looked: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927, JASA 22:209); (0, 1) when nothing was looked at."""
    if looked == 0:
        return 0.0, 1.0
    share, z2 = found / looked, _Z95 * _Z95
    middle = (share + z2 / (2 * looked)) / (1 + z2 / looked)
    reach = _Z95 / (1 + z2 / looked) * math.sqrt(share * (1 - share) / looked + z2 / (4 * looked * looked))
    return max(0.0, middle - reach), min(1.0, middle + reach)


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
