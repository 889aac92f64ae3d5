"""Boxes and detections are valid or not made at all."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.some_boxes import boxes, painted
from unseen.core.looks import DEFAULT_LOOKS
from unseen.core.regions import CLASSES, GROUPS, VEHICLES, Box, Detection


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(4))
def test_a_box_with_a_coordinate_that_is_no_number_is_not_made(bad: float, place: int) -> None:
    corners = [1.0, 2.0, 3.0, 4.0]
    corners[place] = bad
    with pytest.raises(ValueError, match="finite"):
        Box(*corners)


@pytest.mark.parametrize("corners", [(1, 1, 1, 2), (1, 1, 2, 1), (2, 1, 1, 2), (1, 2, 2, 1)])
def test_an_empty_box_is_not_made(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="x1 < x2"):
        Box(*corners)


def test_a_box_knows_its_size() -> None:
    box = Box(-1.5, 2.0, 3.5, 4.0)
    assert (box.width, box.height, box.area, box.xyxy) == (5.0, 2.0, 10.0, (-1.5, 2.0, 3.5, 4.0))


def test_a_box_moves_grows_and_is_scaled_side_by_side() -> None:
    box = Box(1, 2, 3, 6)
    assert box.middle == (2, 4)
    assert box.moved(10, -1) == Box(11, 1, 13, 5)
    assert box.grown(1) == Box(0, 1, 4, 7)
    assert box.grown(1, 0.5) == Box(0, 1.5, 4, 6.5)
    assert box.scaled(2, 0.5) == Box(2, 1, 6, 3)


@pytest.mark.parametrize("gone", [lambda: Box(1, 2, 3, 4).scaled(-1, 1), lambda: Box(1, 2, 3, 4).grown(0, -1)])
def test_a_box_of_which_nothing_is_left_is_not_made(gone: Callable[[], Box]) -> None:
    with pytest.raises(ValueError, match="x1 < x2"):
        gone()


@given(boxes(whole=True), boxes(whole=True))
def test_what_two_boxes_share_agrees_with_their_pixels(one: Box, other: Box) -> None:
    both = painted(one) & painted(other)
    common = one.common(other)
    assert (painted(common) if common else set()) == both
    assert one.meets(other) == other.meets(one) == bool(both)
    assert one.contains(other) == (painted(other) <= painted(one))


@given(st.lists(boxes(), min_size=1, max_size=6))
def test_a_hull_contains_all_and_reaches_no_further(many: list[Box]) -> None:
    hull = Box.hull(many)
    assert all(hull.contains(box) and hull.holds(*box.middle) for box in many)
    assert all(side in {box.xyxy[i] for box in many} for i, side in enumerate(hull.xyxy))


def test_no_boxes_have_no_hull() -> None:
    with pytest.raises(ValueError, match="no boxes"):
        Box.hull([])


@given(boxes(whole=True), boxes(whole=True), st.integers(-50, 50), st.integers(-50, 50))
def test_boxes_that_move_or_grow_together_stay_as_they_are_to_each_other(a: Box, b: Box, x: int, y: int) -> None:
    assert a.moved(x, y).moved(-x, -y) == a
    assert a.moved(x, y).meets(b.moved(x, y)) == a.meets(b)
    assert a.grown(abs(x), abs(y)).contains(a)
    assert a.grown(abs(x), abs(y)).grown(-abs(x), -abs(y)) == a


def test_edges_that_touch_share_nothing_but_hold_their_points() -> None:
    box = Box(0, 0, 2, 2)
    assert not box.meets(Box(2, 0, 4, 2))
    assert box.common(Box(0, 2, 2, 4)) is None
    assert box.holds(2, 0)
    assert not box.holds(2.001, 0)
    assert not box.holds(1, -0.001)


@pytest.mark.parametrize("cls", ["", "Face", "vehicle", "dog"])
def test_a_detection_of_a_class_that_nobody_knows_is_not_made(cls: str) -> None:
    with pytest.raises(ValueError, match="unknown class"):
        Detection(cls, Box(0, 0, 1, 1), 0.5, "m")


def test_groups_hold_known_classes_and_hide_no_class_behind_their_name() -> None:
    assert set(GROUPS["vehicle"]) == set(VEHICLES)
    assert all(set(members) <= set(CLASSES) for members in GROUPS.values())
    assert not GROUPS.keys() & set(CLASSES)
    assert set(DEFAULT_LOOKS) == set(CLASSES)
