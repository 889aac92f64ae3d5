"""MediaPipe's full-range face model: its anchors, its batches, its odd outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.adapters.detector_fakes import FakeNetwork, Floats, file_of, grey
from unseen.adapters.detect.blazeface import SIDE, BlazeFaceDetector
from unseen.errors import ModelCorrupt, UnseenError

#: Anchor number, logit, then x, y, width and height in pixels of the input, relative to the anchor.
Found = tuple[int, float, float, float, float, float]
MODEL = file_of("mediapipe-full-range")


def network(*found: Found, scores_first: bool = False) -> FakeNetwork:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        boxes = np.zeros((len(batch), 2304, 16), np.float32)
        logits = np.full((len(batch), 2304, 1), -50, np.float32)
        for anchor, logit, *values in found:
            logits[:, anchor, 0] = logit
            boxes[:, anchor, :4] = values
        return (logits, boxes) if scores_first else (boxes, logits)

    return FakeNetwork(answer, (1, SIDE, SIDE, 3))


@pytest.mark.parametrize("scores_first", [False, True])
@pytest.mark.parametrize(
    ("anchor", "centre"), [(0, (2, 2)), (47, (190, 2)), (48, (2, 6)), (48 * 20 + 10, (42, 82)), (2303, (190, 190))]
)
def test_anchors_run_row_by_row_over_a_grid_of_48(anchor: int, centre: tuple[int, int], scores_first: bool) -> None:
    net = network((anchor, 3.0, 1.0, -1.0, 20.0, 30.0), scores_first=scores_first)
    ((found,),) = BlazeFaceDetector(net, MODEL, 0.5).detect([grey(SIDE, SIDE)])
    x, y = centre[0] + 1, centre[1] - 1
    assert found.box.xyxy == pytest.approx((x - 10, y - 15, x + 10, y + 15), abs=1e-4)
    assert found.score == pytest.approx(1 / (1 + math.exp(-3)))
    assert (found.cls, found.model) == ("face", "mediapipe-full-range")


def test_the_threshold_is_on_the_probability() -> None:
    for logit, count in ((0.1, 1), (0.0, 0), (-0.1, 0)):
        (found,) = BlazeFaceDetector(network((5, logit, 0, 0, 9, 9)), MODEL, 0.5).detect([grey(SIDE, SIDE)])
        assert len(found) == count


def test_duplicates_go_and_boxes_without_area_too() -> None:
    net = network((0, 2, 50, 50, 40, 40), (1, 1, 46, 50, 40, 40), (900, 3, 0, 0, -5, 9), (901, 3, 0, 0, 0, 0))
    ((found,),) = BlazeFaceDetector(net, MODEL, 0.5).detect([grey(SIDE, SIDE)])
    assert found.score == pytest.approx(1 / (1 + math.exp(-2)))


def test_pictures_are_scaled_to_one_around_zero_and_padded_with_grey() -> None:
    net = network()
    image = np.random.default_rng(0).integers(0, 256, (50, 192, 3), np.uint8)
    BlazeFaceDetector(net, MODEL, 0.5).detect([image])
    (batch,) = net.batches
    assert batch.shape == (1, SIDE, SIDE, 3)
    assert batch[0, :50] == pytest.approx(image / 127.5 - 1, abs=1e-6)
    assert not batch[0, 50:].any()


def test_many_pictures_go_in_batches_of_sixteen_and_keep_their_order() -> None:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        logits = np.full((len(batch), 2304, 1), -50, np.float32)
        boxes = np.ones((len(batch), 2304, 16), np.float32)
        logits[:, 0, 0] = 3
        boxes[:, 0, 2] = (batch[:, 0, 0, 0] + 1) * 127.5
        return boxes, logits

    net = FakeNetwork(answer)
    found = BlazeFaceDetector(net, MODEL, 0.5).detect([grey(9, 9, level=10 + i) for i in range(37)])
    assert [round(ds[0].box.width) for ds in found] == [10 + i for i in range(37)]
    assert [len(batch) for batch in net.batches] == [16, 16, 5]
    assert BlazeFaceDetector(net, MODEL, 0.5).detect([]) == []


def test_a_picture_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 192 px"):
        BlazeFaceDetector(network(), MODEL, 0.5).detect([grey(10, 193)])


@pytest.mark.parametrize("found", [(5, math.nan, 0, 0, 9, 9), (5, 3.0, math.nan, 0, 9, 9), (5, 3.0, 0, 0, math.inf, 9)])
def test_an_output_that_is_no_number_is_an_error(found: Found) -> None:
    with pytest.raises(UnseenError, match="no numbers"):
        BlazeFaceDetector(network(found, (900, 3, 0, 0, 9, 9)), MODEL, 0.5).detect([grey(9, 9)])


@pytest.mark.parametrize(
    "shapes", [[], [(1, 2304, 16)], [(1, 896, 16), (1, 896, 1)], [(1, 2304, 1), (1, 2304, 1)], [(2304, 16), (2304, 1)]]
)
def test_an_output_of_another_model_is_an_error(shapes: list[tuple[int, ...]]) -> None:
    net = FakeNetwork(lambda _: tuple(np.zeros(shape, np.float32) for shape in shapes))
    with pytest.raises(ModelCorrupt, match="no blazeface model"):
        BlazeFaceDetector(net, MODEL, 0.5).detect([grey(9, 9)])
