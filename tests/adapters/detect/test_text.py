"""PP-OCR: probability maps become boxes, and steps of characters become words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeNetwork, Floats, file_of, grey
from unseen.adapters.detect.text import DbTextDetector, PpocrReader, characters_of
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import ModelFile
from unseen.core.regions import Box
from unseen.errors import ModelCorrupt, UnseenError

DETECTOR, READER = file_of("ppocr-det"), file_of("ppocr-rec")
ALPHABET = "ABC123"


def heat(*areas: tuple[slice, slice, float]) -> FakeNetwork:
    """A network that sees text in areas of its own input."""

    def answer(batch: Floats) -> tuple[Floats, ...]:
        found = np.zeros((1, 1, *batch.shape[2:]), np.float32)
        for rows, columns, probability in areas:
            found[0, 0, rows, columns] = probability
        return (found,)

    return FakeNetwork(answer)


def detect(
    net: FakeNetwork, size: tuple[int, int] = (128, 256), limit: int = 256, **more: Any
) -> list[tuple[Box, float]]:
    (found,) = DbTextDetector(net, DETECTOR, limit=limit, **more).detect([grey(*size)])
    assert all((d.cls, d.model) == ("text", "ppocr-det") for d in found)
    return [(d.box, d.score) for d in found]


# Boxes.


def test_an_area_grows_back_to_the_outline_of_its_text() -> None:
    ((box, score),) = detect(heat((slice(40, 60), slice(50, 150), 0.9)))
    # An area of a x b has shrunk by a b / (a + b) / 2 x 1.6 on each side; contours run through the middle of pixels.
    grown = 19 * 99 * 1.6 / (19 + 99) / 2
    assert box.xyxy == pytest.approx((50 - grown, 40 - grown, 150 + grown, 60 + grown), abs=0.01)
    assert score == pytest.approx(0.9)


def test_a_tilted_area_gets_the_upright_hull_of_its_turned_outline() -> None:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        y, x = np.mgrid[: batch.shape[2], : batch.shape[3]].astype(np.float32)
        along, across = (x - 120 + y - 60) / math.sqrt(2), (x - 120 - y + 60) / math.sqrt(2)
        return (((np.abs(along) < 40) & (np.abs(across) < 8)).astype(np.float32)[None, None],)

    ((box, _),) = detect(FakeNetwork(answer))
    assert box.width == pytest.approx(box.height, abs=2)
    assert box.width > 96 / math.sqrt(2) + 10
    assert ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2) == pytest.approx((120.5, 60.5), abs=1.5)


@pytest.mark.parametrize(("probability", "count"), [(0.21, 0), (0.29, 0), (0.31, 1), (1.0, 1)])
def test_the_threshold_is_on_the_mean_of_the_area(probability: float, count: int) -> None:
    assert len(detect(heat((slice(40, 60), slice(50, 150), probability)), threshold=0.3)) == count


def test_areas_apart_are_boxes_apart_and_a_single_pixel_is_none() -> None:
    found = detect(
        heat((slice(10, 20), slice(10, 60), 0.9), (slice(80, 90), slice(10, 60), 0.9), (slice(50, 51), slice(9, 10), 1))
    )
    assert len(found) == 2


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 99))
def test_every_box_lies_in_the_picture(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)

    def answer(batch: Floats) -> tuple[Floats, ...]:
        rows, columns = (random.integers(0, side + 1, 2) for side in batch.shape[2:])
        found = np.zeros((1, 1, *batch.shape[2:]), np.float32)
        found[0, 0, min(rows) : max(rows), min(columns) : max(columns)] = 0.9
        return (found,)

    for box, _ in detect(FakeNetwork(answer), size=(height, width), limit=160, grow=2.0):
        assert 0 <= box.x1 < box.x2 <= width
        assert 0 <= box.y1 < box.y2 <= height


@pytest.mark.parametrize(
    ("size", "limit", "grow", "seen"),
    [
        ((480, 640), 640, 1.0, (480, 640)),
        ((960, 1280), 640, 1.0, (480, 640)),
        ((100, 200), 640, 1.0, (96, 192)),
        ((100, 200), 640, 3.0, (288, 608)),
        ((100, 200), 416, 3.0, (192, 416)),
        ((1, 1), 640, 1.0, (32, 32)),
        ((2, 9000), 640, 1.0, (32, 640)),
    ],
)
def test_the_size_that_is_looked_at_is_bounded_and_divides_by_32(
    size: tuple[int, int], limit: int, grow: float, seen: tuple[int, int]
) -> None:
    net = heat((slice(0, 32), slice(0, 32), 0.9))
    found = detect(net, size, limit, grow=grow)
    assert net.batches[0].shape == (1, 3, *seen)
    assert [box.xyxy[:2] for box, _ in found] == [(0, 0)]


def test_pictures_are_scaled_to_one_around_zero() -> None:
    net = heat()
    DbTextDetector(net, DETECTOR, limit=64).detect([grey(64, 64, level=255), grey(64, 64, level=0)])
    assert [batch.min() for batch in net.batches] == [batch.max() for batch in net.batches] == [1.0, -1.0]
    assert DbTextDetector(net, DETECTOR, limit=64).detect([]) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_map_that_is_no_number_is_an_error(bad: float) -> None:
    with pytest.raises(UnseenError, match="ppocr-det gave values that are no numbers"):
        detect(heat((slice(40, 60), slice(50, 150), 0.9), (slice(0, 1), slice(0, 1), bad)))


@pytest.mark.parametrize("shape", [(1, 1, 64, 128), (1, 2, 128, 256), (1, 300, 6)])
def test_an_output_of_another_model_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelCorrupt, match="no db model"):
        detect(FakeNetwork(lambda _: (np.zeros(shape, np.float32),)))


# Words.


def steps(numbers: Sequence[int], confidence: float = 0.9, classes: int = len(ALPHABET) + 2) -> Floats:
    found = np.full((len(numbers), classes), 0.01, np.float32)
    found[np.arange(len(numbers)), numbers] = confidence
    return found


def reader_of(numbers: Sequence[int], confidence: float = 0.9) -> PpocrReader:
    net = FakeNetwork(lambda batch: (np.stack([steps(numbers, confidence)] * len(batch)),))
    return PpocrReader(net, READER, ALPHABET)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([0, 1, 0, 2, 0], "AB"),
        ([1, 1, 1, 2, 2], "AB"),
        ([1, 0, 1, 1, 0, 1], "AAA"),
        ([1, 2, 1], "ABA"),
        ([0, 0, 0], ""),
        ([1, 7, 4, 5], "A 12"),
        ([6], "3"),
        ([7, 7], " "),
    ],
)
def test_repeats_are_one_character_and_blanks_part_them(numbers: list[int], text: str) -> None:
    ((found, confidence),) = reader_of(numbers).read(grey(40, 100), [Box(0, 0, 90, 30)])
    assert found == text
    assert confidence == pytest.approx(0.9 if text else 0.0)


def test_confidence_is_the_mean_over_characters_and_not_over_blanks() -> None:
    table = steps([1, 0, 2, 2])
    table[0, 1], table[2, 2], table[3, 2] = 0.5, 0.7, 0.9
    net = FakeNetwork(lambda _: (table[None],))
    ((text, confidence),) = PpocrReader(net, READER, ALPHABET).read(grey(40, 100), [Box(0, 0, 90, 30)])
    assert (text, confidence) == ("AB", pytest.approx(0.6))  # type: ignore[comparison-overlap]


@given(st.lists(st.integers(0, len(ALPHABET) + 1), min_size=1, max_size=20))
def test_greedy_decoding_is_that_of_its_definition(numbers: list[int]) -> None:
    joined = [n for i, n in enumerate(numbers) if i == 0 or n != numbers[i - 1]]
    wanted = "".join((ALPHABET + " ")[n - 1] for n in joined if n)
    ((text, _),) = reader_of(numbers).read(grey(40, 100), [Box(0, 0, 90, 30)])
    assert text == wanted


def test_boxes_of_all_sizes_keep_their_order_over_batches() -> None:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        levels = np.rint((batch[:, 0, 24, 4] + 1) * 127.5).astype(int)
        return (np.stack([steps([1 + level // 10 % 6]) for level in levels]),)

    net = FakeNetwork(answer)
    image = np.repeat(np.arange(0, 200, 10, dtype=np.uint8), 50)[None, :, None].repeat(40, 0).repeat(3, 2)
    boxes = [Box(50 * i, 0, 50 * i + 12 + i, 5 + (7 * i) % 30) for i in range(20)]
    found = PpocrReader(net, READER, ALPHABET).read(np.ascontiguousarray(image), boxes)
    assert [text for text, _ in found] == [ALPHABET[i % 6] for i in range(20)]
    assert [len(batch) for batch in net.batches] == [8, 8, 4]
    widths = [batch.shape[3] for batch in net.batches]
    assert widths == sorted(widths)
    assert PpocrReader(net, READER, ALPHABET).read(grey(9, 9), []) == []


@pytest.mark.parametrize(
    ("box", "width"),
    [
        (Box(0, 0, 96, 24), 192),
        (Box(0, 0, 24, 96), 192),
        (Box(0, 0, 30, 48), 30),
        (Box(0, 0, 4, 8), 24),
        (Box(10, 10, 10.2, 10.2), 48),
        (Box(0, 10, 200, 11), 640),
    ],
)
def test_a_crop_is_48_high_tall_ones_turned_and_long_ones_squeezed(box: Box, width: int) -> None:
    net = FakeNetwork(lambda batch: (np.stack([steps([1])] * len(batch)),))
    PpocrReader(net, READER, ALPHABET).read(grey(100, 200), [box])
    assert net.batches[0].shape == (1, 3, 48, width)


@pytest.mark.parametrize(
    "box", [Box(-50, -50, -10, -10), Box(300, 10, 320, 20), Box(-9, -9, 900, 900), Box(-5, 99, 3, 130)]
)
def test_a_box_beyond_the_picture_is_read_without_a_crash(box: Box) -> None:
    ((text, _),) = reader_of([1]).read(grey(100, 200), [box])
    assert text == "A"


def test_narrow_crops_in_a_batch_are_padded_with_grey() -> None:
    net = FakeNetwork(lambda batch: (np.stack([steps([1])] * len(batch)),))
    PpocrReader(net, READER, ALPHABET).read(grey(100, 200, level=255), [Box(0, 0, 48, 48), Box(0, 0, 96, 48)])
    (batch,) = net.batches
    assert (batch[0, :, :, :48] == 1.0).all()
    assert not batch[0, :, :, 48:].any()


def test_steps_that_are_no_numbers_are_an_error() -> None:
    net = FakeNetwork(lambda _: (steps([1, 2], math.nan)[None],))
    with pytest.raises(UnseenError, match="no numbers"):
        PpocrReader(net, READER, ALPHABET).read(grey(40, 100), [Box(0, 0, 90, 30)])


@pytest.mark.parametrize(
    "shape", [(1, 10, len(ALPHABET) + 1), (1, 10, len(ALPHABET) + 3), (2, 10, len(ALPHABET) + 2), (1, 10)]
)
def test_an_output_for_another_alphabet_is_an_error(shape: tuple[int, ...]) -> None:
    net = FakeNetwork(lambda _: (np.zeros(shape, np.float32),))
    with pytest.raises(ModelCorrupt, match="no svtr model"):
        PpocrReader(net, READER, ALPHABET).read(grey(40, 100), [Box(0, 0, 90, 30)])


def test_a_model_without_an_alphabet_is_refused(tmp_path: Path, tiny_onnx: Any) -> None:
    path = tmp_path / "rec.onnx"
    path.write_bytes(tiny_onnx())
    with pytest.raises(ModelCorrupt, match="carries no alphabet; fetch it again with: unseen models pull ppocr-rec"):
        characters_of(ModelFile(CATALOGUE["ppocr-rec"], path, "00", "user"))
