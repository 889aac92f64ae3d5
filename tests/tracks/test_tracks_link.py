"""Linking: who is who over time, over gaps, strides and cuts, and that nothing found is lost."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.core.video import Track
from unseen.tracks.link import link
from unseen.tracks.settings import LinkSettings

_WIDTH, _HEIGHT, _RATE = 640, 360, 25.0
_CLASSES = ("person", "face", "head", "car", "truck", "plate")
Frames = list[list[Detection]]


def found(x: float, y: float, *, cls: str = "person", score: float = 0.8, w: float = 30, h: float = 80) -> Detection:
    return Detection(cls, Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), score, "m")


def linked(frames: Sequence[int], detections: Frames, *, cuts: Sequence[int] = (), **more: object) -> list[Track]:
    given_settings = more.get("settings")
    assert given_settings is None or isinstance(given_settings, LinkSettings)
    return link(frames, detections, width=_WIDTH, height=_HEIGHT, rate=_RATE, cuts=cuts, settings=given_settings)


@st.composite
def videos(draw: st.DrawFn) -> tuple[list[int], Frames, list[int]]:
    """Rising frame numbers, up to four detections in each, and cuts."""
    frames = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=14)))
    detection = st.builds(
        found,
        x=st.floats(-40, 700),
        y=st.floats(-40, 400),
        cls=st.sampled_from(_CLASSES),
        score=st.one_of(st.floats(0, 1), st.just(math.nan)),
        w=st.floats(0.01, 900),
        h=st.floats(0.01, 900),
    )
    detections = [draw(st.lists(detection, max_size=4)) for _ in frames]
    return frames, detections, draw(st.lists(st.integers(-3, 70), max_size=3))


def at(track: Track, frame: int) -> Box:
    return track.points[frame - track.first].box


@given(videos())
def test_each_sure_enough_detection_is_in_one_track_and_each_track_has_every_frame(
    video: tuple[list[int], Frames, list[int]],
) -> None:
    frames, detections, cuts = video
    tracks = linked(frames, detections, cuts=cuts)
    for track in tracks:
        assert [p.frame for p in track.points] == list(range(track.first, track.last + 1))
        assert track.points[0].detected
        assert track.points[-1].detected
        assert not any(track.first < cut <= track.last for cut in cuts)
    for frame, here in zip(frames, detections, strict=True):
        kept = sorted(
            p.box.xyxy
            for t in tracks
            for p in t.points[max(0, frame - t.first) :][:1]
            if p.frame == frame and p.detected
        )
        assert len(kept) <= len(here)
        for detection in here:
            if not detection.score < LinkSettings().floor:
                assert kept.count(detection.box.xyxy) >= 1
    assert [t.number for t in tracks] == list(range(len(tracks)))


@given(videos(), st.randoms(use_true_random=False))
def test_order_within_a_frame_does_not_matter(
    video: tuple[list[int], Frames, list[int]], shuffler: random.Random
) -> None:
    frames, detections, cuts = video
    shuffled = [shuffler.sample(here, len(here)) for here in detections]
    assert repr(linked(frames, shuffled, cuts=cuts)) == repr(linked(frames, detections, cuts=cuts))


def straight(n: int, *where: Callable[[int], tuple[float, float]]) -> Frames:
    return [[found(*place(i)) for place in where] for i in range(n)]


@given(
    speed=st.tuples(st.floats(-6, 6), st.floats(-3, 3)),
    gap=st.integers(1, 25),
    noise=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_a_gap_of_up_to_a_second_is_bridged(speed: tuple[float, float], gap: int, noise: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    detections = [
        [found(320 + speed[0] * i + rng.normal(0, noise), 180 + speed[1] * i, w=40, h=100)] for i in range(30 + gap)
    ]
    detections[15 : 15 + gap] = [[] for _ in range(gap)]
    (track,) = linked(range(30 + gap), detections)
    assert track.longest_gap == gap
    assert track.detected == 30


def test_a_gap_of_more_than_a_second_is_two_tracks() -> None:
    detections = straight(60, lambda i: (320, 180))
    detections[10:37] = [[] for _ in range(27)]
    assert [(t.first, t.last) for t in linked(range(60), detections)] == [(0, 9), (37, 59)]


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_two_who_cross_stay_two(stride: int) -> None:
    detections = straight(80, lambda i: (100 + 5 * i, 150), lambda i: (500 - 5 * i, 170))
    frames = range(0, 80, stride)
    tracks = linked(frames, [detections[i] for i in frames])
    assert len(tracks) == 2
    for track, speed in zip(sorted(tracks, key=lambda t: at(t, 0).x1), (5, -5), strict=True):
        assert at(track, track.last).x1 - at(track, 0).x1 == pytest.approx(speed * track.last)


def test_two_who_cross_while_one_is_hidden_stay_two() -> None:
    detections = straight(80, lambda i: (100 + 5 * i, 150), lambda i: (500 - 5 * i, 160))
    for i in range(36, 45):
        del detections[i][1]
    tracks = linked(range(80), detections)
    assert sorted((t.detected, t.longest_gap) for t in tracks) == [(71, 9), (80, 0)]


def test_small_and_fast_ones_are_linked_without_overlap() -> None:
    detections = [[found(20 + 11 * i, 100, cls="face", w=10, h=12)] for i in range(30)]
    assert [t.detected for t in linked(range(30), detections)] == [30]


def _passing(cls: str = "face", score: float = 0.8) -> list[Track]:
    """What passes near the camera: from one look to the next it moves by three of its sizes."""
    return linked(range(0, 20, 5), [[found(60 + 150 * i, 180, cls=cls, score=score, w=40, h=50)] for i in range(4)])


@pytest.mark.parametrize("cls", ["face", "plate"])
def test_a_face_or_plate_that_moves_far_from_look_to_look_is_one_track(cls: str) -> None:
    (track,) = _passing(cls)
    for frame in range(16):
        assert abs(at(track, frame).middle[0] - (60 + 30 * frame)) < 5


def test_persons_and_what_is_seen_faintly_do_not_leap() -> None:
    assert len(_passing("person")) == len(_passing(score=0.45)) == 4


def test_of_two_faces_that_stand_nobody_leaps_to_the_other() -> None:
    """One is seen at three looks and turns away, and at the next look another one shows beside, and stays."""
    one, other = found(100, 180, cls="face", w=40, h=50), found(250, 180, cls="face", w=40, h=50)
    assert len(linked(range(0, 30, 5), [[one], [one], [one], [other], [other], [other]])) == 2


def test_of_two_that_nothing_overlaps_the_nearer_one_is_taken() -> None:
    detections = [
        [
            found(100 + 8 * right, 50 + 12 * i, cls="face", w=10, h=10, score=0.5 + 0.3 * (i == right))
            for right in (0, 1)
        ]
        for i in range(2)
    ]
    tracks = linked(range(2), detections, settings=LinkSettings(reach=2.0, far=3.0))
    assert [at(t, 0).x1 == at(t, 1).x1 for t in tracks] == [True, True]


def test_a_box_twice_as_large_next_to_where_one_was_is_another() -> None:
    detections = [[found(100, 100, w=10, h=10)], [found(116, 100, w=22, h=22)]]
    tracks = linked(range(2), detections, settings=LinkSettings(reach=2.0, far=3.0))
    assert [t.detected for t in tracks] == [1, 1]


def test_a_sure_detection_goes_before_an_unsure_one_that_fits_better() -> None:
    detections = [[found(100, 100)] for _ in range(5)] + [[found(108, 100), found(100, 100, score=0.2)]]
    tracks = linked(range(6), detections)
    assert [(t.detected, t.points[-1].box.x1) for t in tracks] == [(6, 93), (1, 85)]


def test_kinds_are_not_mixed() -> None:
    detections = [[found(100, 100, cls="plate" if i % 2 else "text")] for i in range(8)]
    assert sorted((t.cls, t.detected, t.longest_gap) for t in linked(range(8), detections)) == [
        ("plate", 4, 1),
        ("text", 4, 1),
    ]


@given(cut=st.integers(1, 29))
def test_no_track_crosses_a_cut(cut: int) -> None:
    tracks = linked(range(30), straight(30, lambda i: (320, 180)), cuts=[cut])
    assert [(t.first, t.last) for t in tracks] == [(0, cut - 1), (cut, 29)]


def test_a_cut_between_looks_is_a_cut() -> None:
    tracks = linked(range(0, 30, 3), straight(10, lambda i: (320, 180)), cuts=[14])
    assert [(t.first, t.last) for t in tracks] == [(0, 12), (15, 27)]


def test_stride_gives_a_point_for_every_frame_between() -> None:
    frames = range(0, 40, 3)
    (track,) = linked(frames, [[found(50 + 8 * i, 180)] for i in frames])
    assert [p.frame for p in track.points] == list(range(40))
    assert [p.detected for p in track.points] == [i % 3 == 0 for i in range(40)]
    for point in track.points:
        assert (point.box.x1 + point.box.x2) / 2 == pytest.approx(50 + 8 * point.frame, abs=1)
        assert (point.spread > 0) is not point.detected


def test_a_vehicle_changes_its_class_and_stays_one_track() -> None:
    names = ["car", "truck", "car", "car", "truck"]
    detections = [[found(100 + 4 * i, 200, cls=cls, w=90, h=60)] for i, cls in enumerate(names)]
    (track,) = linked(range(5), detections)
    assert (track.cls, track.detected) == ("car", 5)


def test_classes_found_equally_often_go_by_score_and_then_by_the_alphabet() -> None:
    def track(*scores: float) -> Track:
        names = ["truck", "car"]
        return linked(
            [0, 1], [[found(100, 200, cls=c, score=s, w=90, h=60)] for c, s in zip(names, scores, strict=True)]
        )[0]

    assert track(0.9, 0.6).cls == "truck"
    assert track(0.6, 0.9).cls == "car"
    assert track(0.6, 0.6).cls == "car"


def test_a_face_that_becomes_a_head_is_one_track_and_a_person_is_another() -> None:
    detections = [
        [found(100 + i, 80, cls="face" if i < 12 else "head", w=24, h=30), found(100 + i, 140, w=60, h=160)]
        for i in range(20)
    ]
    assert sorted((t.cls, t.detected) for t in linked(range(20), detections)) == [("face", 20), ("person", 20)]


def test_a_weak_detection_alone_is_a_track_of_one_frame() -> None:
    detections: Frames = [[] for _ in range(20)]
    detections[7] = [found(100, 100, score=0.11)]
    (track,) = linked(range(20), detections)
    assert (track.first, track.last, track.detected) == (7, 7, 1)


def test_what_is_below_the_floor_goes_on_with_a_track_and_never_begins_one() -> None:
    detections = [
        [found(100 + i, 100, score=0.05 if 5 <= i < 10 else 0.7), found(500, 250, score=0.05)] for i in range(15)
    ]
    (track,) = linked(range(15), detections, settings=LinkSettings(floor=0.1))
    assert track.detected == 15
    assert track.longest_gap == 0


def test_a_score_that_is_no_number_counts_as_sure() -> None:
    assert len(linked([0], [[found(100, 100, score=math.nan)]])) == 1


def test_models_are_named_once() -> None:
    detections = [[Detection("person", Box(9, 9, 40, 90), 0.8, model)] for model in ("b", "a", "b")]
    assert linked(range(3), detections)[0].models == ("a", "b")


def test_far_apart_looks_are_still_linked() -> None:
    frames = [0, 40, 80]
    assert [t.detected for t in linked(frames, straight(3, lambda i: (320, 180)))] == [3]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_nothing_found_is_no_track(n: int) -> None:
    assert linked(range(n), [[] for _ in range(n)]) == []


@pytest.mark.parametrize(("frames", "lists"), [([0, 0], 2), ([3, 2], 2), ([-1, 2], 2), ([0, 1], 1), ([], 1)], ids=str)
def test_frames_that_do_not_rise_or_fit_are_refused(frames: list[int], lists: int) -> None:
    with pytest.raises(ValueError, match="frames"):
        linked(frames, [[] for _ in range(lists)])


@pytest.mark.parametrize(
    ("width", "height", "rate"), [(0, 9, 25), (9, -1, 25), (9, 9, 0), (9, 9, math.nan), (9, 9, math.inf)]
)
def test_a_video_without_picture_or_rate_is_refused(width: int, height: int, rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        link([0], [[]], width=width, height=height, rate=rate)


@given(
    st.lists(
        st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.floats(1e-9, 1e300), st.floats(1e-9, 1e300)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([1e-6, 0.1, 25.0, 1e6]),
)
def test_absurd_boxes_and_rates_are_linked_without_overflow(
    places: list[tuple[float, float, float, float]], rate: float
) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in places if x + w > x and y + h > y]
    detections = [[Detection("person", box, 0.9, "m")] for box in boxes]
    tracks = link(range(len(boxes)), detections, width=640, height=360, rate=rate)
    assert sum(t.detected for t in tracks) == len(boxes)
    assert all(np.isfinite(p.box.xyxy).all() and np.isfinite(p.spread) for t in tracks for p in t.points)
