"""YOLO's two outputs become persons and vehicles, back through the letterbox."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeNetwork, Floats, file_of, grey
from unseen.adapters.detect.yolo import YoloDetector
from unseen.core.photos import Rgb8
from unseen.core.regions import Detection
from unseen.errors import ModelCorrupt, UnseenError

MODEL = file_of("yolo26n")
INPUT: tuple[int | None, ...] = (1, 3, 640, 640)
#: x1 y1 x2 y2 in the network's input, score, COCO's class number.
Row = tuple[float, float, float, float, float, float]


def end_to_end(*rows: Row, shape: tuple[int | None, ...] = INPUT) -> FakeNetwork:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        table = np.zeros((len(batch), 300, 6), np.float32)
        table[:, : len(rows)] = np.asarray(rows, np.float32).reshape(-1, 6)
        return (table,)

    return FakeNetwork(answer, shape)


def older(*rows: Row, shape: tuple[int | None, ...] = INPUT) -> FakeNetwork:
    def answer(batch: Floats) -> tuple[Floats, ...]:
        table = np.zeros((len(batch), 84, 8400), np.float32)
        for i, (x1, y1, x2, y2, score, number) in enumerate(rows):
            table[:, :4, i] = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
            table[:, 4 + int(number), i] = score
        return (table,)

    return FakeNetwork(answer, shape)


BOTH = pytest.mark.parametrize("made", [end_to_end, older])


def detect(net: FakeNetwork, image: Rgb8, threshold: float = 0.25) -> list[Detection]:
    return YoloDetector(net, MODEL, threshold).detect([image])[0]


@BOTH
@pytest.mark.parametrize(
    ("number", "cls"), [(0, "person"), (1, "bicycle"), (2, "car"), (3, "motorcycle"), (5, "bus"), (7, "truck")]
)
def test_coco_numbers_become_classes(made: Callable[..., FakeNetwork], number: int, cls: str) -> None:
    (found,) = detect(made((100, 200, 300, 400, 0.9, number)), grey(640, 640))
    assert (found.cls, found.model) == (cls, "yolo26n")
    assert found.score == pytest.approx(0.9)
    assert found.box.xyxy == pytest.approx((100, 200, 300, 400), abs=1e-3)


@BOTH
def test_other_classes_and_faint_ones_are_left_out(made: Callable[..., FakeNetwork]) -> None:
    rows = [(9, 9, 99, 99, 0.9, n) for n in (4, 6, 8, 16, 79)] + [(200, 200, 300, 300, 0.25, 0)]
    assert detect(made(*rows), grey(640, 640)) == []


@BOTH
@pytest.mark.parametrize(
    ("size", "row", "wanted"),
    [
        ((480, 640), (64, 144, 320, 400, 0.9, 0), (64, 64, 320, 320)),
        ((640, 480), (144, 64, 400, 320, 0.9, 0), (64, 64, 320, 320)),
        ((960, 1280), (64, 144, 320, 400, 0.9, 0), (128, 128, 640, 640)),
        ((240, 320), (64, 144, 320, 400, 0.9, 0), (32, 32, 160, 160)),
        ((480, 640), (0, 0, 640, 640, 0.9, 0), (0, 0, 640, 480)),
    ],
)
def test_boxes_come_back_through_the_letterbox(
    made: Callable[..., FakeNetwork], size: tuple[int, int], row: Row, wanted: tuple[float, ...]
) -> None:
    (found,) = detect(made(row), grey(*size))
    assert found.box.xyxy == pytest.approx(wanted, abs=1e-3)


@given(st.integers(1, 900), st.integers(1, 900), st.tuples(*[st.floats(0, 1)] * 4))
def test_an_object_comes_back_within_a_pixel_of_where_it_is(height: int, width: int, shares: tuple[float, ...]) -> None:
    x1, x2 = sorted((shares[0] * width, shares[1] * width))
    y1, y2 = sorted((shares[2] * height, shares[3] * height))
    scale = 640 / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (640 - w) // 2, (640 - h) // 2
    row = (x1 * w / width + left, y1 * h / height + top, x2 * w / width + left, y2 * h / height + top, 0.9, 0.0)
    for found in detect(end_to_end(row), grey(height, width)):
        assert found.box.xyxy == pytest.approx((x1, y1, x2, y2), abs=1.0)
    if min(x2 - x1, y2 - y1) > 1:
        assert detect(end_to_end(row), grey(height, width))


def test_the_letterbox_holds_the_picture_in_the_middle_on_grey() -> None:
    net = end_to_end()
    detect(net, grey(320, 640, level=255))
    (batch,) = net.batches
    assert batch.shape == (1, 3, 640, 640)
    assert (batch[:, :, 160:480] == 1.0).all()
    assert batch[:, :, :160] == pytest.approx(114 / 255)
    assert batch[:, :, 480:] == pytest.approx(114 / 255)


def test_what_lies_in_the_grey_alone_is_nothing() -> None:
    assert detect(end_to_end((10, 10, 200, 100, 0.9, 2)), grey(320, 640)) == []


@pytest.mark.parametrize(("shape", "size"), [((1, 3, 384, 640), (384, 640)), ((None, 3, None, None), (640, 640))])
def test_the_networks_own_input_size_is_used(shape: tuple[int | None, ...], size: tuple[int, int]) -> None:
    net = end_to_end((0, 0, size[1], size[0], 0.9, 0), shape=shape)
    (found,) = detect(net, grey(100, 300))
    assert net.batches[0].shape[2:] == size
    assert found.box.xyxy == (0, 0, 300, 100)


@pytest.mark.parametrize(("shape", "batches"), [(INPUT, [1, 1, 1]), ((None, 3, 640, 640), [3])])
def test_a_model_for_one_picture_gets_one_at_a_time(shape: tuple[int | None, ...], batches: list[int]) -> None:
    net = end_to_end((0, 0, 640, 640, 0.9, 0), shape=shape)
    found = YoloDetector(net, MODEL, 0.25).detect([grey(10, 10), grey(20, 40), grey(7, 7)])
    assert [len(batch) for batch in net.batches] == batches
    assert [ds[0].box.xyxy for ds in found] == [(0, 0, 10, 10), (0, 0, 40, 20), (0, 0, 7, 7)]
    assert YoloDetector(net, MODEL, 0.25).detect([]) == []


def test_the_older_output_is_suppressed_within_each_class_only() -> None:
    near = [
        (100, 100, 300, 300, 0.9, 0),
        (105, 100, 305, 300, 0.8, 0),
        (100, 105, 300, 300, 0.7, 2),
        (400, 400, 500, 500, 0.6, 0),
    ]
    found = detect(older(*near), grey(640, 640))
    assert [(d.cls, round(d.score, 1)) for d in found] == [("person", 0.9), ("car", 0.7), ("person", 0.6)]


def test_the_older_output_takes_each_anchors_best_class() -> None:
    net = older((100, 100, 300, 300, 0.5, 0))
    table = net.run(np.zeros((1, 3, 640, 640), np.float32))[0]
    table[0, 4 + 7, 0] = 0.6
    (found,) = detect(FakeNetwork(lambda _: (table,), INPUT), grey(640, 640))
    assert found.cls == "truck"
    assert found.score == pytest.approx(0.6)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 2)])
def test_tiny_and_very_long_pictures_are_looked_at(size: tuple[int, int]) -> None:
    (found,) = detect(end_to_end((0, 0, 640, 640, 0.9, 0)), grey(*size))
    assert found.box.xyxy == (0, 0, size[1], size[0])


@BOTH
@pytest.mark.parametrize("place", range(6))
def test_an_output_that_is_no_number_is_an_error(made: Callable[..., FakeNetwork], place: int) -> None:
    table = made((9, 9, 99, 99, 0.9, 0)).run(np.zeros((1, 3, 640, 640), np.float32))[0]
    table[(0, 0, place) if made is end_to_end else (0, place, 0)] = math.nan
    with pytest.raises(UnseenError, match="yolo26n gave values that are no numbers"):
        detect(FakeNetwork(lambda _: (table,), INPUT), grey(640, 640))


@pytest.mark.parametrize("shape", [(1, 300, 38), (1, 8400, 84), (1, 85, 8400), (1, 5, 8400), (1, 1000), (1, 1, 300, 6)])
def test_an_output_of_another_head_is_an_error_that_says_what_to_export(shape: tuple[int, ...]) -> None:
    net = FakeNetwork(lambda _: (np.zeros(shape, np.float32),), INPUT)
    with pytest.raises(ModelCorrupt, match=r"yolo26n.onnx: output .* export one with output \[1, 300, 6\]"):
        detect(net, grey(64, 64))


def test_an_empty_table_is_an_empty_picture() -> None:
    assert detect(end_to_end(), grey(64, 64)) == detect(older(), grey(64, 64)) == []


class Cutting:
    """Opens fakes for smaller inputs, and remembers for which."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.opened: list[tuple[int, int]] = []
        self.nets: list[FakeNetwork] = []

    def __call__(self, height: int, width: int) -> FakeNetwork | None:
        self.opened.append((height, width))
        if not self.works:
            return None
        self.nets.append(end_to_end((0, 0, width, height, 0.9, 0), shape=(1, 3, height, width)))
        return self.nets[-1]


