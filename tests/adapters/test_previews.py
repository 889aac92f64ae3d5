"""Pictures of previews: outlines and numbers where they belong, and nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.previews import beside, outlined, planes_of_rgb
from unseen.core.regions import Box

GREY = np.full((90, 120, 3), 128, np.uint8)


def test_an_outline_follows_the_box_and_the_inside_stays() -> None:
    drawn = outlined(GREY, [("face", Box(30, 40, 60, 70), None)])
    assert (drawn[40, 30:60] == drawn[69, 30:60]).all()
    assert (drawn[40, 30:60] != 128).any(axis=1).all()
    assert (drawn[40:70, 30] != 128).any(axis=1).all()
    assert (drawn[40:70, 59] != 128).any(axis=1).all()
    assert (drawn[41:69, 31:59] == 128).all()
    assert (GREY == 128).all()


def test_numbers_of_neighbours_do_not_cover_each_other() -> None:
    one, other = ("face", Box(30, 40, 60, 70), 11), ("face", Box(33, 40, 63, 70), 12)
    apart = [(outlined(GREY, [each]) == 0).all(axis=2).sum() for each in (one, other)]
    both = (outlined(GREY, [one, other]) == 0).all(axis=2).sum()
    assert both > 0.9 * sum(apart)


@given(st.floats(-50, 150), st.floats(-50, 120), st.floats(0.1, 200), st.floats(0.1, 200), st.integers(1, 99_999_999))
def test_a_box_anywhere_can_be_drawn(x: float, y: float, wide: float, high: float, number: int) -> None:
    assert outlined(GREY, [("car", Box(x, y, x + wide, y + high), number)]).shape == GREY.shape


def test_two_pictures_stand_side_by_side_with_even_sides() -> None:
    left, right = np.full((5, 3, 3), 1, np.uint8), np.full((5, 3, 3), 2, np.uint8)
    both = beside(left, right)
    assert both.shape == (6, 6, 3)
    assert (both[:5, :3] == 1).all()
    assert (both[:5, 3:] == 2).all()
    assert (both[5] == 0).all()


@pytest.mark.parametrize(
    ("rgb", "planes"),
    # ITU-R BT.601, 8 bits: Y = 16 + 65.5 R + 128.6 G + 25.0 B, and so on for Cb and Cr.
    [((0, 0, 0), (16, 128, 128)), ((255, 255, 255), (235, 128, 128)), ((255, 0, 0), (82, 90, 240))],
)
def test_colours_become_those_of_bt_601(rgb: tuple[int, int, int], planes: tuple[int, int, int]) -> None:
    made = planes_of_rgb(np.full((4, 6, 3), rgb, np.uint8))
    assert [plane.shape for plane in made] == [(4, 6), (2, 3), (2, 3)]
    for plane, value in zip(made, planes, strict=True):
        assert np.abs(plane.astype(int) - value).max() <= 1
