"""Labelled clips: which boxes of whom are in each frame, and which of them must be hidden."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.metrics import Xyxy

__all__ = ["Clip", "Shown", "clipped", "overlapped", "person_clips", "visible"]

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Shown:
    """A labelled box in one frame; `counts` is False where nothing is asked of it: half hidden, or to be ignored."""

    track: int
    xyxy: Xyxy
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip with the labels of every frame, in pixels of the stored frame; `cls` is what the labels are of."""

    name: str
    path: Path
    cls: str
    width: int
    height: int
    frames: tuple[tuple[Shown, ...], ...]

    @property
    def tracks(self) -> int:
        """How many tracks count in at least one frame."""
        return len({shown.track for frame in self.frames for shown in frame if shown.counts})


def person_clips(folder: Path) -> list[Clip]:
    """Return the clips of a folder that have NAME.labels.jsonl beside NAME.mp4; raises SystemExit where none has."""
    files = sorted(folder.glob("*.labels.jsonl"))
    if not files:
        raise SystemExit(f"{folder} holds no clips with .labels.jsonl; name the folder of samples with --data")
    return [_person_clip(file) for file in files]


def _person_clip(file: Path) -> Clip:
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    if [record["frame_index"] for record in records] != list(range(len(records))):
        raise SystemExit(f"{file.name}: the labels do not run over all frames from 0")
    first = records[0]
    width, height = int(first["width"]), int(first["height"])
    frames = tuple(visible(record["boxes"], width, height) for record in records)
    return Clip(Path(first["file"]).stem, file.parent / first["file"], "person", width, height, frames)


def visible(boxes: Sequence[dict[str, Any]], width: int, height: int) -> tuple[Shown, ...]:
    """Return the boxes of a frame that lie in the picture, clipped to it, and which of them count.

    A box counts when at least half of it is visible ("vis", where it is given) or else not more than half of it is
    overlapped by a nearer box, one whose lower edge is further down.
    """
    inside = [(box, xyxy) for box in boxes if (xyxy := clipped(box["xyxy"], width, height)) is not None]
    return tuple(
        Shown(int(box["id"]), xyxy, not box["ignore"] and _is_visible(box, xyxy, [other for _, other in inside]))
        for box, xyxy in inside
    )


def _is_visible(box: dict[str, Any], xyxy: Xyxy, others: Sequence[Xyxy]) -> bool:
    if "vis" in box:
        return float(box["vis"]) >= _HALF
    return all(overlapped(xyxy, other) <= _HALF for other in others if other[3] > xyxy[3])


def clipped(xyxy: Sequence[float], width: int, height: int) -> Xyxy | None:
    """Return the part of a box that lies in the picture, None if there is none."""
    x1, y1, x2, y2 = max(0.0, xyxy[0]), max(0.0, xyxy[1]), min(float(width), xyxy[2]), min(float(height), xyxy[3])
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def overlapped(box: Xyxy, other: Xyxy) -> float:
    """Return the share of a box that another one covers."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, across) * max(0.0, down) / ((box[2] - box[0]) * (box[3] - box[1]))
