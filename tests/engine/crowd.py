"""Photos of several people, each a square of an own colour, and stand-ins for models that find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.engine.engine_fakes import fake_tools
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.engine.work import Setup, Tools

__all__ = ["COLOURS", "PLACES", "SquaresDetector", "crowd_tools", "make_crowd", "shows"]

COLOURS = {"mia": (255, 0, 255), "noah": (0, 255, 255), "zoe": (255, 255, 0)}
#: Where each of them is in every photo: x1 y1 x2 y2.
PLACES = {"mia": (10, 16, 34, 40), "noah": (52, 16, 76, 40), "zoe": (84, 40, 108, 64)}
_SIZE = (120, 80)


def make_crowd(path: Path, *people: str, seed: int = 0, places: dict[str, tuple[int, ...]] | None = None) -> Path:
    """Write a grey photo with noise, and a square of each person's colour."""
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.integers(90, 120, (_SIZE[1], _SIZE[0], 1), dtype=np.uint8), 3, axis=2)
    for person in people:
        x1, y1, x2, y2 = (places or PLACES)[person]
        pixels[y1:y2, x1:x2] = COLOURS[person]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def _mask(pixels: Rgb8, person: str) -> Any:
    return np.abs(pixels.astype(int) - COLOURS[person]).max(axis=2) < 60


def shows(data: Path | Any) -> set[str]:
    """Return who shows in a photo file, or a file object, even with a few pixels."""
    with Image.open(data) as image:
        pixels = np.array(image.convert("RGB"))
    return {person for person in COLOURS if _mask(pixels, person).sum() > 8}


@dataclass(frozen=True)
class SquaresDetector:
    """Finds every square."""

    name: str = "centerface"

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [list(self._each(image)) for image in images]

    def _each(self, image: Rgb8) -> Sequence[Detection]:
        found = []
        for person in COLOURS:
            ys, xs = np.nonzero(_mask(image, person))
            if xs.size >= 20:
                box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
                found.append(Detection("face", box, 0.9, self.name))
        return found


def crowd_tools(setup: Setup, look: Callable[[], None] = lambda: None) -> Tools:
    """Make tools that find every square; `look` is called before."""
    look()
    return fake_tools(setup, eyes=SquaresDetector(), looks_again=(SquaresDetector("mediapipe-full-range"),))
