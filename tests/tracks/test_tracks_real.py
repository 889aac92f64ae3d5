"""Tracks on a real street with labelled people: what leaks with tracks, and without."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.adapters.detect.yolo import YoloDetector
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.runtimes import open_network
from unseen.core.regions import Box, Detection
from unseen.tracks.extend import covering_box, extend_all
from unseen.tracks.link import link
from unseen.tracks.settings import LinkSettings

_WIDTH, _HEIGHT, _RATE, _STRIDE = 640, 480, 25.0, 3


@dataclass(frozen=True)
class Street:
    """71 frames: labelled people by frame (number, box, whether they count), and people found in every third."""

    people: list[list[tuple[int, Box, bool]]]
    found: dict[int, list[Detection]]


@dataclass(frozen=True)
class Score:
    leaked: float
    tracks_leaked: int
    hidden_outside: int


@pytest.fixture(scope="module")
def street(test_data: Path, models: FileModelStore) -> Street:
    clip = test_data / "samples" / "mot" / "TUD-Campus_640x480.mp4"
    labels = [json.loads(line) for line in clip.with_suffix(".labels.jsonl").read_text("utf-8").splitlines()]
    model = models.require("yolo26n")
    detector = YoloDetector(open_network(model, "cpu", 2), model, threshold=0.15)
    found = {}
    with av.open(str(clip)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            if i % _STRIDE == 0:
                found[i] = [
                    d
                    for d in detector.detect([np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)])[0]
                    if d.cls == "person"
                ]
    return Street([list(_people(row["boxes"])) for row in labels], found)


def _people(rows: list[dict[str, object]]) -> Iterator[tuple[int, Box, bool]]:
    """Yield labelled people inside the picture; those more than half behind somebody nearer do not count."""
    boxes = [Box(*map(float, np.clip(row["xyxy"], 0, [_WIDTH, _HEIGHT] * 2))) for row in rows]  # type: ignore[call-overload]
    for row, box in zip(rows, boxes, strict=True):
        nearer = [b for b in boxes if b.y2 > box.y2]
        yield int(str(row["id"])), box, not row["ignore"] and all(_share(box, b) <= 0.5 for b in nearer)


def _share(box: Box, by: Box) -> float:
    width, height = min(box.x2, by.x2) - max(box.x1, by.x1), min(box.y2, by.y2) - max(box.y1, by.y1)
    return max(width, 0.0) * max(height, 0.0) / box.area


def _paint(boxes: list[Box]) -> NDArray[np.bool_]:
    canvas = np.zeros((_HEIGHT, _WIDTH), bool)
    for box in boxes:
        x1, y1 = max(math.floor(box.x1), 0), max(math.floor(box.y1), 0)
        canvas[y1 : max(math.ceil(box.y2), 0), x1 : max(math.ceil(box.x2), 0)] = True
    return canvas


def _score(street: Street, hidden: list[list[Box]]) -> Score:
    seen = leaked = outside = 0
    tracks: set[int] = set()
    for people, boxes in zip(street.people, hidden, strict=True):
        mask = _paint(boxes)
        outside += int((mask & ~_paint([box for _, box, _ in people])).sum())
        for number, box, counts in people:
            if counts:
                seen += 1
                part = _paint([box])
                if mask[part].mean() < 0.9:
                    leaked += 1
                    tracks.add(number)
    return Score(leaked / seen, len(tracks), outside)


def test_tracks_leak_far_less_than_detections_that_are_held(street: Street) -> None:
    """Held: what was found last, widened by 5 %, until the next look."""
    n = len(street.people)
    held = [[_widened(d.box) for d in street.found[i - i % _STRIDE] if d.score > 0.25] for i in range(n)]
    frames = sorted(street.found)
    tracks = link(
        frames,
        [street.found[i] for i in frames],
        width=_WIDTH,
        height=_HEIGHT,
        rate=_RATE,
        settings=LinkSettings(floor=0.15),
    )
    tracks = extend_all(tracks, width=_WIDTH, height=_HEIGHT, rate=_RATE, last_frame=n - 1, stride=_STRIDE)
    covered: list[list[Box]] = [[] for _ in range(n)]
    for track in tracks:
        for point in track.points:
            covered[point.frame].append(covering_box(point))
    before, after = _score(street, held), _score(street, covered)
    assert before.leaked > 0.08
    assert after.leaked < 0.02
    assert after.tracks_leaked < before.tracks_leaked / 2
    assert after.hidden_outside < 1.4 * before.hidden_outside


def _widened(box: Box) -> Box:
    dx, dy = 0.05 * box.width, 0.05 * box.height
    return Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy)


def test_people_who_are_seen_all_along_keep_their_track(street: Street) -> None:
    """Each labelled person in view for 15 looks or more has one track for at least half of them."""
    frames = sorted(street.found)
    tracks = link(frames, [street.found[i] for i in frames], width=_WIDTH, height=_HEIGHT, rate=_RATE)
    seen: dict[int, list[int]] = {}
    for i in frames:
        for number, box, counts in street.people[i]:
            near = [(_share(box, t.points[i - t.first].box), t.number) for t in tracks if t.first <= i <= t.last]
            if counts and max(near, default=(0.0, 0))[0] > 0.5:
                seen.setdefault(number, []).append(max(near)[1])
    long = [numbers for numbers in seen.values() if len(numbers) >= 15]
    assert len(long) >= 2
    assert all(max(map(numbers.count, numbers)) >= len(numbers) / 2 for numbers in long)
