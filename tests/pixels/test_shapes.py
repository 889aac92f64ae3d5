"""Regions become pixels, and those that touch become one component."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import Look
from unseen.core.regions import Box, Region
from unseen.pixels.shapes import Spot, components, mask_over, outermost, place

WHOLE = Box(0, 0, 60, 60)


def spots(*boxes: tuple[int, int, int, int]) -> list[Spot]:
    return place([Region("face", Box(*box), Look("fill")) for box in boxes], 60, 60)


def groups(*boxes: tuple[int, int, int, int]) -> list[list[tuple[float, ...]]]:
    return [[spot.box.xyxy for spot in group] for group in components(spots(*boxes))]


def test_boxes_that_share_an_edge_or_a_corner_are_one_component() -> None:
    a, edge, corner = (0, 0, 10, 10), (10, 0, 20, 10), (20, 10, 25, 15)
    assert groups(a, corner, edge) == [[a, corner, edge]]
    assert groups(corner, edge, a) == [[corner, edge, a]]


def test_boxes_with_a_pixel_between_are_two_components() -> None:
    assert groups((0, 0, 10, 10), (11, 0, 20, 10), (0, 11, 10, 20)) == [
        [(0, 0, 10, 10)],
        [(11, 0, 20, 10)],
        [(0, 11, 10, 20)],
    ]


def test_no_regions_have_no_components() -> None:
    assert components([]) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 9), st.integers(1, 9)), max_size=15))
def test_components_part_the_spots_and_never_touch(raw: list[tuple[int, int, int, int]]) -> None:
    found = spots(*((x, y, x + w, y + h) for x, y, w, h in raw))
    parts = components(found)
    assert sorted(id(spot) for part in parts for spot in part) == sorted(map(id, found))
    masks = [mask_over(part, WHOLE) for part in parts]
    for i, mask in enumerate(masks):
        padded = np.pad(mask, 1)
        wider = np.logical_or.reduce([padded[y : y + 60, x : x + 60] for y in range(3) for x in range(3)])
        assert not any((wider & other).any() for other in masks[:i])


def test_only_boxes_that_lie_in_no_other_are_outermost() -> None:
    outer, inner, beside, same = spots((0, 0, 20, 20), (5, 5, 20, 20), (15, 15, 25, 25), (0, 0, 20, 20))
    assert outermost([inner, outer, beside, same]) == [outer, beside]


def test_an_ellipse_holds_nothing_else_back() -> None:
    round_one = place([Region("face", Box(10, 10, 40, 40), Look("fill", shape="ellipse"))], 60, 60)[0]
    corner = spots((4, 4, 7, 7))[0]
    assert outermost([round_one, corner]) == [round_one, corner]


def test_masks_agree_with_each_other_in_any_window() -> None:
    found = place(
        [Region("face", Box(10, 15, 40, 30), Look("fill", shape=shape)) for shape in ("box", "ellipse")], 60, 60
    )
    whole = mask_over(found, WHOLE)
    assert (mask_over(found, Box(20, 5, 55, 28)) == whole[5:28, 20:55]).all()
    assert not mask_over(found, Box(50, 50, 60, 60)).any()
