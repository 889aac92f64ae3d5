"""Tracks keep their number from window to window, over gaps, and where others pass."""

from __future__ import annotations

from unseen.core.regions import Box, Detection
from unseen.traffic.follow import Follower


def person(x: float, y: float = 100.0, score: float = 0.8) -> Detection:
    return Detection("person", Box(x, y, x + 30, y + 90), score, "yolo26n")


def followed(
    looks: dict[int, list[Detection]], frames: int, window: int = 50, around: int = 35
) -> list[list[tuple[int, float]]]:
    """Return (track, left edge) in each frame, window by window as a video is worked on."""
    follower = Follower(640, 480, 25.0, ("person",))
    out = []
    for first in range(0, frames, window):
        last = min(frames, first + window)
        known = [(f, looks[f]) for f in sorted(looks) if first - around <= f < last + around]
        for placed in follower.window(known, range(first, last)):
            out.append([(p.track, p.point.box.x1) for p in placed])
    return out


def test_track_keeps_its_number_over_windows() -> None:
    looks = {f: [person(2.0 * f), person(500 - 2.0 * f, 300)] for f in range(0, 230, 3)}
    numbers = {number for frame in followed(looks, 230) for number, _ in frame}
    assert len(numbers) == 2


def test_every_frame_has_a_place_also_between_looks() -> None:
    frames = followed({f: [person(2.0 * f)] for f in range(0, 120, 4)}, 117)
    assert [len(frame) for frame in frames] == [1] * 117
    assert all(abs(x - 2.0 * f) < 3 for f, frame in enumerate(frames) for _, x in frame)


def test_short_occlusion_across_a_window_is_bridged() -> None:
    looks = {f: [] if 40 <= f < 60 else [person(2.0 * f)] for f in range(0, 150, 2)}
    frames = followed(looks, 150)
    assert {number for frame in frames for number, _ in frame} == {frames[0][0][0]}
    assert all(len(frame) == 1 for frame in frames[:149])


def test_nobody_is_followed_over_a_cut() -> None:
    follower = Follower(640, 480, 25.0, ("person",))
    looks = [(f, [person(100.0)]) for f in range(0, 40, 2)]
    placed = follower.window(looks, range(40), cuts=[20])
    before, after = ({p.track for frame in part for p in frame} for part in (placed[:20], placed[20:]))
    assert before
    assert after
    assert not before & after


def test_other_classes_are_not_followed() -> None:
    face = Detection("face", Box(10, 10, 20, 20), 0.9, "centerface")
    assert Follower(640, 480, 25.0, ("person",)).window([(0, [face]), (1, [face])], range(2)) == [[], []]