@pytest.mark.parametrize(
    ("size", "cut"),
    [
        ((720, 1280), (352, 640)),
        ((1280, 720), (640, 352)),
        ((370, 1224), (192, 640)),
        ((540, 1000), (352, 640)),
        ((700, 1280), (352, 640)),
        ((500, 800), (416, 640)),
        ((480, 640), (480, 640)),
        ((10, 4000), (32, 640)),
    ],
)
def test_a_picture_that_is_not_square_gets_an_input_of_its_shape(size: tuple[int, int], cut: tuple[int, int]) -> None:
    cutting, whole = Cutting(), end_to_end()
    detector = YoloDetector(whole, MODEL, 0.25, cutting)
    for _ in range(3):
        ((found,),) = detector.detect([grey(*size)])
        assert found.box.xyxy == (0, 0, size[1], size[0])
    assert cutting.opened == [cut]
    assert [batch.shape[2:] for batch in cutting.nets[0].batches] == [cut] * 3
    assert whole.batches == []


@pytest.mark.parametrize(
    ("size", "cut"), [((360, 640), (192, 320)), ((640, 640), (320, 320)), ((100, 200), (160, 320))]
)
def test_a_picture_is_shrunk_to_the_side_that_is_asked_for(size: tuple[int, int], cut: tuple[int, int]) -> None:
    cutting = Cutting()
    ((found,),) = YoloDetector(end_to_end(), MODEL, 0.25, cutting, side=320).detect([grey(*size)])
    assert cutting.opened == [cut]
    assert found.box.xyxy == (0, 0, size[1], size[0])


