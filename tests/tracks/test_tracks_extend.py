"""Covering: longer, over gaps and wider than what was detected, and never less."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.core.video import Track, TrackPoint
from unseen.tracks.extend import covering_box, extend, extend_all
from unseen.tracks.link import link
from unseen.tracks.settings import BEYOND, Beyond, CoverSettings

_WIDTH, _HEIGHT, _RATE = 640, 360, 25.0


def found(x: float, y: float, w: float = 40, h: float = 100, *, score: float = 0.8, cls: str = "person") -> Detection:
    return Detection(cls, Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), score, "m")


def covered(
    frames: Sequence[int],
    detections: Sequence[Sequence[Detection]],
    *,
    last: int | None = None,
    cuts: Sequence[int] = (),
    stride: int = 1,
    settings: CoverSettings | None = None,
) -> list[Track]:
    tracks = link(frames, detections, width=_WIDTH, height=_HEIGHT, rate=_RATE, cuts=cuts)
    return extend_all(
        tracks,
        width=_WIDTH,
        height=_HEIGHT,
        rate=_RATE,
        last_frame=frames[-1] if last is None else last,
        cuts=cuts,
        stride=stride,
        settings=settings,
    )


def share(box: Box, by: Box) -> float:
    """How much of a box, clipped to the picture, another covers; 1 for a box outside of the picture."""
    x1, y1, x2, y2 = max(box.x1, 0), max(box.y1, 0), min(box.x2, _WIDTH), min(box.y2, _HEIGHT)
    if x1 >= x2 or y1 >= y2:
        return 1.0
    width, height = min(x2, by.x2) - max(x1, by.x1), min(y2, by.y2) - max(y1, by.y1)
    return max(width, 0) * max(height, 0) / ((x2 - x1) * (y2 - y1))


def best(tracks: Sequence[Track], frame: int, box: Box, k: float = 2.0) -> float:
    """How much of a box in a frame the best of the tracks covers."""
    points = [p for t in tracks for p in t.points if p.frame == frame]
    return max((share(box, covering_box(p, k)) for p in points), default=share(box, Box(-9, -9, -8, -8)))


@st.composite
def videos(draw: st.DrawFn) -> tuple[list[int], list[list[Detection]], list[int]]:
    frames = sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=12)))
    detection = st.builds(
        found,
        st.floats(-60, 700),
        st.floats(-60, 420),
        st.floats(0.05, 700),
        st.floats(0.05, 500),
        score=st.floats(0, 1),
        cls=st.sampled_from(["person", "face", "head", "car", "bus", "plate", "text"]),
    )
    return (
        frames,
        [draw(st.lists(detection, max_size=3)) for _ in frames],
        draw(st.lists(st.integers(-2, 45), max_size=2)),
    )


@given(videos(), st.floats(0, 3), st.integers(0, 10))
def test_every_detection_is_covered_whole_and_tracks_have_every_frame_of_one_shot(
    video: tuple[list[int], list[list[Detection]], list[int]], k: float, rest: int
) -> None:
    frames, detections, cuts = video
    last = frames[-1] + rest
    tracks = covered(frames, detections, last=last, cuts=cuts)
    for track in tracks:
        assert [p.frame for p in track.points] == list(range(track.first, track.last + 1))
        assert track.first >= 0
        assert track.last <= last
        assert not any(track.first < cut <= track.last for cut in cuts)
    for frame, here in zip(frames, detections, strict=True):
        for d in here:
            if d.score >= 0.1:
                boxes = [covering_box(p, k) for t in tracks for p in t.points if p.frame == frame]
                assert any(
                    b.x1 <= d.box.x1 and b.y1 <= d.box.y1 and b.x2 >= d.box.x2 and b.y2 >= d.box.y2 for b in boxes
                )


@given(
    start=st.tuples(st.floats(0, 640), st.floats(0, 360)),
    direction=st.floats(0, 2 * math.pi),
    speed=st.floats(0, 0.3),
    size=st.tuples(st.floats(12, 80), st.floats(12, 160)),
    stride=st.integers(2, 4),
)
def test_seen_every_few_frames_is_covered_in_all(
    start: tuple[float, float], direction: float, speed: float, size: tuple[float, float], stride: int
) -> None:
    """Speeds go up to 0.3 sizes a frame, 7.5 a second: somebody who runs past."""
    step = speed * math.sqrt(size[0] * size[1])
    dx, dy = step * math.cos(direction), step * math.sin(direction)
    truth = [found(start[0] + dx * i, start[1] + dy * i, *size) for i in range(40)]
    frames = range(0, 40, stride)
    tracks = covered(frames, [[truth[i]] for i in frames], stride=stride, last=39)
    low = [i for i in range(frames[-1] + 1) if best(tracks, i, truth[i].box) < 0.9]
    assert low == []


@given(
    speed=st.tuples(st.floats(-6, 6), st.floats(-3, 3)),
    growth=st.floats(-0.005, 0.005),
    gap=st.integers(1, 25),
    cls=st.sampled_from(["person", "face", "car"]),
)
def test_a_gap_of_up_to_a_second_is_covered(speed: tuple[float, float], growth: float, gap: int, cls: str) -> None:
    truth = [
        found(320 + speed[0] * i, 180 + speed[1] * i, 40 * math.exp(growth * i), 100 * math.exp(growth * i), cls=cls)
        for i in range(30 + gap)
    ]
    seen = [[d] if not 15 <= i < 15 + gap else [] for i, d in enumerate(truth)]
    tracks = covered(range(len(truth)), seen)
    assert [i for i, d in enumerate(truth) if best(tracks, i, d.box) < 0.9] == []


def test_a_track_goes_on_before_and_after_with_its_motion() -> None:
    truth = [found(100 + 4 * i, 180) for i in range(60)]
    seen = [[d] if 20 <= i < 40 else [] for i, d in enumerate(truth)]
    (track,) = covered(range(60), seen)
    extra = round(BEYOND["person"].extend_s * _RATE)
    assert (track.first, track.last) == (20 - extra, 39 + extra)
    assert [i for i in range(track.first, track.last + 1) if best([track], i, truth[i].box) < 0.9] == []


def test_faces_go_on_for_longer() -> None:
    seen = [[found(300, 180, cls="face", w=20, h=24)] if 20 <= i < 40 else [] for i in range(60)]
    (track,) = covered(range(60), seen)
    assert (track.first, track.last) == (10, 49)


def test_a_track_stops_at_cuts_and_at_the_ends_of_the_video() -> None:
    seen = [[found(300, 180)] if i % 10 in (2, 3, 4, 5, 6) else [] for i in range(20)]
    spans = [(t.first, t.last) for t in covered(range(20), seen, cuts=[10], settings=_long(5.0))]
    assert spans == [(0, 9), (10, 19)]


def _long(seconds: float) -> CoverSettings:
    return CoverSettings(beyond=dict(BEYOND) | {"person": Beyond(extend_s=seconds)})


def test_a_track_stops_where_it_has_left_the_picture() -> None:
    seen = [[found(20 - 8 * i, 180)] for i in range(4)] + [[] for _ in range(46)]
    (track,) = covered(range(50), seen, settings=_long(2.0))
    assert track.last < 15
    out = covering_box(track.points[-1])
    assert out.x2 > 0


def test_what_was_seen_once_is_extended_by_little() -> None:
    seen: list[list[Detection]] = [[] for _ in range(30)]
    seen[15] = [found(300, 180, score=0.12)]
    (track,) = covered(range(30), seen)
    assert (track.first, track.last, track.detected) == (14, 16, 1)


def test_what_was_seen_once_at_a_stride_is_covered_until_the_next_looks() -> None:
    frames = range(0, 40, 8)
    (track,) = covered(
        frames, [[found(300, 180)] if i == 16 else [] for i in frames], stride=8, last=39, settings=_long(0.0)
    )
    assert (track.first, track.last) == (9, 23)


def test_a_detection_that_jumps_is_covered_with_the_smooth_path() -> None:
    seen = [[found(300, 180, 40, 100 if i != 10 else 60)] for i in range(20)]
    (track,) = covered(range(20), seen)
    box = track.points[10].box
    assert box.height > 75
    assert box.x1 <= 280
    assert box.x2 >= 320


@pytest.mark.parametrize("garbled", [0, 9])
def test_most_of_a_face_is_covered_where_a_look_sees_the_eyes_alone(garbled: int) -> None:
    """At the first look or the last one; in between the smoothed path is as large as the others."""
    seen = [[found(300 + 8 * i, 180, 60, 80, cls="face")] for i in range(10)]
    seen[garbled] = [found(300 + 8 * garbled, 170, 44, 30, cls="face")]
    (track,) = covered(range(0, 40, 4), seen, stride=4)
    box = covering_box(track.points[4 * garbled - track.first])
    assert share(found(300 + 8 * garbled, 180, 60, 80).box, box) > 0.7


def test_a_face_that_really_becomes_smaller_is_not_covered_wider_for_that() -> None:
    sides = [80 * 0.96**i for i in range(20)]
    seen = [[found(300, 180, side, side, cls="face")] for side in sides]
    any_size = CoverSettings(beyond={kind: dataclasses.replace(each, resize=99.0) for kind, each in BEYOND.items()})
    assert covered(range(20), seen) == covered(range(20), seen, settings=any_size)


def test_between_detections_a_box_is_as_wide_as_they_were() -> None:
    frames = range(0, 30, 3)
    seen = [[found(300, 180, 40 + 8 * (i % 2), 100)] for i in range(10)]
    (track,) = covered(frames, seen, stride=3)
    assert min(p.box.width for p in track.points if not p.detected) >= 47


def test_doubt_grows_in_a_gap_and_is_bounded() -> None:
    seen = [[found(300, 180, cls="face")] if not 20 <= i < 40 else [] for i in range(60)]
    settings = CoverSettings(beyond=dict(BEYOND) | {"face": Beyond(doubt=0.1)})
    (track,) = covered(range(60), seen, settings=settings)
    spreads = {p.frame: p.spread for p in track.points}
    assert spreads[20] < spreads[24] < spreads[29] * 1.001
    assert spreads[29] <= math.hypot(1.4, 0.1 * math.sqrt(40 * 100)) * 1.01
    assert spreads[10] == pytest.approx(1.4)


def test_sides_are_as_unsure_as_the_detectors_picture_is_coarse() -> None:
    (fine,) = covered([0], [[found(300, 180)]], settings=CoverSettings(seen_at=1280))
    (coarse,) = covered([0], [[found(300, 180)]], settings=CoverSettings(seen_at=320))
    assert coarse.points[0].spread == pytest.approx(4 * fine.points[0].spread)


def test_what_is_seen_in_fewer_frames_is_covered_wider_where_that_is_asked_for() -> None:
    settings, frames = CoverSettings(sparse=0.1), [0, 4, 8]
    seen = [[found(200, 150)] for _ in frames]
    spreads = [
        covered(frames, seen, stride=stride, settings=each)[0].points[0].spread
        for stride, each in ((4, settings), (1, settings), (4, CoverSettings()))
    ]
    assert spreads[0] == pytest.approx(1.3 * spreads[1])
    assert spreads[1] == pytest.approx(spreads[2])


def test_one_track_is_covered_as_all_are() -> None:
    tracks = link([0, 1], [[found(300, 180)], [found(302, 180)]], width=_WIDTH, height=_HEIGHT, rate=_RATE)
    alone = extend(tracks[0], width=_WIDTH, height=_HEIGHT, rate=_RATE, last_frame=9)
    assert [alone] == extend_all(tracks, width=_WIDTH, height=_HEIGHT, rate=_RATE, last_frame=9)
    assert alone.detected == 2


def test_each_track_is_covered_from_as_far_back_as_it_may_have_come() -> None:
    seen = [[found(x, 180), found(640 - x, 60, cls="face")] for x in range(300, 340, 4)]
    tracks = link(range(60, 70), seen, width=_WIDTH, height=_HEIGHT, rate=_RATE)

    def firsts(*arrivals: int) -> list[int]:
        wide = extend_all(
            tracks, width=_WIDTH, height=_HEIGHT, rate=_RATE, last_frame=80, arrival_strides=arrivals
        )  # fmt: skip
        return [track.first for track in wide]

    alike = firsts()
    assert firsts(1, 1) == alike
    assert firsts(40, 1) == [60 - 39, alike[1]]
    assert firsts(1, 50) == [alike[0], 60 - 49]
    with pytest.raises(ValueError, match="positive"):
        firsts(1, 0)
    with pytest.raises(ValueError, match="shorter"):
        firsts(1)


def test_the_covering_box_moves_every_side() -> None:
    point = TrackPoint(3, Box(10, 20, 30, 40), 0.5, True, 2.5)
    assert covering_box(point) == Box(5, 15, 35, 45)
    assert covering_box(point, 0.0) == point.box


def test_no_tracks_are_covered_by_none() -> None:
    assert extend_all([], width=9, height=9, rate=25, last_frame=0) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "positive"),
        ({"rate": math.nan}, "positive"),
        ({"stride": 0}, "positive"),
        ({"last_frame": 4}, "one shot"),
        ({"cuts": [3]}, "one shot"),
    ],
)
def test_a_video_that_does_not_fit_the_tracks_is_refused(change: dict[str, object], message: str) -> None:
    tracks = link(range(8), [[found(300, 180)] for _ in range(8)], width=_WIDTH, height=_HEIGHT, rate=_RATE)
    arguments: dict[str, object] = {"width": _WIDTH, "height": _HEIGHT, "rate": _RATE, "last_frame": 9} | change
    with pytest.raises(ValueError, match=message):
        extend_all(tracks, **arguments)  # type: ignore[arg-type]


def test_a_track_without_detections_is_refused() -> None:
    track = Track(0, "person", (TrackPoint(0, Box(0, 0, 9, 9), 0.5, False),))
    with pytest.raises(ValueError, match="detection"):
        extend(track, width=9, height=9, rate=25, last_frame=0)
    seen = dataclasses.replace(track.points[0], detected=True)
    with pytest.raises(ValueError, match="known class"):
        extend(Track(0, "ghost", (seen,)), width=9, height=9, rate=25, last_frame=0)


@given(
    st.lists(
        st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.floats(1e-9, 1e300), st.floats(1e-9, 1e300)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([1e-6, 0.1, 25.0, 1e4]),
)
def test_absurd_boxes_and_rates_are_covered_without_overflow(
    places: list[tuple[float, float, float, float]], rate: float
) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in places if x + w > x and y + h > y]
    tracks = link(range(len(boxes)), [[Detection("face", b, 0.9, "m")] for b in boxes], width=64, height=36, rate=rate)
    done = extend_all(tracks, width=64, height=36, rate=rate, last_frame=len(boxes) + 20)
    for track in done:
        for point in track.points:
            assert np.isfinite(covering_box(point).xyxy).all()
