"""The benchmark's measures: coverage of labels, over-redaction, intervals, and what is read from a report."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics import SIZES, Recall, Shape, Xyxy, boxes_mask, coverage, recall_of, shapes_mask, wilson


def test_a_box_under_one_region_is_covered_by_their_common_area() -> None:
    mask = shapes_mask(10, 10, [Shape((0, 0, 5, 10))])
    assert coverage(mask, (0, 0, 10, 10)) == 0.5
    assert coverage(mask, (0, 0, 5, 5)) == 1.0
    assert coverage(mask, (5, 0, 10, 10)) == 0.0


def test_overlapping_regions_count_once() -> None:
    mask = shapes_mask(10, 10, [Shape((0, 0, 6, 10)), Shape((4, 0, 8, 10))])
    assert coverage(mask, (0, 0, 10, 10)) == pytest.approx(0.8)


def test_a_label_with_fractions_is_weighed_by_pixel_parts() -> None:
    mask = shapes_mask(4, 4, [Shape((0, 0, 1, 4))])
    # The label spans x from 0.5 to 2.0: a third of it lies in the hidden first column.
    assert coverage(mask, (0.5, 0.25, 2.0, 3.75)) == pytest.approx(1 / 3)


def test_what_of_a_label_lies_outside_of_the_picture_does_not_count() -> None:
    mask = shapes_mask(10, 10, [Shape((0, 0, 5, 10))])
    assert coverage(mask, (-5, -5, 5, 5)) == 1.0
    assert coverage(mask, (20, 20, 30, 30)) == 0.0


@given(
    st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(1, 20), st.integers(1, 20)),
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(1, 20), st.integers(1, 20)), max_size=4),
)
def test_coverage_of_whole_pixel_boxes_is_the_share_of_pixels(
    label: tuple[int, int, int, int], regions: list[tuple[int, int, int, int]]
) -> None:
    def box(x: int, y: int, width: int, height: int) -> Xyxy:
        return (x, y, min(20, x + width), min(20, y + height))

    hidden = {
        (x, y)
        for x1, y1, x2, y2 in (box(*r) for r in regions)
        for x in range(int(x1), int(x2))
        for y in range(int(y1), int(y2))
    }
    x1, y1, x2, y2 = box(*label)
    inside = [(x, y) in hidden for x in range(int(x1), int(x2)) for y in range(int(y1), int(y2))]
    mask = shapes_mask(20, 20, (Shape(box(*r)) for r in regions))
    assert coverage(mask, (x1, y1, x2, y2)) == pytest.approx(sum(inside) / len(inside))


def test_an_ellipse_covers_the_whole_box_that_it_stands_for() -> None:
    box = (20.0, 30.0, 60.0, 50.0)
    mask = shapes_mask(80, 80, [Shape(box, ellipse=True)])
    assert coverage(mask, box) == 1.0
    # Its area is pi / 2 of the box's.
    assert mask.sum() == pytest.approx(math.pi / 2 * 40 * 20, rel=0.02)
    assert not mask[:, :11].any()


def test_boxes_touch_pixels_that_they_cover_in_part_and_stay_in_the_picture() -> None:
    mask = boxes_mask(5, 5, [(-3.0, 1.5, 1.2, 2.1), (9.0, 9.0, 12.0, 12.0)])
    assert mask.sum() == 4
    assert mask[1:3, 0:2].all()


@pytest.mark.parametrize(("side", "size"), [(23.99, "<24"), (24, "24-48"), (48, "24-48"), (48.01, ">48"), (1, "<24")])
def test_every_label_is_in_one_size_by_its_longer_side(side: float, size: str) -> None:
    shares = [((0.0, 0.0, side / 2, side), 1.0)]
    assert {name for name in SIZES if recall_of(shares, name).n} == {"all", size}


def test_recall_counts_a_label_at_the_bound() -> None:
    box = (0.0, 0.0, 10.0, 1.0)
    mask = shapes_mask(1, 10, [Shape((0, 0, 9, 1))])
    shares = [(box, coverage(mask, box)), (box, 0.5), (box, 0.4999), (box, 0.8999)]
    assert recall_of(shares, "all") == Recall(n=4, half=3, most=1)


def test_the_wilson_interval_has_the_published_values() -> None:
    # 81 of 263: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_holds_its_share_and_mirrors(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low))


def test_no_region_hides_nothing() -> None:
    assert not shapes_mask(3, 4, []).any()
    assert shapes_mask(3, 4, []).shape == (3, 4)
    assert shapes_mask(3, 4, []).dtype == np.bool_
