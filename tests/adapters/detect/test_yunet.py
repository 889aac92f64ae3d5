"""YuNet's three strides become boxes, in BGR and any size of picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeNetwork, Floats, file_of, grey
from unseen.adapters.detect.yunet import YuNetDetector
from unseen.errors import ModelCorrupt, UnseenError

STRIDES = (8, 16, 32)
MODEL = file_of("yunet")
#: Stride, row, column, class score, object score, then right, down, log width and log height in cells.
Found = tuple[int, int, int, float, float, float, float, float, float]


def network(*found: Found) -> FakeNetwork:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        _, _, height, width = batch.shape
        outputs = {
            (kind, stride): np.zeros((1, (height // stride) * (width // stride), kind), np.float32)
            for kind in (1, 2, 4, 10)
            for stride in STRIDES
        }
        for stride, row, column, cls, objectness, *values in found:
            cell = row * (width // stride) + column
            outputs[1, stride][0, cell] = cls
            outputs[2, stride][0, cell] = objectness
            outputs[4, stride][0, cell] = values
        # The two kinds of scores have one value each.
        return tuple(
            outputs[kind, s][:, :, :1] if kind == 2 else outputs[kind, s] for kind in (1, 2, 4, 10) for s in STRIDES
        )

    return FakeNetwork(answer)


def detect(*found: Found, size: tuple[int, int] = (64, 96)) -> list[tuple[float, ...]]:
    (faces,) = YuNetDetector(network(*found), MODEL, 0.6).detect([grey(*size)])
    return [d.box.xyxy for d in faces]


@pytest.mark.parametrize("stride", STRIDES)
def test_a_cell_of_each_stride_becomes_the_box_that_it_stands_for(stride: int) -> None:
    found: Found = (stride, 1, 2, 0.9, 0.8, 0.25, -0.25, math.log(1.5), math.log(0.5))
    ((face,),) = YuNetDetector(network(found), MODEL, 0.6).detect([grey(128, 160)])
    x, y = 2.25 * stride, 0.75 * stride
    wanted = (x - 0.75 * stride, y - 0.25 * stride, x + 0.75 * stride, y + 0.25 * stride)
    assert face.box.xyxy == pytest.approx(wanted, abs=1e-3)
    assert face.score == pytest.approx(math.sqrt(0.9 * 0.8))
    assert (face.cls, face.model) == ("face", "yunet")


@pytest.mark.parametrize(("cls", "objectness", "count"), [(0.9, 0.5, 1), (0.9, 0.3, 0), (5.0, 1.0, 1), (-1.0, -1.0, 0)])
def test_the_score_is_the_mean_of_both_scores_bounded(cls: float, objectness: float, count: int) -> None:
    assert len(detect((8, 1, 1, cls, objectness, 0.5, 0.5, 1, 1))) == count


@given(
    st.sampled_from(STRIDES), st.integers(0, 1), st.integers(0, 2), st.floats(-4, 4), st.floats(-4, 4), st.floats(-3, 3)
)
def test_every_box_lies_in_the_picture(stride: int, row: int, column: int, x: float, y: float, size: float) -> None:
    for x1, y1, x2, y2 in detect((stride, row, column, 1, 1, x, y, size, size), size=(60, 90)):
        assert 0 <= x1 < x2 <= 90
        assert 0 <= y1 < y2 <= 60


def test_a_face_that_two_strides_see_is_one() -> None:
    assert len(detect((8, 2, 2, 1, 1, 0.0, 0.0, math.log(2), math.log(2)), (16, 1, 1, 1, 0.9, 0.0, 0.0, 0.0, 0.0))) == 1


def test_a_picture_is_handed_over_in_bgr_padded_at_the_right_and_bottom() -> None:
    net = network()
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    YuNetDetector(net, MODEL, 0.6).detect([image])
    (batch,) = net.batches
    assert batch.shape == (1, 3, 64, 96)
    assert np.array_equal(batch[0, ::-1, :50, :70], image.transpose(2, 0, 1))
    assert not batch[0, :, 50:].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_tiny_and_very_long_pictures_are_looked_at(size: tuple[int, int]) -> None:
    assert len(detect((8, 0, 0, 1, 1, 0.0, 0.0, 1, 1), size=size)) == 1
    assert YuNetDetector(network(), MODEL, 0.6).detect([]) == []


def test_a_size_beyond_all_bounds_hides_the_picture_and_does_not_crash() -> None:
    assert detect((8, 1, 1, 1, 1, 0.5, 0.5, 1e30, 100.0)) == [(0, 0, 96, 64)]


@pytest.mark.parametrize("place", [3, 4, 5, 7])
def test_an_output_that_is_no_number_is_an_error(place: int) -> None:
    values = [8, 1, 1, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0]
    values[place] = math.nan
    with pytest.raises(UnseenError, match="no numbers"):
        detect(tuple(values), (16, 1, 1, 1, 1, 0, 0, 1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("keep", [0, 8, 5])
def test_an_output_of_another_model_is_an_error(keep: int) -> None:
    net = FakeNetwork(lambda batch: network().run(batch)[:keep])
    with pytest.raises(ModelCorrupt, match="no yunet model"):
        YuNetDetector(net, MODEL, 0.6).detect([grey(64, 96)])


def test_outputs_in_another_order_are_an_error_and_not_nonsense() -> None:
    net = FakeNetwork(lambda batch: network().run(batch)[::-1])
    with pytest.raises(ModelCorrupt, match="wanted"):
        YuNetDetector(net, MODEL, 0.6).detect([grey(64, 96)])
