"""Resizing and padding keep where things are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.imaging import as_planes, resize

sides = st.integers(1, 70)


@given(sides, sides, sides, sides)
def test_any_size_becomes_any_other(height: int, width: int, new_height: int, new_width: int) -> None:
    small = resize(np.full((height, width, 3), 77, np.uint8), new_width, new_height)
    assert small.shape == (new_height, new_width, 3)
    assert (small == 77).all()


def test_the_same_size_is_the_same_picture() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    assert np.array_equal(resize(image, 7, 9), image)


def test_shrinking_averages_so_that_no_pixel_is_skipped() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[::2] = 200
    assert (resize(image, 8, 8) == 100).all()


@pytest.mark.parametrize("size", [(1, 40_000), (40_000, 1), (33_000, 3)])
def test_very_long_pictures_can_be_shrunk(size: tuple[int, int]) -> None:
    assert resize(np.zeros((*size, 3), np.uint8), 640, 1).shape == (1, 640, 3)


@given(sides, sides, st.sampled_from((1, 8, 32)))
def test_padding_adds_zeros_at_the_right_and_bottom_only(height: int, width: int, multiple: int) -> None:
    image = np.random.default_rng(0).integers(1, 256, (height, width, 3), np.uint8)
    (padded,) = as_planes([image], multiple).transpose(0, 2, 3, 1)
    assert padded.shape[0] % multiple == padded.shape[1] % multiple == 0
    assert padded.shape[0] - height < multiple
    assert padded.shape[1] - width < multiple
    assert np.array_equal(padded[:height, :width], image)
    assert np.count_nonzero(padded) == image.size
