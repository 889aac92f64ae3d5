"""What the benchmark of videos counts: visible people, tracks and frames that leak, gaps, what is hidden beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics import Mask, boxes_mask
from bench.video_clips import Clip, Shown, clipped, overlapped, person_clips, visible
from bench.video_metrics import Leaks, leaks_of, longest_run


def _clip(*frames: tuple[Shown, ...]) -> Clip:
    return Clip("c", Path("c.mp4"), "person", 40, 20, frames)


def _mask(*boxes: tuple[float, float, float, float]) -> Mask:
    return boxes_mask(20, 40, boxes)


A = Shown(1, (0.0, 0.0, 10.0, 10.0))
B = Shown(2, (20.0, 0.0, 30.0, 10.0))
HALF = Shown(3, (20.0, 10.0, 40.0, 20.0), counts=False)


def test_a_track_leaks_when_one_of_its_frames_does() -> None:
    clip = _clip((A, B), (A, B), (A,))
    found = leaks_of(clip, [_mask((0, 0, 30, 10)), _mask((0, 0, 10, 10)), _mask((0, 0, 10, 9))])
    assert (found.tracks, found.leaked_tracks) == (2, 1)
    assert (found.pairs, found.leaked_pairs) == (5, 1)
    assert (found.shown, found.leaked_frames) == (3, 1)


def test_nine_tenths_are_enough_and_less_is_not() -> None:
    clip = _clip((A,))
    assert leaks_of(clip, [_mask((0, 0, 10, 9))]).leaked_tracks == 0
    assert leaks_of(clip, [_mask((0, 0, 10, 8))]).leaked_tracks == 1


def test_what_does_not_count_neither_leaks_nor_is_over_redacted() -> None:
    found = leaks_of(_clip((HALF,), (HALF,)), [_mask(), _mask(HALF.xyxy)])
    assert (found.tracks, found.pairs, found.shown, found.leaked_frames, found.beside) == (0, 0, 0, 0, 0.0)


def test_over_redaction_adds_up_over_frames() -> None:
    found = leaks_of(_clip((A,), ()), [_mask((0, 0, 20, 10)), _mask((0, 0, 40, 10))])
    assert found.beside == pytest.approx(100 / 800 + 400 / 800)
    assert found.frames == 2


def test_frames_hidden_whole_are_counted_unless_labels_fill_them() -> None:
    full = Shown(1, (0.0, 0.0, 40.0, 16.0))
    everything = _mask((0, 0, 40, 20))
    assert leaks_of(_clip((A,), (full,)), [everything, everything]).whole == 1


def test_the_longest_gap_is_of_one_track_in_frames_in_a_row() -> None:
    frames = [(A, B), (A, B), (A,), (B,), (A,), (A,), (A,)]
    masks = [_mask(B.xyxy), _mask(B.xyxy), _mask(A.xyxy), _mask(), _mask(), _mask(), _mask()]
    assert leaks_of(_clip(*frames), masks).longest == 3


@pytest.mark.parametrize(("frames", "longest"), [([4], 1), ([1, 2, 5, 6, 7], 3), ([0, 2, 4], 1), ([3, 4, 5], 3)])
def test_a_run_is_of_consecutive_frames(frames: list[int], longest: int) -> None:
    assert longest_run(frames) == longest


def test_a_mask_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        leaks_of(_clip((A,), (A,)), [_mask()])


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.lists(st.booleans(), min_size=1, max_size=30))
def test_leaks_add_up_over_clips(first: list[bool], second: list[bool]) -> None:
    parts = [leaks_of(_clip(*[(A,)] * len(h)), [_mask(A.xyxy) if on else _mask() for on in h]) for h in (first, second)]
    both = sum(parts, Leaks())
    assert both.leaked_pairs == [*first, *second].count(False)
    assert both.leaked_tracks == (not all(first)) + (not all(second))
    assert both.longest == max(part.longest for part in parts)
    assert both.leaked_pairs <= both.pairs == len(first) + len(second)


def _box(number: int, *xyxy: float, **more: Any) -> dict[str, Any]:
    return {"cls": "person", "id": number, "xyxy": list(xyxy), "ignore": False, **more}


def test_a_person_half_behind_a_nearer_one_does_not_count() -> None:
    near, behind = _box(1, 0, 0, 10, 18), _box(2, 4, 0, 14, 16)
    assert [s.counts for s in visible([near, behind], 40, 20)] == [True, False]
    assert [s.counts for s in visible([near, _box(2, 5, 0, 15, 16)], 40, 20)] == [True, True]
    assert [s.counts for s in visible([near, _box(2, 4, 0, 14, 18)], 40, 20)] == [True, True]


def test_where_visibility_is_given_it_decides() -> None:
    near = _box(1, 0, 0, 10, 18, vis=0.49)
    assert [s.counts for s in visible([near, _box(2, 0, 0, 10, 16, vis=0.5)], 40, 20)] == [False, True]


def test_what_is_to_be_ignored_does_not_count_but_stands_before_others() -> None:
    boxes = [_box(1, 0, 0, 10, 18, ignore=True), _box(2, 0, 0, 10, 16)]
    assert [s.counts for s in visible(boxes, 40, 20)] == [False, False]


def test_boxes_are_clipped_and_those_outside_are_left_out() -> None:
    shown = visible([_box(1, -5, -5, 10, 10), _box(2, 41, 0, 50, 5)], 40, 20)
    assert [(s.track, s.xyxy) for s in shown] == [(1, (0.0, 0.0, 10.0, 10.0))]
    assert clipped((40, 0, 50, 5), 40, 20) is None


@given(st.tuples(*[st.floats(0, 50)] * 4), st.tuples(*[st.floats(0, 50)] * 4))
def test_overlap_is_a_share_of_the_first_box(
    a: tuple[float, float, float, float], b: tuple[float, float, float, float]
) -> None:
    first, second = ((x, y, x + 1 + w, y + 1 + h) for x, y, w, h in (a, b))
    assert 0 <= overlapped(first, second) <= 1 + 1e-9
    assert overlapped(first, first) == pytest.approx(1)


def test_clips_are_read_with_their_labels(tmp_path: Path) -> None:
    records = [
        {"file": "a.mp4", "frame_index": i, "width": 40, "height": 20, "boxes": [_box(7, i, 0, 9, 9)]} for i in (0, 1)
    ]
    (tmp_path / "a.labels.jsonl").write_text("\n".join(map(json.dumps, records)))
    (clip,) = person_clips(tmp_path)
    assert (clip.name, clip.path, clip.tracks, len(clip.frames)) == ("a", tmp_path / "a.mp4", 1, 2)
    (tmp_path / "a.labels.jsonl").write_text(json.dumps(records[1]))
    with pytest.raises(SystemExit, match="do not run over all frames"):
        person_clips(tmp_path)


def test_missing_clips_are_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no clips with \.labels\.jsonl"):
        person_clips(tmp_path)


def test_coverage_of_one_box_does_not_depend_on_the_rest_of_the_picture() -> None:
    mask = np.zeros((20, 40), np.bool_)
    mask[3:9, 5:12] = True
    frame = (Shown(1, (4.5, 2.5, 12.5, 9.5)),)
    assert leaks_of(_clip(frame), [mask]).leaked_pairs == 1
    assert leaks_of(_clip((Shown(1, (5.2, 3.1, 11.9, 9.0)),)), [mask]).leaked_pairs == 0
