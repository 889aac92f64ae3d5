"""A clip with two magenta squares, one in each half, which a fake detector finds as faces; and what shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.engine_fakes import MagentaDetector, fake_engine, fake_tools
from unseen.adapters.video_av import AvCodec
from unseen.core.models import ModelFile
from unseen.core.photos import Pixels, Rgb8
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo, VideoStyle
from unseen.engine.work import Setup, Tools

WIDTH, HEIGHT, FRAMES = 160, 120, 30
SIDE = 24
#: Chroma of magenta, and from where on it shows; grey is 128.
_U, _V, _SHOWS = 200, 220, 165
_INFO = VideoInfo("mov", "h264", WIDTH, HEIGHT, Fraction(25), Fraction(1, 25), "yuv420p")


def corners(index: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return left and top of both squares in a frame: one goes down and up again, the other up and down."""
    by = 2 * min(index % 70, 70 - index % 70)
    return (24, 10 + by), (112, 80 - by)


def two_faces(path: Path, *, seed: int = 7, frames: int = FRAMES) -> Path:
    """Write the clip."""
    noise = np.random.default_rng(seed).integers(90, 121, (HEIGHT, WIDTH)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with AvCodec(1).open_writer(path, _INFO, VideoStyle(quality=16), path.name) as writer:
        for index in range(frames):
            planes: list[Pixels] = [noise.copy(), *(np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8) for _ in "uv")]
            for x, y in corners(index):
                planes[0][y : y + SIDE, x : x + SIDE] = 107
                for plane, level in zip(planes[1:], (_U, _V), strict=True):
                    plane[y // 2 : (y + SIDE) // 2, x // 2 : (x + SIDE) // 2] = level
            writer.write(VideoFrame(tuple(planes), index, index))
    return path


def shown(path: Path) -> tuple[list[int], list[int]]:
    """Return how many chroma samples are magenta in the left and in the right half of each frame of a video."""
    left, right = [], []
    with AvCodec(1).open_video(path, path.name) as reader:
        for frame in reader:
            magenta = (frame.planes[1] > _SHOWS) & (frame.planes[2] > _SHOWS)
            half = magenta.shape[1] // 2
            left.append(int(magenta[:, :half].sum()))
            right.append(int(magenta[:, half:].sum()))
    return left, right


@dataclass
class HalvesDetector:
    """Finds the magenta square in each half of a picture, and counts how often it is asked."""

    name: str = "centerface"
    asked: int = 0

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.asked += len(images)
        return [[*self._half(image, 0), *self._half(image, 1)] for image in images]

    def _half(self, image: Rgb8, number: int) -> list[Detection]:
        by = number * (image.shape[1] // 2)
        part = image[:, by:] if number else image[:, : image.shape[1] // 2]
        found = MagentaDetector(self.name).detect([part])[0]
        return [
            Detection("face", Box(b.x1 + by, b.y1, b.x2 + by, b.y2), 0.9, self.name) for b in (d.box for d in found)
        ]


def _tools(setup: Setup, eyes: HalvesDetector, again: HalvesDetector) -> Tools:
    return fake_tools(setup, eyes=eyes, looks_again=(again,))


def halves_engine(eyes: HalvesDetector | None = None, again: HalvesDetector | None = None) -> Any:
    """Return an engine that hides what `eyes` find and verifies by `again`."""
    detectors = (eyes or HalvesDetector(), again or HalvesDetector("mediapipe-full-range"))
    return fake_engine(partial(_tools, eyes=detectors[0], again=detectors[1]))
