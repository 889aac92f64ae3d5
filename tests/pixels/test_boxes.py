"""Boxes: outward rounding, exact coverage, suppression."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.some_boxes import boxes, painted
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import (
    as_array,
    coverage,
    iou,
    iou_matrix,
    merge,
    nms,
    round_out,
    slices,
    widen,
)


@given(boxes(), st.integers(1, 40), st.integers(1, 40))
def test_rounding_out_keeps_every_touched_pixel_of_the_picture(box: Box, width: int, height: int) -> None:
    rounded = round_out(box, width, height)
    touched = {
        (y, x)
        for y in range(height)
        for x in range(width)
        if x + 1 > box.x1 and x < box.x2 and y + 1 > box.y1 and y < box.y2
    }
    assert (painted(rounded) if rounded else set()) == touched


def test_rounding_out_keeps_the_last_row_and_column() -> None:
    assert round_out(Box(5.5, 6.5, 100, 100), 10, 8) == Box(5, 6, 10, 8)
    assert round_out(Box(9.999, 7.999, 10, 8), 10, 8) == Box(9, 7, 10, 8)


@pytest.mark.parametrize("box", [Box(10, 0, 12, 5), Box(-4, 0, 0, 5), Box(0, 8, 4, 9), Box(0, -3, 4, 0)])
def test_a_box_outside_the_picture_rounds_to_none(box: Box) -> None:
    assert round_out(box, 10, 8) is None


def test_widening_moves_each_side_by_its_share_or_the_minimum() -> None:
    assert widen(Box(10, 10, 30, 20), 0.1, 0.5) == Box(8, 5, 32, 25)
    assert widen(Box(10, 10, 30, 20), 0.1, 0.1, 3) == Box(7, 7, 33, 23)


@pytest.mark.parametrize("bad", [(-0.1, 0, 0), (0, -1, 0), (0, 0, -1), (math.nan, 0, 0), (0, math.inf, 0)])
def test_widening_refuses_to_shrink(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        widen(Box(0, 0, 1, 1), *bad)


@given(boxes(), st.floats(0, 3), st.floats(0, 3), st.floats(0, 20))
def test_a_widened_box_contains_the_box(box: Box, ratio_x: float, ratio_y: float, minimum: float) -> None:
    assert widen(box, ratio_x, ratio_y, minimum).contains(box)


def test_slices_select_the_pixels_of_the_box() -> None:
    picture = np.zeros((5, 6))
    picture[slices(Box(1, 2, 4, 5))] = 1
    assert picture.sum() == 9
    assert picture[4, 3] == 1


@pytest.mark.parametrize("box", [Box(0.5, 0, 2, 2), Box(0, 0, 2, 2.25), Box(-1, 0, 2, 2)])
def test_slices_refuse_boxes_that_are_no_pixels(box: Box) -> None:
    with pytest.raises(ValueError, match="whole pixels"):
        slices(box)


@given(boxes(whole=True), boxes(whole=True))
def test_overlap_agrees_with_counted_pixels(a: Box, b: Box) -> None:
    both, either = painted(a) & painted(b), painted(a) | painted(b)
    assert iou(a, b) == pytest.approx(len(both) / len(either))
    assert iou_matrix([a, b], [b])[:, 0] == pytest.approx([iou(a, b), 1.0])


def test_boxes_that_share_an_edge_do_not_overlap() -> None:
    assert iou(Box(0, 0, 2, 2), Box(0, 2, 2, 4)) == 0


@given(boxes(whole=True), st.lists(boxes(whole=True), max_size=6))
def test_coverage_agrees_with_counted_pixels(box: Box, others: list[Box]) -> None:
    covered = set().union(*(painted(other) for other in others)) if others else set()
    assert coverage(box, others) == pytest.approx(len(painted(box) & covered) / box.area)


@given(boxes(), st.lists(boxes(), max_size=5))
def test_coverage_is_a_share_and_whole_when_an_other_contains_the_box(box: Box, others: list[Box]) -> None:
    assert 0 <= coverage(box, others) <= 1
    assert coverage(box, [*others, widen(box, 0.1, 0.1)]) == pytest.approx(1)


def test_coverage_counts_fractions_of_pixels_and_overlaps_once() -> None:
    assert coverage(Box(0, 0, 1, 1), [Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)]) == pytest.approx(0.75)


def found(cls: str, x: float, score: float) -> Detection:
    return Detection(cls, Box(x, 0, x + 10, 10), score, "model")


def test_suppression_keeps_the_best_of_each_class() -> None:
    face, better, plate, far = (
        found("face", 0, 0.5),
        found("face", 1, 0.9),
        found("plate", 0, 0.4),
        found("face", 50, 0.3),
    )
    assert nms([face, better, plate, far], 0.5) == [better, plate, far]
    assert merge([face, better, plate, far], 0.5) == [
        Detection("face", Box(0, 0, 11, 10), 0.9, "model"),
        plate,
        far,
    ]


def test_suppression_of_nothing_is_nothing() -> None:
    assert nms([], 0.5) == merge([], 0.5) == []
    assert as_array([]).shape == (0, 4)


@given(st.lists(st.tuples(boxes(), st.sampled_from(["face", "plate"]), st.floats(0, 1)), max_size=12), st.floats(0, 1))
def test_suppression_leaves_no_pair_above_the_threshold(raw: list[tuple[Box, str, float]], threshold: float) -> None:
    many = [Detection(cls, box, score, "model") for box, cls, score in raw]
    kept = nms(many, threshold)
    assert [one.score for one in kept] == sorted((one.score for one in kept), reverse=True)
    for i, one in enumerate(kept):
        assert all(one.cls != two.cls or iou(one.box, two.box) <= threshold + 1e-9 for two in kept[:i])
    for one in many:  # each was kept, or a better one of its class overlaps it
        assert any(
            one is two or (one.cls == two.cls and two.score >= one.score and iou(one.box, two.box) > threshold - 1e-9)
            for two in kept
        )


@given(st.lists(st.tuples(boxes(), st.floats(0, 1)), max_size=12), st.floats(0, 1))
def test_merging_loses_no_area(raw: list[tuple[Box, float]], threshold: float) -> None:
    many = [Detection("face", box, score, "model") for box, score in raw]
    merged = [one.box for one in merge(many, threshold)]
    assert all(any(box.contains(one.box) for box in merged) for one in many)


def test_suppression_of_thousands_agrees_with_the_definition() -> None:
    random = np.random.default_rng(3)
    corners = random.uniform(0, 900, (2000, 2))
    many = [
        Detection("face", Box(x, y, x + s, y + s), float(score), "model")
        for (x, y), s, score in zip(corners, random.uniform(10, 60, 2000), random.random(2000), strict=True)
    ]
    kept = nms(many, 0.3)
    left = sorted(many, key=lambda one: -one.score)
    expected = []
    while left:
        expected.append(left.pop(0))
        overlaps = iou_matrix([expected[-1].box], [one.box for one in left])[0]
        left = [one for one, overlap in zip(left, overlaps, strict=True) if overlap <= 0.3]
    assert kept == expected
