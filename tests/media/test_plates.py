"""Which text is a plate: cleared only for a reason, and when in doubt it is one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.media.plates import is_legible, is_texture, looks_like_plate, needs_reading, on_vehicle

PICTURE = (1280, 960)
ROOM = (640, 435)


def text(width: float = 120, height: float = 30, score: float = 0.9) -> Detection:
    return Detection("text", Box(100, 100, 100 + width, 100 + height), score, "ppocr-det")


def car(x1: float = 0, y1: float = 0, x2: float = 400, y2: float = 300) -> Detection:
    return Detection("car", Box(x1, y1, x2, y2), 0.5, "yolo26n")


@pytest.mark.parametrize(
    ("words", "confidence", "plate"),
    [
        ("B 123 ABC", 0.99, True),
        ("RK-161AG", 0.99, True),
        ("KM-BORAK", 0.99, True),
        ("AB12", 0.99, True),
        ("A", 0.99, True),
        ("dog", 0.99, True),
        ("١٢٣ ٤٥٦", 0.99, True),
        ("京A88888", 0.99, True),
        ("品川 500 さ 12-34", 0.99, True),
        ("TAXI", 0.99, True),
        ("Bakery", 0.99, False),
        ("fresh bread", 0.99, False),
        ("www.bread.example", 0.99, False),
        ("NO PARKING AT ANY TIME", 0.99, False),
        ("Call 0123 456 789 012", 0.99, False),
        ("Bakery", 0.89, True),
        ("NO PARKING AT ANY TIME", 0.5, True),
        ("", 0.0, True),
        ("  ", 0.95, True),
        ("·-·", 0.99, True),
        ("Bakery", math.nan, True),
    ],
)
def test_a_clear_text_is_cleared_only_when_it_surely_reads_like_a_word(
    words: str, confidence: float, plate: bool
) -> None:
    assert looks_like_plate(text(), words, confidence, PICTURE) == plate


@pytest.mark.parametrize(
    ("width", "height", "plate"),
    [
        (120, 30, True),
        (120, 120, True),
        (30, 120, True),
        (270, 30, True),
        (271, 30, False),
        (30, 271, False),
        (900, 40, False),
    ],
)
def test_a_line_that_is_too_long_is_no_plate_lying_tilted_or_standing(width: float, height: float, plate: bool) -> None:
    assert looks_like_plate(text(width, height), "B 123 ABC", 0.99, PICTURE) == plate


@pytest.mark.parametrize(
    ("score", "words", "confidence", "plate"),
    [
        (0.34, "I", 0.99, False),
        (0.34, "B7", 0.39, False),
        (0.34, "", 0.0, False),
        (0.34, "B7", 0.40, True),
        (0.35, "", 0.0, True),
        (0.35, "I", 0.1, True),
    ],
)
def test_faint_boxes_need_two_characters(score: float, words: str, confidence: float, plate: bool) -> None:
    assert looks_like_plate(text(score=score), words, confidence, PICTURE) == plate


@pytest.mark.parametrize(
    ("detection", "longer", "doubtful"),
    [
        (text(200, 64, 0.84), 1280, True),
        (text(64, 200, 0.84), 1280, True),
        (text(200, 64, 0.85), 1280, False),
        (text(200, 63, 0.84), 1280, False),
        (text(200, 64, 0.84), 300, True),
        (text(900, 199, 0.84), 4000, False),
        (text(900, 200, 0.84), 4000, True),
        (text(1180, 639, 0.92), 1280, False),
        (text(1180, 640, 0.92), 1280, True),
        (text(1180, 640, 0.93), 1280, False),
        (text(320, 320, 0.9), 640, True),
        (text(63, 63, 0.9), 64, False),
    ],
)
def test_what_is_large_enough_to_read_and_not_clear_or_fills_the_picture_is_read(
    detection: Detection, longer: int, doubtful: bool
) -> None:
    for size in ((longer, longer // 2), (longer // 2, longer)):
        assert needs_reading(detection, size) == doubtful
        assert is_texture(detection, "I", 0.9, size) == doubtful
        assert is_texture(detection, "ABC", 0.39, size) == doubtful
        assert not is_texture(detection, "AB1", 0.4, size)


@pytest.mark.parametrize(
    ("detection", "words", "texture"),
    [
        (text(488, 251, 0.384), "130", True),  # 44 % of a kitchen
        (text(251, 488, 0.384), "130", True),
        (text(488, 251, 0.384), "ABC", True),
        (text(488, 251, 0.384), "DK8F", False),
        (text(488, 251, 0.384), "1KA", False),
        (text(488, 251, 0.384), "京 13", False),
        (text(488, 251, 0.45), "130", False),
        (text(488, 223, 0.384), "130", False),
        (text(488, 224, 0.384), "130", True),
        (text(240, 231, 0.384), "130", False),  # less than a fifth of the picture
        (text(240, 233, 0.384), "130", True),
    ],
)
def test_what_is_faint_and_fills_much_of_the_picture_needs_four_characters_or_a_digit_and_a_letter(
    detection: Detection, words: str, texture: bool
) -> None:
    assert is_texture(detection, words, 0.48, ROOM) == texture
    assert looks_like_plate(detection, words, 0.48, ROOM) != texture
    assert not is_texture(detection, words, 0.48, ROOM, attached=True)


scores, sides = st.floats(0, 1), st.floats(1, 900)
detections = st.builds(text, sides, sides, scores)
pictures = st.tuples(st.integers(1, 8000), st.integers(1, 8000))


@given(detections, st.text(max_size=12), scores, pictures)
def test_what_looks_like_a_plate_is_no_texture(
    found: Detection, words: str, confidence: float, size: tuple[int, int]
) -> None:
    if is_texture(found, words, confidence, size):
        assert not looks_like_plate(found, words, confidence, size)


@given(detections, pictures)
def test_a_plate_that_is_read_is_never_cleared_but_for_its_shape(found: Detection, size: tuple[int, int]) -> None:
    short, long = sorted((found.box.width, found.box.height))
    assert looks_like_plate(found, "B 123 ABC", 0.95, size) == (long <= 9 * short)
    assert not is_texture(found, "B 123 ABC", 0.95, size)


@given(detections, st.text(max_size=12), st.floats(0.4, 1), st.floats(0, 1), pictures)
def test_less_confidence_never_clears_what_more_did_not(
    found: Detection, words: str, high: float, share: float, size: tuple[int, int]
) -> None:
    low = 0.4 + (high - 0.4) * share
    if looks_like_plate(found, words, high, size):
        assert looks_like_plate(found, words, low, size)


@pytest.mark.parametrize(
    ("width", "height", "legible"), [(20, 6, True), (20, 5.9, False), (6, 40, True), (5, 40, False)]
)
def test_specks_hold_no_characters(width: float, height: float, legible: bool) -> None:
    assert is_legible(text(width, height).box) == legible


@pytest.mark.parametrize(
    ("box", "attached"),
    [
        (Box(150, 200, 250, 220), True),
        (Box(-50, 200, 60, 220), True),
        (Box(-60, 200, 50, 220), False),
        (Box(350, 290, 450, 310), True),
        (Box(150, 301, 250, 320), False),
        (Box(50, 200, 350, 220), True),
        (Box(40, 200, 350, 220), False),
    ],
)
def test_a_plate_has_its_middle_on_the_vehicle_and_is_narrower(box: Box, attached: bool) -> None:
    assert on_vehicle(box, [car()]) == attached
    assert on_vehicle(box, [car(900, 900, 950, 950), car()]) == attached
    assert not on_vehicle(box, [])


def test_a_photo_full_of_detail_is_no_plate_though_the_detector_is_quite_sure() -> None:
    photo = Detection("text", Box(0, 0, 1104, 720), 0.9, "ppocr-det")
    assert not looks_like_plate(photo, "BK", 0.25, (1280, 720))
    assert looks_like_plate(photo, "RK 891", 0.9, (1280, 720))


def test_a_plate_that_fills_the_picture_need_not_be_read_where_it_is_seen_well() -> None:
    plate = Detection("text", Box(10, 5, 290, 155), 0.97, "ppocr-det")
    assert looks_like_plate(plate, "   ", 0.2, (300, 160))
