"""What of labelled people shows in the output of the whole engine, on a street that never changes.

Floors are a little below what was measured when they were set, which stands beside each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.adapters.models_store import FileModelStore
from unseen.adapters.video_av import AvCodec
from unseen.core.jobs import Job
from unseen.core.recipe import Recipe, looks_for
from unseen.core.video import VideoRecipe, VideoStyle
from unseen.engine.run import run
from unseen.verify.streams import extent

_WIDTH, _HEIGHT, _FRAMES = 640, 480, 71


def people(boxes: list[dict[str, Any]]) -> Iterator[tuple[int, NDArray[np.int_]]]:
    """Yield number and box (x1, y1, x2, y2) of labelled people who are not more than half behind somebody nearer."""
    whole = [np.clip(np.rint(row["xyxy"]), 0, [_WIDTH, _HEIGHT] * 2).astype(int) for row in boxes]
    for row, box in zip(boxes, whole, strict=True):
        hidden = 0.0
        for other in whole:
            if other[3] > box[3]:
                wide, high = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
                hidden = max(hidden, max(0, wide) * max(0, high) / float(np.prod(box[2:] - box[:2])))
        if not row["ignore"] and hidden <= 0.5:
            yield int(row["id"]), box


def mask_of(boxes: list[NDArray[np.int_]]) -> NDArray[np.bool_]:
    mask = np.zeros((_HEIGHT, _WIDTH), bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


@pytest.fixture(scope="module")
def street(test_data: Path, models: FileModelStore, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    """The report of a run over 71 frames, what it hid in each, and the labels."""
    folder = tmp_path_factory.mktemp("street")
    clip = test_data / "samples" / "mot" / "TUD-Campus_640x480.mp4"
    recipe = Recipe(looks=looks_for(["person", "face"], None), video=VideoRecipe(audio="drop"))
    regions = folder / "regions.jsonl"
    report = run(Job((clip,), folder / "out", recipe, device="cpu", regions=regions), store=models)
    assert report.exit_code == 0, [file.error for file in report.files]
    assert extent(folder / "out" / clip.name).frames == _FRAMES
    hidden = [json.loads(line)["regions"] for line in regions.read_text("utf-8").splitlines()]
    rows = clip.with_suffix(".labels.jsonl").read_text("utf-8").splitlines()
    return report, hidden, [json.loads(row)["boxes"] for row in rows]


def test_people_on_a_street(street: tuple[Any, Any, Any]) -> None:
    _, hidden, labels = street
    seen, leaked, tracks, outside = 0, 0, set[int](), 0
    for regions, boxes in zip(hidden, labels, strict=True):
        mask = mask_of([np.asarray(region[1:5]) for region in regions])
        everybody = mask_of([np.clip(np.rint(row["xyxy"]), 0, [_WIDTH, _HEIGHT] * 2).astype(int) for row in boxes])
        outside += int((mask & ~everybody).sum())
        for number, (x1, y1, x2, y2) in people(boxes):
            seen += 1
            if mask[y1:y2, x1:x2].mean() < 0.9:
                leaked += 1
                tracks.add(number)
    share, over = leaked / seen, outside / (_FRAMES * _WIDTH * _HEIGHT)
    # Measured: 262 boxes, of which 0.015 leaked, in 3 of 8 tracks; 0.125 of all pixels were hidden beside people.
    assert seen > 250
    assert share <= 0.03
    assert len(tracks) <= 4
    assert over <= 0.16


def test_run_over_a_street_looks_at_few_frames_and_hides_none_whole(street: tuple[Any, Any, Any]) -> None:
    report, _, _ = street
    (file,) = report.files
    assert file.verdict.outcome == "pass"
    assert file.video.frames == _FRAMES
    assert file.video.whole == 0
    assert file.video.problems == ()
    assert file.video.looked <= 56  # measured: 46
    assert {track.cls for track in file.video.tracks} <= {"person", "face"}


def test_people_on_a_street_that_lies_on_its_side(test_data: Path, models: FileModelStore, tmp_path: Path) -> None:
    clip, codec, count = test_data / "samples" / "mot" / "TUD-Campus_640x480.mp4", AvCodec(2), 30
    lying = tmp_path / "lying.mp4"
    with codec.open_video(clip, clip.name) as reader:
        info = replace(reader.info, width=_HEIGHT, height=_WIDTH)
        with codec.open_writer(lying, info, VideoStyle(quality=12), lying.name) as writer:
            for frame in islice(reader, count):
                writer.write(replace(frame, planes=tuple(np.rot90(plane) for plane in frame.planes)))
    recipe, regions = Recipe(looks=looks_for(["person", "face"], None)), tmp_path / "regions.jsonl"
    report = run(Job((lying,), tmp_path / "out", recipe, device="cpu", regions=regions), store=models)
    (file,) = report.files
    assert file.video is not None
    assert file.video.problems == ("people are upright after a turn by 90 degrees: looked for that way, too",)
    seen = leaked = 0
    rows = clip.with_suffix(".labels.jsonl").read_text("utf-8").splitlines()
    for row, line in zip(rows, regions.read_text("utf-8").splitlines(), strict=False):
        turned = np.zeros((_WIDTH, _HEIGHT), bool)
        for _, x1, y1, x2, y2, *_ in json.loads(line)["regions"]:
            turned[y1:y2, x1:x2] = True
        mask = np.rot90(turned, -1)
        shown = [mask[y1:y2, x1:x2].mean() < 0.9 for _, (x1, y1, x2, y2) in people(json.loads(row)["boxes"])]
        seen, leaked = seen + len(shown), leaked + sum(shown)
    # Measured: 1 of 101 boxes leaked; 65 where nobody looked for people who lie.
    assert seen > 100
    assert leaked <= 0.06 * seen, (leaked, seen)
