"""Parts of hidden frames that are looked at again: what shows in one is where it is in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unseen.core.looks import Look
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.upright import Upright
from unseen.verify.film_shows import Checker
from unseen.verify.moments import Moment
from unseen.verify.residues import SecondOpinion

_SQUARE = Box(200, 120, 240, 160)


class _Reader:
    """Shows the luma plane in grey, scaled."""

    def __init__(self, rotation: int, aspect: Fraction = Fraction(1)) -> None:
        self.info = VideoInfo(
            "mp4", "h264", 400, 300, Fraction(25), Fraction(1, 25), "yuv420p", rotation=rotation, pixel_aspect=aspect
        )

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        assert frame.planes[1].shape == tuple(-(-side // 2) for side in frame.planes[0].shape)
        grey = Image.fromarray(frame.planes[0]).resize((width, height), Image.Resampling.BOX)
        return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


class _Bright:
    """Finds what is bright, and notes the size of the pictures."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.sizes += [image.shape[:2] for image in images]
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        y, x = np.nonzero(image[..., 0] > 128)
        if not y.size:
            return []
        return [
            Detection("face", Box(float(x.min()), float(y.min()), float(x.max()) + 1, float(y.max()) + 1), 0.9, "m")
        ]


def _frame() -> VideoFrame:
    luma = np.zeros((300, 400), np.uint8)
    luma[120:160, 200:240] = 255
    return VideoFrame((luma, *(np.full((150, 200), 128, np.uint8),) * 2), 0, 0)


def _checker(rotation: int, bright: _Bright, aspect: Fraction = Fraction(1)) -> Checker:
    recipe = Recipe(looks=looks_for(["face"], None))
    return Checker(_Reader(rotation, aspect), SecondOpinion(faces=(bright,)), recipe)  # type: ignore[arg-type]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("part", [None, Box(151, 101, 299, 233)], ids=["whole", "part"])
def test_what_shows_is_found_where_it_is_unless_it_is_hidden(rotation: int, part: Box | None) -> None:
    bright = _Bright()
    checker = _checker(rotation, bright)
    (found,) = checker.residues(_frame(), (), Moment(0, part))
    assert found.box.xyxy == pytest.approx(_SQUARE.xyxy, abs=1)
    assert checker.residues(_frame(), [Region("face", Box(190, 110, 250, 170), Look("fill"))], Moment(0, part)) == []
    sizes = {(300, 400)} if part is None else {(134, 150)}
    assert set(bright.sizes) == {size[::-1] if rotation % 180 else size for size in sizes}


@pytest.mark.parametrize("part", [None, Box(151, 101, 299, 233)], ids=["whole", "part"])
def test_finder_that_turns_frames_the_wrong_way_does_not_blind_the_verifier(
    part: Box | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upright, "view", lambda self, reader, frame: np.zeros((*self.size[::-1], 3), np.uint8))
    monkeypatch.setattr(Upright, "shown", lambda self, box: Box(0, 0, *self.size))
    checker, beside = _checker(90, _Bright()), Region("face", Box(160, 110, 190, 220), Look("fill"))
    (found,) = checker.residues(_frame(), [beside], Moment(0, part))
    assert found.box.xyxy == pytest.approx(_SQUARE.xyxy, abs=1)


@pytest.mark.parametrize("aspect", ["5/2", "4", "2/5"])
@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("part", [None, Box(151, 101, 299, 233)], ids=["whole", "part"])
def test_what_shows_in_both_shapes_of_pixels_is_told_once(aspect: str, rotation: int, part: Box | None) -> None:
    bright = _Bright()
    (found,) = _checker(rotation, bright, Fraction(aspect)).residues(_frame(), (), Moment(0, part))
    assert found.box.xyxy == pytest.approx(_SQUARE.xyxy, abs=2)
    assert len(set(bright.sizes)) == 2


@pytest.mark.parametrize("wide", [True, False])
def test_what_shows_in_one_shape_of_pixels_alone_is_told(wide: bool) -> None:
    class Once(_Bright):
        def _one(self, image: Rgb8) -> list[Detection]:
            return super()._one(image) if wide == _is_wide(image) else []

    (found,) = _checker(0, Once(), Fraction(5, 2)).residues(_frame(), (), Moment(0))
    assert found.box.xyxy == pytest.approx(_SQUARE.xyxy, abs=2)


def test_two_who_show_beside_each_other_in_a_shape_of_pixels_each_are_both_told() -> None:
    class Beside(_Bright):
        def _one(self, image: Rgb8) -> list[Detection]:
            (found,) = super()._one(image)
            return [replace(found, box=found.box.moved(0, -found.box.height / 2))] if _is_wide(image) else [found]

    found = _checker(0, Beside(), Fraction(5, 2)).residues(_frame(), (), Moment(0))
    assert [round(each.box.y1) for each in found] == [100, 120]


def _is_wide(image: Rgb8) -> bool:
    return bool(image.shape[1] > 2 * image.shape[0])
