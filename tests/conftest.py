"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.adapters.models_store import FileModelStore
from unseen.engine.models import model_store
from unseen.errors import ModelUnavailable


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos, weights and labels, or a skip that says why."""
    where = os.environ.get("UNSEEN_TEST_DATA")
    if not where:
        pytest.skip("UNSEEN_TEST_DATA is not set: this test needs real photos and weights")
    path = Path(where)
    if not path.is_dir():
        pytest.fail(f"UNSEEN_TEST_DATA={where} is not a folder")
    return path


@pytest.fixture(scope="session")
def models() -> FileModelStore:
    """This machine's models, all pinned ones fetched; those of the test data too where it is set.

    Skips only where UNSEEN_TEST_DATA is unset and they cannot be fetched.
    """
    environ = dict(os.environ)
    where = environ.get("UNSEEN_TEST_DATA")
    if where:
        folders = [environ.get("UNSEEN_MODELS", ""), str(Path(where) / "models")]
        environ["UNSEEN_MODELS"] = os.pathsep.join(folder for folder in folders if folder)
    store = model_store(environ)
    try:
        for entry in store.catalogue.values():
            if entry.sources:
                store.require(entry.name)
    except ModelUnavailable as error:
        if where:
            raise
        pytest.skip(f"the models cannot be fetched here: {error}")
    return store


def _field(number: int, body: bytes | int) -> bytes:
    """Encode a protobuf field of less than 128 bytes, or a number below 128."""
    if isinstance(body, int):
        return bytes([number << 3, body])
    return bytes([number << 3 | 2, len(body)]) + body


def _value(name: bytes, shape: tuple[int | str, ...], kind: int) -> bytes:
    dims = b"".join(_field(1, _field(1, size) if isinstance(size, int) else _field(2, size.encode())) for size in shape)
    tensor = _field(1, kind) + _field(2, dims)
    return _field(1, name) + _field(2, _field(1, tensor))


@pytest.fixture(scope="session")
def tiny_onnx() -> Callable[..., bytes]:
    """A maker of small ONNX models y = op(x): shape, operator, the class names noted, element type (1 is float)."""

    def make(shape: tuple[int | str, ...] = (1, 3, 8, 8), op: str = "Relu", names: str = "", kind: int = 1) -> bytes:
        node = _field(1, b"x") + _field(2, b"y") + _field(4, op.encode())
        values = _field(11, _value(b"x", shape, kind)) + _field(12, _value(b"y", shape, kind))
        graph = _field(1, node) + _field(2, b"g") + values
        opset = _field(8, _field(2, 13))
        noted = _field(14, _field(1, b"names") + _field(2, names.encode())) if names else b""
        return _field(1, 8) + _field(7, graph) + opset + noted

    return make
