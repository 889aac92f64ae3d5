"""Where shots begin: at hard cuts, and not behind flashes, at fades, noise, movement or in the dark; sudden changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.media.shots import ShotCuts

Luma = NDArray[np.uint8]


def picture(low: int, high: int, seed: int = 0, size: tuple[int, int] = (90, 160)) -> Luma:
    """A picture of soft patches between two values."""
    patches = np.random.default_rng(seed).integers(low, high, (9, 16))
    return np.kron(patches, np.ones((10, 10))).astype(np.uint8)[: size[0], : size[1]]


def cuts(frames: Sequence[NDArray[np.generic]], bits: int = 8) -> list[int]:
    shots = ShotCuts(bits)
    return [i for i, frame in enumerate(frames) if shots.change(frame).cut]


def sudden(frames: Sequence[NDArray[np.generic]]) -> list[int]:
    shots = ShotCuts(8)
    return [i for i, frame in enumerate(frames) if shots.change(frame).sudden]


DARK, BRIGHT = picture(20, 90), picture(140, 230, 1)


def test_hard_cut() -> None:
    assert cuts([DARK] * 10 + [BRIGHT] * 10) == [10]


def test_cuts_of_ten_bits() -> None:
    frames = [frame.astype(np.uint16) * 4 for frame in [DARK] * 10 + [BRIGHT] * 10]
    assert cuts(frames, 10) == [10]


def test_two_cuts_one_after_the_other() -> None:
    assert 10 in cuts([DARK] * 10 + [BRIGHT] * 25 + [DARK] * 10)
    assert 35 in cuts([DARK] * 10 + [BRIGHT] * 25 + [DARK] * 10)


def test_fade_is_no_cut() -> None:
    shares = np.linspace(0, 1, 30)
    assert cuts([(DARK * (1 - s) + BRIGHT * s).astype(np.uint8) for s in shares]) == []


def test_noise_is_no_cut() -> None:
    rng = np.random.default_rng(2)
    frames = [np.clip(DARK + rng.normal(0, 25, DARK.shape), 0, 255).astype(np.uint8) for _ in range(30)]
    assert cuts(frames) == []


def test_dark_frames_are_no_cut() -> None:
    rng = np.random.default_rng(3)
    assert cuts([rng.integers(0, 12, DARK.shape).astype(np.uint8) for _ in range(30)]) == []


def test_camera_that_moves_is_no_cut() -> None:
    wide = np.concatenate([picture(40, 200, seed) for seed in range(3)], axis=1)
    assert cuts([wide[:, 6 * i : 6 * i + 160] for i in range(50)]) == []


def test_flicker_is_at_most_one_cut() -> None:
    """Flashes follow one another: a track that ended at each of them would cover nothing."""
    assert len(cuts([DARK] * 10 + [BRIGHT] + [DARK] * 10)) <= 1
    assert len(cuts([DARK if i % 2 else BRIGHT for i in range(40)])) <= 1


@pytest.mark.parametrize("frames", [1, 2, 3, 6, 11])
def test_behind_a_flash_no_shot_begins_but_both_its_edges_are_sudden(frames: int) -> None:
    """Who is followed before it is still there behind it."""
    flash = [DARK] * 10 + [BRIGHT] * frames + [DARK] * 20
    assert cuts(flash) == [10]
    assert sudden(flash) == [10, 10 + frames]


def test_each_picture_of_a_montage_is_sudden() -> None:
    montage = [picture(20, 230, seed) for seed in range(12)]
    assert sudden(montage) == list(range(1, 12))
    assert sudden([each for each in montage for _ in range(2)]) == list(range(2, 24, 2))
    assert cuts(montage) == []


def test_calm_pictures_noise_and_fades_are_not_sudden() -> None:
    rng = np.random.default_rng(4)
    noise = [np.clip(DARK + rng.normal(0, 25, DARK.shape), 0, 255).astype(np.uint8) for _ in range(30)]
    shares = np.linspace(0, 1, 30)
    assert sudden([DARK] * 30) == []
    assert sudden(noise) == []
    assert sudden([(DARK * (1 - s) + BRIGHT * s).astype(np.uint8) for s in shares]) == []


def test_first_frame_and_another_size_are_no_cut() -> None:
    assert cuts([DARK, picture(140, 230, 1, (80, 100))]) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_tiny_and_narrow_frames(size: tuple[int, int]) -> None:
    assert cuts([np.zeros(size, np.uint8), np.zeros(size, np.uint8)]) == []
