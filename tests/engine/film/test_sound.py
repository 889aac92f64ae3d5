"""When sound is silent: wherever no whole frame tells that nobody is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unseen.engine.film.kept_frames import KeptFrame, KeptRegion
from unseen.engine.film.sound import sound_of

STEP = 0.04


def _audible(frames: Sequence[tuple[float, str]], at: Sequence[float], step: float = STEP) -> list[bool]:
    """Whether there is sound at times `at`, beside frames of a time that show nobody (""), a class, or are "whole"."""
    lines = [_line(number, time, kind) for number, (time, kind) in enumerate(frames)]
    sound = sound_of(Path("a.mp4"), "mute-when-person", lines, step, shifted=False)
    assert sound is not None
    assert sorted(sound.mute) == list(sound.mute)
    return [not any(start <= time <= end for start, end in sound.mute) for time in at]


def _line(number: int, time: float, kind: str) -> str:
    rows = (KeptRegion(kind, 0, 0, 9, 9, 1, 0.5, "detected", "fill", "box"),) if kind not in ("", "whole") else ()
    return KeptFrame(number, time, rows, kind == "whole").line()


def _shown(start: float, end: float, kind: str = "", step: float = STEP) -> list[tuple[float, str]]:
    return [(round(float(time), 6), kind) for time in np.arange(start, end - step / 2, step)]


def test_sound_of_an_empty_scene_is_heard_throughout() -> None:
    times = [0.001, 0.5, 0.999, 1.0, 1.5]
    assert all(_audible(_shown(0, 2), times))
    assert all(_audible([(0, ""), (0.01, ""), (0.15, ""), (0.16, "")], [0.005, 0.08, 0.155]))


def test_sound_without_pictures_before_and_after_them_is_mute() -> None:
    assert _audible(_shown(2, 4), [-0.02, 0.1, 1.9, 2.1, 3.9, 4.2, 9]) == [False] * 3 + [True] * 2 + [False] * 2
    assert _audible([], [-1, 0, 5]) == [False] * 3


@pytest.mark.parametrize("then", ["", "person", "whole"])
def test_sound_where_pictures_are_missing_is_mute(then: str) -> None:
    heard = _audible([*_shown(0, 2), *_shown(4, 6, then)], [0.5, 1.9, 2.3, 3, 3.9, 5])
    assert heard == [True, True, False, False, False, then == ""]


def test_sound_beside_people_and_damage_is_mute_a_frame_longer_on_each_side() -> None:
    for kind in ("face", "head", "person", "whole"):
        heard = _audible([*_shown(0, 1), *_shown(1, 2, kind), *_shown(2, 3)], [0.9, 0.97, 1.5, 2.03, 2.1])
        assert heard == [True, False, False, False, True]
    assert all(_audible([*_shown(0, 1), *_shown(1, 2, "plate"), *_shown(2, 3)], [0.97, 1.5, 2.03]))


def test_frames_that_come_seldom_speak_for_two_seconds_at_the_most() -> None:
    frames = [(0.0, ""), (1.0, ""), (2.0, ""), (4.5, "")]
    assert _audible(frames, [0.5, 1.9, 3.9, 4.2, 5], step=1) == [True, True, True, False, True]
    lapse = [(0.0, ""), (20.0, ""), (40.0, "person"), (60.0, ""), (80.0, "")]
    assert _audible(lapse, [1, 3, 19, 21, 39, 50, 61, 79.5, 81], step=20) == [True, *[False] * 7, True]
