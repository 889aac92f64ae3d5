"""The model's own boxes, told apart and smoothed by labels: what a tracker that knew all would hide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.video_clips import Clip, Shown
from bench.video_floor import smoothed, told_masks

LABELS = tuple((Shown(3, (10.0 + i, 0.0, 20.0 + i, 10.0)),) for i in range(5))
CLIP = Clip("c", Path("c.mp4"), "person", 40, 10, LABELS)


def columns(masks: list[np.ndarray]) -> list[tuple[int, int]]:
    return [(int(at[0]), int(at[-1]) + 1) for mask in masks for at in [np.flatnonzero(mask.any(axis=0))]]


def test_gaps_are_filled_on_straight_lines() -> None:
    found = [[[10, 0, 20, 10]], [], [], [], [[14, 0, 24, 10]]]
    assert columns(list(told_masks(CLIP, found, 0.0, 1.0))) == [(10 + i, 20 + i) for i in range(5)]


def test_what_belongs_to_no_label_stays_visible() -> None:
    found = [[[10 + i, 0, 20 + i, 10], [30, 0, 40, 10]] for i in range(5)]
    assert columns(list(told_masks(CLIP, found, 0.0, 1.0))) == [(10 + i, 20 + i) for i in range(5)]


def test_nobody_is_hidden_whom_the_model_never_sees_or_of_whom_nothing_is_asked() -> None:
    assert not any(mask.any() for mask in told_masks(CLIP, [[]] * 5, 0.0, 1.0))
    half = tuple((Shown(3, each.xyxy, counts=i > 2),) for i, (each,) in enumerate(LABELS))
    found = [[[10 + i, 0, 20 + i, 10]] for i in range(5)]
    shown = list(told_masks(Clip("c", Path("c.mp4"), "person", 40, 10, half), found, 0.0, 1.0))
    assert [bool(mask.any()) for mask in shown] == [False, False, False, True, True]


def test_smoothing_takes_noise_away_and_leaves_what_rests() -> None:
    rests = smoothed({0: (1.0, 2.0, 3.0, 4.0), 9: (1.0, 2.0, 3.0, 4.0)}, 0, 9, 2.0)
    assert rests == pytest.approx(np.tile([1.0, 2.0, 3.0, 4.0], (10, 1)))
    noise = {i: ((-1.0) ** i, 0.0, 10.0 + (-1.0) ** i, 10.0) for i in range(40)}
    assert np.abs(smoothed(noise, 0, 39, 2.0)[5:-5, 0]).max() < 0.1
