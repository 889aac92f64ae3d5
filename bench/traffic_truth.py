"""Who crosses which line when, by labels: the truth that counts are held against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.core.regions import VEHICLES
from unseen.core.scene import Line, Scene
from unseen.traffic.watch import BACKWARD, FORWARD

__all__ = ["CountedClip", "Crossed", "Errors", "car_clip", "match", "person_clips", "rate_of"]

#: Seconds that a count may be off.
_NEAR_S = 1.0


@dataclass(frozen=True, slots=True)
class Crossed:
    """A crossing: seconds from the beginning of the clip, direction; `ignore` if nothing is asked of it."""

    at: float
    direction: str
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class CountedClip:
    """A clip with a scene of one line, and the true crossings of it."""

    name: str
    path: Path
    scene: Scene
    truth: tuple[Crossed, ...]
    ids: int = 0


@dataclass(frozen=True, slots=True)
class Errors:
    """What a count got wrong: crossings that it misses, and those that nobody made."""

    wanted: int
    missed: tuple[Crossed, ...]
    extra: tuple[Crossed, ...]

    @property
    def total(self) -> int:
        """Misses and extras together."""
        return len(self.missed) + len(self.extra)


def match(truth: Sequence[Crossed], counted: Sequence[Crossed]) -> Errors:
    """Match crossings of one direction that are at most a second apart, nearest first, each once.

    Crossings to be ignored are matched after the others; they are no misses, and what matches them is no extra.
    """
    left, missed = list(counted), []
    pairs = sorted(
        (wanted.ignore, abs(wanted.at - found.at), i, j)
        for i, wanted in enumerate(truth)
        for j, found in enumerate(counted)
        if wanted.direction == found.direction and abs(wanted.at - found.at) <= _NEAR_S
    )
    done: set[int] = set()
    used: set[int] = set()
    for _, _, i, j in pairs:
        if i not in done and j not in used:
            done.add(i)
            used.add(j)
    missed = [wanted for i, wanted in enumerate(truth) if i not in done and not wanted.ignore]
    left = [found for j, found in enumerate(counted) if j not in used]
    return Errors(sum(not wanted.ignore for wanted in truth), tuple(missed), tuple(left))


def person_clips(folder: Path) -> list[CountedClip]:
    """Return the labelled clips, each with a vertical line at mid-width; raises SystemExit where there are none."""
    files = sorted(folder.glob("*.labels.jsonl"))
    if not files:
        raise SystemExit(f"{folder} holds no clips with .labels.jsonl; name the folder of samples with --data")
    return [_person_clip(file) for file in files]


def _person_clip(file: Path) -> CountedClip:
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    width, height = int(records[0]["width"]), int(records[0]["height"])
    path = file.parent / records[0]["file"]
    # From the bottom up: forward is rightward.
    line = Line("middle", (width / 2, height), (width / 2, 0))
    truth = tuple(_crossings(records, width / 2, rate_of(path)))
    ids = {box["id"] for record in records for box in record["boxes"] if not box["ignore"]}
    return CountedClip(path.stem, path, Scene(width, height, (line,), classes=("person",)), truth, len(ids))


def _crossings(records: Sequence[dict[str, Any]], middle: float, rate: float) -> list[Crossed]:
    """Return where the middle of a labelled box's lower edge changes sides, from one label of an id to the next."""
    last: dict[int, tuple[int, float]] = {}
    found = []
    for record in records:
        for box in record["boxes"]:
            frame, off = int(record["frame_index"]), (box["xyxy"][0] + box["xyxy"][2]) / 2 - middle
            before = last.get(box["id"])
            last[box["id"]] = (frame, off)
            if before is not None and (before[1] >= 0) != (off >= 0):
                at = before[0] + (frame - before[0]) * abs(before[1]) / ((abs(before[1]) + abs(off)) or 1)
                found.append(Crossed(at / rate, FORWARD if off >= 0 else BACKWARD, bool(box["ignore"])))
    return found


def car_clip(folder: Path) -> CountedClip:
    """Return the clip of cars with the line of counts.json; a car crosses when its lower edge reaches the line."""
    name, told = next(iter(json.loads((folder / "counts.json").read_text("utf-8")).items()))
    y, height = (int(word) for word in told["line"].removeprefix("y = ").partition(",")[0].split(" of "))
    path = folder / name
    width, rate = _width(path, height), rate_of(path)
    # Downward is forward on a line from left to right.
    line = Line("road", (0, y), (width, y))
    truth = tuple(Crossed(first / rate, FORWARD) for first, _ in told["crossing_frames_first_to_last_touch"])
    return CountedClip(path.stem, path, Scene(width, height, (line,), classes=VEHICLES), truth, len(truth))


def rate_of(path: Path) -> float:
    """Return the frames a second of a video."""
    from unseen.adapters.video_av import AvCodec

    with AvCodec().open_video(path, path.name) as reader:
        return float(reader.info.rate)


def _width(path: Path, height: int) -> int:
    from unseen.adapters.video_av import AvCodec

    with AvCodec().open_video(path, path.name) as reader:
        if reader.info.height != height:
            raise SystemExit(f"{path.name} is {reader.info.height} pixels high, and counts.json speaks of {height}")
        return reader.info.width
