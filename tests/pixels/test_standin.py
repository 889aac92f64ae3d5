"""Stand-ins look like their class and take their colours from outside."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.core.looks import Look
from unseen.core.regions import Box, Region
from unseen.pixels.hide import hide

BOX = Box(20, 20, 100, 120)


def drawn(cls: str, grey: int, box: Box = BOX) -> NDArray[np.float64]:
    pixels = np.full((140, 120), grey, dtype=np.uint8)
    hidden = hide(pixels, [Region(cls, box, Look("stand-in"))], np.random.default_rng(1))
    return hidden[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)].astype(np.float64)


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
@pytest.mark.parametrize("cls", ["face", "head", "person"])
def test_people_have_a_narrow_head_over_broad_shoulders(cls: str, grey: int) -> None:
    figure = np.abs(drawn(cls, grey) - grey) > 8
    widths = figure.sum(axis=1)
    head, shoulders = widths[:40].max(), widths[-15:].max()
    neck = widths[np.argmax(widths[:40]) : -15].min()
    assert 0 < neck < head < shoulders
    assert shoulders > 0.8 * figure.shape[1]
    assert not figure[:4].any()
    assert figure[-1].sum() > 0.8 * figure.shape[1]


def test_a_person_has_a_smaller_head_than_a_face() -> None:
    face, person = ((np.abs(drawn(cls, 60, Box(30, 10, 70, 130)) - 60) > 8)[:30].sum() for cls in ("face", "person"))
    assert 0 < person < face


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
@pytest.mark.parametrize("cls", ["plate", "text"])
def test_plates_are_blank_with_a_border(cls: str, grey: int) -> None:
    plate = drawn(cls, grey, Box(10, 50, 110, 74))
    middle = plate[8:-8, 10:-10]
    assert np.ptp(middle) == 0
    across = plate[:, 50]
    assert np.abs(across[2] - middle[0, 0]) > 30
    assert len(np.unique(plate[12, 10:-10])) == 1


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
def test_other_classes_become_a_blank_rounded_panel(grey: int) -> None:
    panel = drawn("car", grey)
    assert np.ptp(panel[15:-15, 15:-15]) == 0
    assert abs(panel[50, 40] - grey) > 15
    assert abs(panel[0, 0] - grey) <= 1


@pytest.mark.parametrize("cls", ["face", "person", "plate", "text", "bus"])
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (2, 3), (7, 5)], ids=str)
def test_tiny_regions_can_be_drawn(cls: str, size: tuple[int, int]) -> None:
    box = Box(40, 40, 40 + size[0], 40 + size[1])
    assert drawn(cls, 100, box).shape == size[::-1]


def test_a_head_inside_a_drawn_person_is_not_drawn_again() -> None:
    pixels = np.full((140, 120), 60, dtype=np.uint8)
    person, face = (
        Region("person", Box(10, 10, 110, 130), Look("stand-in")),
        Region("face", Box(30, 15, 60, 60), Look("stand-in")),
    )
    both = hide(pixels, [face, person], np.random.default_rng(1))
    assert (both == hide(pixels, [person], np.random.default_rng(1))).all()


def test_the_drawing_takes_its_colour_from_the_surroundings() -> None:
    pixels = np.zeros((140, 120, 3), dtype=np.uint8)
    pixels[..., 0] = 180
    panel = hide(pixels, [Region("car", BOX, Look("stand-in"))], np.random.default_rng(1))[70, 60]
    assert panel[0] > panel[1] == panel[2]
