"""Measures the peak memory of redacting one large photo: a panorama of 30,000 x 4,000 pixels, and one of 12 megapixels.

    python -m bench.memory [--recall high|fast] [--unsafe-skip-verify]

Each photo is drawn (grain, with the portrait that scikit-image ships here and there) and redacted by the command line
in a process of its own; what is printed is the most resident memory that this process ever had, and its time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["PHOTOS", "draw", "main", "peak_of"]

#: Name -> width, height in pixels.
PHOTOS: dict[str, tuple[int, int]] = {"panorama": (30_000, 4_000), "photo": (4_000, 3_000)}
_DRAW = "import sys; from pathlib import Path; from bench.memory import draw; draw(Path(sys.argv[1]), sys.argv[2])"


def draw(path: Path, name: str) -> None:
    """Write one of PHOTOS as a JPEG."""
    import numpy as np
    from PIL import Image
    from skimage import data

    width, height = PHOTOS[name]
    grain = np.random.default_rng(0).integers(80, 160, (height // 8, width // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(grain).resize((width, height), Image.Resampling.BICUBIC)
    portrait = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    for i, left in enumerate(range(512, width - 512, 2_400)):
        picture.paste(portrait, (left, (i * 700) % (height - 512)))
    picture.save(path, quality=90)


def peak_of(command: Sequence[str]) -> tuple[int, float]:
    """Run a command and return its peak resident memory in bytes, largest of its processes, and its seconds.

    The kernel counts the memory of the process that starts another towards the new one's peak, so that this one must
    stay small: it imports nothing heavy and has the photos drawn elsewhere. Raises SystemExit if the command fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the peak of each photo and return 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--recall", choices=("high", "fast"), default="high")
    parser.add_argument("--unsafe-skip-verify", action="store_true")
    args = parser.parse_args(arguments)
    options = ["--recall", args.recall, *(["--unsafe-skip-verify"] if args.unsafe_skip_verify else [])]
    base, _ = peak_of([sys.executable, "-c", "pass"])
    print(f"empty Python: {base / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as folder:
        for name, (width, height) in PHOTOS.items():
            path = Path(folder) / f"{name}.jpg"
            subprocess.run([sys.executable, "-c", _DRAW, str(path), name], check=True)
            output = str(Path(folder) / f"{name}-out")
            words = ["redact", str(path), "-o", output, "--quiet", *options]
            peak, seconds = peak_of([sys.executable, "-m", "unseen", *words])
            pixels = width * height
            print(
                f"{name}, {width} x {height} px, {' '.join(options)}: "
                f"{peak / 1e6:.0f} MB, {peak / pixels:.1f} bytes a pixel, {seconds:.1f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
