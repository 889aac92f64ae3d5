"""Mosaic and blur hold one noisy value a cell and nothing else of the inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from unseen.core.looks import Look
from unseen.core.regions import Box, Region
from unseen.pixels.hide import hide

Grey = NDArray[Any]


def coarse(
    pixels: Grey, method: Any, box: Box, cls: str = "face", strength: float | None = None, seed: int = 1
) -> Grey:
    found = [Region(cls, box, Look(method, strength))]
    return hide(pixels, found, np.random.default_rng(seed))


def steps(values: NDArray[Any], axis: int) -> int:
    """Return how many stripes of equal lines there are along an axis."""
    lines = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    return 1 + int((lines[1:] != lines[:-1]).any(axis=1).sum())


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([("face", 8), ("person", 8), ("plate", 5), ("text", 5)]))
def test_a_mosaic_has_no_more_cells_than_its_floor(width: int, height: int, floor: tuple[str, int]) -> None:
    cls, cells = floor
    pixels = np.random.default_rng(4).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    inside = coarse(pixels, "mosaic", Box(5, 5, 5 + width, 5 + height), cls)[5 : 5 + height, 5 : 5 + width]
    assert steps(inside, 0) <= max(1, min(cells, height // 3))
    assert steps(inside, 1) <= max(1, min(cells, width // 3))
    longer, shorter = max(width, height), min(width, height)
    fewest = min(steps(inside, 0), steps(inside, 1))
    assert fewest <= max(1, round(cells * shorter / longer))


def test_values_of_a_mosaic_are_few() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (400, 400), dtype=np.uint8)
    inside = coarse(pixels, "mosaic", Box(0, 0, 400, 400))
    assert set(np.unique(inside)) <= {16 * level + 8 for level in range(16)}


@pytest.mark.parametrize("method", ["mosaic", "blur"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f8"])
def test_pixels_that_change_places_within_a_cell_make_no_difference(method: str, dtype: str) -> None:
    random = np.random.default_rng(8)
    pixels = random.integers(0, 128, (80, 80, 3)).astype(dtype)
    shuffled = pixels.copy()
    for y in range(8, 72, 8):
        for x in range(8, 72, 8):
            cell = shuffled[y : y + 8, x : x + 8].reshape(64, 3)
            shuffled[y : y + 8, x : x + 8] = random.permutation(cell).reshape(8, 8, 3)
    assert (shuffled != pixels).any()
    box = Box(8, 8, 72, 72)
    assert (coarse(pixels, method, box) == coarse(shuffled, method, box))[8:72, 8:72].all()


@pytest.mark.parametrize("method", ["mosaic", "blur"])
def test_a_coarse_region_inside_a_larger_one_adds_no_detail(method: Any) -> None:
    random = np.random.default_rng(8)
    pixels = random.integers(0, 256, (80, 80), dtype=np.uint8)
    shuffled = pixels.copy()
    for y in range(0, 80, 10):
        for x in range(0, 80, 10):
            cell = shuffled[y : y + 10, x : x + 10].ravel()
            shuffled[y : y + 10, x : x + 10] = random.permutation(cell).reshape(10, 10)
    both = [Region("face", Box(20, 20, 41, 43), Look(method)), Region("person", Box(0, 0, 80, 80), Look(method))]
    first, second = (hide(p, both, np.random.default_rng(3)) for p in (pixels, shuffled))
    assert (first == second).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_blur_has_no_more_freedom_than_its_mosaic(dtype: str) -> None:
    pixels = np.random.default_rng(4).random((120, 160)).astype(dtype)
    inside = coarse(pixels, "blur", Box(10, 10, 150, 110))[10:110, 10:150]
    assert np.linalg.matrix_rank(inside, tol=1e-3) <= 8
    assert np.abs(np.diff(inside, axis=0)).max() < 0.05
    assert np.abs(np.diff(inside, axis=1)).max() < 0.05


def test_a_blur_is_at_least_as_wide_as_its_share_of_the_region() -> None:
    pixels = np.zeros((130, 130))
    pixels[:, 65:] = 1.0
    narrow, wide = (coarse(pixels, "blur", Box(1, 1, 129, 129), strength=s) for s in (0.5, 1.0))
    inside = narrow[2:-2, 2:-2].mean(axis=0), wide[2:-2, 2:-2].mean(axis=0)
    assert np.abs(np.diff(inside[0])).max() < 3 / (0.5 * 128)
    assert np.abs(np.diff(inside[1])).max() < np.abs(np.diff(inside[0])).max()


@pytest.mark.parametrize("method", ["mosaic", "blur"])
def test_noise_is_fresh_unless_the_source_is_the_same(method: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    box = Box(10, 10, 90, 90)
    assert (coarse(pixels, method, box, seed=1) == coarse(pixels, method, box, seed=1)).all()
    assert (coarse(pixels, method, box, seed=1) != coarse(pixels, method, box, seed=2))[10:90, 10:90].mean() > 0.2


def test_a_stronger_mosaic_has_fewer_cells() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (100, 100), dtype=np.uint8)
    assert steps(coarse(pixels, "mosaic", Box(0, 0, 100, 100), strength=4), 0) <= 4
    assert steps(coarse(pixels, "mosaic", Box(0, 0, 100, 100), strength=0.5), 0) == 1


@pytest.mark.parametrize("method", ["mosaic", "blur"])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38, 1e-45])
def test_odd_values_inside_stay_within_their_cell(method: str, odd: float) -> None:
    pixels = np.full((64, 64), 0.5, dtype=np.float32)
    pixels[:3, :3] = odd
    inside = coarse(pixels, method, Box(0, 0, 64, 64))
    assert np.isfinite(inside).all()
    assert np.abs(inside[40:, 40:] - 0.5).max() < 0.3


def test_the_colour_of_a_mosaic_is_still_that_of_its_region() -> None:
    pixels = np.full((100, 100, 3), (200, 40, 90), dtype=np.uint8)
    inside = coarse(pixels, "mosaic", Box(10, 10, 90, 90))[10:90, 10:90].reshape(-1, 3)
    assert np.abs(inside.mean(axis=0) - (200, 40, 90)).max() < 10
