"""Hiding: nothing of the inside survives, nothing outside changes, for any type of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.looks import METHODS, NON_INTERFERING, Look, Shape
from unseen.core.photos import Pixels
from unseen.core.regions import CLASSES, Box, Region
from unseen.pixels.hide import hide, hide_alpha, mask_of

TYPES = ["u1", "i1", "u2", ">u2", "i2", "u4", "i8", "u8", "f2", "f4", ">f4", "f8", "?"]
CHANNELS = [0, 1, 3, 4, 7]


def noise(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(dtype: str, height: int, width: int, channels: int, seed: int) -> Pixels:
    """Random values over the whole range of the type; floats hold NaN, infinities and huge numbers too."""
    random = np.random.default_rng(seed)
    shape = (height, width, channels) if channels else (height, width)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if kind.kind != "f":
        info = np.iinfo(kind)
        return random.integers(info.min, info.max, shape, dtype=kind.newbyteorder("="), endpoint=True).astype(kind)
    values = random.normal(0.5, 1.0, shape)
    odd = np.array([np.nan, np.inf, -np.inf, np.finfo(kind).max, np.finfo(kind).min], dtype=kind)
    return np.where(random.random(shape) < 0.05, random.choice(odd, shape), values.astype(kind)).astype(kind)


@st.composite
def regions(draw: st.DrawFn, methods: tuple[str, ...] = METHODS) -> list[Region]:
    """Regions of all classes, looks and shapes: tiny, huge, overlapping, partly or wholly outside."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.integers(-10, 40)), draw(st.integers(-10, 40))
        w, h = draw(st.integers(1, 45)), draw(st.integers(1, 45))
        method: Any = draw(st.sampled_from(methods))
        shape: Shape = draw(st.sampled_from(("box", "box", "ellipse")))
        box = Box(x, y, x + w, y + h - draw(st.sampled_from((0.0, 0.5))))
        found.append(Region(draw(st.sampled_from(CLASSES)), box, Look(method, shape=shape)))
    return found


pictures = st.builds(
    picture,
    st.sampled_from(TYPES),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from(CHANNELS),
    st.integers(0, 2**32 - 1),
)


def same(a: Pixels, b: Pixels) -> bool:
    """Whether two arrays hold the same bits, NaN included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def clean(found: list[Region]) -> list[Region]:
    return [region for region in found if region.look.method in NON_INTERFERING]


def changed_inside(pixels: Pixels, mask: np.ndarray[Any, np.dtype[np.bool_]], seed: int) -> Pixels:
    """Return the picture with every pixel of the mask replaced by another one's values."""
    height, width, *rest = pixels.shape
    other = picture(pixels.dtype.str.replace("|b1", "?"), height, width, rest[0] if rest else 0, seed)
    return np.where(mask[..., None] if rest else mask, other, pixels).astype(pixels.dtype)


@examples(3)
@given(pictures, regions(), st.integers(0, 2**32 - 1))
def test_what_was_inside_a_clean_region_reaches_no_pixel_of_the_output(
    pixels: Pixels, found: list[Region], seed: int
) -> None:
    inside = mask_of(clean(found), *pixels.shape[:2])
    other = changed_inside(pixels, inside, seed)
    assert same(hide(pixels, found, noise()), hide(other, found, noise()))


@given(
    regions(),
    st.sampled_from(["u1", "u2", "f4"]),
    st.sampled_from([0, 3]),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.integers(0, 2**32 - 1),
)
def test_what_was_inside_does_not_even_show_in_the_grain(
    found: list[Region], dtype: str, channels: int, sigma: float, seed: int
) -> None:
    shape = (40, 40, channels) if channels else (40, 40)
    quiet = np.random.default_rng(seed).normal(120, sigma, shape).astype(dtype)
    loud = changed_inside(quiet, mask_of(clean(found), 40, 40), seed)
    assert same(hide(quiet, found, noise()), hide(loud, found, noise()))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", ">u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("end", ["min", "max"])
@pytest.mark.parametrize("method", ["fill", "stand-in", "mosaic", "blur"])
def test_values_at_the_ends_of_a_type_do_not_wrap(dtype: str, end: str, method: Any) -> None:
    kind = np.dtype(dtype)
    value = getattr(np.iinfo(kind), end) if kind.kind != "f" else {"min": -1000.0, "max": 1000.0}[end]
    pixels = np.full((40, 40), value, dtype=kind)
    pixels[:, ::2] = value + (-1 if value > 0 else 1)  # some grain, which reaches beyond the end
    hidden = hide(pixels, [Region("car", Box(5, 5, 35, 35), Look(method))], noise()).astype(np.float64)
    assert (hidden >= 0).all() if value >= 0 else (hidden <= 0).all()
    if method == "fill":
        assert np.abs(hidden - float(value)).max() <= max(4, abs(value) * 0.02)


