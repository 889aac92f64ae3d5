"""What detectors get to see of a frame: every picture that a viewer or an editor could show of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.photos import Colour, Frame, Pixels, Rgb8
from unseen.media.views import rgb_views

CHANNELS: dict[Colour, int] = {"grey": 1, "rgb": 3, "cmyk": 4}
DEEP = ["u2", ">u2", "i2", "u4", "i4", "u8", "f2", "f4", ">f4", "f8"]


def ramp(height: int = 24, width: int = 32) -> Rgb8:
    """A picture of 8 bits with every pixel different from its neighbours, from 0 to 255."""
    levels = np.linspace(0, 255, height * width).round().astype(np.uint8).reshape(height, width)
    return np.stack([levels, levels[::-1], levels[:, ::-1]], axis=2)


def likeness(view: Rgb8, original: Pixels) -> float:
    """Correlation of a view with what it should show, 1 for the same picture at any contrast."""
    return float(np.corrcoef(view.ravel(), np.asarray(original, np.float64).ravel())[0, 1])


def shows(views: list[Rgb8], original: Pixels) -> bool:
    """Whether some view shows a picture with at least half of the contrast that 8 bits have."""
    return any(np.ptp(view) >= 128 and likeness(view, original) > 0.99 for view in views)


# Colours.


def test_an_ordinary_photo_is_looked_at_once_as_it_is() -> None:
    (view,) = rgb_views(Frame(ramp(), "rgb"))
    assert np.array_equal(view, ramp())


def test_grey_becomes_three_equal_channels() -> None:
    grey = ramp()[:, :, :1]
    (view,) = rgb_views(Frame(grey, "grey"))
    assert np.array_equal(view, np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize(
    ("ink", "colour"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
        ((255, 255, 255, 255), (0, 0, 0)),
        ((0, 0, 0, 128), (127, 127, 127)),
    ],
)
def test_cmyk_is_ink_on_white_paper(ink: tuple[int, ...], colour: tuple[int, ...]) -> None:
    (view,) = rgb_views(Frame(np.full((2, 2, 4), ink, np.uint8), "cmyk"))
    assert tuple(view[0, 0]) == colour


# Depth.


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("top", [10, 255, 20_000])
def test_a_picture_of_few_bits_in_a_deep_container_is_stretched(kind: str, top: int) -> None:
    deep = (ramp().astype(np.float64) * top / 255).astype(kind)
    assert shows(rgb_views(Frame(deep, "rgb")), ramp())


def test_twelve_bits_in_sixteen_look_like_eight() -> None:
    (view,) = rgb_views(Frame((ramp().astype(np.uint16) * 16), "rgb"))
    assert np.abs(view.astype(int) - ramp()).max() <= 2


def test_few_levels_far_from_zero_are_told_apart() -> None:
    deep = ramp().astype(np.uint32) + np.uint32(4_000_000_000)
    assert shows(rgb_views(Frame(deep, "rgb")), ramp())


@pytest.mark.parametrize(("kind", "top"), [("f4", 3e38), ("f8", 1e308), ("f8", 1e-300), ("f4", 1e-30), ("f2", 6e4)])
def test_the_largest_and_smallest_floats_are_a_picture_too(kind: str, top: float) -> None:
    shares = ramp().astype(np.float64) / 127.5 - 1.0
    assert shows(rgb_views(Frame((shares * top).astype(kind), "rgb")), ramp())


def test_values_that_are_no_numbers_do_not_hide_the_rest() -> None:
    deep = ramp().astype(np.float32) / 255
    deep[::5, ::7] = np.nan
    deep[1::5, ::7] = np.inf
    deep[2::5, ::7] = -np.inf
    (view,) = rgb_views(Frame(deep, "rgb"))
    good = np.isfinite(deep)
    assert np.abs(view[good].astype(int) - ramp()[good]).max() <= 3


def test_a_small_bright_face_in_a_dark_deep_picture_does_not_burn_out() -> None:
    deep = np.random.default_rng(1).integers(0, 40, (600, 600, 1)).astype(np.uint16)
    deep[300:316, 300:316, 0] = ramp(16, 16)[:, :, 0].astype(np.uint16) * 200
    views = rgb_views(Frame(deep, "grey"))
    assert shows([view[300:316, 300:316, :1] for view in views], ramp(16, 16)[:, :, :1])
    dark = np.ones((600, 600), bool)
    dark[300:316, 300:316] = False
    assert any(np.ptp(view[dark]) > 200 for view in views)


def test_one_hot_pixel_does_not_darken_a_picture() -> None:
    deep = ramp().astype(np.uint16)
    deep[0, 1] = 65535
    assert shows(rgb_views(Frame(deep, "rgb")), ramp())


def test_a_bilevel_page_is_black_and_white() -> None:
    page = ramp()[:, :, :1] > 100
    sharp, _ = rgb_views(Frame(page, "grey"))
    assert np.array_equal(sharp[:, :, :1], page * 255)


def test_a_dithered_picture_is_also_seen_smoothed() -> None:
    dots = np.indices((40, 40)).sum(axis=0) % 2 == 0
    _, smooth = rgb_views(Frame(dots[:, :, None], "grey"))
    assert np.ptp(smooth[4:-4, 4:-4].astype(int)) <= 12
    assert abs(float(smooth.mean()) - 127.5) < 3


@pytest.mark.parametrize("value", [0, 1, 65535])
def test_a_deep_picture_of_one_value_is_one_plain_picture(value: int) -> None:
    (view,) = rgb_views(Frame(np.full((5, 5, 1), value, np.uint16), "grey"))
    assert np.ptp(view) == 0


# Alpha.


def test_an_opaque_picture_is_looked_at_once() -> None:
    for alpha in (np.full((24, 32), 255, np.uint8), np.zeros((24, 32), np.uint8)):
        assert len(rgb_views(Frame(ramp(), "rgb", alpha))) == 1
    deep = ramp().astype(np.uint16) * 257
    assert len(rgb_views(Frame(deep, "rgb", np.full((24, 32), 65535, np.uint16)))) == 1


@pytest.mark.parametrize("opaque", [0, 255])
def test_a_face_in_pixels_that_alpha_makes_invisible_is_seen(opaque: int) -> None:
    alpha = np.full((24, 32), 255 - opaque, np.uint8)
    alpha[0, 0] = opaque
    assert shows(rgb_views(Frame(ramp(), "rgb", alpha)), ramp())


@pytest.mark.parametrize("paper", [0, 255])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_a_face_that_only_alpha_holds_is_seen_on_white_and_on_black(paper: int, kind: str) -> None:
    whole = np.iinfo(kind).max if kind[0] == "u" else 1.0
    alpha = (ramp()[:, :, 0] / 255.0 * whole).astype(kind)
    plain = np.full((24, 32, 3), paper / 255.0 * whole).astype(kind)
    views = rgb_views(Frame(plain, "rgb", alpha))
    assert shows(views, np.repeat(ramp()[:, :, :1], 3, axis=2))
    assert any(np.ptp(view) == 0 for view in views), "the colours alone hold nothing"


@pytest.mark.parametrize("low", [0, 100, 245])
def test_a_face_in_a_few_levels_of_alpha_is_stretched(low: int) -> None:
    alpha = (ramp()[:, :, 0] // 26 + low).astype(np.uint8)
    views = rgb_views(Frame(np.zeros((24, 32, 3), np.uint8), "rgb", alpha))
    assert shows(views, np.repeat(ramp()[:, :, :1], 3, axis=2).astype(int) // 26)


def test_the_picture_is_seen_as_a_viewer_shows_it_on_white_and_on_black() -> None:
    alpha = np.full((24, 32), 255, np.uint8)
    alpha[:, :16] = 102
    views = rgb_views(Frame(ramp(), "rgb", alpha))
    share = (alpha / 255.0)[:, :, None]
    for paper in (0, 255):
        wanted = ramp() * share + paper * (1 - share)
        assert any(np.abs(view - wanted).max() <= 1 for view in views)


def test_alpha_of_sixteen_bits_has_the_opacity_it_says() -> None:
    alpha = np.full((24, 32), 60_000, np.uint16)
    alpha[0] = 65535
    colours = np.full((24, 32, 3), 65535, np.uint16)
    colours[::2] = 0
    darkest_white = round(60_000 / 65535 * 255)
    assert any(abs(int(view[1, 1, 0]) - darkest_white) <= 1 for view in rgb_views(Frame(colours, "rgb", alpha)))


@examples(2)
@given(st.data())
def test_any_frame_has_views_of_its_size_that_detectors_can_take(data: st.DataObject) -> None:
    kind: Any = data.draw(st.sampled_from(["u1", "?", *DEEP]))
    colour: Colour = data.draw(st.sampled_from(("grey", "rgb", "cmyk")))
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    random = np.random.default_rng(data.draw(st.integers(0, 9)))
    raw = random.integers(0, 256, (height, width, CHANNELS[colour] + 1, np.dtype(kind).itemsize), np.uint8)
    values = (raw[..., 0] > 128) if kind == "?" else raw.view(kind)[..., 0]
    pixels, alpha = values[..., :-1], (values[..., -1] if data.draw(st.booleans()) else None)
    views = rgb_views(Frame(pixels, colour, alpha))
    assert 1 <= len(views) <= 14
    for view in views:
        assert view.shape == (height, width, 3)
        assert view.dtype == np.uint8
