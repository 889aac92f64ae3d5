"""When frames are looked at: where they must be, often enough, and more often while things move fast."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame
from unseen.media.pace import AutoPace, EveryNth, Pace, Ticks, pace_for


def face(x: float, score: float = 0.9, side: float = 40.0) -> Detection:
    return Detection("face", Box(x, 100, x + side, 100 + side), score, "centerface")


def looks(pace: Pace, frames: int, must: frozenset[int] = frozenset(), speed: float = 0.0) -> dict[int, str]:
    """Return when and how is looked, at a face that moves by `speed` pixels a frame."""
    kinds: dict[int, str] = {}
    for i in range(frames):
        kind = pace.how_to_look(i, i in must)
        if kind is not None:
            kinds[i] = kind
            pace.saw(i, [face(speed * i)])
    return kinds


@given(st.integers(1, 60), st.sets(st.integers(0, 199), max_size=6))
def test_every_nth_frame_counts_from_the_last_look(step: int, must: set[int]) -> None:
    found = looks(EveryNth(step), 200, frozenset(must))
    assert set(found) >= must | {0}
    assert set(found.values()) == {"whole"}
    assert all(b - a == step or b in must for a, b in zip(sorted(found), sorted(found)[1:], strict=False))


@given(st.floats(1, 120), st.sets(st.integers(0, 199), max_size=6), st.floats(0, 40), st.booleans())
def test_automatic_pace_looks_where_it_must_and_never_rests_long(
    rate: float, must: set[int], speed: float, wide: bool
) -> None:
    found = looks(AutoPace(rate, wide=wide), 200, frozenset(must), speed)
    assert set(found) >= must | {0}
    assert all(found[i] == "whole" for i in must | {0})
    calm, whole = max(1, round(0.17 * rate)), max(1, round(0.34 * rate))
    frames = [*sorted(found), 200]
    assert all(b - a <= calm for a, b in itertools.pairwise(frames))
    wholes = [*(i for i in sorted(found) if found[i] == "whole"), 200]
    assert all(b - a <= whole + calm for a, b in itertools.pairwise(wholes))


@pytest.mark.parametrize(
    ("rate", "wide", "whole", "close"),
    [(10.0, True, 4, 4), (10.0, False, 3, 3), (15.0, True, 6, 6), (4.0, True, 1, None), (9.0, True, 2, None)],
    ids=["10", "10-close-ups", "15", "4", "9"],
)
def test_every_other_look_is_in_between_where_whole_frames_come_often_enough_so(
    rate: float, wide: bool, whole: int, close: int | None
) -> None:
    found = looks(AutoPace(rate, wide=wide), 60)
    for kind, step in (("whole", whole), ("close", close)):
        made = [frame for frame, how in found.items() if how == kind][1:]
        assert {b - a for a, b in itertools.pairwise(made)} == ({step} if step else set())


def test_fast_things_are_looked_at_more_often() -> None:
    calm, fast = (looks(AutoPace(25.0), 100, speed=speed) for speed in (0.0, 15.0))
    assert len(fast) > 1.5 * len(calm)


@pytest.mark.parametrize(("wide", "by", "step"), [(False, 18.0, 2), (False, 60.0, 1), (True, 18.0, 3), (True, 60.0, 1)])
def test_at_25_frames_a_second_the_fastest_is_looked_at_in_each_and_by_a_quick_one_others_in_each_third(
    wide: bool, by: float, step: int
) -> None:
    pace = AutoPace(25.0, wide=wide)
    assert pace.how_to_look(0, False)
    pace.saw(0, [face(0.0)])
    pace.saw(1, [face(by)])
    assert next(i for i in range(1, 9) if pace.how_to_look(i, False)) == 1 + step


@pytest.mark.parametrize("wide", [True, False])
def test_who_passes_too_fast_to_be_known_again_is_looked_at_in_every_second_frame(wide: bool) -> None:
    speed, pace = 20.0, AutoPace(30.0, wide=wide)
    kinds: dict[int, str] = {}
    known = 0.0
    for i in range(60):
        if kind := pace.how_to_look(i, False):
            kinds[i] = kind
            near = wide or kind == "whole" or abs(speed * i - known) <= 40.0
            known = speed * i if near else known
            pace.saw(i, [face(speed * i)] if near else [])
    settled = [i for i in kinds if i >= 10]
    assert {b - a for a, b in itertools.pairwise(settled)} == {2}
    assert {kinds[i] for i in settled} == {"whole"}


@pytest.mark.parametrize(("wide", "seen", "whole"), [(False, 14, [0, 10, 17, 27, 37]), (True, 9, [0, 10, 15, 25, 35])])
def test_who_is_lost_is_searched_in_the_whole_frame_soon_and_once(wide: bool, seen: int, whole: list[int]) -> None:
    pace, kinds = AutoPace(30.0, wide=wide), dict[int, str]()
    for i in range(40):
        if kind := pace.how_to_look(i, False):
            kinds[i] = kind
            pace.saw(i, [face(100.0)] if i < seen else [])
    assert [i for i in kinds if kinds[i] == "whole"] == whole


@pytest.mark.parametrize("wide", [True, False])
def test_people_who_come_and_go_far_from_each_other_are_no_fast_one(wide: bool) -> None:
    pace, made = AutoPace(30.0, wide=wide), list[int]()
    for i in range(120):
        if pace.how_to_look(i, False):
            made.append(i)
            pace.saw(i, [face(600.0 * (i // 30), score=0.6)])
    assert {b - a for a, b in itertools.pairwise(made)} == {5}


def test_who_looks_at_much_of_the_frame_each_time_hurries_less() -> None:
    fast, wide, calm = (
        sorted(looks(AutoPace(30.0, wide=wide), 120, speed=speed))
        for wide, speed in ((False, 15.0), (True, 15.0), (True, 0.0))
    )
    assert len(fast) > 1.5 * len(wide)
    assert {b - a for a, b in itertools.pairwise(wide)} <= {4, 5}
    assert {b - a for a, b in itertools.pairwise(calm)} == {5}


@pytest.mark.parametrize("speed", [0.0, 15.0])
def test_who_hears_of_looks_late_looks_as_often(speed: float) -> None:
    pace, late = AutoPace(30.0, wide=True), list[int]()
    made: list[int] = []
    for i in range(120):
        if pace.how_to_look(i, i == 0):
            made.append(i)
            late.append(i)
        if len(late) == 2:
            pace.saw(late[0], [face(speed * late.pop(0))])
    assert abs(len(made) - len(looks(AutoPace(30.0, wide=True), 120, speed=speed))) <= 1


@pytest.mark.parametrize(("rate", "step"), [(30.0, 5), (25.0, 4), (10.0, 2)])
def test_what_stands_still_is_looked_at_six_times_a_second(rate: float, step: int) -> None:
    seen = sorted(looks(AutoPace(rate, wide=True), 120, speed=0.0))
    assert {b - a for a, b in itertools.pairwise(seen)} == {step}


def test_speed_is_not_measured_over_a_cut_or_on_doubtful_things() -> None:
    pace = AutoPace(25.0)
    assert pace.how_to_look(0, False)
    pace.saw(0, [face(0.0)])
    pace.begin()
    assert pace.how_to_look(4, True)
    pace.saw(4, [face(60.0)])
    assert pace.how_to_look(7, False) is None
    doubtful = AutoPace(25.0)
    for i in (0, 4, 8):
        assert doubtful.how_to_look(i, False)
        doubtful.saw(i, [face(15.0 * i, score=0.3)])
    assert doubtful.how_to_look(11, False) is None


@pytest.mark.parametrize(("stride", "kind"), [(None, AutoPace), (1, EveryNth), (5, EveryNth)])
def test_pace_for_a_stride(stride: int | None, kind: type) -> None:
    assert isinstance(pace_for(stride, 25.0), kind)


def test_stride_one_looks_at_every_frame() -> None:
    assert set(looks(pace_for(1, 25.0), 30)) == set(range(30))


def test_denser_pace_looks_closely_in_between() -> None:
    pace = pace_for(None, 25.0, looks=12.5)
    kinds = [pace.how_to_look(frame, frame == 0) for frame in range(25)]
    assert [i for i, kind in enumerate(kinds) if kind is not None] == list(range(0, 25, 2))
    assert [i for i, kind in enumerate(kinds) if kind == "whole"] == [0, 8, 16, 24]
    assert isinstance(pace_for(3, 25.0, looks=12.5), EveryNth)


def test_denser_pace_hurries_as_the_other_one_does() -> None:
    pace = pace_for(None, 25.0, looks=5.0)
    seen = []
    for frame in range(20):
        if pace.how_to_look(frame, frame == 0) is not None:
            seen.append(frame)
            pace.saw(frame, [Detection("face", Box(12.0 * frame, 0, 12.0 * frame + 40, 40), 0.9, "centerface")])
    assert max(b - a for a, b in itertools.pairwise(seen)) <= 5
    assert len(seen) > 5


def ticks(stamps: list[int], rate: float, first: int = 0) -> list[int]:
    """Return how frames are counted whose stamps are in milliseconds."""
    counted = Ticks(rate, 0.001)
    return [counted.of(VideoFrame((), first + i, stamp)) for i, stamp in enumerate(stamps)]


def test_ticks_are_frames_where_they_come_evenly() -> None:
    assert ticks([33 * i for i in range(200)], 30.3) == list(range(200))
    assert ticks([round(i * 1001 / 30) for i in range(5000)], 30 / 1.001) == list(range(5000))


def test_where_frames_come_seldom_every_one_is_looked_at() -> None:
    stamps = [40 * i for i in range(50)] + [2000 + 500 * i for i in range(1, 20)]
    pace = AutoPace(25.0, wide=True)
    looked = [i for i, now in enumerate(ticks(stamps, 25.0)) if pace.how_to_look(now, False)]
    assert looked[-18:] == list(range(51, 69))
    assert len(looked) < 40


@given(st.lists(st.integers(1, 5000), max_size=100), st.floats(1, 240), st.integers(0, 1000))
def test_ticks_rise_as_frames_do_at_least(steps: list[int], rate: float, first: int) -> None:
    stamps = list(itertools.accumulate(steps, initial=0))
    counted = ticks(stamps, rate, first)
    assert counted[0] == first
    for before, after, step in zip(counted, counted[1:], steps, strict=False):
        assert after - before == max(1, round(step * rate * 0.001))


def test_a_person_who_goes_while_another_comes_is_not_a_fast_one() -> None:
    pace, made = AutoPace(30.0, wide=True), list[int]()
    for i in range(120):
        if pace.how_to_look(i, False):
            made.append(i)
            pace.saw(i, [replace(face(200.0 * (i // 20 % 2)), cls="person")])
    assert {b - a for a, b in itertools.pairwise(made)} == {5}


@pytest.mark.parametrize("goes_on_at", [22, 23, 24, 31])
@pytest.mark.parametrize("speed", [6.0, 20.0])
def test_a_run_that_goes_on_behind_a_sudden_change_looks_where_one_without_a_break_does(
    goes_on_at: int, speed: float
) -> None:
    whole = looks(AutoPace(30.0), 60, frozenset({20, 21}), speed)
    again = AutoPace(30.0)
    rest: dict[int, str] = {}
    for i, kind in whole.items():
        if i < goes_on_at:
            again.made(i, "whole" if kind == "whole" else "close")
            again.saw(i, [face(speed * i)])
    for i in range(goes_on_at, 60):
        if now := again.how_to_look(i, False):
            rest[i] = now
            again.saw(i, [face(speed * i)])
    assert rest == {i: kind for i, kind in whole.items() if i >= goes_on_at}
