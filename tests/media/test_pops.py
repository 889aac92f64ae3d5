"""What pops up in a part of the picture: a face or an inset, and not what moves, even where all of the picture does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.media.shots import ShotCuts

Luma = NDArray[np.uint8]
HEIGHT, WIDTH = 180, 320
SCENE = (90 + 30 * np.sin(np.arange(640) / 9) * np.sin(np.arange(HEIGHT) / 7)[:, None]).astype(np.uint8)


def sudden(draw: Callable[[int, Luma], None], frames: int = 60, camera: int = 0) -> list[int]:
    """Return which frames of a scene change suddenly; `draw` paints on each, `camera` is its speed in pixels."""
    shots, found = ShotCuts(8), []
    for i in range(frames):
        luma = SCENE[:, camera * i : camera * i + WIDTH].copy()
        draw(i, luma)
        found += [i] if shots.change(luma).sudden else []
    return found


def square(luma: Luma, x: int, y: int, side: int = 30, value: int = 200) -> None:
    luma[y : y + side, max(0, x) : max(0, x + side)] = value


@pytest.mark.parametrize("frames", [1, 2, 8, 12])
@pytest.mark.parametrize("side", [16, 30, 60])
def test_what_shows_for_a_few_frames_pops_up_and_goes(frames: int, side: int) -> None:
    """Of what shows in a single frame the going tells nothing more."""

    def draw(i: int, luma: Luma) -> None:
        if 30 <= i < 30 + frames:
            square(luma, 150, 70, side)

    assert sudden(draw) == [30, 30 + frames][: min(frames, 2)]


@pytest.mark.parametrize("every", [4, 6, 8])
def test_so_does_each_face_that_takes_the_place_of_another(every: int) -> None:
    """An inset that goes through portraits: each is another pattern at the same place."""

    def draw(i: int, luma: Luma) -> None:
        if i >= 30:
            cells = np.random.default_rng(i // every).integers(0, 256, (5, 5))
            luma[40:70, 150:180] = np.kron(cells, np.ones((6, 6)))

    first = [30, *range(every * (30 // every + 1), 150, every)]
    assert sudden(draw, frames=150) == first


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_sign_that_flickers_fast_is_soon_taken_for_what_moves(frames: int) -> None:
    def draw(i: int, luma: Luma) -> None:
        if i >= 30 and i // frames % 2:
            square(luma, 150, 70)

    assert 0 < len(sudden(draw, frames=230)) < 20


def test_beside_one_it_pops_up_as_well() -> None:
    def draw(i: int, luma: Luma) -> None:
        if i >= 30 and i % 2:
            square(luma, 30, 20)
        if 100 <= i < 108:
            square(luma, 200, 100)

    assert {100, 108} <= set(sudden(draw, frames=120))


def test_it_pops_up_where_something_else_moves() -> None:
    def draw(i: int, luma: Luma) -> None:
        square(luma, 3 * i, 130, 40)
        if i >= 30:
            square(luma, 200, 20)

    assert sudden(draw) == [30]


@pytest.mark.parametrize("speed", [1, 2, 4])
def test_what_moves_does_not(speed: int) -> None:
    assert sudden(lambda i, luma: square(luma, 20 + speed * i, 70)) == []


@pytest.mark.parametrize("speed", [2, 4])
def test_what_pops_up_and_moves_on_does_so_once_or_twice(speed: int) -> None:
    def draw(i: int, luma: Luma) -> None:
        if i >= 30:
            square(luma, 20 + speed * (i - 30), 70)

    found = sudden(draw)
    assert found[0] == 30
    assert 31 not in found
    assert len(found) <= 2


def test_neither_does_the_scene_where_the_camera_moves() -> None:
    assert sudden(lambda i, luma: None, camera=4) == []


def test_one_small_reflection_is_none() -> None:
    def draw(i: int, luma: Luma) -> None:
        if i == 30:
            square(luma, 150, 70, 2)

    assert sudden(draw) == []


def test_behind_a_cut_it_pops_up_as_well() -> None:
    """All of the picture changed there, which says nothing of what moves."""

    def draw(i: int, luma: Luma) -> None:
        if i >= 20:
            luma[:] = 255 - luma
        if i >= 23:
            square(luma, 150, 70, value=20)

    assert sudden(draw) == [20, 23]
