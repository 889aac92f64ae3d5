"""What is seen for long and never well enough is told of, with what would hide it; nothing else is."""

from __future__ import annotations

import json

import pytest

from tests.media.test_windows import frame, info
from unseen.core.looks import Look as HowHidden
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import Track, TrackPoint
from unseen.media.faint import FaintLog, Shown
from unseen.media.sights import Look
from unseen.media.window_regions import cover_window
from unseen.media.windows import Window
from unseen.tracks.named import Named

_INFO = info(1280, 720)
_RATE = float(_INFO.rate)


def _track(number: int, first: int, looks: int, every: int = 4, x: float = 300.0) -> Track:
    at = range(first, first + looks * every, every)
    return Track(number, "face", tuple(TrackPoint(i, Box(x + i, 200, x + i + 30, 240), 0.3, True) for i in at))


def _frames(first: int, count: int, *hidden: Box) -> dict[int, Shown]:
    regions = [Region("face", box, HowHidden("fill"), 1.0, "yunet") for box in hidden]
    return {i: Shown(i / _RATE, regions) for i in range(first, first + count)}


@pytest.mark.parametrize(
    ("looks", "every", "told"), [(4, 4, True), (10, 4, True), (2, 12, False), (3, 2, False), (1, 1, False)]
)
def test_what_is_seen_at_some_looks_over_a_third_of_a_second_is_told_of(looks: int, every: int, told: bool) -> None:
    log = FaintLog()
    log.add(_frames(0, 50), [_track(7, 4, looks, every)])
    receipts, more = log.receipts(_INFO, 50)
    assert ([each.number for each in receipts], more) == ([7] if told else [], 0)


def test_what_would_hide_it_reaches_around_all_that_was_seen_and_stays_in_the_picture() -> None:
    log = FaintLog()
    log.add(_frames(0, 50), [_track(7, 4, 10, x=1225.0)])
    (receipt,), _ = log.receipts(_INFO, 42)
    assert receipt.as_dict()["add"] == {"class": "face", "frames": [0, 41], "boxes": [[1219, 194, 1280, 246]]}
    assert receipt.review == "left visible: weak evidence, seen at 10 looks, best score 0.30"


@pytest.mark.parametrize(("hidden", "told"), [(Box(250, 150, 420, 300), 0), (Box(700, 150, 900, 300), 1)])
def test_what_is_hidden_all_the_same_is_not_told_of(hidden: Box, told: int) -> None:
    log = FaintLog()
    log.add(_frames(0, 50, hidden), [_track(7, 4, 10)])
    assert len(log.receipts(_INFO, 50)[0]) == told


def test_a_track_is_counted_once_over_windows_that_look_beyond_their_ends_and_over_a_break_in_between() -> None:
    log, track = FaintLog(), _track(7, 4, 20)
    log.add(_frames(0, 40), [track])
    log = FaintLog(json.loads(json.dumps(log.saved())))
    log.add(_frames(40, 41), [track])
    log.add(_frames(81, 79), [])
    (receipt,), _ = FaintLog(json.loads(json.dumps(log.saved()))).receipts(_INFO, 160)
    assert (receipt.looks, receipt.start, receipt.end) == (20, 4 / _RATE, 80 / _RATE)


def test_the_longest_are_listed_and_the_others_counted() -> None:
    log = FaintLog()
    for number in range(25):
        log.add(_frames(number * 400, 400), [_track(number + 1, number * 400, 4 + number)])
    receipts, more = log.receipts(_INFO, 10_000)
    assert [each.number for each in receipts] == list(range(25, 5, -1))
    assert more == 5


def test_tracks_that_are_not_believed_are_handed_out_with_a_number_of_their_own() -> None:
    def seen(score: float, x: float) -> Detection:
        return Detection("face", Box(x, 200, x + 60, 260), score, "yunet")

    looks = tuple(Look(i, (seen(0.9, 100), seen(0.3, 800))) for i in range(0, 40, 4))
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, 4)
    covered = cover_window(window, _INFO, Recipe(looks=looks_for(["face"], None)), Named(1))
    assert [track.number for track in covered.tracks] == [1]
    assert [track.number for track in covered.faint] == [2]
    assert len(covered.faint[0].points) > 3
