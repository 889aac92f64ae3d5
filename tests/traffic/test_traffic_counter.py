"""Counting a scene: what is counted for whom, in which interval, and that every track's share is bounded."""

from __future__ import annotations

import random
from collections import Counter as Tallied
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.core.counts import Cell, Counting, CountTable
from unseen.core.regions import Box
from unseen.core.scene import Calibration, Line, Scene, Zone
from unseen.errors import UsageError
from unseen.traffic.counter import Counter
from unseen.traffic.tables import tables_of
from unseen.traffic.tally import Tally, by_chance, merge
from unseen.traffic.walk import Sighting

_START = 1_767_254_400.0  # 2026-01-01T08:00:00Z
_RATE = 10.0
SCENE = Scene(
    640,
    480,
    lines=(Line("left", (200, 480), (200, 0)), Line("right", (400, 480), (400, 0))),
    zones=(
        Zone("west", ((0, 0), (190, 0), (190, 480), (0, 480))),
        Zone("east", ((450, 0), (640, 0), (640, 480), (450, 480))),
    ),
    calibration=Calibration(((0, 0), (640, 0), (640, 480), (0, 480)), ((0, 0), (64, 0), (64, 48), (0, 48))),
)


def counted(
    scene: Scene,
    walks: Sequence[tuple[float, Sequence[float], str]],
    *,
    bound: int | None = None,
    interval: int = 60,
    score: float = 0.8,
    choose: object = by_chance,
) -> Tally:
    """Count walks: when each begins in seconds, its x in each tenth of a second, its class."""
    counter = Counter(scene, Tally(interval, bound, _START, _START), choose)  # type: ignore[arg-type]
    last = max(round(at * _RATE) + len(xs) for at, xs, _ in walks)
    for i in range(last):
        seen = []
        for number, (at, xs, cls) in enumerate(walks):
            step = i - round(at * _RATE)
            if 0 <= step < len(xs):
                box = Box(xs[step] - 15, 200 + number, xs[step] + 15, 300 + number)
                seen.append(Sighting(number, cls, box, score))
        counter.see(_START + i / _RATE, seen)
        counter.end_before(_START + i / _RATE - 2)
    return counter.finish(_START + last / _RATE)


def tables(tally: Tally, bound: int | None = None, interval: int = 60) -> dict[str, CountTable]:
    asked = Counting(Path("s.yaml"), Path("c.csv"), interval_s=interval, bound=bound)
    return {table.name: table for table in tables_of(tally, SCENE, asked)}


def right(start: float = 20, end: float = 620, speed: float = 10.0) -> list[float]:
    """Walk rightward by `speed` pixels in a tenth of a second: 36 km/h for each 10."""
    return [start + speed * i for i in range(int((end - start) / speed) + 1)]


def test_walk_is_counted_at_each_line_in_its_interval() -> None:
    made = tables(counted(SCENE, [(0, right(), "car"), (58.5, right(), "person")]))
    first, second = int(_START), int(_START) + 60
    assert made["crossings"].counts == {
        (first, "left", "forward", "car"): 1,
        (first, "right", "forward", "car"): 1,
        (second, "left", "forward", "person"): 1,
        (second, "right", "forward", "person"): 1,
    }
    assert made["od"].by("origin", "destination")["west", "east"] == 2
    assert made["od"].by("origin", "destination")["east", "west"] == 0
    assert set(made["speed"].by("kmh_from").items()) >= {((35,), 4)}


def test_every_cell_of_the_grid_is_there() -> None:
    made = tables(counted(SCENE, [(0, right(), "car")]))
    assert set(made) == {"crossings", "occupancy", "dwell", "od", "speed", "heat"}
    assert len(list(made["crossings"].cells())) == 1 * 2 * 2 * 6
    assert len(list(made["heat"].cells())) == 32 * 24 * 6
    assert made["crossings"].by("line") == {("left",): 1, ("right",): 1}


def test_class_is_what_was_seen_most_often() -> None:
    counter = Counter(SCENE, Tally(60, None, _START, _START))
    for i, x in enumerate(right()):
        cls = "truck" if i % 3 == 0 else "car"
        counter.see(_START + i / _RATE, [Sighting(1, cls, Box(x, 200, x + 40, 300), 0.7)])
    assert {cell[3] for cell in counter.finish(_START + 10).counts["crossings"]} == {"car"}


