"""Blanking blocks of a JPEG: what is hidden becomes one value, every other block keeps its exact pixels."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unseen.dicom.pixels.jpeg_blocks import blanked


def _jpeg(values: np.ndarray[Any, Any], **how: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(values).save(file, "jpeg", **how)
    return file.getvalue()


def _decoded(frame: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(BytesIO(frame))).astype(int)


_NOISE = np.random.default_rng(3)


@given(
    size=st.tuples(st.integers(17, 70), st.integers(17, 70)),
    box=st.tuples(*[st.integers(0, 60)] * 4),
    how=st.fixed_dictionaries(
        {
            "quality": st.integers(30, 98),
            "optimize": st.booleans(),
            "restart_marker_rows": st.integers(0, 2),
        }
    ),
    bright=st.booleans(),
)
def test_grey_outside_stays_to_the_bit(
    size: tuple[int, int], box: tuple[int, ...], how: dict[str, Any], bright: bool
) -> None:
    values = _NOISE.integers(0, 256, size).astype(np.uint8)
    frame = _jpeg(values, **how)
    mask = np.zeros(size, bool)
    mask[box[0] : box[0] + box[1], box[2] : box[2] + box[3]] = True
    made = blanked(frame, mask, (255 if bright else 0,))
    if made is None:  # a table made for this picture has no code for what a blank block needs
        assert how["optimize"]
        return
    before, after = _decoded(frame), _decoded(made)
    blocks = np.kron(_touched(mask, 8), np.ones((8, 8), bool))[: size[0], : size[1]]
    assert np.array_equal(after[~blocks], before[~blocks])
    assert np.abs(after[blocks] - (255 if bright else 0)).max(initial=0) <= 2


def _touched(mask: np.ndarray[Any, Any], side: int) -> np.ndarray[Any, Any]:
    rows, columns = (-(-n // side) for n in mask.shape)
    padded = np.zeros((rows * side, columns * side), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(padded.reshape(rows, side, columns, side).any(axis=(1, 3)))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_colours_outside_stay_and_inside_are_black(subsampling: int) -> None:
    values = _NOISE.integers(0, 256, (50, 75, 3)).astype(np.uint8)
    frame = _jpeg(values, quality=90, subsampling=subsampling, restart_marker_rows=1)
    mask = np.zeros((50, 75), bool)
    mask[16:32, 16:48] = True
    made = blanked(frame, mask, (0, 128, 128))
    assert made is not None
    before, after = _decoded(frame), _decoded(made)
    assert after[17:31, 17:47].max() <= 2
    far = np.ones((50, 75), bool)
    far[14:34, 14:50] = False  # colours are smoothed over the edge
    assert np.array_equal(after[far], before[far])
    other = values.copy()
    other[16:32, 16:48] = 255 - other[16:32, 16:48]
    assert (
        blanked(_jpeg(other, quality=90, subsampling=subsampling, restart_marker_rows=1), mask, (0, 128, 128)) == made
    )


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        _jpeg(np.zeros((32, 32), np.uint8), progressive=True),
        _jpeg(np.zeros((32, 32), np.uint8))[:-40] + b"\xff\xd9",
        _jpeg(np.zeros((40, 32), np.uint8)),
    ],
)
def test_what_is_no_whole_baseline_frame_of_the_size_is_left_to_others(frame: bytes) -> None:
    assert blanked(frame, np.ones((32, 32), bool), (0,)) is None
