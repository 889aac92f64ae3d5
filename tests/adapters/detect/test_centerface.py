"""CenterFace's maps become boxes by its paper's arithmetic, in any size of picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeNetwork, Floats, file_of, grey
from unseen.adapters.detect.centerface import CenterFaceDetector
from unseen.errors import ModelCorrupt, UnseenError

#: A cell of the maps: row, column, score, log of height and width in cells, offset down and right.
Cell = tuple[int, int, float, float, float, float, float]


def network(*cells: Cell) -> FakeNetwork:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        n, _, height, width = batch.shape
        heat, scale, offset, marks = (np.zeros((n, c, height // 4, width // 4), np.float32) for c in (1, 2, 2, 10))
        for row, column, score, log_height, log_width, down, right in cells:
            heat[:, 0, row, column] = score
            scale[:, :, row, column] = (log_height, log_width)
            offset[:, :, row, column] = (down, right)
        return heat, scale, offset, marks

    return FakeNetwork(answer)


def detector(*cells: Cell) -> CenterFaceDetector:
    return CenterFaceDetector(network(*cells), file_of("centerface"), 0.5)


def test_a_cell_becomes_the_box_that_it_stands_for() -> None:
    cell = (5, 10, 0.8, math.log(3), math.log(2), 0.25, -0.25)
    ((found,),) = detector(cell).detect([grey(64, 96)])
    # The centre is (10 - 0.25 + 0.5, 5 + 0.25 + 0.5) cells of 4 px, the size 2 x 3 cells.
    assert found.box.xyxy == pytest.approx((41 - 4, 23 - 6, 41 + 4, 23 + 6), abs=1e-4)
    assert (found.cls, found.model) == ("face", "centerface")
    assert found.score == pytest.approx(0.8)


@given(st.integers(0, 15), st.integers(0, 23), st.floats(-2, 5), st.floats(-2, 5), st.floats(-1, 1), st.floats(-1, 1))
def test_every_box_lies_in_the_picture(
    row: int, column: int, tall: float, wide: float, down: float, right: float
) -> None:
    (found,) = detector((row, column, 0.9, tall, wide, down, right)).detect([grey(60, 90)])
    for d in found:
        assert 0 <= d.box.x1 < d.box.x2 <= 90
        assert 0 <= d.box.y1 < d.box.y2 <= 60


def test_the_threshold_is_on_the_heat_map() -> None:
    faint = (5, 10, 0.5, 1.0, 1.0, 0.0, 0.0)
    assert detector(faint).detect([grey(64, 96)]) == [[]]


def test_a_face_that_only_the_padding_holds_is_none() -> None:
    assert detector((15, 2, 0.9, 0.0, 0.0, 0.0, 0.0)).detect([grey(40, 96)]) == [[]]


def test_neighbouring_cells_of_one_face_become_one() -> None:
    cells = [(5, 10 + i, 0.9 - i / 10, 2.0, 2.0, 0.0, 0.0) for i in range(3)]
    ((found,),) = detector(*cells).detect([grey(64, 96)])
    assert found.score == pytest.approx(0.9)


def test_a_picture_is_handed_over_as_it_is_padded_at_the_right_and_bottom() -> None:
    net = network()
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    CenterFaceDetector(net, file_of("centerface"), 0.5).detect([image])
    (batch,) = net.batches
    assert batch.shape == (1, 3, 64, 96)
    assert np.array_equal(batch[0, :, :50, :70], image.transpose(2, 0, 1))
    assert not batch[0, :, 50:].any()
    assert not batch[0, :, :, 70:].any()


def test_pictures_of_any_sizes_get_their_own_results_in_order() -> None:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        n, _, height, width = batch.shape
        heat = np.zeros((n, 1, height // 4, width // 4), np.float32)
        heat[:, 0, 2, 2] = batch[:, 0, 0, 0] / 255.0
        other = np.zeros((n, 2, height // 4, width // 4), np.float32)
        return heat, other, other

    net = FakeNetwork(answer)
    sizes = [(32, 32), (64, 32), (20, 30), (1, 1), (32, 32), (33, 32)]
    images = [grey(*size, level=150 + 10 * i) for i, size in enumerate(sizes)]
    found = CenterFaceDetector(net, file_of("centerface"), 0.5).detect(images)
    scores = [[round(d.score * 255) for d in ds] for ds in found]
    assert scores == [[150], [160], [170], [], [190], [200]]
    assert len(net.batches) == 2


def test_many_large_tiles_are_not_held_in_memory_at_once() -> None:
    net = network()
    CenterFaceDetector(net, file_of("centerface"), 0.5).detect([grey(1536, 1536)] * 5)
    assert max(batch[:, 0].size for batch in net.batches) <= 5_000_000
    assert sum(len(batch) for batch in net.batches) == 5


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (31, 33)])
def test_tiny_and_very_long_pictures_are_looked_at(size: tuple[int, int]) -> None:
    assert detector((0, 0, 0.9, 0.0, 0.0, 0.0, 0.0)).detect([grey(*size)])[0]
    assert detector().detect([]) == []


def test_a_size_beyond_all_bounds_hides_the_picture_and_does_not_crash() -> None:
    ((found,),) = detector((5, 10, 0.9, 1e30, 88.0, 0.0, 0.0)).detect([grey(60, 90)])
    assert found.box.xyxy == (0, 0, 90, 60)


@pytest.mark.parametrize(
    "cell", [(5, 10, math.nan, 0, 0, 0, 0), (5, 10, 0.9, math.nan, 0, 0, 0), (5, 10, 0.9, 0, 0, math.nan, 0)]
)
def test_an_output_that_is_no_number_is_an_error(cell: Cell) -> None:
    with pytest.raises(UnseenError, match="no numbers; choose another --device"):
        detector(cell, (2, 2, 0.9, 0, 0, 0, 0)).detect([grey(64, 96)])


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [(1, 1, 16, 24)],
        [(1, 1, 16, 24), (1, 2, 16, 24), (1, 1, 16, 24)],
        [(1, 1, 8, 12), (1, 2, 8, 12), (1, 2, 8, 12)],
        [(1, 300, 6)],
    ],
)
def test_an_output_of_another_model_is_an_error(shapes: list[tuple[int, ...]]) -> None:
    net = FakeNetwork(lambda _: tuple(np.zeros(shape, np.float32) for shape in shapes))
    with pytest.raises(ModelCorrupt, match="no centerface model"):
        CenterFaceDetector(net, file_of("centerface"), 0.5).detect([grey(64, 96)])
