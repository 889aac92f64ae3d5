"""Cut the square input of a YOLO to the shape of a video: of a square around a wide picture nearly half is grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.detect.yolo import Cut
from unseen.adapters.onnx_file import free_shapes
from unseen.adapters.runtimes import open_network
from unseen.core.models import ModelFile
from unseen.core.ports import Network
from unseen.errors import UnseenError

__all__ = ["cut_of", "cut_square"]

#: TensorRT would build an engine for each input, which takes minutes; OpenVINO reads the file by itself.
_DEVICES = frozenset({"onnxruntime:CPU", "onnxruntime:CUDA"})
#: Pixels a side of the cells in which a YOLO looks, from its three last layers.
_CELLS = (8, 16, 32)


def cut_of(network: Network, model: ModelFile, threads: int | None, at_once: int = 1) -> Cut | None:
    """Return what opens the model of an open network for smaller inputs, on the very device that it runs on; None where
    that is not done. What it opens was never run, and may fail where the whole network does not."""
    if network.device not in _DEVICES:
        return None

    def cut(height: int, width: int) -> Network | None:
        side = network.input_shape[-1] or 0
        try:
            return open_network(
                model, network.device, threads, lambda whole: cut_square(whole, side, height, width), at_once
            )
        except UnseenError:
            return None

    return cut


def cut_square(model: bytes, side: int, height: int, width: int) -> bytes:
    """Return the ONNX file of a YOLO for inputs of `height` x `width` instead of `side` x `side`.

    All are multiples of 32 pixels, `height` and `width` at most `side`. Ultralytics' exporter stores the places of the
    square's cells and how many there are; both are cut down to those of the smaller input. They are known by their
    values, which must be the very ones that follow from `side`. Raises ValueError where they are not there, for other
    sizes, and when the bytes are no ONNX model.
    """
    if any(size % _CELLS[-1] or not 0 < size <= side for size in (height, width)):
        raise ValueError(f"an input of {height} x {width} cannot be cut out of one of {side} x {side}")
    kept = np.concatenate([part.ravel() for part in _numbers(side, height, width)])
    places, cells = _places(side)
    square, large = side // _CELLS[-1], (height // _CELLS[-1], width // _CELLS[-1])
    seen = set[str]()

    def change(values: NDArray[Any]) -> NDArray[Any] | None:
        if values.shape in (places.shape, (1, *places.shape)) and np.array_equal(values.reshape(places.shape), places):
            seen.add("places")
            return values[..., kept]
        if values.shape[-1:] == cells.shape and np.array_equal(values.ravel(), cells):
            seen.add("cells")
            return values[..., kept]
        if values.dtype.kind == "i" and values.shape == (4,):
            return _reshaped(values, square, large)
        return None

    cut = free_shapes(model, (1, 3, height, width), change)
    if seen != {"places", "cells"}:
        raise ValueError("the places of its cells are not stored as they are known to be")
    return cut


def _numbers(side: int, height: int, width: int) -> list[NDArray[np.intp]]:
    """Return, for each size of cells, the numbers of those of the square that lie in its upper left part."""
    numbers, first = [], 0
    for cell in _CELLS:
        count = side // cell
        square = first + np.arange(count * count).reshape(count, count)
        numbers.append(square[: height // cell, : width // cell])
        first += count * count
    return numbers


def _places(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the middles of the square's cells in cells, shape (2, n) as x and y, and the cells' sizes, (n,)."""
    middles, sizes = [], []
    for cell in _CELLS:
        at = np.arange(side // cell, dtype=np.float32) + np.float32(0.5)
        y, x = np.meshgrid(at, at, indexing="ij")
        middles.append(np.stack([x.ravel(), y.ravel()]))
        sizes.append(np.full(x.size, cell, np.float32))
    return np.concatenate(middles, axis=1), np.concatenate(sizes)


def _reshaped(shape: NDArray[Any], square: int, large: tuple[int, int]) -> NDArray[Any] | None:
    """Return the shape that attention brings the largest cells to: all in a row, or in rows and columns."""
    if shape[3] == square * square:
        return np.array([*shape[:3], large[0] * large[1]])
    if shape[2] == shape[3] == square:
        return np.array([*shape[:2], *large])
    return None
