"""Scales and tiles: no pixel goes unseen, and what a tile shows lands where it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeDetector, face, grey
from tests.effort import examples
from unseen.adapters.detect.views import ViewsDetector, face_scales, fit, near_and_far, second_opinion_scales
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection


def looking(detector: FakeDetector, tile: int, *scales: float, overlap: float = 0.2) -> ViewsDetector:
    return ViewsDetector(detector, lambda _: scales, tile=tile, overlap=overlap)


def marked(image: Rgb8) -> list[Detection]:
    """A face around the white pixels of a view."""
    rows, columns = np.nonzero(image.min(axis=2) > 127)
    if not rows.size:
        return []
    return [face(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]


# Sides.


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0.2, 2.0))
def test_sides_are_given_a_multiple_only_where_that_squashes_little(height: int, width: int, scale: float) -> None:
    inner = FakeDetector(lambda _: [])
    ViewsDetector(inner, lambda _: (scale,), tile=2000, overlap=0.1, multiple=32).detect([grey(height, width)])
    for seen, side in zip(inner.seen[0].shape, (height, width), strict=False):
        wanted, near = side * scale, 32 * round(side * scale / 32)
        assert seen == (near if abs(near - wanted) <= wanted / 8 else max(1, round(wanted)))


def test_what_a_squashed_view_shows_lands_where_it_is() -> None:
    image = grey(300, 400)
    image[100:200, 200:300] = 255
    views = ViewsDetector(FakeDetector(marked), lambda _: (0.5,), tile=2000, overlap=0.1, multiple=32)
    (found,) = views.detect([image])[0]
    assert found.box.xyxy == pytest.approx((200, 100, 300, 200), abs=4)


# Tiles.


@examples(1.5)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(5, 60), st.sampled_from((0.0, 0.15, 0.35, 0.9)))
def test_tiles_cover_every_pixel_and_none_is_too_large(height: int, width: int, tile: int, overlap: float) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.mgrid[:height, :width]
    inner = FakeDetector(lambda _: [])
    looking(inner, tile, 1.0, overlap=overlap).detect([image])
    seen = np.zeros((height, width), bool)
    for view in inner.seen:
        assert max(view.shape[:2]) <= tile
        seen[view[..., 0], view[..., 1]] = True
    assert seen.all()


@given(st.integers(60, 300), st.integers(20, 50), st.sampled_from((0.15, 0.35)))
def test_neighbouring_tiles_share_at_least_the_overlap(width: int, tile: int, overlap: float) -> None:
    image = np.zeros((4, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width) % 256, np.arange(width) // 256
    inner = FakeDetector(lambda _: [])
    looking(inner, tile, 1.0, overlap=overlap).detect([image])
    spans = sorted({(int(v[0, 0, 0]) + 256 * int(v[0, 0, 1]), v.shape[1]) for v in inner.seen})
    for (left, size), (following, _) in pairwise(spans):
        assert left + size - following >= int(overlap * tile)


def test_a_small_picture_is_one_tile() -> None:
    inner = FakeDetector(lambda _: [])
    looking(inner, 50, 1.0).detect([grey(50, 50), grey(50, 51)])
    assert [view.shape[:2] for view in inner.seen] == [(50, 50), (50, 50), (50, 50)]


# Places.


@examples(2)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.floats(0.2, 3.0),
    st.integers(20, 90),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_comes_back_within_a_pixel_of_where_it_is(
    height: int, width: int, scale: float, tile: int, shares: tuple[float, ...]
) -> None:
    x1, y1 = int(shares[0] * (width - 1)), int(shares[1] * (height - 1))
    x2, y2 = x1 + 1 + int(shares[2] * (width - x1 - 1)), y1 + 1 + int(shares[3] * (height - y1 - 1))
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    found = looking(FakeDetector(marked), tile, scale).detect([image])[0]
    if not found:
        assert scale < 1, "only shrinking can lose a mark"
        return
    corners = np.array([d.box.xyxy for d in found])
    hull = (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0))
    # A pixel of the view is 1 / scale pixels of the picture, and a mark may begin or end within one.
    assert hull == pytest.approx((x1, y1, x2, y2), abs=1 + 1 / scale)
    assert all(0 <= d.box.x1 < d.box.x2 <= width and 0 <= d.box.y1 < d.box.y2 <= height for d in found)


@pytest.mark.parametrize("size", [(10, 3000), (3000, 10), (1, 2000), (7, 1999)])
def test_on_very_long_pictures_boxes_keep_their_place_across_too(size: tuple[int, int]) -> None:
    inner = FakeDetector(lambda view: [face(0, 0, view.shape[1], view.shape[0])])
    ((found,),) = looking(inner, 2000, 640 / max(size)).detect([grey(*size)])
    assert found.box.xyxy == pytest.approx((0, 0, size[1], size[0]))


def test_what_reaches_beyond_the_picture_is_cut_and_what_lies_beyond_is_dropped() -> None:
    inner = FakeDetector(lambda _: [face(-5, -5, 10, 10), face(45, 5, 60, 10), face(60, 5, 70, 10), face(-9, -9, 0, 0)])
    (found,) = looking(inner, 100, 1.0).detect([grey(40, 50)])
    assert sorted(d.box.xyxy for d in found) == [(0, 0, 10, 10), (45, 5, 50, 10)]


# Duplicates.


def test_what_two_scales_see_is_one_object_as_large_as_both_say() -> None:
    def look(view: Rgb8) -> list[Detection]:
        return [face(10, 10, 30, 30, 0.6)] if view.shape[0] == 100 else [face(24, 20, 64, 60, 0.9)]

    ((found,),) = looking(FakeDetector(look), 300, 1.0, 2.0).detect([grey(100, 100)])
    assert found.box == Box(10, 10, 32, 30)
    assert found.score == 0.9


def test_a_smaller_view_counts_for_what_is_large_there() -> None:
    def look(view: Rgb8) -> list[Detection]:
        return [] if view.shape[0] == 100 else [face(1, 1, 9, 9), face(10, 0, 22, 20)]

    ((found,),) = ViewsDetector(FakeDetector(look), near_and_far(100), tile=300, overlap=0.2, least=12).detect(
        [grey(100, 100)]
    )
    assert found.box == Box(40, 0, 88, 80)


def test_what_is_small_in_the_first_view_counts_in_all_its_tiles() -> None:
    image = np.zeros((30, 75, 3), np.uint8)
    image[10:13, 4:7] = image[10:13, 70:73] = 255
    (found,) = ViewsDetector(FakeDetector(marked), fit(1280), tile=50, overlap=0.5, least=12).detect([image])
    assert len(found) == 2


def test_a_face_that_two_tiles_share_is_one() -> None:
    image = np.zeros((30, 75, 3), np.uint8)
    image[10:20, 40:46] = 255
    ((found,),) = looking(FakeDetector(marked), 50, 1.0, overlap=0.5).detect([image])
    assert found.box == Box(40, 10, 46, 20)


def test_faces_that_only_touch_stay_apart() -> None:
    inner = FakeDetector(lambda _: [face(0, 0, 20, 20), face(15, 0, 35, 20)])
    assert len(looking(inner, 100, 1.0, 1.0).detect([grey(50, 50)])[0]) == 2


def test_pictures_do_not_mix() -> None:
    images = [np.zeros((40, 40 + i, 3), np.uint8) for i in range(3)]
    images[1][5:9, 5:9] = 255
    found = looking(FakeDetector(marked), 25, 1.0).detect(images)
    assert [len(ds) for ds in found] == [0, 1, 0]
    assert looking(FakeDetector(marked), 25, 1.0).detect([]) == []


def test_the_models_are_those_inside() -> None:
    inner = FakeDetector(lambda _: [])
    assert looking(inner, 9, 1.0).models == inner.models


# Scales.


@given(st.integers(1, 30_000))
def test_face_scales_see_small_pictures_twice_and_large_ones_at_full_size(longer: int) -> None:
    scales = face_scales(longer)
    assert 1 <= len(scales) <= 2
    assert scales[0] * longer <= 1280 + 1e-6
    assert scales[0] == min(1.0, 1280 / longer)
    assert max(scales) >= 1
    assert max(scales) <= 2
    assert longer > 1280 or max(scales) == 2


@given(st.integers(1, 30_000))
def test_the_second_opinion_sees_the_whole_and_then_doubles(longer: int) -> None:
    sides = [scale * longer for scale in second_opinion_scales(longer)]
    assert sides == pytest.approx([192 * 2**i for i in range(len(sides))])
    assert len(sides) == 1 or sides[-1] <= min(2 * longer, 2560) + 1e-6
    assert 2 * sides[-1] > min(2 * longer, 2560)


@pytest.mark.parametrize(("longer", "scale"), [(640, 1.0), (1280, 1.0), (2560, 0.5), (100, 1.0)])
def test_fit_shrinks_and_does_not_grow_unless_told_to(longer: int, scale: float) -> None:
    assert fit(1280)(longer) == (scale,)
    assert fit(1280, most=2.0)(640) == (2.0,)
    assert fit(1280, most=2.0)(100) == (2.0,)
