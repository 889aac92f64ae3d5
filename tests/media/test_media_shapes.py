"""Looks at frames whose pixels may have two shapes: what is seen in either is where it is in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.pace import EveryNth, Kind
from unseen.media.scan import scan
from unseen.media.shapes import Shapes
from unseen.media.shots import ShotCuts
from unseen.media.sights import Sight

_FRAME = VideoFrame((np.zeros((360, 640), np.uint8),), 0, 0)


class _Reader:
    """Shows the luma plane in grey, scaled."""

    harmed = False

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        grey = Image.fromarray(frame.planes[0]).resize((width, height), Image.Resampling.BOX)
        return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


def _info(aspect: str, width: int = 640, height: int = 360, rotation: int = 0) -> VideoInfo:
    return VideoInfo(
        "mp4", "h264", width, height, Fraction(25), Fraction(1, 25), "yuv420p",
        rotation=rotation, pixel_aspect=Fraction(aspect),
    )  # fmt: skip


def _looked(aspect: str, before: Sequence[Detection], find: Any) -> Sight:
    shapes = Shapes(_info(aspect), 640)
    return shapes.look(shapes.view(_Reader(), _FRAME), before, find)  # type: ignore[arg-type]


def _face(*box: float, score: float = 0.9) -> Detection:
    return Detection("face", Box(*box), score, "m")


@pytest.mark.parametrize(("aspect", "sizes"), [("1", []), ("4", [(640, 90)]), ("1/4", [(160, 360)])])
def test_each_shape_is_looked_at_with_what_was_found_before(aspect: str, sizes: list[tuple[int, int]]) -> None:
    looked: list[tuple[tuple[int, int], Box]] = []

    def find(image: Rgb8, before: Sequence[Detection]) -> Sight:
        height, width, _ = image.shape
        looked.append(((width, height), before[0].box))
        return Sight([_face(0, 0, width / 2, height / 2)], Box(0, 0, width, height))

    sight = _looked(aspect, [_face(320, 180, 640, 360)], find)
    expected = [(640, 360), *sizes]
    assert looked == [((w, h), Box(w / 2, h / 2, w, h)) for w, h in expected]
    assert [each.box for each in sight.found] == [Box(0, 0, 320, 180)]
    assert sight.part == Box(0, 0, 640, 360)


def test_only_where_both_looks_were_somebody_new_would_have_been_seen() -> None:
    def find(image: Rgb8, _: Sequence[Detection]) -> Sight:
        told = image.shape[0] == 90
        return Sight([_face(320, 45, 640, 90)] if told else [], Box(0, 45, 640, 90) if told else Box(0, 0, 640, 270))

    sight = _looked("4", (), find)
    assert ([each.box for each in sight.found], sight.part) == ([Box(320, 180, 640, 360)], Box(0, 180, 640, 270))
    nowhere = _looked("4", (), lambda image, _: Sight([], None))
    assert (list(nowhere.found), nowhere.part) == ([], None)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize(("aspect", "width", "height"), [("5/2", 192, 108), ("2/5", 108, 192)])
def test_small_face_that_a_wrong_shape_shrinks_away_is_found_in_the_picture_as_it_is_stored(
    aspect: str, width: int, height: int, rotation: int
) -> None:
    shapes, luma = Shapes(_info(aspect, width, height, rotation), 128), np.zeros((height, width), np.uint8)
    luma[30:33, 57:60] = 255

    def find(views: Sequence[Rgb8], kind: Kind, before: Sequence[Detection]) -> Sight:
        return shapes.look(views, before, clear)

    def clear(image: Rgb8, _: Sequence[Detection]) -> Sight:
        y, x = np.nonzero(image[..., 0] > 250)  # what lost rows or columns is grey
        return Sight([_face(*map(float, (x.min(), y.min(), x.max() + 1, y.max() + 1)))] if y.size else [])

    (scanned,) = scan([VideoFrame((luma,), 0, 0)], _Reader(), find, shapes, EveryNth(1), ShotCuts(8))  # type: ignore[arg-type]
    assert scanned.look is not None
    (found,) = scanned.look.found
    assert found.box.xyxy == pytest.approx((57, 30, 60, 33), abs=0.01)
