"""Windows of a video: every frame is in one, in order; none crosses a cut; looks and track numbers go on."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection
from unseen.core.video import Track, TrackPoint, VideoFrame, VideoInfo
from unseen.media.pace import Kind
from unseen.media.sights import Look, Scanned
from unseen.media.window_regions import cover_window
from unseen.media.windows import Sizes, Window, Windows, sizes_for
from unseen.tracks.named import Named

_PLANE = np.zeros((2, 2), np.uint8)


def info(width: int = 640, height: int = 480, pixels: str = "yuv420p", rate: int = 25) -> VideoInfo:
    return VideoInfo("mp4", "h264", width, height, Fraction(rate), Fraction(1, rate), pixels)


def face(x: float, y: float = 100.0, side: float = 40.0, score: float = 0.9) -> Detection:
    return Detection("face", Box(x, y, x + side, y + side), score, "centerface")


def frame(index: int) -> VideoFrame:
    return VideoFrame((_PLANE,), index, index)


def scanned_of(index: int, *found: Detection, cut: bool = False) -> Scanned:
    """A frame that was looked at, with what was found in it."""
    return Scanned(frame(index), Look(index, found), cut)


def windows_of(scanned: list[Scanned], sizes: Sizes) -> list[Window]:
    return list(Windows(sizes).gather(scanned))


@st.composite
def scans(draw: st.DrawFn) -> tuple[list[Scanned], Sizes, int]:
    count, first = draw(st.integers(0, 80)), draw(st.integers(0, 100))
    cuts = draw(st.sets(st.integers(1, 80), max_size=5))
    step = draw(st.integers(1, 6))
    scanned = [
        scanned_of(first + i, face(float(i)), cut=i in cuts)
        if i % step == 0 or i in cuts
        else Scanned(frame(first + i))
        for i in range(count)
    ]
    return scanned, Sizes(draw(st.integers(1, 20)), draw(st.integers(1, 14))), step


@given(scans())
@examples(1.5)
def test_every_frame_is_in_one_window_in_order(case: tuple[list[Scanned], Sizes, int]) -> None:
    scanned, sizes, _ = case
    found = windows_of(scanned, sizes)
    assert [f.index for w in found for f in w.frames] == [s.frame.index for s in scanned]
    assert all(w.frames for w in found)
    assert all(len(w.frames) <= max(1, 1.5 * sizes.window) for w in found)


@given(scans())
@examples(1.5)
def test_windows_end_where_shots_end_and_know_what_is_around(case: tuple[list[Scanned], Sizes, int]) -> None:
    scanned, sizes, step = case
    cuts = {s.frame.index for s in scanned if s.cut}
    looked = {s.frame.index for s in scanned if s.look is not None}
    for window in windows_of(scanned, sizes):
        first, last = window.first, window.frames[-1].index
        assert not any(first < cut <= last for cut in cuts)
        assert window.horizon >= last
        ended = any(last < cut <= window.horizon + 1 for cut in cuts) or window.horizon == scanned[-1].frame.index
        assert ended or window.horizon - last == sizes.around
        known = {look.frame for look in window.looks}
        # Its own looks, those before and those after: nothing is missing within reach.
        assert {f for f in looked if first - sizes.around <= f <= window.horizon} == known
        assert set(window.cuts) >= {cut for cut in cuts if first - sizes.around < cut <= last}
        assert window.step <= step or len(known) < 2 or window.step <= max(b - a for a, b in pairwise(sorted(known)))


@given(scans())
@examples(1.5)
def test_what_a_window_hands_on_is_all_that_a_run_needs_which_goes_on_behind_it(
    case: tuple[list[Scanned], Sizes, int],
) -> None:
    """However many windows were gathered since: those that are in the works when a run is killed are lost."""
    scanned, sizes, _ = case
    for window in windows_of(scanned, sizes)[:-1]:
        rest, first = Windows(sizes), window.frames[-1].index + 1
        rest.remember(window.handed_on(sizes.around))
        again = next(rest.gather(each for each in scanned if each.frame.index >= first))
        # Of another shot nothing is needed.
        shot = max([0, *(s.frame.index for s in scanned if s.cut and s.frame.index <= first)])
        near = [s for s in scanned if max(shot, first - sizes.around) <= s.frame.index < first]
        assert [look for look in again.looks if look.frame < first] == [s.look for s in near if s.look is not None]


def test_what_verification_found_is_handed_on_and_nothing_goes_over_a_cut() -> None:
    frames = tuple(frame(i) for i in range(20, 40))
    looks = tuple(Look(i, (face(float(i)),)) for i in range(0, 50, 2))
    window = Window(frames, looks, (), 49, 2)
    assert [look.frame for look in window.handed_on(10)] == [30, 32, 34, 36, 38]
    again = window.seen_too([Look(33, (face(50.0),)), Look(45, (face(50.0),))])
    assert [look.frame for look in again.handed_on(10)] == [30, 32, 33, 34, 36, 38]
    assert [look.frame for look in Window(frames, looks, (20,), 49, 2).handed_on(30)] == list(range(20, 40, 2))
    assert Window(frames, looks, (), 39, 2).handed_on(10) == ()


def seldom_whole(index: int) -> Scanned:
    """A frame of a video that is looked at closely every fourth frame, and as a whole every twentieth."""
    kind: Kind | None = "whole" if index % 20 == 0 else "close" if index % 4 == 0 else None
    return Scanned(frame(index), None if kind is None else Look(index, (), kind))


def test_where_windows_are_short_it_is_known_how_far_apart_looks_at_the_whole_picture_are() -> None:
    """Twelve frames of large pictures: looks within reach hold one of them at the most."""
    sizes = Sizes(4, 4)
    found = windows_of([seldom_whole(i) for i in range(100)], sizes)
    met = [w for w in found if any(look.kind == "whole" and look.frame >= 20 for look in w.looks)]
    assert len(met) > 8
    assert {w.whole_step for w in met} == {20}
    assert {w.step for w in found} == {4}
    # A run that goes on behind any of them knows as much.
    for window, after in pairwise(found):
        rest = Windows(sizes)
        rest.remember(window.handed_on(sizes.around))
        again = next(rest.gather(seldom_whole(i) for i in range(after.first, 100)))
        assert (again.whole_step, again.step, again.looks) == (after.whole_step, after.step, after.looks)


def test_where_they_are_shorter_than_from_look_to_look_the_step_is_known_too() -> None:
    scanned = [Scanned(frame(i), Look(i, (), "whole") if i % 10 == 0 else None) for i in range(60)]
    found = windows_of(scanned, Sizes(2, 4))
    assert {w.step for w in found if w.first >= 10 and w.looks} == {10}


def test_what_is_remembered_adds_to_what_was_found() -> None:
    gathered = Windows(Sizes(4, 2))
    gathered.remember([Look(3, (face(1.0),))])
    gathered.remember([Look(3, (face(50.0),)), Look(1, ())])
    (window,) = gathered.gather([Scanned(frame(4))])
    assert window.looks == (Look(3, (face(1.0), face(50.0))),)


def test_window_takes_in_what_was_seen_later() -> None:
    window = Window((frame(0), frame(1)), (Look(0, (face(1.0),)),), (), 1, 1)
    more = window.seen_too([Look(1, (face(9.0),)), Look(0, (face(5.0),))])
    assert [(look.frame, len(look.found)) for look in more.looks] == [(0, 2), (1, 1)]


@given(
    st.integers(16, 8192),
    st.integers(16, 4320),
    st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuva420p"]),
    st.integers(1, 240),
)
@example(3102, 3582, "yuv444p", 1)
@example(8192, 4320, "yuv444p12le", 30)
def test_frames_that_wait_fit_into_memory(width: int, height: int, pixels: str, rate: int) -> None:
    most = 600_000_000
    sizes = sizes_for(info(width, height, pixels, rate), most)
    chroma = {"420": 0.5, "422": 1.0, "444": 2.0}[pixels.removeprefix("yuva").removeprefix("yuv")[:3]]
    bytes_ = width * height * (1 + chroma + ("a" in pixels)) * (2 if "le" in pixels else 1)
    waiting = 5 * sizes.window + sizes.around + sizes.looked
    # Sixteen frames are the least that tracks and looks can do with, however large they are.
    assert waiting <= 16 or waiting * bytes_ <= most
    assert sizes.window >= 2
    assert sizes.around >= 1
    assert sizes.window <= max(8, 2 * rate)


def test_usual_videos_have_windows_of_two_seconds() -> None:
    assert sizes_for(info()) == Sizes(50, 35, 18)
    assert sizes_for(info(rate=60)) == Sizes(120, 84, 36)
    assert sizes_for(info(1920, 1080)).window >= 25
    assert sizes_for(info(3840, 2160, rate=30)).looked >= 12


def track(number: int, first: int, xs: list[float]) -> Track:
    points = tuple(TrackPoint(first + i, face(x).box, 0.9, detected=True) for i, x in enumerate(xs))
    return Track(number, "face", points, ("centerface",))


def test_tracks_keep_their_number_from_window_to_window() -> None:
    named = Named()
    one, other = named.numbered([track(1, 0, [0.0, 2.0, 4.0]), track(2, 0, [300.0, 302.0, 304.0])], forget_before=0)
    assert (one.number, other.number) == (1, 2)
    # The next window begins at frame 2, knows both by what they share, and one more comes in.
    again = named.numbered(
        [track(1, 2, [304.0, 306.0]), track(2, 2, [4.0, 6.0]), track(3, 3, [500.0])], forget_before=2
    )
    assert [t.number for t in again] == [2, 1, 3]


def test_a_run_that_goes_on_knows_the_numbers_of_tracks_and_gives_no_other_one_of_them() -> None:
    before = Named(3)
    before.numbered([track(1, 0, [0.0, 2.0, 4.0]), track(2, 0, [300.0, 302.0])], forget_before=0)
    before.believed.add(3)
    named = Named(2, before.known())
    assert named.believed == {3}
    tracks = named.numbered([track(1, 2, [4.0, 6.0]), track(2, 2, [900.0])], forget_before=0)
    assert [t.number for t in tracks] == [3, 5]


def test_no_two_tracks_of_a_window_have_one_number() -> None:
    named = Named(7)
    (whole,) = named.numbered([track(1, 0, [0.0, 2.0, 4.0, 6.0])], forget_before=0)
    halves = named.numbered([track(1, 0, [0.0, 2.0]), track(2, 2, [4.0, 6.0])], forget_before=0)
    assert whole.number == 7
    assert [t.number for t in halves] == [7, 8]


def test_a_window_is_covered_in_each_frame_and_seamlessly() -> None:
    """Two windows of one face that is found in every fourth frame: hidden in all, under one number."""
    scanned = [scanned_of(i, face(100.0 + 2 * i)) if i % 4 == 0 else Scanned(frame(i)) for i in range(100)]
    named, recipe = Named(), Recipe(looks=looks_for(["face"], None))
    numbers = set()
    for window in windows_of(scanned, Sizes(25, 35)):
        covered = cover_window(window, info(), recipe, named)
        assert len(covered.tracks) == 1
        for each, shown in zip(window.frames, covered.regions, strict=True):
            (region,) = shown
            numbers.add(region.track)
            x = 100.0 + 2 * each.index
            assert region.box.x1 <= x
            assert region.box.x2 >= x + 40
            assert region.reason == ("detected" if each.index % 4 == 0 else "followed")
    assert numbers == {1}


def test_classes_that_stay_visible_are_not_covered() -> None:
    person = Detection("person", Box(10, 10, 50, 90), 0.9, "yolo26n")
    window = Window((frame(0),), (Look(0, (person, face(200.0))),), (), 0, 1)
    covered = cover_window(window, info(), Recipe(looks=looks_for(["face"], None)), Named())
    assert [region.cls for region in covered.regions[0]] == ["face"]


def window_of(stamps: list[int]) -> Window:
    frames = tuple(VideoFrame((_PLANE,), i, stamp) for i, stamp in enumerate(stamps))
    return Window(frames, (), (), len(stamps) - 1, 1)


def test_a_window_has_the_rate_of_its_own_frames_where_that_is_another() -> None:
    told = info(rate=1000)
    assert window_of([33 * i for i in range(30)]).rate(told) == pytest.approx(1000 / 33)
    assert window_of([500 * i for i in range(30)]).rate(told) == pytest.approx(2.0)
    assert window_of([0, 33, 66, 99, 9000, 9033]).rate(told) == pytest.approx(1000 / 33)
    assert window_of([7]).rate(told) == 1000.0
    assert window_of([0, 1, 2]).rate(told) == 1000.0
    milliseconds = VideoInfo("mkv", "h264", 640, 480, Fraction(30), Fraction(1, 1000), "yuv420p")
    assert window_of([0, 33, 67, 100, 133]).rate(milliseconds) == 30.0