def test_square_pictures_and_networks_that_cannot_be_cut_take_the_whole_input() -> None:
    cutting, row = Cutting(works=False), (0, 140, 640, 500, 0.9, 0)
    whole = end_to_end(row)
    detector = YoloDetector(whole, MODEL, 0.25, cutting)
    assert [len(found) for found in detector.detect([grey(640, 640), grey(360, 640), grey(360, 640)])] == [1, 1, 1]
    assert cutting.opened == [(352, 640)]
    assert len(whole.batches) == 3
    free = YoloDetector(end_to_end(row, shape=(None, 3, None, None)), MODEL, 0.25, cutting)
    assert len(free.detect([grey(360, 640)])[0]) == 1
    assert cutting.opened == [(352, 640)]


def no_table(batch: Floats) -> tuple[Floats, ...]:
    return (np.zeros((len(batch), 3), np.float32),)


def no_numbers(batch: Floats) -> tuple[Floats, ...]:
    return (np.full((len(batch), 300, 6), np.nan, np.float32),)


def no_answer(batch: Floats) -> tuple[Floats, ...]:
    raise UnseenError(f"could not run {batch.shape}")


@pytest.mark.parametrize("answer", [no_table, no_numbers, no_answer])
def test_a_cut_network_that_does_not_work_is_left_for_the_whole_one(
    answer: Callable[[Floats], tuple[Floats, ...]],
) -> None:
    cut, opened = FakeNetwork(answer, (1, 3, 384, 640)), list[tuple[int, int]]()
    whole = end_to_end((0, 140, 640, 500, 0.9, 0))

    def open_cut(height: int, width: int) -> FakeNetwork:
        opened.append((height, width))
        return cut

    detector = YoloDetector(whole, MODEL, 0.25, open_cut)
    for _ in range(3):
        ((found,),) = detector.detect([grey(360, 640)])
        assert found.box.xyxy == (0, 0, 640, 360)
    assert (opened, len(cut.batches), len(whole.batches)) == ([(352, 640)], 1, 3)


def test_a_whole_network_that_does_not_work_is_an_error_with_a_cut_one_beside() -> None:
    detector = YoloDetector(FakeNetwork(no_answer, INPUT), MODEL, 0.25, lambda *_: FakeNetwork(no_answer, INPUT))
    with pytest.raises(UnseenError, match="could not run"):
        detector.detect([grey(360, 640)])


def test_only_a_few_networks_are_kept() -> None:
    cutting = Cutting()
    detector = YoloDetector(end_to_end(), MODEL, 0.25, cutting)
    for size in ((360, 640), (480, 640), (200, 640), (360, 640)):
        assert len(detector.detect([grey(*size)])[0]) == 1
    assert cutting.opened == [(352, 640), (480, 640), (224, 640), (352, 640)]


def test_threads_that_look_at_once_open_a_cut_network_once_and_see_alike() -> None:
    opened = list[tuple[int, int]]()
    together = threading.Barrier(4, timeout=30)

    def cut(height: int, width: int) -> FakeNetwork:
        time.sleep(0.05)
        opened.append((height, width))
        return end_to_end((100, 100, 200, 200, 0.9, 0), shape=(1, 3, height, width))

    detector = YoloDetector(end_to_end(), MODEL, 0.25, cut)

    def look(_: int) -> list[Detection]:
        together.wait()
        return detector.detect([grey(360, 640)])[0]

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(look, range(4))
    assert opened == [(352, 640)]
    assert first
    assert all(found == first for found in others)
