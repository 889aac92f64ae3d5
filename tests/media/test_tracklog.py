"""The log of tracks: when each was hidden, how often found, what is doubtful; the same after it was saved."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import Look
from unseen.core.regions import Box, Region
from unseen.media.tracklog import TrackLog


def region(track: int | None, reason: str = "detected", score: float = 0.9) -> Region:
    return Region("face", Box(0, 0, 10, 10), Look("fill"), score, "centerface", reason, track)


def logged(pattern: str, score: float = 0.9, first: int = 0) -> TrackLog:
    """Return the log of one track: d is a frame in which it was detected, f followed, v verified, . not there."""
    log = TrackLog()
    reasons = {"d": "detected", "f": "followed", "v": "verification"}
    for i, letter in enumerate(pattern, first):
        log.add(i, i / 25, () if letter == "." else (region(4, reasons[letter], score),))
    return log


def test_frames_and_gaps_of_a_track() -> None:
    (track,) = logged("..ffdddffdfffdff.").receipts(25.0)
    assert (track.number, track.cls) == (4, "face")
    assert (track.first, track.last, track.start, track.end) == (2, 15, 2 / 25, 15 / 25)
    assert (track.detected, track.bridged, track.longest_gap) == (5, 5, 3)
    assert track.review == ""


def test_reasons_for_a_review() -> None:
    def review(log: TrackLog) -> str:
        return log.receipts(25.0)[0].review

    assert review(logged("dddvdd")) == "found by verification"
    assert review(logged("ffdff", score=0.4)) == "found in 1 frames only"
    assert review(logged("dd", score=0.9)) == ""
    assert review(logged("fffdfff", score=0.9)) == "found in 1 frames only"
    assert review(logged("ffdff", score=0.9)) == ""  # in a shot so short there is hardly another look
    assert review(logged("d" * 9, score=0.2)) == "mean score 0.20"
    assert review(logged("dd" + "f" * 16 + "dd")) == "not found for 16 frames in a row"
    assert review(logged("dd" + "f" * 15 + "dd")) == ""
    assert review(logged("ffff")) == "found in 0 frames only"


def test_regions_without_a_track_are_not_logged() -> None:
    log = TrackLog()
    log.add(0, 0.0, (region(None),))
    assert log.receipts(25.0) == ()
    assert log.next_number == 1


@given(st.text("dfv.", max_size=30), st.integers(0, 30), st.floats(0.05, 1))
def test_saved_and_loaded_log_goes_on_as_if_nothing_had_been(pattern: str, at: int, score: float) -> None:
    whole = logged(pattern, score)
    begun = logged(pattern[:at], score)
    again = TrackLog(json.loads(json.dumps(begun.changed())))
    assert again.receipts(25.0) == begun.receipts(25.0)
    assert again.next_number == begun.next_number
    reasons = {"d": "detected", "f": "followed", "v": "verification"}
    for i, letter in enumerate(pattern[at:], min(at, len(pattern))):
        again.add(i, i / 25, () if letter == "." else (replace(region(4, reasons[letter]), score=score),))
    assert again.receipts(25.0) == whole.receipts(25.0)


def test_what_changed_is_told_once_and_takes_the_place_of_what_was_told_before() -> None:
    log, saved = TrackLog(), dict[str, Any]()
    for frame, numbers in enumerate(((1, 2), (2,), (), (2, 3), (1,))):
        log.add(frame, frame / 25, tuple(region(number) for number in numbers))
        told = json.loads(json.dumps(log.changed()))
        assert sorted(told) == [str(number) for number in numbers]
        saved.update(told)
    assert log.changed() == {}
    assert TrackLog(saved).receipts(25.0) == log.receipts(25.0)
