"""Which frames are looked at: the first and last of each shot, those around damage, and all where damage was met."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unseen.core.photos import Rgb8
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.pace import EveryNth, Kind
from unseen.media.scan import scan
from unseen.media.shots import ShotCuts
from unseen.media.upright import Upright

INFO = VideoInfo("mp4", "h264", 64, 48, Fraction(25), Fraction(1, 25), "yuv420p")


class FakeReader:
    """A reader of which only the pictures and the problems are asked for."""

    def __init__(self) -> None:
        self.problems: tuple[str, ...] = ()

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        return np.zeros((height, width, 3), np.uint8)


def looked(
    levels: Sequence[int], damaged: frozenset[int] = frozenset(), problem_at: int | None = None, step: int = 60
) -> list[int]:
    """Return the frames that are looked at in a video of grey frames."""
    reader = FakeReader()

    def frames() -> Any:
        for i, level in enumerate(levels):
            if i == problem_at:
                reader.problems = ("1 packets cannot be decoded",)
            yield VideoFrame((np.full((48, 64), level, np.uint8),), i, i, i in damaged)

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> list[Detection]:
        return []

    upright, cuts = Upright(INFO, 1280), ShotCuts(8)
    scanned = list(scan(frames(), reader, find, upright, EveryNth(step), cuts))  # type: ignore[arg-type]
    assert [each.frame.index for each in scanned] == list(range(len(levels)))
    return [each.frame.index for each in scanned if each.found is not None]


def test_first_and_last_frames_of_shots() -> None:
    assert looked([20] * 20 + [220] * 20) == [0, 19, 20, 39]


def test_frames_around_damage_but_no_damaged_one() -> None:
    assert looked([50] * 30, frozenset({12, 13, 20})) == [0, 11, 14, 19, 21, 29]


@pytest.mark.parametrize("at", [0, 10])
def test_all_frames_once_a_problem_was_met(at: int) -> None:
    found = looked([50] * 30, problem_at=at)
    assert set(found) >= set(range(at, 30))
    assert len(found) <= 30 - at + 2


def test_nothing_to_look_at() -> None:
    assert looked([]) == []
    assert looked([50] * 4, frozenset(range(4))) == []
    assert looked([50]) == [0]
