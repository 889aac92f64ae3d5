"""The second look: what another model family still sees, unless nothing of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.catalogue import CATALOGUE
from unseen.core.looks import LEAKS, METHODS, NON_INTERFERING, Look
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection, Region
from unseen.pixels.boxes import coverage
from unseen.verify.residues import SecondOpinion, hidden_share, residues

IMAGE: Rgb8 = np.zeros((100, 200, 3), np.uint8)
FACES = frozenset({"face", "head"})
PLATES = frozenset({"plate"})
READER = ModelFile(CATALOGUE["ppocr-rec"], Path("r"), "00", "user")
YUNET = ModelFile(CATALOGUE["yunet"], Path("y"), "00", "user")


class Sees:
    """A detector that sees the same everywhere."""

    def __init__(self, *found: Detection, models: tuple[ModelFile, ...] = ()) -> None:
        self._found = list(found)
        self.models = models

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [list(self._found) for _ in images]


class Reads:
    """A reader that reads the same everywhere, and remembers the boxes it was asked to read."""

    models = (READER,)

    def __init__(self, text: str, confidence: float) -> None:
        self._words = (text, confidence)
        self.asked: list[Box] = []

    def read(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        self.asked += boxes
        return [self._words for _ in boxes]


def found(cls: str, *corners: float) -> Detection:
    return Detection(cls, Box(*corners), 0.9, "other")


def hidden(*corners: float, method: Any = "fill", shape: Any = "box") -> Region:
    return Region("face", Box(*corners), Look(method, shape=shape))


FACE = found("face", 20, 20, 60, 60)
STRIP = found("text", 20, 20, 80, 40)


# Faces.


def test_a_face_that_still_shows_is_a_residue() -> None:
    assert residues(IMAGE, [], SecondOpinion((Sees(FACE),)), FACES) == [FACE]


@pytest.mark.parametrize("method", sorted(NON_INTERFERING))
@pytest.mark.parametrize("shape", ["box", "ellipse"])
def test_what_is_seen_where_nothing_of_the_inside_is_left_does_not_count(method: Any, shape: Any) -> None:
    regions = [hidden(10, 10, 70, 70, method=method, shape=shape)]
    assert residues(IMAGE, regions, SecondOpinion((Sees(FACE),)), FACES) == []


@pytest.mark.parametrize("method", sorted({*LEAKS, "none"}))
def test_what_is_seen_in_a_mosaic_or_blur_counts(method: Any) -> None:
    regions = [hidden(10, 10, 70, 70, method=method)]
    assert residues(IMAGE, regions, SecondOpinion((Sees(FACE),)), FACES) == [FACE]


def test_a_mosaic_over_a_fill_does_not_bring_the_face_back() -> None:
    regions = [hidden(10, 10, 70, 70), hidden(10, 10, 70, 70, method="mosaic")]
    assert residues(IMAGE, regions, SecondOpinion((Sees(FACE),)), FACES) == []


@pytest.mark.parametrize(("right", "counts"), [(39.9, True), (40, False), (60, False), (20, True)])
def test_a_face_counts_until_half_of_it_is_hidden(right: float, counts: bool) -> None:
    left = residues(IMAGE, [hidden(0, 0, right, 100)], SecondOpinion((Sees(FACE),)), FACES)
    assert bool(left) == counts


def test_regions_count_together_and_an_overlap_only_once() -> None:
    halves = [hidden(20, 20, 30, 60), hidden(50, 20, 60, 60)]
    assert residues(IMAGE, halves, SecondOpinion((Sees(FACE),)), FACES) == []
    twice = [hidden(20, 20, 35, 60), hidden(20, 20, 35, 60), hidden(25, 20, 35, 60)]
    assert residues(IMAGE, twice, SecondOpinion((Sees(FACE),)), FACES) == [FACE]


def test_all_second_models_are_asked() -> None:
    other = found("face", 100, 20, 140, 60)
    assert residues(IMAGE, [], SecondOpinion((Sees(FACE), Sees(other))), FACES) == [FACE, other]


def test_faces_that_were_told_to_stay_visible_are_no_residue() -> None:
    assert residues(IMAGE, [], SecondOpinion((Sees(FACE),)), frozenset({"person", "text"})) == []


# Plates.


@pytest.mark.parametrize(
    ("text", "confidence", "counts"),
    [
        ("B 123 ABC", 0.9, True),
        ("AB12", 0.85, True),
        ("1234", 0.9, True),
        ("AB1", 0.9, False),
        ("BAKERY", 0.99, False),
        ("B 123 ABC", 0.84, False),
        ("12345678901", 0.99, False),
        ("", 0.0, False),
        ("AB12", float("nan"), False),
    ],
)
def test_a_strip_counts_when_it_reads_like_a_plate(text: str, confidence: float, counts: bool) -> None:
    left = residues(IMAGE, [], SecondOpinion(strips=Sees(STRIP), reader=Reads(text, confidence)), PLATES)
    assert [d.cls for d in left] == ["plate"] * counts
    assert all((d.box, d.score, d.model) == (STRIP.box, confidence, "ppocr-rec") for d in left)


@pytest.mark.parametrize(("width", "counts"), [(11, False), (12, True), (80, True), (81, False)])
def test_a_strip_of_another_shape_is_no_plate(width: int, counts: bool) -> None:
    opinion = SecondOpinion(strips=Sees(found("text", 10, 10, 10 + width, 20)), reader=Reads("AB 123", 0.9))
    assert bool(residues(IMAGE, [], opinion, PLATES)) == counts


def test_hidden_strips_are_not_even_read() -> None:
    reader = Reads("B 123 ABC", 0.99)
    opinion = SecondOpinion(strips=Sees(STRIP), reader=reader)
    assert residues(IMAGE, [hidden(10, 10, 90, 50, method="solid")], opinion, PLATES) == []
    assert reader.asked == []
    assert len(residues(IMAGE, [hidden(10, 10, 90, 50, method="mosaic")], opinion, PLATES)) == 1


def test_plates_are_not_looked_for_unless_they_were_to_be_hidden() -> None:
    opinion = SecondOpinion(strips=Sees(STRIP), reader=Reads("B 123 ABC", 0.99))
    assert residues(IMAGE, [], opinion, FACES) == []


# What can be checked.


def test_an_opinion_says_what_it_can_check() -> None:
    reader = Reads("", 0.0)
    assert SecondOpinion().classes == ()
    assert SecondOpinion((Sees(),)).classes == ("face",)
    assert SecondOpinion(strips=Sees()).classes == ()
    assert SecondOpinion(reader=reader).classes == ()
    assert SecondOpinion((Sees(),), Sees(), reader).classes == ("face", "plate")
    assert residues(IMAGE, [], SecondOpinion(strips=Sees(STRIP)), PLATES) == []


def test_an_opinion_names_its_models_once() -> None:
    opinion = SecondOpinion((Sees(models=(YUNET,)), Sees(models=(YUNET,))), Sees(), Reads("", 0.0))
    assert opinion.models == (YUNET, READER)


# Geometry of its own.


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    numbers = st.integers(-5, 30).map(lambda n: n / 2) | st.floats(-3, 15)
    x, y = draw(numbers), draw(numbers)
    return Box(x, y, x + draw(st.floats(0.1, 20)), y + draw(st.floats(0.1, 20)))


@given(boxes(), st.lists(st.tuples(boxes(), st.sampled_from(METHODS)), max_size=6))
def test_the_hidden_share_is_that_of_the_transforms_geometry(box: Box, parts: list[tuple[Box, Any]]) -> None:
    regions = [Region("face", part, Look(method)) for part, method in parts]
    clean = [part for part, method in parts if method in NON_INTERFERING]
    share = hidden_share(box, regions)
    assert share == pytest.approx(coverage(box, clean), abs=1e-9)
    assert -1e-12 <= share <= 1 + 1e-9
