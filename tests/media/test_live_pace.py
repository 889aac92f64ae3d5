"""Paces: even times from bursts, fewer and smaller looks under load, simple hiding in haste."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.media.live_pace import EvenTimes, Haste, Shedding


def test_bursts_become_even() -> None:
    times = EvenTimes()
    arrivals = [0.0, 0.12, 0.121, 0.122, 0.16, 0.2]
    even = [times.time(arrival, 100 + i * 0.04) for i, arrival in enumerate(arrivals)]
    steps = [b - a for a, b in itertools.pairwise(even)]
    assert all(abs(step - 0.04) < 0.002 for step in steps)


def test_camera_that_was_away_begins_anew() -> None:
    times = EvenTimes()
    times.time(0.0, 5.0)
    assert times.time(10.0, 5.04) == pytest.approx(10.0)
    assert times.time(10.04, 900.0) == pytest.approx(10.04)


def test_frames_without_stamps_have_their_arrival() -> None:
    times = EvenTimes()
    assert [times.time(at, None) for at in (1.0, 1.5)] == [1.0, 1.5]


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(-1e6, 1e6)), max_size=50))
def test_times_rise_and_stay_near_arrival(frames: list[tuple[float, float | None]]) -> None:
    times, arrival, last = EvenTimes(), 0.0, -1.0
    for number, (step, stamp) in enumerate(frames):
        arrival += step
        time = times.time(arrival, stamp)
        assert time > last
        assert arrival - 0.2 - 1e-6 <= time <= arrival + 0.001 * (number + 1)
        last = time


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(-1e6, 1e6), st.booleans()), max_size=50))
def test_filmed_rises_at_least_as_stamps_do(frames: list[tuple[float, float | None, bool]]) -> None:
    times, arrival, last, before = EvenTimes(), 0.0, float("-inf"), None
    for step, stamp, again in frames:
        arrival += step
        if again:
            times.begin()
            before = None
        at = times.time(arrival, stamp)
        assert times.filmed > last
        assert times.filmed >= at
        if stamp is not None and before is not None and stamp > before:
            assert times.filmed - last >= (stamp - before) * (1 - 1e-6) - 1e-6
        last, before = times.filmed, stamp


def _filmed(times: EvenTimes, arrivals: list[float]) -> list[float]:
    filmed = []
    for arrival in arrivals:
        times.time(arrival, None)
        filmed.append(times.filmed)
    return filmed


def test_first_frames_without_stamps_are_filmed_nobody_knows_when() -> None:
    filmed = _filmed(EvenTimes(), [i * 0.001 for i in range(30)] + [0.07 + i * 0.04 for i in range(40)])
    assert all(b - a > 0.99 for a, b in itertools.pairwise(filmed))


def test_frames_without_stamps_are_filmed_at_the_usual_pace_also_when_they_come_together() -> None:
    chunks = [0.2 * (i // 5) + 0.001 * (i % 5) for i in range(400)]
    steps = [b - a for a, b in itertools.pairwise(_filmed(EvenTimes(), chunks))]
    assert all(0.039 < step < 0.06 for step in steps[60:])


@pytest.mark.parametrize("stall", [0.5, 1.5, 4.5])
def test_backlog_of_a_stall_is_filmed_nobody_knows_when(stall: float) -> None:
    live = [i * 0.04 for i in range(100)]
    backlog = [live[-1] + stall + i * 0.001 for i in range(round(stall * 25))]
    after = [backlog[-1] + (i + 1) * 0.04 for i in range(100)]
    filmed = _filmed(EvenTimes(), live + backlog + after)
    steps = [b - a for a, b in itertools.pairwise(filmed)]
    assert all(step < 0.06 for step in steps[60:99])
    assert all(step > 0.99 for step in steps[100 : 99 + len(backlog)])
    assert all(0.039 < step < 0.06 for step in steps[-80:])


def test_silence_while_the_camera_was_away_is_not_its_pace() -> None:
    times = EvenTimes()
    _filmed(times, [i * 0.04 for i in range(100)])
    times.begin()
    steps = [b - a for a, b in itertools.pairwise(_filmed(times, [60 + i * 0.04 for i in range(50)]))]
    assert all(0.039 < step < 0.06 for step in steps)


def test_stamps_that_stand_still_are_not_believed() -> None:
    times, filmed = EvenTimes(), []
    for i in range(100):
        times.time(i * 0.04, 5.0 if i % 2 else 5.0 + 1e-9 * i)
        filmed.append(times.filmed)
    assert all(b - a >= 0.0199 for a, b in itertools.pairwise(filmed[60:]))


def _shedding() -> Shedding:
    return Shedding(seconds=0.4, looks=8, side=640)


def test_slow_looks_get_fewer_then_smaller() -> None:
    shedding, seen = _shedding(), []
    for _ in range(30):
        seen.append(shedding.level)
        shedding.note(0.5)
    intervals, sides = [s.interval for s in seen], [s.side for s in seen]
    assert intervals == sorted(intervals)
    assert sides == sorted(sides, reverse=True)
    assert seen[0].side == 640
    assert sides.index(min(sides)) > intervals.index(max(intervals))
    assert min(sides) == 320


def test_looks_come_back_when_there_is_time() -> None:
    shedding = _shedding()
    for _ in range(4):
        shedding.note(0.5)
    assert shedding.depth == 2
    for _ in range(100):
        shedding.note(0.03)
    assert shedding.depth == 0


def test_one_slow_look_changes_nothing() -> None:
    shedding = _shedding()
    shedding.note(0.5)
    shedding.note(0.1)
    shedding.note(0.5)
    assert shedding.depth == 0


@given(st.floats(0.1, 10), st.floats(0.5, 60), st.integers(160, 1920))
def test_interval_always_leaves_time_for_the_look(seconds: float, looks: float, side: int) -> None:
    shedding = Shedding(seconds=seconds, looks=looks, side=side)
    for _ in range(40):
        assert shedding.level.interval <= min(seconds, 0.4) / 2 + 1e-9
        assert shedding.level.side >= 160
        shedding.note(100.0)


def test_haste_comes_when_hiding_is_slow_and_goes_when_it_is_quick() -> None:
    haste = Haste(0.04)
    for _ in range(30):
        haste.note(0.035)
    assert haste.now
    for _ in range(60):
        haste.note(0.001)
    assert not haste.now