@examples(2)
@given(pictures, regions())
def test_nothing_outside_the_regions_changes_and_the_input_stays(pixels: Pixels, found: list[Region]) -> None:
    before = pixels.copy()
    hidden = hide(pixels, found, noise())
    outside = ~mask_of(found, *pixels.shape[:2])
    assert same(pixels, before)
    assert hidden.dtype == pixels.dtype
    assert hidden.shape == pixels.shape
    assert same(hidden[outside], pixels[outside])
    assert not np.shares_memory(hidden, pixels)


@examples(2)
@given(pictures, regions(tuple(sorted(NON_INTERFERING))))
def test_values_inside_are_finite_and_near_the_range_outside(pixels: Pixels, found: list[Region]) -> None:
    mask = mask_of(found, *pixels.shape[:2])
    inside, outside = hide(pixels, found, noise())[mask], pixels[~mask]
    assert np.isfinite(inside).all()
    if any(region.look.method != "fill" for region in found) or not inside.size or not outside.size:
        return
    usable = outside[np.abs(np.where(np.isfinite(outside), outside, np.inf).astype(float)) < 1e25].astype(float)
    if usable.size:
        slack = 1 + 0.02 * np.abs(usable).max()
        assert inside.astype(float).min() >= min(usable.min(), 0) - slack
        assert inside.astype(float).max() <= max(usable.max(), 0) + slack


@pytest.mark.parametrize("shape", ["box", "ellipse"])
@pytest.mark.parametrize("method", ["fill", "solid", "stand-in", "mosaic", "blur"])
@pytest.mark.parametrize(
    "box",
    [
        Box(10, 12, 30, 28),
        Box(0, 0, 20, 20),
        Box(29, 0, 40, 36),
        Box(0, 25, 40, 36),
        Box(20.5, 10.5, 99, 99),
        Box(0, 17, 40, 18),
        Box(39, 35, 40, 36),
        Box(12, 0, 13, 36),
    ],
    ids=str,
)
def test_every_pixel_of_the_box_is_overwritten(method: Any, shape: Shape, box: Box) -> None:
    # A value that occurs inside only, and that no average, level or shade can give.
    pixels = np.full((36, 40, 3), 1000.0)
    rows, columns = slice(int(box.y1), min(int(np.ceil(box.y2)), 36)), slice(int(box.x1), min(int(np.ceil(box.x2)), 40))
    pixels[rows, columns] = 61_003.14
    hidden = hide(pixels, [Region("face", box, Look(method, shape=shape))], noise())
    assert not (hidden[rows, columns] == 61_003.14).any()
    assert mask_of([Region("face", box, Look(method, shape=shape))], 36, 40)[rows, columns].all()


@pytest.mark.parametrize("method", ["fill", "stand-in", "solid"])
@pytest.mark.parametrize("cls", ["face", "plate", "car"])
def test_a_region_without_outside_becomes_one_colour(method: Any, cls: str) -> None:
    pixels = picture("u1", 20, 30, 3, 1)
    assert not hide(pixels, [Region(cls, Box(-5, -5, 50, 50), Look(method))], noise()).any()


def test_regions_that_cover_the_picture_together_become_one_colour() -> None:
    pixels = picture("u1", 20, 30, 3, 1)
    halves = [Region("face", Box(0, 0, 15, 20), Look("fill")), Region("person", Box(14, 0, 30, 20), Look("fill"))]
    assert not hide(pixels, halves, noise()).any()


def test_a_fill_inside_a_mosaic_is_made_from_outside_both() -> None:
    pixels = np.full((60, 60), 100, dtype=np.uint8)
    pixels[10:50, 10:50] = 250
    both = [Region("person", Box(10, 10, 50, 50), Look("mosaic")), Region("face", Box(20, 20, 40, 40), Look("fill"))]
    inside = hide(pixels, both, noise())[20:40, 20:40]
    assert np.abs(inside.astype(int) - 100).max() <= 3


def test_solid_lies_over_fill_and_smaller_solids_over_larger_drawings() -> None:
    pixels = np.full((60, 60), 100, dtype=np.uint8)
    mixed = [
        Region("plate", Box(20, 40, 40, 45), Look("solid")),
        Region("car", Box(5, 5, 55, 55), Look("stand-in")),
        Region("person", Box(10, 10, 50, 50), Look("fill")),
    ]
    hidden = hide(pixels, mixed, noise())
    assert not hidden[40:45, 20:40].any()
    assert hidden[30, 30] != 100


def test_looks_that_are_none_hide_nothing_and_hold_nothing_back() -> None:
    pixels = picture("u1", 30, 30, 3, 2)
    seen, hidden = Region("person", Box(0, 0, 20, 20), Look("none")), Region("face", Box(5, 5, 15, 15), Look("solid"))
    assert same(hide(pixels, [seen], noise()), pixels)
    assert same(hide(pixels, [seen, hidden], noise()), hide(pixels, [hidden], noise()))
    assert not mask_of([seen], 30, 30).any()


