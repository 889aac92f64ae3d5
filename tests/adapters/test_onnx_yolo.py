"""A YOLO that was exported for a square is cut to a video's shape, or left as it is: never half of either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.adapters.detector_fakes import file_of
from unseen.adapters.detect.yolo import YoloDetector
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.onnx_file import free_shapes
from unseen.adapters.onnx_yolo import cut_of, cut_square
from unseen.adapters.runtimes import open_network
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.pixels.boxes import iou

SIDE = 64
SIZES = [(32, 64), (64, 32), (32, 32), (64, 64)]


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return varint(number << 3) + varint(body)
    return varint(number << 3 | 2) + varint(len(body)) + body


def constant(values: NDArray[Any], name: str, *, packed: bool = False) -> bytes:
    sides = [varint(side) for side in values.shape]
    dims = field(1, b"".join(sides)) if packed else b"".join(field(1, side) for side in values.shape)
    return field(
        5,
        dims + field(2, 1 if values.dtype == np.float32 else 7) + field(8, name.encode()) + field(9, values.tobytes()),
    )


def places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middles of all cells as x and y, and their sizes, as an exporter stores them."""
    cells = [
        (x + 0.5, y + 0.5, cell) for cell in (8, 16, 32) for y in range(height // cell) for x in range(width // cell)
    ]
    table = np.array(cells, np.float32).T
    return table[None, :2], table[None, 2]


def yolo_like(tiny: bytes, constants: Sequence[NDArray[Any]], *, packed: bool = False) -> bytes:
    """A small ONNX file with more constants in its graph."""
    graph_at = tiny.index(b"\x3a")
    length = tiny[graph_at + 1]
    graph = tiny[graph_at + 2 : graph_at + 2 + length]
    more = b"".join(constant(each, f"c{i}", packed=packed) for i, each in enumerate(constants))
    return tiny[:graph_at] + field(7, graph + more) + tiny[graph_at + 2 + length :]


def constants_of(model: bytes) -> list[NDArray[Any]]:
    found: list[NDArray[Any]] = []
    free_shapes(model, (None,), found.append)
    return found


@pytest.fixture
def stored(tiny_onnx: Callable[..., bytes]) -> bytes:
    middles, cells = places(SIDE, SIDE)
    shapes = [np.array(shape, np.int64) for shape in ([1, 2, 128, 4], [1, 128, 2, 2], [1, 2, 128, 77])]
    return yolo_like(tiny_onnx((1, 3, SIDE, SIDE)), [middles, *shapes, cells])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_places_sizes_and_shapes_become_those_of_the_smaller_input(stored: bytes, height: int, width: int) -> None:
    middles, row, rows, other, cells = constants_of(cut_square(stored, SIDE, height, width))
    expected = places(height, width)
    np.testing.assert_array_equal(middles, expected[0])
    np.testing.assert_array_equal(cells, expected[1])
    large = (height // 32, width // 32)
    assert row.tolist() == [1, 2, 128, large[0] * large[1]]
    assert rows.tolist() == [1, 128, *large]
    assert other.tolist() == [1, 2, 128, 77]


def test_sides_may_be_stored_packed(tiny_onnx: Callable[..., bytes]) -> None:
    model = yolo_like(tiny_onnx((1, 3, SIDE, SIDE)), [*places(SIDE, SIDE)], packed=True)
    assert [each.shape for each in constants_of(cut_square(model, SIDE, 32, 64))] == [(1, 2, 42), (1, 42)]


@pytest.mark.parametrize(("height", "width"), [(0, 64), (48, 64), (64, 96), (-32, 32)])
def test_other_sizes_are_refused(stored: bytes, height: int, width: int) -> None:
    with pytest.raises(ValueError, match="cannot be cut out"):
        cut_square(stored, SIDE, height, width)


def test_places_that_are_not_the_very_ones_are_refused(tiny_onnx: Callable[..., bytes]) -> None:
    middles, cells = places(SIDE, SIDE)
    for constants in ([], [middles], [cells], [middles + np.float32(0.5), cells], [middles, cells * 2]):
        model = yolo_like(tiny_onnx((1, 3, SIDE, SIDE)), constants)
        with pytest.raises(ValueError, match="not stored as they are known to be"):
            cut_square(model, SIDE, 32, 64)


def test_every_truncation_is_refused_or_cut(stored: bytes) -> None:
    for end in range(0, len(stored), 7):
        try:
            assert cut_square(stored[:end], SIDE, 32, 64)
        except ValueError as error:
            assert str(error)  # noqa: PT017  # either way is right, a crash is not


def pictures(folder: Path) -> list[Rgb8]:
    """Photos of streets and rooms that are far from square, wide ones and a few tall ones."""
    wide, tall = list[Rgb8](), list[Rgb8]()
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as photo:
            width, height = photo.size
            if max(width, height) >= 1.3 * min(width, height):
                (wide if width > height else tall).append(np.asarray(photo.convert("RGB")))
    return [*wide[:12], *tall[:4]]


def test_the_cut_network_sees_what_the_square_one_sees(test_data: Path, models: FileModelStore) -> None:
    file = models.require("yolo26n")
    network = open_network(file, "cpu", 1)
    square = YoloDetector(network, file, 0.4)
    cut = YoloDetector(network, file, 0.4, cut_of(network, file, 1))
    seen = matched = 0
    for picture in pictures(test_data / "samples" / "coco128_val" / "images"):
        there = cut.detect([picture])[0]
        for one in square.detect([picture])[0]:
            seen += 1
            matched += any(one.cls == other.cls and iou(one.box, other.box) > 0.7 for other in there)
    assert seen >= 20
    assert matched >= 0.9 * seen


def test_a_file_of_another_exporter_is_used_as_a_square(tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> None:
    path = tmp_path / "yolo26n.onnx"
    path.write_bytes(tiny_onnx((1, 3, SIDE, SIDE)))

    file = ModelFile(file_of("yolo26n").entry, path, "00", "user")
    network = open_network(file, "cpu", 1)
    cut = cut_of(network, file, 1)
    assert cut is not None
    assert cut(32, 64) is None


def test_sizes_of_cells_in_a_column_are_not_known(tiny_onnx: Callable[..., bytes]) -> None:
    middles, cells = places(SIDE, SIDE)
    model = yolo_like(tiny_onnx((1, 3, SIDE, SIDE)), [middles, cells.reshape(-1, 1)])
    with pytest.raises(ValueError, match="not stored as they are known to be"):
        cut_square(model, SIDE, 32, 64)


def test_networks_of_other_runtimes_are_not_cut(tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> None:

    path = tmp_path / "yolo26n.onnx"
    path.write_bytes(tiny_onnx((1, 3, SIDE, SIDE)))
    file = ModelFile(file_of("yolo26n").entry, path, "00", "user")
    assert cut_of(open_network(file, "openvino", 1), file, 1) is None
