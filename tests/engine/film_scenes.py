"""Clips in which a magenta square, the face of these tests, moves over noise; and where it still shows in an output."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.adapters.video_clips import Clip, Planes, make_clip
from tests.engine.engine_fakes import FakeStore, MagentaDetector, fake_engine, fake_tools
from unseen.adapters.video_av import open_video
from unseen.cli.main import main
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.engine.work import Setup, Tools

#: Width, height and frames of a usual clip, and the frames a second that all have.
SIZE, FRAMES, RATE = (160, 120), 30, 25
SIDE = 24
#: Chroma of magenta and from where on it shows, of 8 bits: grey is 128.
_U, _V, _SHOWS = 200, 220, 165
FILM = Clip(size=SIZE, stamps=range(FRAMES))


def corner_at(index: int, width: int, height: int) -> tuple[int, int]:
    """Return left and top of the square in a frame: it goes to and fro by 2 pixels a frame, below the middle."""
    room = (width - SIDE - 16) // 2
    step = index % (2 * room)
    return 8 + 2 * min(step, 2 * room - step), height // 2 - 8


def draw(index: int, width: int, height: int, pixel_format: str = "yuv420p", *, square: bool = True) -> Planes:
    """Return a frame: grey, with noise that stays, and the square."""
    form = av.VideoFormat(pixel_format, width, height)
    peak = 2 ** form.components[0].bits - 1
    noise = np.random.default_rng(7).integers(90, 121, (height, width)).astype(np.float64)
    values: list[NDArray[np.float64]] = [noise]
    x, y = corner_at(index, width, height)
    parts = sorted(form.components, key=lambda part: part.plane)
    values += [np.full((part.height, part.width), 128.0) for part in parts[1:3]]
    values += [np.full((part.height, part.width), 200.0) for part in parts[3:]]
    if square:
        for value, level in zip(values, (107, _U, _V), strict=False):
            across, down = -(-width // value.shape[1]), -(-height // value.shape[0])
            value[y // down : (y + SIDE) // down, x // across : (x + SIDE) // across] = level
    return tuple(np.rint(v * peak / 255).astype(np.uint8 if peak < 256 else np.uint16) for v in values)


def film(path: Path, clip: Clip = FILM, draw: Callable[[int, int, int, str], Planes] = draw) -> Path:
    """Write a clip with the square."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_clip(path, clip, draw)
    return path


@dataclass(frozen=True)
class Watched:
    """What a video file holds: facts, time stamps in seconds, and the pixels of the square that show in each frame."""

    info: VideoInfo
    times: list[float]
    shown: list[int]

    @property
    def frames(self) -> int:
        return len(self.times)


def watch(path: Path) -> Watched:
    """Read a video file to its end."""
    times, shown = [], []
    with open_video(path, path.name) as reader:
        for frame in reader:
            times.append(float(frame.pts * reader.info.time_base))
            shown.append(magenta_in(frame, reader.info))
    return Watched(reader.info, times, shown)


def magenta_in(frame: VideoFrame, info: VideoInfo) -> int:
    """Count the chroma samples of a frame that are magenta."""
    scale = 4 if "10" in info.pixel_format else 1
    return int(((frame.planes[1] > _SHOWS * scale) & (frame.planes[2] > _SHOWS * scale)).sum())


class SecondDetector(MagentaDetector):
    """Finds the square, and names its model: the engine tells what verification found by it."""

    def __init__(self) -> None:
        super().__init__("mediapipe-full-range")

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return (FakeStore().require(self.name),)


class MissingDetector:
    """Finds the square but in some pictures, counted from 0; with `--stride 1` these are the frames of a video."""

    def __init__(self, misses: frozenset[int], seen: list[int] | None = None) -> None:
        self._misses, self._inner = misses, MagentaDetector()
        self.asked = 0
        self._seen = seen

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        found = []
        for image in images:
            found.append([] if self.asked in self._misses else self._inner.detect([image])[0])
            if self._seen is not None:
                self._seen.append(self.asked)
            self.asked += 1
        return found


def film_engine(
    eyes: Callable[[], Detector] | None = None,
    looks_again: Callable[[], Detector] | None = None,
    change: Callable[[Tools], Tools] = lambda tools: tools,
) -> Any:
    """Return an engine whose detectors are made anew for each run; `change` may exchange tools."""

    def make(setup: Setup) -> Tools:
        again = (SecondDetector() if looks_again is None else looks_again(),)
        return change(fake_tools(setup, eyes=None if eyes is None else eyes(), looks_again=again))

    return fake_engine(make)


def leftovers(output: Path) -> list[str]:
    """Return what is staged, and the parts of videos, in an output's own folder."""
    own = output / ".unseen"
    found = [path for folder in ("staging", "work") for path in (own / folder).rglob("*") if path.is_file()]
    return sorted(path.relative_to(own).as_posix() for path in found)


class SlowDetector(MissingDetector):
    """Finds the square, and takes its time."""

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        time.sleep(0.01)
        return super().detect(images)


def film_command(*words: str | Path) -> list[str]:
    """Return the command that runs the words with a detector that is slow."""
    return [sys.executable, "-m", "tests.engine.film_scenes", *map(str, words)]


if __name__ == "__main__":
    # Where the tests run in the background, Ctrl-C is switched off for their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:], engine=film_engine(lambda: SlowDetector(frozenset()))))
