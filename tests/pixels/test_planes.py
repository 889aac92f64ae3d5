"""Hiding in planes: nothing of the inside reaches any plane, nothing outside changes, mosaics hold still."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.looks import Look
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.pixels.hide import mask_of
from unseen.pixels.planes import HeldCells, PlaneForm, hide_planes, whole_frame

FORMS = [PlaneForm(a, d, bits) for a, d in ((2, 2), (2, 1), (1, 1)) for bits in (8, 10)]


def frame(form: PlaneForm, height: int, width: int, seed: int) -> tuple[Pixels, ...]:
    random = np.random.default_rng(seed)
    dtype = np.uint8 if form.bits == 8 else np.uint16
    chroma = (-(-height // form.down), -(-width // form.across))
    shapes = [(height, width), chroma, chroma, (height, width)]
    return tuple(random.integers(0, 1 << form.bits, shape).astype(dtype) for shape in shapes)


def region(x1: float, y1: float, x2: float, y2: float, look: Look | None = None, track: int | None = 1) -> Region:
    return Region("face", Box(x1, y1, x2, y2), look or Look("fill"), track=track)


@st.composite
def some_regions(draw: st.DrawFn) -> list[Region]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.integers(-5, 40)), draw(st.integers(-5, 40))
        method: Any = draw(st.sampled_from(("fill", "solid", "stand-in")))
        shape: Any = draw(st.sampled_from(("box", "ellipse")))
        box = Box(x, y, x + draw(st.integers(1, 30)), y + draw(st.integers(1, 30)))
        found.append(Region("face", box, Look(method, shape=shape)))
    return found


@examples(1.5)
@given(st.sampled_from(FORMS), st.integers(2, 41), st.integers(2, 41), some_regions(), st.integers(0, 99))
def test_what_is_inside_changes_nothing_in_any_plane(
    form: PlaneForm, height: int, width: int, regions: list[Region], seed: int
) -> None:
    planes = frame(form, height, width, seed)
    # Around a box an ellipse hides more than it must, how much depends on the chroma; the box itself is what counts.
    inside = mask_of([replace(r, look=Look(r.look.method)) for r in regions], height, width)
    # A chroma sample belongs to the inside when any of its luma pixels does.
    rows, columns = planes[1].shape
    padded = np.zeros((rows * form.down, columns * form.across), bool)
    padded[:height, :width] = inside
    shared = padded.reshape(rows, form.down, columns, form.across).any(axis=(1, 3))
    masks = (inside, shared, shared, inside)
    other = frame(form, height, width, seed + 1)
    changed = tuple(np.where(m, b, a) for a, b, m in zip(planes, other, masks, strict=True))
    one = hide_planes(planes, regions, form, np.random.default_rng(3))
    two = hide_planes(changed, regions, form, np.random.default_rng(3))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@examples(4)
@given(st.sampled_from(FORMS), some_regions(), st.integers(0, 99))
def test_six_pixels_beyond_the_regions_nothing_changes(form: PlaneForm, regions: list[Region], seed: int) -> None:
    planes = frame(form, 40, 40, seed)
    done = hide_planes(planes, regions, form, np.random.default_rng(3))
    wide = [replace(r, box=Box(r.box.x1 - 6, r.box.y1 - 6, r.box.x2 + 6, r.box.y2 + 6)) for r in regions]
    outside = ~mask_of(wide, 40, 40)
    np.testing.assert_array_equal(done[0][outside], planes[0][outside])
    np.testing.assert_array_equal(
        done[1][outside[:: form.down, :: form.across]], planes[1][outside[:: form.down, :: form.across]]
    )


@examples(2)
@given(
    st.sampled_from([*FORMS, PlaneForm(4, 1), PlaneForm(4, 4)]),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.lists(st.tuples(*[st.floats(-20, 70)] * 2, *[st.floats(0.01, 40)] * 2), min_size=1, max_size=5),
)
def test_a_box_hides_the_chroma_samples_that_it_lies_on_and_all_luma_under_them(
    form: PlaneForm, size: tuple[int, int], boxes: list[tuple[float, float, float, float]]
) -> None:
    (height, width), (across, down) = size, (form.across, form.down)
    black = [region(x, y, x + wide, y + high, Look("solid")) for x, y, wide, high in boxes]
    planes = tuple(np.full_like(plane, 77) for plane in frame(form, height, width, 1))
    luma, cb, cr, alpha = hide_planes(planes, black, form, np.random.default_rng(3))
    row, column = np.mgrid[:height, :width]
    touched = np.zeros((-(-height // down), -(-width // across)), bool)
    for box in (each.box for each in black):
        inside = (row + 1 > box.y1) & (row < box.y2) & (column + 1 > box.x1) & (column < box.x2)
        touched[row[inside] // down, column[inside] // across] = True
    np.testing.assert_array_equal(cb != 77, touched)
    np.testing.assert_array_equal(cr != 77, touched)
    for plane in (luma, alpha):
        np.testing.assert_array_equal(plane != 77, np.kron(touched, np.ones((down, across), bool))[:height, :width])


def test_black_is_black_in_luma_and_grey_in_chroma() -> None:
    form = PlaneForm()
    luma, cb, cr, alpha = hide_planes(
        frame(form, 20, 20, 1), [region(3, 3, 9, 9, Look("solid"))], form, np.random.default_rng(1)
    )
    assert set(luma[3:9, 3:9].ravel()) == {16}
    assert set(cb[2:4, 2:4].ravel()) == set(cr[2:4, 2:4].ravel()) == {128}
    assert set(alpha[3:9, 3:9].ravel()) == {255}


@examples(4)
@given(
    st.sampled_from(FORMS),
    st.tuples(st.integers(4, 120), st.integers(4, 120)),
    st.tuples(st.integers(-20, 119), st.integers(-20, 119)),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from(("box", "ellipse")),
)
@example(PlaneForm(2, 2), (96, 28), (21, 25), (47, 65), "ellipse")
@example(PlaneForm(2, 1), (97, 7), (-5, -15), (40, 79), "ellipse")
def test_chroma_keeps_nothing_of_what_luma_hides_at_the_edge_of_the_frame_neither(
    form: PlaneForm, size: tuple[int, int], corner: tuple[int, int], sides: tuple[int, int], shape: Any
) -> None:
    (height, width), (x, y) = size, corner
    black = [region(x, y, x + sides[0], y + sides[1], Look("solid", shape=shape))]
    planes = tuple(np.full_like(plane, 77) for plane in frame(form, height, width, 1))
    luma, cb, cr, _ = hide_planes(planes, black, form, np.random.default_rng(3))
    rows, columns = cb.shape
    hidden = np.zeros((rows * form.down, columns * form.across), bool)
    hidden[:height, :width] = luma != 77
    shared = hidden.reshape(rows, form.down, columns, form.across).any(axis=(1, 3))
    assert not (shared & ((cb == 77) | (cr == 77))).any()


def test_alpha_of_ten_bits_is_opaque_at_1023() -> None:
    form = PlaneForm(bits=10)
    done = hide_planes(frame(form, 20, 20, 1), [region(3, 3, 9, 9)], form, np.random.default_rng(1))
    assert done[3].dtype == np.uint16
    assert done[3][5, 5] == 1023


def test_a_whole_frame_is_black_whatever_it_was() -> None:
    form = PlaneForm(bits=10, full_range=True)
    planes = whole_frame(frame(form, 6, 6, 1), form)
    assert [set(p.ravel()) for p in planes] == [{0}, {512}, {512}, {1023}]


def test_two_planes_are_no_frame() -> None:
    with pytest.raises(ValueError, match="3 or 4 planes"):
        hide_planes(frame(PlaneForm(), 8, 8, 1)[:2], [region(1, 1, 3, 3)], PlaneForm(), np.random.default_rng(1))


@pytest.mark.parametrize("method", ["mosaic", "blur"])
def test_cells_hold_while_the_picture_below_changes(method: Any) -> None:
    form, held = PlaneForm(), HeldCells(5)
    shown = []
    for number in range(12):
        box = region(4 + 2 * number, 4, 36 + 2 * number, 36, Look(method))
        done = hide_planes(frame(form, 64, 64, number), [box], form, np.random.default_rng(1), held)
        shown.append(done[0][4:36, 4 + 2 * number : 36 + 2 * number].astype(int))
    # Blurs have half a step of grain, drawn anew.
    same = [bool((abs(a - b) <= 1).all()) for a, b in itertools.pairwise(shown)]
    assert same == [True] * 4 + [False] + [True] * 4 + [False] + [True]


def test_cells_are_taken_anew_where_the_window_is_too_small_for_them() -> None:
    form, held = PlaneForm(), HeldCells(50)
    for side in (40, 10):
        planes = frame(form, 64, 64, side)
        done = hide_planes(planes, [region(0, 0, side, side, Look("mosaic"))], form, np.random.default_rng(1), held)
        assert (done[0][:side, :side] != planes[0][:side, :side]).any()
