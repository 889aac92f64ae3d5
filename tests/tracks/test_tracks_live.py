"""Linking from look to look: one object keeps its number, gaps are bridged, what is unsure is covered more."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped, unused-ignore]

from unseen.core.regions import Box, Detection
from unseen.tracks.live import LiveTracks, warm_up


def _face(x: float, y: float = 100.0, score: float = 0.9, size: float = 40.0) -> Detection:
    return Detection("face", Box(x, y, x + size, y + size), score, "centerface")


def _tracks() -> LiveTracks:
    return LiveTracks(640, 360, before=0.4, after=0.5, unsure=0.4)


def test_object_keeps_its_number_over_a_look_that_missed_it() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100)])
    tracks.seen(0.2, [])
    tracks.seen(0.4, [_face(120)])
    placed = tracks.at(0.2)
    assert len(placed) == 1
    assert placed[0].found.box.contains(Box(110, 100, 150, 140))
    assert tracks.at(0.0)[0].track == tracks.at(0.4)[0].track == placed[0].track


def test_two_objects_have_two_numbers() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100), _face(400)])
    tracks.seen(0.2, [_face(405), _face(104)])
    assert len({placed.track for placed in tracks.at(0.2)}) == 2
    assert {placed.track for placed in tracks.at(0.2)} == {placed.track for placed in tracks.at(0.0)}


def test_object_is_where_it_was_found_and_where_it_goes() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100)])
    tracks.seen(0.2, [_face(120)])
    later = tracks.at(0.4)[0].found.box
    assert later.contains(Box(120, 100, 160, 140))
    assert later.contains(Box(140, 100, 180, 140))
    earlier = tracks.at(-0.2)[0].found.box
    assert earlier.contains(Box(80, 100, 120, 140))


def test_object_is_covered_for_its_time_before_and_after() -> None:
    tracks = _tracks()
    tracks.seen(1.0, [_face(100)])
    assert [len(tracks.at(time)) for time in (0.59, 0.61, 1.0, 1.49, 1.51)] == [0, 1, 1, 1, 0]


def test_weak_detection_begins_nothing_but_goes_on_with_a_track() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100, score=0.15)])
    assert tracks.at(0.0) == []
    tracks.seen(0.2, [_face(100)])
    tracks.seen(0.4, [_face(105, score=0.15)])
    assert len(tracks.at(0.4)) == 1


def test_unsure_detection_is_covered_for_a_shorter_time() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100, score=0.3)])
    assert len(tracks.at(0.2)) == len(tracks.at(0.39)) == 1
    assert tracks.at(0.45) == []


def test_score_that_is_no_number_counts() -> None:
    tracks = _tracks()
    tracks.seen(0.0, [_face(100, score=float("nan"))])
    assert len(tracks.at(0.0)) == 1


def test_what_is_past_is_forgotten_but_the_speed_is_kept() -> None:
    tracks = _tracks()
    for i in range(5):
        tracks.seen(i * 0.2, [_face(100 + 20 * i), *([_face(500)] if i == 0 else [])])
    tracks.forget(0.8)
    assert len(tracks.at(0.8)) == 1
    assert tracks.at(1.0)[0].found.box.contains(Box(200, 100, 240, 140))
    tracks.forget(5.0)
    assert tracks.at(0.8) == []


@given(
    st.lists(st.lists(st.tuples(st.floats(-50, 700), st.floats(-50, 400), st.floats(0.2, 1)), max_size=5), max_size=8)
)
def test_everything_found_is_covered_where_it_was_found(looks: list[list[tuple[float, float, float]]]) -> None:
    tracks = _tracks()
    for i, found in enumerate(looks):
        faces = [_face(x, y, score) for x, y, score in found]
        tracks.seen(i * 0.15, faces)
        boxes = [placed.found.box for placed in tracks.at(i * 0.15)]
        assert all(any(box.contains(face.box) for box in boxes) for face in faces)


def test_warming_up_loads_what_pairs_are_found_with(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Solver(ModuleType):
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return linear_sum_assignment

    monkeypatch.setitem(sys.modules, "scipy.optimize", Solver("scipy.optimize"))
    warm_up()
    assert "linear_sum_assignment" in asked
