"""People who lie on their side in a video, or hang upside down, are noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

import numpy as np
import pytest

from unseen.core.models import ModelFile
from unseen.core.photos import Frame, Photo, Rgb8
from unseen.core.ports import Detector, VideoReader
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.find import Eyes
from unseen.media.photos import plan
from unseen.media.sights import Look, Scanned
from unseen.media.way_up import LieTurned, WayUp

INFO = VideoInfo("mp4", "h264", 400, 300, Fraction(10), Fraction(1, 10), "yuv420p")
FACE = Box(40, 30, 80, 90)


class Reader:
    """Gives frames as grey RGB of their luma."""

    def __init__(self, info: VideoInfo) -> None:
        self.info = info

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        assert (width, height) == (INFO.width, INFO.height)
        return np.repeat(np.asarray(frame.planes[0], np.uint8)[:, :, None], 3, axis=2)


class Upright:
    """Finds the bright box, if its darker end, the chin, is below."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, score: float, model: str = "yunet", cls: str = "face") -> None:
        self.score, self.model, self.cls, self.looks = score, model, cls, 0

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.looks += len(images)
        return [self._one(image[:, :, 0]) for image in images]

    def _one(self, image: np.ndarray) -> list[Detection]:
        rows, columns = np.nonzero(image)
        if not rows.size:
            return []
        chin = image[rows.max(), (columns.min() + columns.max()) // 2] < image[rows.min(), columns.min()]
        box = Box(float(columns.min()), float(rows.min()), columns.max() + 1.0, rows.max() + 1.0)
        is_up = box.height > box.width and chin
        return [Detection(self.cls, box, self.score, self.model)] if is_up else []


def way_up(faces: Detector | None, turns: Sequence[int] = (), info: VideoInfo = INFO) -> WayUp:
    return WayUp(cast(VideoReader, Reader(info)), faces, turns)


def frame(index: int, quarters: int) -> VideoFrame:
    """A face that is upright after so many quarter turns clockwise."""
    upright = np.zeros((300, 400) if quarters % 2 == 0 else (400, 300), np.uint8)
    upright[30:90, 40:80], upright[80:90, 40:80] = 200, 100
    return VideoFrame((np.rot90(upright, quarters),), index, index)


def scanned(index: int, quarters: int, found: Sequence[Detection] = ()) -> Scanned:
    return Scanned(frame(index, quarters), Look(index, tuple(found), "whole"))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_that_lies_is_told_with_the_turn_that_makes_it_upright(quarters: int) -> None:
    with pytest.raises(LieTurned) as told:
        way_up(Upright(0.9)).check(scanned(0, quarters))
    assert told.value.turn == quarters


def test_the_turn_is_told_beside_the_one_that_the_file_tells() -> None:
    # Stored on its side, shown upside down.
    with pytest.raises(LieTurned) as told:
        way_up(Upright(0.9), info=replace(INFO, rotation=90)).check(scanned(0, 3))
    assert told.value.turn == 2


@pytest.mark.parametrize(("score", "model"), [(0.79, "yunet"), (0.59, "centerface"), (0.99, "mediapipe-full-range")])
def test_what_is_no_face_for_sure_is_not_told(score: float, model: str) -> None:
    way_up(Upright(score, model)).check(scanned(0, 1))


def test_upright_people_turned_ones_who_are_looked_for_and_known_faces_are_not_told() -> None:
    way_up(Upright(0.9)).check(scanned(0, 0))
    way_up(Upright(0.9), (1,)).check(scanned(0, 1))
    known = Detection("face", Box(30, 220, 90, 260), 0.3, "yunet")  # where the face lies as it is stored
    way_up(Upright(0.9)).check(scanned(0, 1, [known]))


def test_a_frame_that_was_looked_at_is_turned_every_two_seconds() -> None:
    faces = Upright(0.9)
    looks = way_up(faces)
    for index in range(60):
        looked = Look(index, (), "whole") if index % 3 == 0 else None
        looks.check(Scanned(frame(index, 0), looked))
    assert faces.looks == 3 * len([0, 21, 42])


def test_where_nobody_is_looked_for_nothing_is_turned() -> None:
    way_up(None).check(scanned(0, 1))


class OnlyObjects(WayUp):
    """Looks for persons and vehicles as a run does that hides some `classes`."""

    def __init__(self, objects: Detector, *classes: str, turns: Sequence[int] = ()) -> None:
        super().__init__(cast(VideoReader, Reader(INFO)), None, turns, objects, frozenset(classes))


@pytest.mark.parametrize("cls", ["person", "car"])
@pytest.mark.parametrize("quarters", [1, 3])
def test_where_no_faces_are_hidden_persons_and_vehicles_tell_the_turn(quarters: int, cls: str) -> None:
    with pytest.raises(LieTurned) as told:
        OnlyObjects(Upright(0.6, "yolo26n", cls), cls).check(scanned(0, quarters))
    assert told.value.turn == quarters
    OnlyObjects(Upright(0.6, "yolo26n", cls), cls, turns=(quarters,)).check(scanned(0, quarters))


def test_somebody_who_is_doubted_lying_and_surely_found_after_a_turn_is_told() -> None:
    lying = Box(30, 220, 90, 260)
    found = [Detection("person", lying, 0.4, "yolo26n")]
    with pytest.raises(LieTurned):
        OnlyObjects(Upright(0.6, "yolo26n", "person"), "person").check(scanned(0, 1, found))
    found = [Detection("person", lying, 0.7, "yolo26n")]
    OnlyObjects(Upright(0.6, "yolo26n", "person"), "person").check(scanned(0, 1, found))
    truck = [Detection("truck", lying, 0.59, "yolo26n")]
    with pytest.raises(LieTurned):
        OnlyObjects(Upright(0.6, "yolo26n", "car"), "car", "truck").check(scanned(0, 1, truck))


def test_persons_who_are_unsure_or_wider_than_high_and_what_is_not_hidden_tell_no_turn() -> None:
    OnlyObjects(Upright(0.59, "yolo26n", "person"), "person").check(scanned(0, 1))
    OnlyObjects(Upright(0.9, "yolo26n", "car"), "person").check(scanned(0, 1))
    lying = Detection("person", FACE, 0.9, "yolo26n")

    class Lying(Upright):
        def _one(self, image: np.ndarray) -> list[Detection]:
            return [replace(lying, box=Box(30, 30, 90, 70))]

    finder = Lying(0.9)
    OnlyObjects(finder, "person").check(scanned(0, 1))
    assert finder.looks == 2


def test_where_somebody_stands_no_look_is_turned_for_persons() -> None:
    finder = Upright(0.9, "yolo26n", "person")
    stands = Detection("person", Box(200, 30, 240, 90), 0.6, "yolo26n")
    OnlyObjects(finder, "person").check(scanned(0, 1, [stands]))
    assert finder.looks == 0


def test_who_lies_in_a_photo_is_looked_for_lying_and_hidden_by_the_wider_share_of_each_side() -> None:
    lying = np.repeat(frame(0, 1).planes[0][:, :, None], 3, axis=2)
    photo, recipe = Photo("png", (Frame(lying, "rgb"),)), Recipe(looks=looks_for(["face"], None), margin=0.0)
    assert plan(photo, Eyes(faces=Upright(0.3)), recipe) == ((),)
    [[region]] = plan(photo, Eyes(faces=Upright(0.3), faces_turned=Upright(0.9)), recipe)
    x1, y1, x2, y2 = region.box.xyxy
    rows, columns = np.nonzero(lying[:, :, 0])
    assert (x1 < columns.min(), x2 > columns.max(), y1 < rows.min(), y2 > rows.max()) == (True,) * 4


def test_persons_who_lie_in_a_photo_are_hidden_where_no_faces_are() -> None:
    lying = np.repeat(frame(0, 1).planes[0][:, :, None], 3, axis=2)
    photo, recipe = Photo("png", (Frame(lying, "rgb"),)), Recipe(looks=looks_for(["person"], None))
    finder = Upright(0.9, "yolo26n", "person")
    assert plan(photo, Eyes(objects=finder), recipe) == ((),)
    [[region]] = plan(photo, Eyes(objects=finder, objects_turned=finder), recipe)
    rows, columns = np.nonzero(lying[:, :, 0])
    x1, y1, x2, y2 = region.box.xyxy
    assert (x1 <= columns.min(), x2 > columns.max(), y1 <= rows.min(), y2 > rows.max()) == (True,) * 4
