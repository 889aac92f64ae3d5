"""Close looks: parts of the picture around where faces were, and what is seen there in the picture's pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.media.close import look_close, look_in, rows_with


class SpotDetector:
    """Finds what is white, and notes what it was shown."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.shown += [image.shape for image in images]
        return [self._one(image) for image in images]

    @staticmethod
    def _one(image: Rgb8) -> list[Detection]:
        ys, xs = np.nonzero(image[..., 0] > 200)
        if not xs.size:
            return []
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        return [Detection("face", box, 0.9, "centerface")]


def picture(width: int, height: int, *spots: Box) -> Rgb8:
    image = np.zeros((height, width, 3), np.uint8)
    for spot in spots:
        image[int(spot.y1) : int(spot.y2), int(spot.x1) : int(spot.x2)] = 255
    return image


@given(
    st.integers(40, 900),
    st.integers(40, 700),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(4, 60)), min_size=1, max_size=5),
)
def test_parts_lie_inside_the_picture(width: int, height: int, places: list[tuple[float, float, int]]) -> None:
    near = [Box(x * width - s / 2, y * height - s / 2, x * width + s / 2, y * height + s / 2) for x, y, s in places]
    detector = SpotDetector()
    look_close(picture(width, height), detector, near)
    assert 1 <= len(detector.shown) <= len(near)
    for high, wide, _ in detector.shown:
        assert 1 <= high <= height
        assert 1 <= wide <= width
        assert high == height or high % 32 == 0
        assert wide == width or wide % 32 == 0


@given(st.integers(0, 580), st.integers(0, 420), st.integers(-12, 12), st.integers(-12, 12))
def test_what_is_seen_is_told_in_pixels_of_the_picture(x: int, y: int, dx: int, dy: int) -> None:
    spot = Box(x, y, x + 40, y + 40)
    before = Box(x + dx, y + dy, x + dx + 40, y + dy + 40)
    (found,) = look_close(picture(640, 480, spot), SpotDetector(), [before])
    assert found.box == spot


def test_one_part_is_enough_for_faces_side_by_side_and_one_face_is_one() -> None:
    detector = SpotDetector()
    near = [Box(300, 200, 340, 240), Box(305, 205, 335, 235)]
    found = look_close(picture(640, 480, near[0]), detector, near)
    assert len(detector.shown) == 1
    assert [d.box for d in found] == [near[0]]


def test_faces_far_apart_have_parts_of_their_own() -> None:
    near = [Box(50, 50, 90, 90), Box(500, 300, 540, 340)]
    found = look_close(picture(640, 480, *near), SpotDetector(), near)
    assert sorted(d.box.xyxy for d in found) == [box.xyxy for box in near]


def test_nowhere_to_look_finds_nothing() -> None:
    assert look_close(picture(64, 64), SpotDetector(), []) == []


@given(st.integers(0, 600), st.integers(0, 440), st.integers(-40, 40))
def test_rows_reach_from_side_to_side_and_what_is_seen_is_told_in_pixels_of_the_picture(
    x: int, y: int, dy: int
) -> None:
    spot, before = Box(x, y, x + 40, y + 40), Box(300, y + dy, 340, y + dy + 40)
    part = rows_with([before], 640, 480)
    assert part.contains(spot)
    assert (part.x1, part.x2) == (0, 640)
    assert part.height <= 40 + 2 * 60 + 2 * 32
    detector = SpotDetector()
    (found,) = look_in(picture(640, 480, spot), detector, part)
    assert found.box == spot
    assert detector.shown == [(part.height, 640, 3)]


def test_rows_between_faces_are_looked_at_and_all_where_there_are_none() -> None:
    near = [Box(50, 100, 90, 140), Box(500, 300, 540, 340)]
    assert rows_with(near, 640, 480) == Box(0, 32, 640, 416)
    assert rows_with([], 640, 480) == Box(0, 0, 640, 480)
    assert rows_with([Box(0, 470, 40, 510)], 640, 480) == Box(0, 384, 640, 480)
