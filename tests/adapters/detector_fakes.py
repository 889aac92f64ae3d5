"""Networks and detectors that say what a test tells them to, handed in through the ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unseen.adapters.run_onnxruntime import start_session
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection

__all__ = ["FakeDetector", "FakeNetwork", "face", "file_of", "grey", "threads_given"]

Floats = NDArray[np.float32]


class FakeNetwork:
    """A network that answers by calling a function on each batch, and remembers the batches."""

    device = "fake:CPU"

    def __init__(
        self, answer: Callable[[Floats], tuple[Floats, ...]], shape: tuple[int | None, ...] = (None,) * 4
    ) -> None:
        self._answer = answer
        self.input_shape = shape
        self.batches: list[Floats] = []

    def run(self, batch: Floats) -> tuple[Floats, ...]:
        assert batch.dtype == np.float32
        assert batch.flags.c_contiguous
        self.batches.append(batch)
        return self._answer(batch)


class FakeDetector:
    """A detector that calls a function on each picture, and remembers the pictures."""

    def __init__(self, look: Callable[[Rgb8], list[Detection]]) -> None:
        self._look = look
        self.models = (file_of("centerface"),)
        self.seen: list[Rgb8] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.seen += images
        return [self._look(image) for image in images]


def file_of(name: str) -> ModelFile:
    """A model file of the catalogue that need not be there."""
    return ModelFile(CATALOGUE[name], Path("models") / CATALOGUE[name].filename, "00", "user")


def grey(height: int, width: int, level: int = 100) -> Rgb8:
    """A plain picture."""
    return np.full((height, width, 3), level, np.uint8)


def face(x1: float, y1: float, x2: float, y2: float, score: float = 0.9) -> Detection:
    """A face that the model inside a detector found."""
    return Detection("face", Box(x1, y1, x2, y2), score, "centerface")


def threads_given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the CPU threads of each ONNX Runtime session that is started, or 0 where it is
    not optimised; they start with one."""
    given = list[int]()

    def start(runtime: Any, model: bytes, device: str, threads: int, name: str, *, optimised: bool = True) -> Any:
        given.append(threads if optimised else 0)
        return start_session(runtime, model, device, 1, name, optimised=optimised)

    monkeypatch.setattr("unseen.adapters.run_onnxruntime.start_session", start)
    return given
