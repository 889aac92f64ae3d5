"""Crossing lines and staying in zones: told once, whatever the box does meanwhile."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.scene import Line, Point, Zone
from unseen.traffic.watch import BACKWARD, FORWARD, Crossing, LineWatch, ZoneWatch

_BAND = 5.0
#: Downward is forward.
_LINE = Line("gate", (0, 100), (200, 100))
_ZONE = Zone("square", ((50, 50), (150, 50), (150, 150), (50, 150)))


def crossings(path: list[Point], step: float = 0.04, line: Line = _LINE, *, ends: bool = True) -> list[Crossing]:
    watch = LineWatch(line)
    told = [watch.see(i * step, point, _BAND) for i, point in enumerate(path)]
    return [crossing for crossing in [*told, watch.end() if ends else None] if crossing is not None]


def down(start: float = 60, end: float = 140, x: float = 100, count: int = 41) -> list[Point]:
    return [(x, start + (end - start) * i / (count - 1)) for i in range(count)]


def test_walk_over_the_line_is_one_crossing_at_its_time() -> None:
    (forward,) = crossings(down())
    assert (forward.line, forward.direction) == ("gate", FORWARD)
    assert forward.at == pytest.approx(0.8, abs=0.03)
    (back,) = crossings(down(140, 60))
    assert back.direction == BACKWARD


def test_direction_turns_with_the_line() -> None:
    turned = Line("gate", (200, 100), (0, 100))
    assert [c.direction for c in crossings(down(), line=turned)] == [BACKWARD]


def test_flicker_on_the_line_counts_once() -> None:
    flicker = [(100.0, 100 + y) for y in (-3, 2, -4, 3, -1, 4, -2, 3)]
    path = [*down(60, 96, count=10), *flicker, *down(104, 140, count=10)]
    assert [c.direction for c in crossings(path)] == [FORWARD]


def test_who_turns_back_within_the_band_has_not_crossed() -> None:
    path = [*down(60, 99, count=10), (100, 102), (100, 103), (100, 101), *down(99, 60, count=10)]
    assert crossings(path) == []


def test_who_stops_just_behind_the_line_has_crossed_after_a_while() -> None:
    path = [*down(60, 99, count=10), *([(100.0, 102.0)] * 20)]
    assert [c.direction for c in crossings(path, ends=False)] == [FORWARD]


def test_who_is_lost_just_behind_the_line_has_crossed() -> None:
    path = [*down(60, 99, count=10), (100, 102)]
    assert crossings(path, ends=False) == []
    assert [c.direction for c in crossings(path)] == [FORWARD]


def test_around_the_end_of_the_line_is_no_crossing() -> None:
    assert crossings(down(x=230)) == []
    back_over = [*down(x=230), *down(140, 60, x=100)]
    assert [c.direction for c in crossings(back_over)] == [BACKWARD]


def test_gap_over_the_line_is_a_crossing() -> None:
    assert [c.direction for c in crossings([(100, 60), (100, 70), (100, 130), (100, 140)], step=0.8)] == [FORWARD]


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=2, max_size=60))
def test_directions_alternate_and_end_where_the_object_is(path: list[Point]) -> None:
    everywhere = Line("gate", (-1e4, 100), (1e4, 100))
    told = crossings(path, line=everywhere)
    assert all(a.direction != b.direction for a, b in itertools.pairwise(told))
    assert all(a.at <= b.at for a, b in itertools.pairwise(told))
    if told:
        assert (told[-1].direction == FORWARD) == (path[-1][1] >= 100)


@given(st.lists(st.floats(-0.9 * _BAND, 0.9 * _BAND), min_size=100, max_size=100), st.floats(0.2, 3.0))
def test_jitter_never_adds_a_crossing(jitter: list[float], speed: float) -> None:
    path = [(100.0, 50 + speed * i + by) for i, by in enumerate(jitter)]
    told = crossings(path)
    assert [c.direction for c in told] in ([FORWARD], [])
    assert told or path[-1][1] < 100


def stays(path: list[Point], step: float = 0.1) -> list[tuple[float, float]]:
    watch = ZoneWatch(_ZONE)
    told = [watch.see(i * step, point, _BAND) for i, point in enumerate(path)]
    return [span for span in [*told, watch.end()] if span is not None]


def test_stay_lasts_from_coming_in_to_going_out() -> None:
    path = [(float(x), 100.0) for x in range(0, 210, 10)]
    (span,) = stays(path)
    assert list(span) == pytest.approx([0.5, 1.6])


def test_flicker_at_the_edge_of_a_zone_is_one_stay() -> None:
    path = [(20.0, 100.0), (60, 100), (49, 100), (51, 100), (48, 100), (52, 100), (100, 100), (200, 100)]
    assert len(stays(path)) == 1


def test_who_never_leaves_stays_until_last_seen() -> None:
    (span,) = stays([(100.0, 100.0)] * 11)
    assert list(span) == pytest.approx([0.0, 1.0])


def test_zone_that_is_passed_by_has_no_stay() -> None:
    assert stays([(float(x), 40.0) for x in range(0, 210, 10)]) == []
