"""deface 1.5.0 in an environment of its own: made on first use, then its masks and the time its command line takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.metrics import Mask
from bench.samples import Sample, copy_photos

__all__ = ["NAME", "VERSION", "Deface", "deface_in"]

VERSION = "1.5.0"
NAME = f"deface {VERSION}"


@dataclass(frozen=True, slots=True)
class Deface:
    """An environment that holds deface; `packages` is what pip put there, as `pip freeze` prints it."""

    folder: Path
    packages: tuple[str, ...]

    def masks(self, photos: Path, scratch: Path) -> dict[str, Mask]:
        """Return which pixels deface hides in each photo of a folder, by file name."""
        with np.load(self._packed(photos, scratch)) as packed:
            names = sorted({key.rpartition("/")[0] for key in packed.files})
            return {name: _unpacked(packed[f"{name}/bits"], packed[f"{name}/shape"]) for name in names}

    def frame_masks(self, video: Path, scratch: Path) -> Iterator[Mask]:
        """Return which pixels deface hides in each frame of a video, in order."""
        with np.load(self._packed(video, scratch)) as packed:
            for i in range(len(packed.files) // 2):
                yield _unpacked(packed[f"{i}/bits"], packed[f"{i}/shape"])

    def _packed(self, source: Path, scratch: Path) -> Path:
        target = scratch / "deface-masks.npz"
        scratch.mkdir(parents=True, exist_ok=True)
        script = Path(__file__).with_name("deface_masks.py")
        _run([str(self.folder / "bin" / "python"), str(script), str(source), str(target)])
        return target

    def seconds(self, samples: list[Sample], scratch: Path) -> float:
        """Return how long the command line takes for a fresh copy of the photos; it writes beside its inputs.

        Raises SystemExit when it left a photo out.
        """
        folder = copy_photos(samples, scratch)
        started = time.perf_counter()
        _run([str(self.folder / "bin" / "deface"), str(folder)])
        seconds = time.perf_counter() - started
        written = sum("_anonymized" in path.stem for path in folder.iterdir())
        if written != len(samples):
            raise SystemExit(f"{NAME} wrote {written} of {len(samples)} photos; its speed cannot be compared")
        return seconds


def deface_in(folder: Path) -> Deface:
    """Return the environment in a folder, making it with pip when it is not there; raises SystemExit."""
    ready = folder / f"has-deface-{VERSION}"
    python = folder / "bin" / "python"
    if not ready.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment for {NAME} ...", file=sys.stderr, flush=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", f"deface=={VERSION}"])
        ready.touch()
    frozen = _run([str(python), "-m", "pip", "freeze"])
    return Deface(folder, tuple(frozen.splitlines()))


def _run(words: list[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _unpacked(bits: NDArray[np.uint8], shape: NDArray[np.int64]) -> Mask:
    height, width = (int(side) for side in shape)
    return np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)
