"""Labelled photos: a folder of images with labels.jsonl, one JSON record a photo."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from bench.metrics import Xyxy
from unseen.core.photos import Rgb8

__all__ = ["Label", "Sample", "copy_photos", "read_rgb", "read_samples", "required"]


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled object; one that is to be ignored is neither counted as found nor as over-redacted."""

    cls: str
    xyxy: Xyxy
    ignore: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo with its labels; `name` is its file name, unique in its set."""

    name: str
    path: Path
    width: int
    height: int
    labels: tuple[Label, ...]


def required(file: Path) -> Path:
    """Return a file of the samples; raises SystemExit, which says what to do, when it is not there."""
    if not file.is_file():
        raise SystemExit(f"{file} is not there; name the folder of samples with --data")
    return file


def read_samples(data: Path, name: str, limit: int | None = None) -> list[Sample]:
    """Return the photos of a set, the first `limit` of them; raises SystemExit when the set is not there."""
    file = required(data / name / "labels.jsonl")
    lines = file.read_text("utf-8").splitlines()
    return [_sample(json.loads(line), file.parent) for line in lines[:limit] if line.strip()]


def _sample(record: dict[str, Any], folder: Path) -> Sample:
    path = folder / record["file"]
    labels = (Label(box["cls"], _xyxy(box["xyxy"]), bool(box.get("ignore"))) for box in record["boxes"])
    return Sample(path.name, path, int(record["width"]), int(record["height"]), tuple(labels))


def _xyxy(values: list[float]) -> Xyxy:
    x1, y1, x2, y2 = map(float, values)
    return x1, y1, x2, y2


def copy_photos(samples: list[Sample], folder: Path) -> Path:
    """Copy photos into a fresh folder, which also brings them into the file cache, and return it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for sample in samples:
        shutil.copyfile(sample.path, folder / sample.name)
    return folder


def read_rgb(path: Path) -> Rgb8:
    """Return a photo upright, as uint8 of shape (height, width, 3)."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
