"""A camera's frames as questions for the detector: in each shape that their pixels may have."""

from __future__ import annotations

import io
import threading
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.engine.live_fakes import BRIGHT, job_for, write_clip
from unseen.adapters.live.source_av import open_feed
from unseen.core.live import Unit, UnitKind
from unseen.core.regions import Box, Detection
from unseen.engine.live.camera import Camera, Question

#: Where the bright square is in frames of 192 x 128.
_SQUARE = Box(78, 48, 106, 76)


class _Target:
    """Takes JPEGs."""

    problems: dict[str, str] = {}  # noqa: RUF012  # never changed

    def __init__(self) -> None:
        self.shown: list[Image.Image] = []

    def wants(self, camera: str) -> tuple[frozenset[UnitKind], bool]:
        return frozenset({"jpeg"}), False

    def send(self, camera: str, unit: Unit) -> None:
        self.shown.append(Image.open(io.BytesIO(unit.data)))

    def close(self) -> None: ...


def _asked(tmp_path: Path, now: list[float], *targets: _Target) -> tuple[Camera, Question]:
    job = job_for(str(write_clip(tmp_path / "clip.mp4", 1, aspect=4)), publish=(str(tmp_path / "out"),))
    camera = Camera(
        job.sources[0], job, targets, clock=lambda: now[0], wake=lambda: None,
        open_feed=lambda source, like, wait: open_feed(source, like, wait=wait),
    )  # fmt: skip
    camera.feed(threading.Event())
    question = camera.question()
    assert question is not None
    assert question.wanted.frame.aspects == (Fraction(1), Fraction(4))
    return camera, question


@pytest.mark.parametrize("sees", [0, 1], ids=["as stored", "as told"])
def test_who_is_seen_in_one_of_the_shapes_that_pixels_may_have_is_hidden(sees: int, tmp_path: Path) -> None:
    target, now = _Target(), [0.0]
    camera, question = _asked(tmp_path, now, target)
    assert [view.shape for view in question.views[:2]] == [(128, 192, 3), (107, 640, 3)]
    assert question.turns[:2] == (0, 0)
    high, wide, _ = question.views[sees].shape
    seen = Detection("face", _SQUARE.scaled(wide / 192, high / 128), 0.9, "centerface")
    camera.answer(question, [(seen,) if at == sees else () for at in range(len(question.views))])
    now[0] = 5.0
    camera.publish(threading.Event())
    (shown,) = target.shown
    assert 60 < int(shown.convert("L").getextrema()[1]) < BRIGHT  # type: ignore[arg-type]  # one band, so two numbers


def test_look_that_fails_in_one_shape_counts_as_none(tmp_path: Path) -> None:
    camera, question = _asked(tmp_path, [0.0])
    camera.answer(question, [(), None, (), (), ()])
    told = camera.status()["detector"]
    assert (told["looks"], told["lost"]) == (0, 1)


def test_who_is_upright_only_when_the_picture_is_turned_is_hidden_from_the_first_look_on(tmp_path: Path) -> None:
    target, now = _Target(), [0.0]
    camera, question = _asked(tmp_path, now, target)
    assert question.turns == (0, 0, 2, 1, 3)
    # The square lies as far from the lower right corner as it does upright from the upper left one.
    upside_down = Box(192 - _SQUARE.x2, 128 - _SQUARE.y2, 192 - _SQUARE.x1, 128 - _SQUARE.y1)
    seen = Detection("face", upside_down, 0.9, "centerface")
    camera.answer(question, [(), (), (seen,), (), ()])
    assert camera.status()["detector"]["turns"] == [180]
    now[0] = 5.0
    camera.publish(threading.Event())
    (shown,) = target.shown
    assert 60 < int(shown.convert("L").getextrema()[1]) < BRIGHT  # type: ignore[arg-type]  # one band, so two numbers