@pytest.mark.parametrize(("count", "score"), [(2, 0.9), (60, 0.3)])
def test_what_was_hardly_seen_is_not_counted(count: int, score: float) -> None:
    xs = right()[:: 60 // count][:count]
    tally = counted(SCENE, [(0, xs, "person")], score=score)
    assert sum(map(len, tally.counts.values())) == 0


def test_occupancy_has_mean_and_maximum() -> None:
    stand = [100.0] * 301  # half a minute
    made = tables(counted(SCENE, [(0, stand, "person"), (15, stand, "person")]))["occupancy"]
    cell = (int(_START), "west", "person")
    assert made.counts == {cell: 2}
    assert made.more["maximum"] == {cell: 2}
    # Two times 30 seconds, in 45 seconds that were recorded.
    assert made.more["mean"][cell] == pytest.approx(60 / 45.1, rel=0.01)


def test_maximum_outlives_the_times_that_it_is_made_of() -> None:
    stand = [100.0] * 301
    tally = counted(SCENE, [(0, stand, "person"), (15, stand, "person")])
    cell = (int(_START), "west", "person")
    tally.fold(_START + 60)
    assert (tally.stays, tally.peaks()) == ({}, {cell: 2})
    assert merge([tally, tally]).peaks() == {cell: 2}
    assert tally.up_to(_START + 60).peaks() == {cell: 2}
    assert tally.up_to(_START).peaks() == {}


def test_stay_over_two_intervals_counts_in_both_and_dwells_once() -> None:
    made = tables(counted(SCENE, [(0, [100.0] * 900, "person")]))
    assert made["occupancy"].by("interval_start") == {(int(_START),): 1, (int(_START) + 60,): 1}
    assert made["dwell"].by("seconds_from")[(60,)] == 1
    assert sum(made["dwell"].counts.values()) == 1


def test_nothing_adds_more_than_its_bound_to_any_table() -> None:
    to_and_fro = [*right(speed=20), *reversed(right(speed=20))] * 10
    for bound in (1, 2, 5):
        tally = counted(SCENE, [(0, to_and_fro, "person")], bound=bound, interval=10)
        assert max(sum(counts.values()) for counts in tally.counts.values()) == bound
        assert all(set(counts.values()) <= {1} for counts in tally.counts.values())
        assert tally.clipped > 0
        assert tally.peaks() == {}
        assert len(tally.seconds) <= bound


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.floats(0, 640), min_size=4, max_size=40), min_size=1, max_size=4),
    st.integers(1, 4),
    st.booleans(),
)
def test_bound_holds_for_any_walks_and_any_settling(paths: list[list[float]], bound: int, settle: bool) -> None:
    with_one = _settled(paths, bound, settle)
    without = _settled(paths[1:], bound, settle)
    for name, counts in with_one.counts.items():
        assert sum(counts.values()) <= bound * len(paths)
        assert all(number <= len(paths) for number in counts.values())
        assert sum(without.counts[name].values()) <= bound * (len(paths) - 1)


def _settled(paths: Sequence[Sequence[float]], bound: int, settle: bool) -> Tally:
    counter = Counter(SCENE, Tally(1, bound, _START, _START))
    for i in range(max(map(len, paths), default=0)):
        at = _START + i / 2
        boxes = [Sighting(n, "car", Box(p[i], 200, p[i] + 30, 300), 0.9) for n, p in enumerate(paths) if i < len(p)]
        counter.see(at, boxes)
        if settle:
            counter.settle_before(at)
    return counter.finish(_START + 100)


def test_cells_are_chosen_uniformly_and_anew_each_time() -> None:
    cells: list[Cell] = [(i,) for i in range(6)]
    drawn = Tallied(cell for _ in range(3000) for cell in by_chance(cells, 2))
    # 3000 draws of 2 of 6: each is drawn 1000 times, give or take 26 (a standard deviation).
    assert all(abs(n - 1000) < 6 * 26 for n in drawn.values())
    random.seed(1)
    first = [by_chance(cells, 2) for _ in range(40)]
    random.seed(1)
    assert first != [by_chance(cells, 2) for _ in range(40)]


def test_published_intervals_are_settled_once() -> None:
    counter = Counter(SCENE, Tally(10, None, _START, _START))
    for i in range(600):
        x = 100 + 5 * (i % 100) if i % 200 < 100 else 600 - 5 * (i % 100)
        counter.see(_START + i / _RATE, [Sighting(1, "person", Box(x, 200, x + 30, 300), 0.8)])
        if i % 100 == 30:
            counter.settle_before(_START + i // 100 * 10)
    often = counter.finish(_START + 60)
    at_once = counted(SCENE, [(0, [100 + 5 * (i % 100) + 15 if i % 200 < 100 else 600 - 5 * (i % 100) + 15
                                   for i in range(600)], "person")], interval=10)  # fmt: skip
    for name in ("crossings", "occupancy", "dwell"):
        assert often.counts[name] == at_once.counts[name]
    assert sum(often.seconds.values()) == pytest.approx(sum(at_once.seconds.values()))


def test_recordings_add_up() -> None:
    one = counted(SCENE, [(0, right(), "car")])
    both = merge([one, one])
    assert both.counts["crossings"].total() == 2 * one.counts["crossings"].total()
    assert (both.start, both.end) == (one.start, one.end)
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])


def test_metadata_says_what_release_has_to_know() -> None:
    told = tables(counted(SCENE, [(0, right(), "car")], bound=2), bound=2)["crossings"].metadata()
    assert (told["version"], told["table"], told["count"], told["unit"]) == (1, "crossings", "count", "track")
    assert (told["bound"], told["mechanism"]) == (
        2,
        "uniform random choice of at most K cells per track, unseeded",
    )
    assert told["keys"] == ["interval_start", "line", "direction", "class"] == list(told["domain"])
    assert told["domain"]["interval_start"] == ["2026-01-01T08:00:00Z"]
    assert (told["tracks_per_unit"], told["id_switch_rate"], told["interval_s"]) == (10, 0.4, 60)
    assert (told["start"], told["end"]) == ("2026-01-01T08:00:00Z", "2026-01-01T08:00:06.100000Z")
    assert "clipped" not in told
    unbounded = tables(counted(SCENE, [(0, right(), "car")]))["crossings"].metadata()
    assert (unbounded["bound"], unbounded["mechanism"]) == (None, "none: contributions are not bounded")


def test_grid_that_is_too_large_is_refused() -> None:
    tally = Tally(1, None, _START, _START + 400 * 86400)
    with pytest.raises(UsageError, match="choose a longer --interval"):
        tables_of(tally, SCENE, Counting(Path("s.yaml"), Path("c.csv"), interval_s=1))
