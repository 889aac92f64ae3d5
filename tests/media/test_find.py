"""Finding: each detector looks where it should, and what it says ends up in its place and class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import Look
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.recipe import Recipe, looks_for, parse_hide
from unseen.core.regions import CLASSES, VEHICLES, Box, Detection
from unseen.media.find import Eyes, find, find_again

Corners = tuple[float, float, float, float]
PHOTO: Rgb8 = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)


class FakeDetector:
    """A detector that calls a function on each picture, and remembers the pictures."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, look: Callable[[Rgb8], list[Detection]]) -> None:
        self._look = look
        self.seen: list[Rgb8] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.seen += images
        return [self._look(image) for image in images]


class FakeReader:
    """A reader that knows what is written in each box, "" elsewhere, and remembers what it was asked to read."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, words: dict[Corners, tuple[str, float]] | None = None) -> None:
        self._words = words or {}
        self.asked: list[Corners] = []

    def read(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        self.asked += [box.xyxy for box in boxes]
        return [self._words.get(box.xyxy, ("", 0.0)) for box in boxes]


def box(cls: str, *corners: float, score: float = 0.9) -> Detection:
    return Detection(cls, Box(*corners), score, f"{cls}-model")


def sees(*found: Detection) -> FakeDetector:
    return FakeDetector(lambda _: list(found))


def recipe(*classes: str, hide: str = "", recall: Any = "high") -> Recipe:
    return Recipe(looks=looks_for(classes or None, parse_hide(hide)), recall=recall)


def classes_of(found: Sequence[Detection]) -> list[str]:
    return [d.cls for d in found]


CAR = box("car", 50, 50, 200, 150)
PLATE = box("text", 100, 120, 140, 132)
SIGN = box("text", 220, 20, 280, 40)


# Faces, persons, heads.


def test_without_eyes_nothing_is_found() -> None:
    assert find(PHOTO, Eyes(), recipe()) == []


def test_only_classes_that_are_to_be_hidden_are_handed_on() -> None:
    everything = [box(cls, 10, 10, 50, 50) for cls in CLASSES]
    eyes = Eyes(objects=sees(*everything))
    assert classes_of(find(PHOTO, eyes, recipe("face", "bus"))) == ["face", "head", "bus"]
    assert find(PHOTO, eyes, recipe("person", hide="person=none")) == []


def test_a_person_without_a_face_gets_a_head_and_one_with_a_face_does_not() -> None:
    one, other = box("person", 10, 10, 60, 190), box("person", 150, 10, 200, 190)
    eyes = Eyes(objects=sees(one, other), faces=sees(box("face", 25, 20, 40, 40)))
    found = find(PHOTO, eyes, recipe())
    assert classes_of(found) == ["face", "head"]
    assert found[1].box.x1 == 150


def test_a_person_who_is_hidden_whole_needs_no_head_but_a_face_that_is_asked_for_does() -> None:
    eyes = Eyes(objects=sees(box("person", 10, 10, 60, 190)))
    assert classes_of(find(PHOTO, eyes, recipe("person"))) == ["person"]
    assert classes_of(find(PHOTO, eyes, recipe("person", "face"))) == ["person", "head"]


def test_fast_recall_looks_for_no_heads() -> None:
    eyes = Eyes(objects=sees(box("person", 10, 10, 60, 190)))
    assert find(PHOTO, eyes, recipe(recall="fast")) == []


def test_a_person_who_may_be_none_gets_no_head() -> None:
    assert find(PHOTO, Eyes(objects=sees(box("person", 10, 10, 60, 190, score=0.2))), recipe()) == []


# Plates and text.


def test_text_on_a_vehicle_is_a_plate_and_is_not_read() -> None:
    reader = FakeReader({PLATE.box.xyxy: ("Bakery", 0.99)})
    eyes = Eyes(objects=sees(CAR), text=sees(PLATE), text_close=sees(), reader=reader)
    (found,) = find(PHOTO, eyes, recipe())
    assert (found.cls, found.box, found.score, found.model) == ("plate", PLATE.box, 0.9, "text-model")
    assert reader.asked == []


@pytest.mark.parametrize(
    ("words", "classes"),
    [(("B 123 ABC", 0.99), ["plate"]), (("Bakery", 0.99), []), (("Bakery", 0.6), ["plate"]), (("", 0.0), ["plate"])],
)
def test_text_elsewhere_is_a_plate_unless_it_surely_reads_otherwise(
    words: tuple[str, float], classes: list[str]
) -> None:
    eyes = Eyes(text=sees(SIGN), reader=FakeReader({SIGN.box.xyxy: words}))
    assert classes_of(find(PHOTO, eyes, recipe())) == classes


def test_text_that_is_no_plate_is_text_where_that_is_asked_for() -> None:
    eyes = Eyes(text=sees(SIGN, PLATE), reader=FakeReader({SIGN.box.xyxy: ("Bakery", 0.99)}))
    assert classes_of(find(PHOTO, eyes, recipe("plate", "text"))) == ["text", "plate"]


def test_where_only_text_is_asked_for_text_on_vehicles_is_text_too() -> None:
    eyes = Eyes(objects=sees(CAR), text=sees(PLATE, SIGN), text_close=sees())
    assert classes_of(find(PHOTO, eyes, recipe("text"))) == ["text", "text"]


def test_plates_that_were_told_to_stay_visible_do_so_where_other_text_is_hidden() -> None:
    eyes = Eyes(
        objects=sees(CAR),
        text=sees(PLATE, SIGN),
        text_close=sees(),
        reader=FakeReader({SIGN.box.xyxy: ("Bakery", 0.99)}),
    )
    assert [d.box for d in find(PHOTO, eyes, recipe("text", hide="plate=none"))] == [SIGN.box]


def test_without_a_reader_all_text_may_be_a_plate() -> None:
    assert classes_of(find(PHOTO, Eyes(text=sees(PLATE, SIGN)), recipe("plate"))) == ["plate", "plate"]


def test_a_lamp_on_a_vehicle_that_no_reader_can_read_is_no_plate() -> None:
    lamp = box("text", 60, 60, 130, 130, score=0.7)
    for words, classes in ((("日", 0.3), []), (("AB 12", 0.8), ["plate"])):
        eyes = Eyes(objects=sees(CAR), text=sees(lamp), text_close=sees(), reader=FakeReader({lamp.box.xyxy: words}))
        assert classes_of(find(PHOTO, eyes, recipe())) == classes


def test_three_digits_that_are_faint_and_fill_much_of_the_picture_are_a_plate_on_a_vehicle_alone() -> None:
    large = box("text", 40, 40, 200, 150, score=0.38)
    for vehicles, classes in (((), []), ((box("car", 0, 0, 300, 200),), ["plate"])):
        reader = FakeReader({large.box.xyxy: ("130", 0.48)})
        eyes = Eyes(objects=sees(*vehicles), text=sees(large), text_close=sees(), reader=reader)
        assert classes_of(find(PHOTO, eyes, recipe())) == classes


def test_a_lamp_that_is_no_plate_is_still_text_where_that_is_asked_for() -> None:
    lamp = box("text", 60, 60, 130, 130, score=0.7)
    eyes = Eyes(objects=sees(CAR), text=sees(lamp), text_close=sees(), reader=FakeReader())
    assert classes_of(find(PHOTO, eyes, recipe("plate", "text"))) == ["text"]


def test_specks_are_dropped() -> None:
    eyes = Eyes(text=sees(box("text", 10, 10, 40, 15), box("text", 10, 10, 13, 60)), reader=FakeReader())
    assert find(PHOTO, eyes, recipe("plate", "text")) == []


def test_what_two_looks_agree_on_is_found_once() -> None:
    eyes = Eyes(text=sees(PLATE, PLATE), reader=FakeReader())
    assert len(find(PHOTO, eyes, recipe())) == 1


# A closer look at vehicles.


def bright_spot(image: Rgb8) -> list[Detection]:
    """A text box around the only bright red patch of a picture."""
    rows, columns = np.nonzero((image[:, :, 0] > 200) & (image[:, :, 1] < 60))
    if not rows.size:
        return []
    corners = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return [Detection("text", Box(*map(float, corners)), 0.9, "close")]


@given(
    st.sampled_from(VEHICLES),
    st.integers(-20, 250),
    st.integers(-20, 150),
    st.integers(40, 150),
    st.integers(40, 150),
)
def test_text_on_a_vehicle_is_looked_at_closer_and_lands_where_it_is(cls: str, x: int, y: int, w: int, h: int) -> None:
    image = np.full((200, 300, 3), (90, 120, 60), np.uint8)
    image[:4, :4] = 255
    vehicle = Box(float(max(x, 0)), float(max(y, 0)), float(min(x + w, 300)), float(min(y + h, 200)))
    left, top = int((vehicle.x1 + vehicle.x2) / 2) - 5, int((vehicle.y1 + vehicle.y2) / 2) - 4
    image[top : top + 8, left : left + 10] = (250, 0, 0)
    close = FakeDetector(bright_spot)
    eyes = Eyes(
        objects=sees(Detection(cls, vehicle, 0.5, "yolo26n")), text=sees(), text_close=close, reader=FakeReader()
    )
    found = find(image, eyes, recipe())
    if min(vehicle.width, vehicle.height) < 24:
        return
    assert [d.box.xyxy for d in found] == [(left, top, left + 10, top + 8)]
    (crop,) = close.seen
    assert crop.shape[0] <= vehicle.height * 1.16 + 2
    assert crop.shape[1] <= vehicle.width * 1.16 + 2
    assert crop.flags.c_contiguous


def test_each_vehicle_is_looked_at_on_its_own_and_tiny_ones_are_not() -> None:
    vehicles = [CAR, box("bus", 210, 50, 290, 190), box("truck", 10, 10, 20, 30), box("bicycle", 280, 180, 300, 200)]
    close = sees()
    find(PHOTO, Eyes(objects=sees(*vehicles, box("person", 0, 0, 99, 99)), text=sees(), text_close=close), recipe())
    assert len(close.seen) == 2


def test_a_hazy_vehicle_is_looked_at_in_full_contrast() -> None:
    hazy = (PHOTO // 8 + 100).astype(np.uint8)
    close = sees()
    find(hazy, Eyes(objects=sees(CAR), text=sees(), text_close=close), recipe())
    assert np.ptp(close.seen[0]) == 255


def test_without_vehicles_a_hazy_picture_is_looked_at_twice_and_a_clear_one_once() -> None:
    for image, looks in ((PHOTO, 1), ((PHOTO // 2).astype(np.uint8), 2), (np.full_like(PHOTO, 7), 2)):
        whole = sees(SIGN)
        found = find(image, Eyes(text=whole, reader=FakeReader()), recipe())
        assert len(whole.seen) == looks
        assert np.array_equal(whole.seen[0], image)
        assert len(found) == 1


def test_a_picture_is_not_written_to() -> None:
    image = (PHOTO // 3).astype(np.uint8)
    image.flags.writeable = False
    eyes = Eyes(objects=sees(CAR), faces=sees(), text=sees(PLATE), text_close=sees(PLATE), reader=FakeReader())
    assert find(image, eyes, recipe())


def test_the_files_behind_the_eyes_are_named_once() -> None:
    from pathlib import Path

    from unseen.core.catalogue import CATALOGUE

    files = {name: ModelFile(CATALOGUE[name], Path(name), "00", "user") for name in ("ppocr-det", "ppocr-rec")}
    text, close, reader = sees(), sees(), FakeReader()
    text.models = close.models = (files["ppocr-det"],)
    reader.models = (files["ppocr-rec"],)
    assert [m.name for m in Eyes(text=text, text_close=close, reader=reader).models] == ["ppocr-det", "ppocr-rec"]


def test_a_look_of_none_hides_nothing_even_if_it_is_all_there_is() -> None:
    looks = {"face": Look("none"), "head": Look("none")}
    eyes = Eyes(faces=sees(box("face", 1, 1, 9, 9)), objects=sees(box("person", 10, 10, 60, 190)))
    assert find(PHOTO, eyes, Recipe(looks=looks)) == []


# Looks in between.


def test_a_quick_detector_looks_at_the_rows_with_faces_again_and_others_only_where_they_were() -> None:
    again, close = sees(box("face", 200, 20, 240, 60)), sees(box("face", 10, 10, 20, 20))
    before = [box("face", 20, 20, 40, 40)]
    found = find_again(PHOTO, Eyes(faces=sees(), faces_close=close, faces_again=again), recipe("face"), before)
    assert [d.box.x1 for d in found.found] == [200]
    assert found.part == Box(0, 0, PHOTO.shape[1], 96)
    assert [image.shape for image in again.seen] == [(96, *PHOTO.shape[1:])]
    everywhere = find_again(PHOTO, Eyes(faces=sees(), faces_again=again), recipe("face"), [])
    assert everywhere.found
    assert everywhere.part == Box(0, 0, *PHOTO.shape[1::-1])
    assert again.seen[-1].shape == PHOTO.shape
    assert find_again(PHOTO, Eyes(faces=sees(), faces_close=close), recipe("face"), before).part is None
    assert all(image.shape[0] < PHOTO.shape[0] for image in close.seen)


def test_persons_are_looked_for_again_by_who_looks_at_smaller_pictures_where_there_is_one() -> None:
    objects, again = sees(box("person", 10, 10, 60, 190)), sees(box("person", 12, 10, 62, 190))
    both = Eyes(objects=objects, objects_again=again)
    assert [d.box.x1 for d in find_again(PHOTO, both, recipe("person"), []).found] == [12]
    assert [d.box.x1 for d in find(PHOTO, both, recipe("person"))] == [10]
    assert [d.box.x1 for d in find_again(PHOTO, Eyes(objects=objects), recipe("person"), []).found] == [10]