def test_odd_values_outside_do_not_spread() -> None:
    pixels = np.full((30, 30), 0.5, dtype=np.float32)
    pixels[::2, ::3] = np.nan
    pixels[1::2, ::5] = np.inf
    hidden = hide(pixels, [Region("face", Box(5, 5, 25, 25), Look("fill"))], noise())
    assert np.abs(hidden[5:25, 5:25] - 0.5).max() < 0.01


def test_a_region_whose_whole_ring_is_unusable_becomes_one_colour() -> None:
    pixels = np.full((30, 30), np.nan, dtype=np.float32)
    assert not hide(pixels, [Region("face", Box(5, 5, 25, 25), Look("fill"))], noise())[5:25, 5:25].any()


def test_extended_precision_beyond_float64_is_left_out() -> None:
    pixels = np.full((30, 30), 0.5, dtype=np.longdouble)
    pixels[4, 4:20] = np.finfo(np.longdouble).max
    hidden = hide(pixels, [Region("face", Box(5, 5, 25, 25), Look("fill"))], noise())
    assert np.abs(hidden[5:25, 5:25] - 0.5).max() < 0.01


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 5), ()])
def test_arrays_that_are_no_picture_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        hide(np.zeros(shape), [], noise())


@pytest.mark.parametrize("dtype", [complex, object, "U3", "M8[s]"])
def test_types_that_are_no_pixels_are_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match="bool, integer or float"):
        hide(np.zeros((3, 3), dtype=dtype), [], noise())


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (5, 5, 0), (0, 5, 3)])
def test_pictures_without_pixels_pass(shape: tuple[int, ...]) -> None:
    whole = [Region("face", Box(0, 0, 5, 5), Look("fill"))]
    assert hide(np.zeros(shape, dtype=np.uint8), whole, noise()).shape == shape
    assert mask_of(whole, *shape[:2]).shape == shape[:2]


@pytest.mark.parametrize("order", ["F", "reversed", "read-only"])
def test_any_layout_in_memory_gives_the_same(order: str) -> None:
    pixels = picture("u1", 20, 30, 3, 5)
    found = [Region("face", Box(5, 5, 15, 15), Look("fill"))]
    expected = hide(pixels, found, noise())
    other = np.asfortranarray(pixels) if order == "F" else pixels.copy()
    if order == "reversed":
        other = np.ascontiguousarray(pixels[:, ::-1])[:, ::-1]
    other.setflags(write=order != "read-only")
    assert same(hide(other, found, noise()), expected)


@given(regions(), st.integers(1, 40), st.integers(1, 40))
def test_an_ellipse_contains_its_whole_box_and_the_mask_is_what_changes(
    found: list[Region], height: int, width: int
) -> None:
    boxes = [Region(r.cls, r.box, Look(r.look.method)) for r in found]
    assert (mask_of(boxes, height, width) <= mask_of(found, height, width)).all()
    solid = [Region(r.cls, r.box, Look("solid", shape=r.look.shape)) for r in found if r.look.method != "none"]
    ones = np.ones((height, width), dtype=np.uint8)
    assert ((hide(ones, solid, noise()) == 0) == mask_of(found, height, width)).all()


def test_an_ellipse_leaves_the_corners_of_its_bounding_box() -> None:
    mask = mask_of([Region("face", Box(30, 30, 70, 70), Look("fill", shape="ellipse"))], 100, 100)
    rows = np.flatnonzero(mask.any(axis=1))
    assert (rows[0], rows[-1]) == (22, 77)
    assert not mask[23, 23]
    assert mask.sum() == pytest.approx(np.pi * 800, rel=0.02)


@pytest.mark.parametrize(
    ("dtype", "opaque"), [("u1", 255), ("u2", 65535), ("i2", 32767), ("f4", 1.0), ("f8", 1.0), ("?", True)]
)
def test_alpha_becomes_opaque_in_every_region_and_stays_elsewhere(dtype: str, opaque: float) -> None:
    alpha = np.zeros((10, 10), dtype=dtype)
    found = [Region("face", Box(2, 2, 5, 5), Look("fill")), Region("car", Box(6, 6, 9, 9), Look("none"))]
    hidden = hide_alpha(alpha, found)
    assert (hidden[2:5, 2:5] == opaque).all()
    assert np.count_nonzero(hidden) == 9
    assert not alpha.any()


def test_alpha_with_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        hide_alpha(np.zeros((3, 3, 1)), [])


def test_hundreds_of_overlapping_regions() -> None:
    random = np.random.default_rng(11)
    pixels = picture("u1", 300, 400, 3, 5)
    found = [
        Region("face", Box(x, y, x + 12, y + 15), Look("fill"))
        for x, y in zip(random.integers(-5, 399, 300), random.integers(-5, 299, 300), strict=True)
    ]
    mask = mask_of(found, 300, 400)
    hidden = hide(pixels, found, noise())
    assert same(hidden[~mask], pixels[~mask])
    assert same(hidden, hide(changed_inside(pixels, mask, 9), found, noise()))
