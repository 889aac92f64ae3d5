"""Strips of characters are proposed where there are some, without a network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.detector_fakes import grey
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.propose_strips import EdgeStripDetector
from unseen.core.photos import Rgb8
from unseen.core.regions import Box
from unseen.pixels.boxes import coverage


def car_with_plate(text: str = "B 123 ABC", x: int = 230, y: int = 300, size: float = 1.0) -> tuple[Rgb8, Box]:
    """A street as grey planes with a printed plate on it, and the box of its characters."""
    image = np.full((480, 640, 3), 90, np.uint8)
    image[:200] = (150, 170, 190)
    cv2.rectangle(image, (150, 150), (500, 400), (60, 60, 110), -1)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 3)
    cv2.rectangle(image, (x - 12, y - height - 12), (x + width + 12, y + 14), (235, 235, 230), -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 30), 3, cv2.LINE_AA)
    noise = np.random.default_rng(3).normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), Box(x, y - height, x + width, y)


@pytest.mark.parametrize("size", [0.7, 1.0, 1.5])
@pytest.mark.parametrize(("x", "y"), [(230, 300), (160, 390), (20, 60)])
def test_a_printed_plate_is_proposed_at_any_place_and_size(x: int, y: int, size: float) -> None:
    image, characters = car_with_plate(x=x, y=y, size=size)
    found = EdgeStripDetector().detect([image])[0]
    # Strips reach from the first to the last stroke; of round letters they may lack the top and the bottom.
    assert max(coverage(characters, [d.box]) for d in found) > 0.7


@pytest.mark.parametrize("size", [0.7, 1.0, 1.5])
def test_what_is_proposed_is_read(models: FileModelStore, size: float) -> None:
    from unseen.adapters.detect.text import PpocrReader, characters_of
    from unseen.adapters.runtimes import open_network

    file = models.require("ppocr-rec")
    image, _ = car_with_plate(size=size)
    strips = EdgeStripDetector().detect([image])[0]
    words = PpocrReader(open_network(file, "cpu", 1), file, characters_of(file)).read(image, [d.box for d in strips])
    assert any("123ABC" in text.replace(" ", "") and confidence > 0.85 for text, confidence in words)


def test_a_plain_picture_has_no_strips() -> None:
    assert EdgeStripDetector().detect([grey(480, 640), grey(1, 1)]) == [[], []]


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 9))
def test_noise_of_any_size_gives_few_valid_proposals(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    (found,) = EdgeStripDetector().detect([image])
    assert len(found) <= 24
    for d in found:
        assert (d.cls, d.model) == ("text", "edge-strips")
        assert 0 <= d.score <= 1
        assert d.box.x1 < width
        assert d.box.y1 < height
        assert d.box.x2 > 0
        assert d.box.y2 > 0


@pytest.mark.parametrize("size", [(4, 6000), (6000, 4)])
def test_very_long_pictures_are_looked_at(size: tuple[int, int]) -> None:
    assert EdgeStripDetector().detect([grey(*size)]) == [[]]


def test_there_is_no_model_behind_it() -> None:
    assert EdgeStripDetector().models == ()
