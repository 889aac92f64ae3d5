"""Trying a model out before it is taken in: outputs and class names of its family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.adapters.models_check import check_model
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.runtimes import open_network
from unseen.core.catalogue import CATALOGUE, ENTRIES
from unseen.core.models import ModelEntry, ModelFile
from unseen.errors import ModelCorrupt, UnseenError

COCO = "{0: 'person', 1: 'bicycle', 2: 'car', 3: 'motorcycle', 4: 'airplane', 5: 'bus', 6: 'train', 7: 'truck'}"


class _Answers:
    """A network that answers whatever it is asked with zeros of the given shapes, or fails."""

    device = "fake:CPU"
    input_shape = (None,)

    def __init__(self, *shapes: tuple[int, ...], error: Exception | None = None) -> None:
        self._shapes = shapes
        self._error = error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        if self._error is not None:
            raise self._error
        return tuple(np.zeros(shape, np.float32) for shape in self._shapes)


@pytest.fixture
def yolo(tmp_path: Path, tiny_onnx: Callable[..., bytes]) -> Callable[[str], ModelFile]:
    """A maker of YOLO files that note these class names."""

    def make(names: str) -> ModelFile:
        path = tmp_path / "yolo.onnx"
        path.write_bytes(tiny_onnx(names=names))
        return ModelFile(CATALOGUE["yolo26n"], path, "0" * 64, "user")

    return make


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES if entry.sources])
def test_every_fetched_model_passes(models: FileModelStore, name: str) -> None:
    file = models.require(name)
    check_model(file, open_network(file, "cpu", threads=1))


@pytest.mark.parametrize("name", ["yolo26n", "yunet"])
def test_the_users_models_pass(models: FileModelStore, test_data: Path, name: str) -> None:
    file = models.require(name)
    check_model(file, open_network(file, "cpu", threads=1))


@pytest.mark.parametrize("output", [(1, 300, 6), (1, 84, 8400)])
@pytest.mark.parametrize("names", ["", COCO])
def test_both_outputs_of_yolo_pass(yolo: Callable[[str], ModelFile], output: tuple[int, ...], names: str) -> None:
    check_model(yolo(names), _Answers(output))


@pytest.mark.parametrize("shapes", [[(1, 300, 7)], [(1, 84, 8400), (1, 32, 160, 160)], [(1, 85, 8400)], [], [(1, 6)]])
def test_other_outputs_are_refused(yolo: Callable[[str], ModelFile], shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelCorrupt, match=r"cannot serve as yolo26n: its output is .*wanted \[1,300,6\]"):
        check_model(yolo(""), _Answers(*shapes))


@pytest.mark.parametrize(
    "names",
    ["{0: 'plate'}", "{0: 'car', 1: 'person'}", "[]", "not python", "__import__('os').abort()", "((((((" * 15],
)
def test_other_classes_than_cocos_are_refused(yolo: Callable[[str], ModelFile], names: str) -> None:
    with pytest.raises(ModelCorrupt, match="its classes are not COCO's"):
        check_model(yolo(names), _Answers((1, 300, 6)))


@pytest.mark.parametrize("error", [ValueError("expected float32 of shape (1, 3, 112, 112)"), UnseenError("no")])
def test_a_model_that_does_not_run_on_its_familys_input_is_refused(error: Exception) -> None:
    file = ModelFile(CATALOGUE["yunet"], Path("mine.onnx"), "0" * 64, "user")
    with pytest.raises(ModelCorrupt, match=r"mine\.onnx cannot serve as yunet"):
        check_model(file, _Answers(error=error))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_family_refuses_a_stranger(entry: ModelEntry, tmp_path: Path) -> None:
    stranger = ModelFile(entry, tmp_path / "m", "0" * 64, "user")
    for shapes in ([], [()], [()] * 12, [(1,)], [(1, 2, 3)], [(1, 2, 3, 4)] * 4, [(1, 1)] * 12):
        with pytest.raises(ModelCorrupt):
            check_model(stranger, _Answers(*shapes))
