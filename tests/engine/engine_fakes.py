"""Stand-ins for models and detectors, handed to the engine through its ports, and a command line that uses them.

The face of these tests is a magenta square: the detectors here find it where it shows.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from unseen.adapters.files_pillow import PillowCodec
from unseen.adapters.video_av import AvCodec
from unseen.cli.main import main
from unseen.core.catalogue import entry_named
from unseen.core.jobs import Job
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, PhotoCodec
from unseen.core.regions import Box, Detection
from unseen.engine.assemble import Assembled
from unseen.engine.crew import nursery
from unseen.engine.report import Report
from unseen.engine.run import Listener, run
from unseen.engine.work import Setup, ToolMaker, Tools, credential_writer
from unseen.errors import DeviceUnavailable, ModelUnavailable
from unseen.media.find import Eyes
from unseen.verify.residues import SecondOpinion

ROOT = Path(__file__).parents[2]
SIZE = (96, 64)
FACE = (30, 20, 54, 44)
#: What a photo's first pixel makes the detector do.
KILL, RAISE, SLOW, STALL = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 0)
SECRET = "what the picture holds"


def make_photo(path: Path, *, face: bool = True, act: tuple[int, int, int] | None = None, seed: int = 0) -> Path:
    """Write a grey photo with noise, a magenta square where the face is, and a first pixel that orders an act."""
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.integers(90, 120, (SIZE[1], SIZE[0], 1), dtype=np.uint8), 3, axis=2)
    if face:
        x1, y1, x2, y2 = FACE
        pixels[y1:y2, x1:x2] = (255, 0, 255)
    if act is not None:
        pixels[0, 0] = act
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def shows_face(path: Path) -> bool:
    """Whether any frame of a photo file shows magenta."""
    with Image.open(path) as image:
        return any(_magenta(np.array(frame.convert("RGB"))).any() for frame in ImageSequence.Iterator(image))


def _magenta(pixels: Rgb8) -> Any:
    r, g, b = (pixels[:, :, i].astype(int) for i in range(3))
    return (r - g > 90) & (b - g > 90)


@dataclass(frozen=True)
class MagentaDetector:
    """Finds the magenta square, and does what the first pixel orders where `acts` says so."""

    name: str = "centerface"
    acts: bool = False
    shrink: float = 0.0

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        if self.acts:
            _act(tuple(int(v) for v in image[0, 0]))
        ys, xs = np.nonzero(_magenta(image))
        if xs.size < 20:
            return []
        x1, y1, x2, y2 = (float(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
        cut = self.shrink * (x2 - x1)
        return [Detection("face", Box(x1, y1, x2 - cut, y2), 0.9, self.name)]


def _act(order: tuple[int, ...]) -> None:
    if order == KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    if order == RAISE:
        raise RuntimeError(SECRET)
    if order == SLOW:
        time.sleep(0.25)
    if order == STALL:
        time.sleep(60)


@dataclass(frozen=True)
class BlindDetector:
    """Finds nothing."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [[] for _ in images]


@dataclass
class GhostDetector:
    """Sees a face at another place each time it is asked."""

    asked: int = 0

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.asked += 1
        x = 2.0 + 18 * (self.asked % 5)
        return [[Detection("face", Box(x, 50, x + 8, 58), 0.7, "mediapipe-full-range")] for _ in images]


@dataclass(frozen=True)
class FixedDetector:
    """Sees a face at the same place in every picture, whatever it shows."""

    box: Box
    name: str = "mediapipe-full-range"

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [[Detection("face", self.box, 0.8, self.name)] for _ in images]


@dataclass(frozen=True)
class FakeStore:
    """Holds models that are only names and hashes; YOLO and YuNet are not there."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset({"yolo26n", "yunet"})

    def find(self, name: str) -> ModelFile | None:
        if name in self.missing:
            return None
        entry = entry_named(name)
        return ModelFile(entry, Path(entry.filename), self.hashes.get(name, "0" * 64), "catalogue")

    def require(self, name: str) -> ModelFile:
        found = self.find(name)
        if found is None:
            raise ModelUnavailable(f"{name} is not here; see: unseen models list")
        return found


def fake_tools(
    setup: Setup,
    *,
    eyes: Detector | None = None,
    looks_again: Sequence[Detector] = (MagentaDetector("mediapipe-full-range"),),
    codec: PhotoCodec | None = None,
) -> Tools:
    """Make tools without models; `eyes` hides, `looks_again` verifies."""
    faces = MagentaDetector(acts=True) if eyes is None else eyes
    hiding, opinion = Eyes(faces=faces, faces_close=faces), SecondOpinion(faces=tuple(looks_again))
    models = Assembled(hiding, opinion, hiding, opinion, {"centerface": "fake:CPU"})
    photos = PillowCodec() if codec is None else codec
    return Tools(setup, photos, models, time.perf_counter, AvCodec(1), credential_writer(setup))


def no_tools(setup: Setup) -> Tools:
    """Fail as a machine without the device does."""
    raise DeviceUnavailable("no such device; here are none")


def fake_engine(make_tools: ToolMaker = fake_tools, store: FakeStore | None = None) -> Any:
    """Return an engine without models, for `main(argv, engine=...)`."""
    return partial(run, store=FakeStore() if store is None else store, make_tools=make_tools)


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line left: exit code, what it printed, and its report, {} if there is none."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """The report's files by the name of the input."""
        return {each["input"]: each for each in self.report["files"]}

    def status(self, name: str) -> str:
        """What became of an input."""
        return str(self.files[name]["status"])


Command = Callable[..., Outcome]


def command(*words: str | Path, max_file: int | None = None) -> list[str]:
    """Return the command that runs the words with the fake engine; `max_file` bounds each file's bytes."""
    bound = [] if max_file is None else ["--max-file", str(max_file)]
    return [sys.executable, "-m", "tests.engine.engine_fakes", *bound, *map(str, words)]


def bare_environment() -> dict[str, str]:
    """Return the environment without what measures coverage: where files are bounded or killed, its own would break."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _as_the_command(job: Job, listen: Listener) -> Report:
    """Run a job with workers from a nursery, as the command line does."""
    context = nursery(["unseen.engine.run"])
    return run(job, listen, store=FakeStore(), make_tools=fake_tools, context=context)


if __name__ == "__main__":
    # Where the tests run in the background, Ctrl-C is switched off for their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = sys.argv[1:]
    if arguments[:1] == ["--max-file"]:
        import resource

        bound = int(arguments[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound))
        arguments = arguments[2:]
    sys.exit(main(arguments, engine=_as_the_command))
