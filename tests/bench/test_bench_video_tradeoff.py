"""What stays hidden where less is hidden: tracks that were seen surely, and boxes that are drawn together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.metrics import Shape
from bench.video_clips import Clip, Shown
from bench.video_tools import Hidden, regions_of
from bench.video_tradeoff import Less, drawn_together, masks_with

SURE, FAINT, BY_HAND = (
    Hidden(Shape((0.0, 0.0, 10.0, 10.0)), 1, 0.8),
    Hidden(Shape((20.0, 0.0, 30.0, 10.0)), 2, 0.3),
    Hidden(Shape((30.0, 0.0, 40.0, 10.0)), None, 0.0),
)
SURE_BEFORE = Hidden(Shape((2.0, 0.0, 12.0, 10.0)), 1, 0.2)


def a_clip(*frames: tuple[Shown, ...]) -> Clip:
    return Clip("c", Path("c.mp4"), "face", 40, 10, frames)


def test_a_track_is_kept_whole_for_its_surest_look_and_what_was_drawn_by_hand_always() -> None:
    before, after = masks_with(Less(least=0.5), [[SURE_BEFORE], [SURE, FAINT, BY_HAND]], a_clip((), ()))
    assert np.flatnonzero(before.all(axis=0)).tolist() == list(range(2, 12))
    assert np.flatnonzero(after.all(axis=0)).tolist() == [*range(10), *range(30, 40)]


def test_labels_tell_which_tracks_stay() -> None:
    labels = a_clip((), (Shown(7, (0.0, 0.0, 9.0, 9.0), counts=False),))
    before, after = masks_with(Less(labelled=True), [[SURE_BEFORE, FAINT], [SURE, FAINT, BY_HAND]], labels)
    assert np.flatnonzero(before.all(axis=0)).tolist() == list(range(2, 12))
    assert np.flatnonzero(after.all(axis=0)).tolist() == [*range(10), *range(30, 40)]


def test_boxes_are_drawn_together_around_their_middle() -> None:
    assert drawn_together((10.0, 20.0, 30.0, 60.0), 0.5) == (15.0, 30.0, 25.0, 50.0)
    [mask] = masks_with(Less(size=0.5), [[Hidden(Shape((4.0, 0.0, 12.0, 8.0)), 1, 0.8)]], a_clip(()))
    assert np.flatnonzero(mask.any(axis=0)).tolist() == [6, 7, 8, 9]
    assert np.flatnonzero(mask.any(axis=1)).tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize(("status", "hidden"), [("released", 1), ("failed", 0)])
def test_what_was_not_released_hides_nothing(tmp_path: Path, status: str, hidden: int) -> None:
    clip = Clip("c", Path("c.mp4"), "face", 40, 10, ((), ()))
    seen = ["face", 0, 0, 10, 10, 1, 0.8, "detected", "fill", "box"]
    shown = ["face", 0, 0, 10, 10, 2, 0.8, "requested", "none", "box"]
    (tmp_path / "report.json").write_text(json.dumps({"files": [{"status": status}]}))
    (tmp_path / "regions.jsonl").write_text(json.dumps({"frame": 1, "regions": [seen, shown]}) + "\n")
    assert list(map(len, regions_of(clip, tmp_path))) == [0, hidden]
