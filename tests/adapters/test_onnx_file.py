"""The bytes of ONNX files: recognised, read, and freed of fixed sizes, without the onnx package."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.models_store import FileModelStore
from unseen.adapters.onnx_file import free_shapes, is_onnx, notes
from unseen.adapters.run_onnxruntime import start_session

onnxruntime = pytest.importorskip("onnxruntime")


def _inputs(model: bytes) -> list[list[int | str]]:
    return [value.shape for value in start_session(onnxruntime, model, "CPU", 1).get_inputs()]


def test_fixed_sizes_become_free(tiny_onnx: Callable[..., bytes]) -> None:
    assert _inputs(tiny_onnx((1, 3, 8, 8))) == [[1, 3, 8, 8]]
    [freed] = _inputs(free_shapes(tiny_onnx((1, 3, 8, 8)), (None, 3, None, None)))
    assert [size if isinstance(size, int) else None for size in freed] == [None, 3, None, None]


def test_free_sizes_can_be_fixed(tiny_onnx: Callable[..., bytes]) -> None:
    assert _inputs(free_shapes(tiny_onnx(("n", 3, "h", "w")), (2, 3, 300, 640))) == [[2, 3, 300, 640]]


def test_centerface_keeps_one_input_and_its_weights_become_constants(models: FileModelStore) -> None:
    original = models.require("centerface").path.read_bytes()
    freed = free_shapes(original, (None, 3, None, None))
    assert len(start_session(onnxruntime, freed, "CPU", 1).get_overridable_initializers()) == 0
    assert len(start_session(onnxruntime, original, "CPU", 1).get_overridable_initializers()) > 0


def test_notes_of_the_exporter_are_read(tiny_onnx: Callable[..., bytes]) -> None:
    assert notes(tiny_onnx(names="{0: 'person'}")) == {"names": "{0: 'person'}"}
    assert notes(tiny_onnx()) == {}


def test_the_recogniser_carries_its_alphabet(models: FileModelStore) -> None:
    alphabet = notes(models.require("ppocr-rec").path.read_bytes())["character"]
    assert {"A", "Z", "0", "9"} <= set(alphabet.split("\n"))


@pytest.mark.parametrize("name", ["centerface", "ppocr-det", "ppocr-rec"])
def test_real_models_are_recognised(models: FileModelStore, name: str) -> None:
    assert is_onnx(models.require(name).path.read_bytes())


def test_a_tflite_file_is_not_onnx(models: FileModelStore) -> None:
    assert not is_onnx(models.require("mediapipe-full-range").path.read_bytes())


@pytest.mark.parametrize("data", [b"", b"hello world", b"\xff" * 100, b"\x3a\x7f", b"\x00"])
def test_other_bytes_are_not_onnx(data: bytes) -> None:
    assert not is_onnx(data)
    with pytest.raises(ValueError, match=r"truncated|no graph|wire type"):
        free_shapes(data, (None,))


def test_every_truncation_is_refused_or_still_a_layout(tiny_onnx: Callable[..., bytes]) -> None:
    whole = tiny_onnx(names="{0: 'person'}")
    for end in range(len(whole)):
        if is_onnx(whole[:end]):
            assert free_shapes(whole[:end], (None, 3, 8, 8))
        else:
            with pytest.raises(ValueError, match=r"truncated|no graph"):
                free_shapes(whole[:end], (None, 3, 8, 8))


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_answer_or_a_value_error(data: bytes) -> None:
    if is_onnx(data):
        assert isinstance(notes(data), dict)
    for attempt in (lambda: free_shapes(data, (None, 3)), lambda: notes(data)):
        with contextlib.suppress(ValueError):
            attempt()
