"""Boxes and detections are valid or not made at all."""

from __future__ import annotations

import math

import pytest

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


@pytest.mark.parametrize("cls", ["", "Face", "vehicle", "dog"])
def test_a_detection_of_a_class_that_nobody_knows_is_not_made(cls: str) -> None:
    with pytest.raises(ValueError, match="unknown class"):
        Detection(cls, Box(0, 0, 1, 1), 0.5, "m")


def test_groups_hold_known_classes_and_hide_no_class_behind_their_name() -> None:
    assert set(GROUPS["vehicle"]) == set(VEHICLES)
    assert all(set(members) <= set(CLASSES) for members in GROUPS.values())
    assert not GROUPS.keys() & set(CLASSES)
    assert set(DEFAULT_LOOKS) == set(CLASSES)
