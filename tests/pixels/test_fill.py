"""The fill looks like a blur of the surroundings: smooth, without seams or streaks, with the photo's grain."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data, filters

from unseen.core.looks import Look
from unseen.core.regions import Box, Region
from unseen.pixels.hide import hide, mask_of

FILL = Look("fill")


def filled(pixels: NDArray[np.generic], *boxes: Box, shape: str = "box") -> NDArray[np.float64]:
    look = Look("fill", shape="ellipse") if shape == "ellipse" else FILL
    found = [Region("face", box, look) for box in boxes]
    return hide(pixels, found, np.random.default_rng(1)).astype(np.float64)


def ramp(height: int, width: int) -> NDArray[np.float64]:
    """A slope that rises by 1 over each side, so a membrane over its ring is the slope itself."""
    return np.linspace(0, 1, height)[:, None] + np.linspace(0, 1, width)[None, :]


@pytest.mark.parametrize("shape", ["box", "ellipse"])
@pytest.mark.parametrize("box", [Box(40, 40, 160, 160), Box(60, 90, 140, 110), Box(90, 90, 105, 112)], ids=str)
def test_a_slope_goes_on_through_the_region(box: Box, shape: str) -> None:
    pixels = ramp(200, 200)
    assert np.abs(filled(pixels, box, shape=shape) - pixels).max() < 0.12


@pytest.mark.parametrize("box", [Box(0, 50, 60, 130), Box(150, 150, 200, 200), Box(0, 80, 200, 120)], ids=str)
def test_at_the_borders_only_the_sides_that_exist_count(box: Box) -> None:
    pixels = ramp(200, 200)
    fill = filled(pixels, box)
    assert np.abs(fill - pixels).max() < 0.5
    inner = fill[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)]
    assert np.abs(np.diff(inner, axis=0)).max() < 0.05
    assert np.abs(np.diff(inner, axis=1)).max() < 0.05


def test_an_even_surrounding_is_continued_exactly() -> None:
    pixels = np.full((80, 80, 3), (10, 200, 77), dtype=np.uint8)
    assert (filled(pixels, Box(20, 20, 60, 60)) == pixels).all()


def test_a_stray_pixel_in_the_ring_leaves_no_streak() -> None:
    pixels = np.full((100, 100), 0.2)
    pixels[19, 50] = 1.0
    fill = filled(pixels, Box(20, 20, 80, 80))[20:80, 20:80]
    assert np.abs(fill - 0.2).max() < 0.2
    assert np.abs(fill[10:] - 0.2).max() < 0.02


def test_touching_regions_share_one_surface() -> None:
    pixels = ramp(200, 200) ** 2
    tiles = [Box(40 + 30 * i, 50 + 35 * j, 70 + 30 * i, 85 + 35 * j) for i, j in product(range(4), range(3))]
    parts, whole = filled(pixels, *tiles), filled(pixels, Box(40, 50, 160, 155))
    inside = parts[50:155, 40:160]
    assert np.abs(np.diff(inside, axis=0)).max() < 0.1
    assert np.abs(np.diff(inside, axis=1)).max() < 0.1
    assert np.abs(parts - whole).max() < 0.2


def test_a_long_chain_of_touching_regions_stays_smooth_though_far_pieces_are_taken_together() -> None:
    pixels = ramp(400, 3000)
    chain = [Box(20.0 + 24 * i, 150.0 + 10 * (i % 5), 44.0 + 24 * i, 190.0 + 10 * (i % 5)) for i in range(120)]
    fill = filled(pixels, *chain)
    mask = mask_of([Region("face", box, FILL) for box in chain], *pixels.shape)
    assert np.abs(fill - pixels)[mask].max() < 0.1
    across = np.abs(np.diff(fill, axis=1))[mask[:, 1:] & mask[:, :-1]]
    assert across.max() < 0.02


@pytest.mark.parametrize(("sigma", "dtype"), [(0.0, "f8"), (0.004, "f8"), (0.004, "f4"), (0.008, "f8")])
def test_grain_is_that_of_the_ring(sigma: float, dtype: str) -> None:
    pixels = np.random.default_rng(2).normal(0.8, sigma, (200, 200)).astype(dtype)
    inside = filled(pixels, Box(50, 50, 150, 150))[50:150, 50:150]
    grain = np.diff(inside, 2, axis=1).std() / np.sqrt(6)
    assert grain == pytest.approx(min(sigma, 0.01 * float(np.abs(pixels).max())), rel=0.3, abs=1e-6)


def test_texture_is_not_taken_for_grain_without_bound() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (200, 200), dtype=np.uint8)
    inside = filled(pixels, Box(50, 50, 150, 150))[80:120, 80:120]
    assert np.diff(inside, 2, axis=1).std() / np.sqrt(6) < 4


def test_a_face_becomes_a_smooth_surface_within_the_colours_around_it() -> None:
    photo = data.astronaut()  # type: ignore[no-untyped-call]
    box = Box(160, 20, 290, 190)
    fill = filled(photo, box)[20:190, 160:290]
    before = photo[20:190, 160:290].astype(np.float64)
    assert detail(fill).std() < 0.25 * detail(before).std()


def detail(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a Gaussian of 3 px takes away."""
    smooth = filters.gaussian(values, 3, channel_axis=-1)  # type: ignore[no-untyped-call]
    return np.asarray(values - smooth)


def test_crowds_are_filled_without_edges_inside(test_data: Path) -> None:
    lines = (test_data / "samples/faces_mask/labels.jsonl").read_text().splitlines()[:30]
    for label in map(json.loads, lines):
        photo = np.array(Image.open(test_data / "samples/faces_mask" / label["file"]).convert("RGB"))
        boxes = [Box(*map(float, box["xyxy"])) for box in label["boxes"]]
        fill = filled(photo, *boxes)
        mask = mask_of([Region("face", box, FILL) for box in boxes], *photo.shape[:2])
        both = mask[:, 1:] & mask[:, :-1]
        before, after = (np.abs(np.diff(p.astype(float), axis=1))[both] for p in (photo, fill))
        assert np.quantile(after, 0.999) < max(0.7 * np.quantile(before, 0.999), 12), label["file"]


@pytest.mark.parametrize("shape", ["box", "ellipse"])
def test_small_regions_are_filled_as_if_each_were_alone(shape: str) -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:300, :400] / 40.0
    pixels = np.stack([np.sin(y + 2 * x), np.cos(3 * x - y)], axis=-1)
    sizes = [(int(h), int(w)) for h, w in rng.integers(3, 40, (24, 2))] + [(3, 120), (110, 4)]
    places = [(5 + 60 * (i // 7), 5 + 52 * (i % 7)) for i in range(24)] + [(288, 20), (60, 388)]
    boxes = [Box(float(x), float(y), float(x + w), float(y + h)) for (y, x), (h, w) in zip(places, sizes, strict=True)]
    together = filled(pixels, *boxes, shape=shape)
    for box in boxes:
        alone = filled(together, box, shape=shape)
        assert np.abs(alone - together).max() < 0.05, box
