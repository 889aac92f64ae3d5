"""Regions hold what was found and more, inside the picture, and only of classes that are to be hidden."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.some_detections import boxes, detections, face
from unseen.core.looks import Look
from unseen.core.recipe import Recipe, looks_for, parse_hide
from unseen.core.regions import CLASSES, Box, Detection
from unseen.core.video import Track, TrackPoint, VideoInfo
from unseen.media.margins import MARGINS, Margins, cover, cover_point
from unseen.pixels.hide import mask_of

EVERYTHING = Recipe(looks=looks_for(CLASSES, None))
sizes = st.integers(1, 120)


@given(detections, sizes, sizes, st.floats(0, 2))
def test_a_region_is_whole_pixels_inside_the_picture_and_holds_what_was_found(
    found: Detection, width: int, height: int, margin: float
) -> None:
    recipe = Recipe(looks=looks_for(CLASSES, None), margin=margin)
    regions = cover([found], recipe, width, height)
    box = found.box
    inside = box.x1 < width and box.y1 < height and box.x2 > 0 and box.y2 > 0
    assert len(regions) == 1 or not inside
    for region in regions:
        x1, y1, x2, y2 = region.box.xyxy
        assert all(value == int(value) for value in region.box.xyxy)
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert x1 <= max(box.x1, 0) or not inside
        assert y1 <= max(box.y1, 0) or not inside
        assert x2 >= min(box.x2, width) or not inside
        assert y2 >= min(box.y2, height) or not inside


@given(detections, st.floats(0, 2), st.floats(0, 2))
def test_a_wider_margin_never_hides_less(found: Detection, a: float, b: float) -> None:
    narrow, wide = (
        mask_of(cover([found], Recipe(looks=EVERYTHING.looks, margin=margin), 100, 100), 100, 100)
        for margin in sorted((a, b))
    )
    assert not (narrow & ~wide).any()


@pytest.mark.parametrize("model", sorted(MARGINS))
@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_each_side_moves_by_the_share_of_the_model_that_found_it(model: str, margin: float) -> None:
    (region,) = cover([face(100, 200, 200, 400, model)], Recipe(margin=margin), 1000, 1000)
    m = MARGINS[model]
    sides, top, bottom = ((share + margin) for share in (m.sides, m.top, m.bottom))
    exact = (100 - 100 * sides, 200 - 200 * top, 200 + 100 * sides, 400 + 200 * bottom)
    moved = [abs(value - wanted) for value, wanted in zip(region.box.xyxy, exact, strict=True)]
    assert all(m.pixels - 1e-6 <= distance <= m.pixels + 1 + 1e-6 for distance in moved)


def test_no_model_hugs_what_it_found() -> None:
    assert all(min(m.sides, m.bottom, m.pixels) > 0 and m.top >= 0 for m in MARGINS.values())


def test_a_model_that_nobody_measured_gets_wide_margins() -> None:
    unknown, known = (
        cover([face(100, 100, 200, 200, model)], Recipe(), 500, 500)[0].box for model in ("new", "centerface")
    )
    assert unknown.area > known.area


@pytest.mark.parametrize("shape", ["box", "ellipse"])
@pytest.mark.parametrize(
    "corners", [(90, 90, 100, 100), (0, 0, 5, 5), (-20, 95, 3, 130), (99.2, 99.2, 99.9, 99.9), (40, 97, 60, 101)]
)
def test_the_last_row_and_column_are_hidden_too(corners: tuple[float, float, float, float], shape: Any) -> None:
    (region,) = cover([face(*corners)], Recipe(face_shape=shape), 100, 100)
    mask = mask_of([region], 100, 100)
    x1, y1, x2, y2 = (int(np.clip(round(value), 0, 100)) for value in corners)
    assert mask[y1:y2, x1:x2].all()
    assert mask[-1].any() == (y2 == 100)
    assert mask[:, -1].any() == (x2 == 100)


@given(boxes(0, 90), st.sampled_from(["face", "head"]))
def test_an_ellipse_holds_the_whole_box(box: Box, cls: str) -> None:
    found = [Detection(cls, box, 0.9, "centerface")]
    square, round_ = (cover(found, Recipe(face_shape=shape), 100, 100) for shape in ("box", "ellipse"))
    assert [region.look.shape for region in round_] == ["ellipse"] * len(square)
    assert not (mask_of(square, 100, 100) & ~mask_of(round_, 100, 100)).any()


def test_only_faces_and_heads_become_ellipses() -> None:
    recipe = Recipe(looks=looks_for(CLASSES, None), face_shape="ellipse")
    found = [Detection(cls, Box(10, 10, 30, 30), 0.9, "m") for cls in CLASSES]
    shapes = {region.cls: region.look.shape for region in cover(found, recipe, 50, 50)}
    assert {cls for cls, shape in shapes.items() if shape == "ellipse"} == {"face", "head"}


def test_classes_that_are_not_to_be_hidden_are_left_alone() -> None:
    recipe = Recipe(looks=looks_for(["face"], parse_hide("text=none")))
    found = [Detection(cls, Box(10, 10, 30, 30), 0.9, "m") for cls in CLASSES]
    assert [region.cls for region in cover(found, recipe, 50, 50)] == ["face", "head"]


def test_a_region_carries_its_look_score_model_and_reason() -> None:
    recipe = Recipe(looks=looks_for(None, parse_hide("face=mosaic:6")))
    found = [face(10, 10, 20, 20), Detection("head", Box(10, 10, 20, 20), 0.4, "yolo26n")]
    one, two = cover(found, recipe, 50, 50)
    assert (one.look, one.score, one.model, one.reason) == (Look("mosaic", 6.0), 0.9, "centerface", "detected")
    assert (two.cls, two.reason) == ("head", "head-of-person")
    (again,) = cover(found[:1], recipe, 50, 50, reason="verification")
    assert again.reason == "verification"


def test_what_lies_outside_the_picture_needs_no_region() -> None:
    found = [face(-50, -50, -40, -40), face(200, 10, 220, 30), face(10, 103, 20, 110)]
    assert cover(found, Recipe(), 100, 100) == []


def test_margins_are_wider_by_the_extra_share_on_every_side() -> None:
    assert Margins(0.1, 0.2, 0.3, 1.0).around(Box(0, 0, 10, 100), 0.5).xyxy == (-7.0, -71.0, 17.0, 181.0)


@pytest.mark.parametrize(
    ("rotation", "stored"),
    [
        (0, (95.0, 92.0, 205.0, 214.0)),
        (90, (92.0, 95.0, 214.0, 205.0)),
        (180, (95.0, 86.0, 205.0, 208.0)),
        (270, (86.0, 95.0, 208.0, 205.0)),
    ],
)
def test_below_the_chin_of_a_phone_video_is_hidden_where_it_is_stored(rotation: int, stored: tuple[float, ...]) -> None:
    info = VideoInfo("mp4", "h264", 400, 400, Fraction(25), Fraction(1, 25), "yuv420p", rotation=rotation)
    box = Box(100, 100, 200, 200)
    point = TrackPoint(0, box, 0.9, True, 0.0)
    region = cover_point(Track(1, "face", (point,), ("yunet",)), box, point, Recipe(margin=0.0), info)
    assert region is not None
    assert region.box.xyxy == stored


def test_who_may_lie_either_way_is_hidden_by_the_wider_share_of_each_side() -> None:
    assert Margins(0.1, 0.2, 0.3, 0.0).around(Box(0, 0, 10, 100), 0.0, [0, 1]).xyxy == (-2.0, -20.0, 13.0, 130.0)
