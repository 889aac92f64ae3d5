"""Counts against truth: errors cannot cancel, and what labels ignore is neither missed nor extra."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.traffic_truth import Crossed, match, person_clips
from tests.engine.film_scenes import FILM, film


def test_errors_do_not_cancel() -> None:
    truth = [Crossed(1.0, "forward"), Crossed(5.0, "forward")]
    errors = match(truth, [Crossed(1.9, "forward"), Crossed(8.0, "forward")])
    assert (errors.wanted, len(errors.missed), len(errors.extra), errors.total) == (2, 1, 1, 2)
    assert match(truth, [Crossed(1.0, "backward"), Crossed(5.0, "forward")]).total == 2


def test_each_crossing_is_matched_once_and_the_nearest_first() -> None:
    truth = [Crossed(1.0, "forward"), Crossed(1.6, "forward")]
    assert match(truth, [Crossed(1.5, "forward"), Crossed(0.9, "forward")]).total == 0
    assert match(truth, [Crossed(1.3, "forward")]).total == 1
    assert match([Crossed(1.0, "forward")], [Crossed(1.0, "forward")] * 3).total == 2


def test_what_is_ignored_is_neither_missed_nor_extra() -> None:
    ignored = Crossed(1.0, "forward", ignore=True)
    assert match([ignored], []).total == 0
    assert match([ignored], [Crossed(1.2, "forward")]).total == 0
    # It takes nothing from one that counts.
    assert match([ignored, Crossed(1.5, "forward")], [Crossed(1.0, "forward")]).total == 0


def test_truth_is_where_foot_points_change_sides(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", FILM)
    lines = []
    for frame in range(30):
        boxes = [
            {"cls": "person", "id": 1, "ignore": False, "xyxy": [60 + frame, 10, 80 + frame, 60]},
            {"cls": "person", "id": 2, "ignore": frame > 5, "xyxy": [100 - 2 * frame, 10, 120 - 2 * frame, 60]},
        ]
        told = {"file": "a.mp4", "frame_index": frame, "width": 160, "height": 120, "boxes": boxes}
        lines.append(json.dumps(told))
    (tmp_path / "a.labels.jsonl").write_text("\n".join(lines))
    (clip,) = person_clips(tmp_path)
    assert [(c.direction, c.ignore) for c in clip.truth] == [("forward", False), ("backward", True)]
    assert [c.at for c in clip.truth] == pytest.approx([10 / 25, 15 / 25], abs=0.05)
