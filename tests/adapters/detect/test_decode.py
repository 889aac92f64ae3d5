"""What detectors share: duplicates go, whatever has no area goes, and what is no number is an error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.adapters.detector_fakes import file_of
from unseen.adapters.decode import above, check_shapes, numbers, sigmoid, suppress, to_detections
from unseen.core.regions import Box
from unseen.errors import ModelCorrupt, UnseenError
from unseen.pixels.boxes import iou

MODEL = file_of("centerface")


def table(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    return np.asarray(rows, np.float32)


@st.composite
def many_boxes(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    count = draw(st.one_of(st.integers(0, 25), st.integers(60, 140)))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    corners = random.uniform(0, draw(st.sampled_from((60, 600))), (count, 2))
    boxes = np.concatenate([corners, corners + random.uniform(1, 50, (count, 2))], axis=1)
    return boxes.astype(np.float32), random.choice([0.2, 0.5, 0.9], count).astype(np.float32)


@given(many_boxes(), st.floats(0.1, 0.9))
def test_what_is_kept_does_not_overlap_and_what_is_dropped_overlaps_a_better_one(
    found: tuple[NDArray[np.float32], NDArray[np.float32]], limit: float
) -> None:
    boxes, scores = found
    kept = suppress(boxes, scores, limit).tolist()
    shapes = [Box(*map(float, box)) for box in boxes]
    assert sorted(scores[kept].tolist(), reverse=True) == scores[kept].tolist()
    for place, i in enumerate(kept):
        assert all(iou(shapes[i], shapes[j]) < limit + 1e-5 for j in kept[:place])
    for i in set(range(len(boxes))) - set(kept):
        assert any(iou(shapes[i], shapes[j]) >= limit - 1e-5 and scores[j] >= scores[i] for j in kept)


def test_no_boxes_are_no_boxes() -> None:
    assert suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.3).tolist() == []
    assert to_detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), "face", MODEL) == []


def test_boxes_without_area_survive_suppression_and_are_dropped_after_it() -> None:
    boxes = table((5, 5, 5, 9), (0, 0, 10, 10), (7, 3, 2, 8))
    kept = suppress(boxes, table((0.9, 0.8, 0.7))[0], 0.3)
    assert set(kept) == {0, 1, 2}
    (found,) = to_detections(boxes, table((0.9, 0.8, 0.7))[0], "face", MODEL)
    assert (found.box, found.model) == (Box(0, 0, 10, 10), "centerface")
    assert found.score == pytest.approx(0.8)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_an_error_and_not_an_empty_picture(bad: float) -> None:
    for look in (
        lambda: numbers(table((0.1, bad)), MODEL),
        lambda: above(table((0.9, bad))[0], 0.5, MODEL),
        lambda: to_detections(table((0, 0, 9, 9), (bad, 0, 9, 9)), table((0.9, 0.9))[0], "face", MODEL),
    ):
        with pytest.raises(UnseenError, match="centerface gave values that are no numbers"):
            look()


def test_above_is_above_and_not_at() -> None:
    assert above(table((0.5, 0.50001, 0.4))[0], 0.5, MODEL).tolist() == [False, True, False]


def test_outputs_of_another_model_are_named() -> None:
    outputs = [np.zeros((1, 2, 8), np.float32), np.zeros((1, 3), np.float32)]
    check_shapes(outputs, [(1, 2, 8)], MODEL)
    with pytest.raises(ModelCorrupt, match=r"centerface.onnx: its output is \[1, 2, 8\], \[1, 3\], wanted \[1, 1, 8\]"):
        check_shapes(outputs, [(1, 1, 8)], MODEL)
    with pytest.raises(ModelCorrupt, match="its output is none"):
        check_shapes([], [(1, 1, 8)], MODEL)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_the_logistic_function_never_overflows(x: float) -> None:
    (y,) = sigmoid(np.asarray([x], np.float32))
    assert 0 <= y <= 1
    if abs(x) < 15:
        assert y == pytest.approx(1 / (1 + math.exp(-x)), rel=1e-4)
