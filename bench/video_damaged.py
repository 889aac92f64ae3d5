"""Redacts damaged videos and looks at every frame that is released: whether a known face shows in it.

    python -m bench.video_damaged --data FOLDER [--frames 60] [--seed 0]

A clip in which every frame has a number and a known face, laid over the street video in FOLDER (video/), is written in
ten kinds of codec and container, and each is damaged in seven ways. `unseen redact` runs on all of them by its
defaults, with YuNet where FOLDER's models have it. A frame is raw when half of the face's pixels or more are as they
were in a frame of the clip, or when any place of it looks like the face, which damage may have moved. It fails on a raw
frame, on a crash, and where the undamaged clips do not show that it could have seen one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from bench.damages import DAMAGES
from bench.live_clip import RATE, Luma, judge, luma_of, make_clip
from bench.metrics import wilson
from bench.samples import required
from bench.table import aligned
from bench.unseen_cli import environment_with

__all__ = ["KINDS", "Judged", "Kind", "judged", "main", "row", "verdict"]

_STREET = Path("video/rknnlite_people-walking.mp4")
#: From which correlation on a place counts as the face.
_THE_FACE = 0.8
_HEADS = (
    "clip",
    "files",
    "failed closed",
    "frames",
    "hidden whole",
    "raw",
    "most of a face",
    "most alike",
    "undamaged, not hidden",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """An encoder of FFmpeg with its options, and the container its pictures go to."""

    encoder: str
    container: str
    options: Mapping[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"

    def __str__(self) -> str:
        return f"{self.encoder}, {self.container}"


_X264 = {"preset": "veryfast", "crf": "16", "g": "12", "bf": "2"}
_OLD = {"g": "12", "bf": "2", "qmin": "2", "qmax": "2"}
KINDS = (
    Kind("libx264", "mp4", _X264),
    Kind("libx264", "mkv", _X264),
    Kind("libx264", "ts", _X264),
    Kind("libx264", "avi", _X264 | {"bf": "0"}),
    Kind("libx265", "mp4", {"preset": "ultrafast", "crf": "16", "x265-params": "log-level=none:keyint=12:bframes=2"}),
    Kind("libvpx-vp9", "webm", {"crf": "16", "b": "0", "deadline": "realtime", "cpu-used": "8", "g": "12"}),
    Kind("libsvtav1", "mp4", {"preset": "9", "crf": "16", "g": "12"}),
    Kind("mjpeg", "avi", {"qmin": "2", "qmax": "2"}, "yuvj420p"),
    Kind("mpeg4", "avi", _OLD),
    Kind("mpeg2video", "mpg", _OLD),
)


@dataclass(slots=True)
class Judged:
    """What became of the files of one kind: how many, how many failed, and what their frames show.

    `control` is the share of frames of the undamaged clip that count as raw before anything is hidden, `most` the
    largest share of a face's pixels that are as they were, `alike` how alike to the face any place is (the normed
    correlation, -1 to 1; the street itself has places of 0.6). `crashes` are errors that are not one line for a user.
    """

    files: int = 0
    failed: int = 0
    frames: int = 0
    whole: int = 0
    raw: int = 0
    most: float = 0.0
    alike: float = 0.0
    control: float = 0.0
    crashes: list[str] = field(default_factory=list)


def judged(name: str, file: Mapping[str, Any], lumas: Iterator[Luma], faces: dict[int, Luma], into: Judged) -> None:
    """Add to `into` what a report says of the file `name`, and what its output's pictures show."""
    into.files += 1
    if file["status"] != "released":
        into.failed += 1
        error = str(file.get("error", ""))
        if not error.startswith(f"{name}: ") or "\n" in error or "unexpected" in error:
            into.crashes.append(f"{name}: {error}")
        return
    into.whole += file["video"]["frames_hidden_whole"]
    for luma in lumas:
        kind, same = judge(luma, faces)
        alike = _alike(luma, faces)
        into.frames += 1
        into.raw += kind == "raw" or alike >= _THE_FACE
        into.most, into.alike = max(into.most, same), max(into.alike, alike)


def _alike(luma: Luma, faces: Mapping[int, Luma]) -> float:
    """Return how alike the face of the clip, the same in all its frames, and the place most like it are."""
    import cv2

    return float(cv2.matchTemplate(luma, next(iter(faces.values())), cv2.TM_CCOEFF_NORMED).max())


def row(name: str, found: Judged) -> tuple[str, ...]:
    """Return the cells of a row of the table."""
    low, high = wilson(found.raw, found.frames) if found.frames else (0.0, 1.0)
    return (
        name,
        str(found.files),
        str(found.failed),
        str(found.frames),
        str(found.whole),
        f"{found.raw} ({low:.4f}-{high:.4f})",
        f"{found.most:.2f}",
        f"{found.alike:.2f}",
        f"{found.control:.2f}",
    )


def _pictures(path: Path) -> Iterator[Any]:
    import av

    with av.open(str(path)) as clip:
        yield from clip.decode(video=0)


def _write(kind: Kind, source: Path, frames: int, path: Path) -> None:
    """Write the first frames of the clip `source` as `kind`."""
    import av

    with av.open(str(path), "w") as sink:
        stream: Any = sink.add_stream(kind.encoder, rate=RATE, options=dict(kind.options))
        for number, frame in enumerate(islice(_pictures(source), frames)):
            if not number:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, kind.pixels
                stream.time_base = Fraction(1, RATE)
            made = frame.reformat(format=kind.pixels)
            made.pts, made.time_base = number, Fraction(1, RATE)
            made.pict_type = 0
            sink.mux(stream.encode(made))
        sink.mux(stream.encode(None))


def _control(path: Path, faces: dict[int, Luma]) -> float:
    """Return the share of frames that count as raw, of a clip in which nothing is hidden."""
    kinds = [judge(luma_of(frame), faces)[0] for frame in _pictures(path)]
    return kinds.count("raw") / len(kinds)


def _damage(kind: Kind, whole: Path, folder: Path, seed: int) -> list[str]:
    """Write a file of each way of damage to a folder and return their names."""
    data, names = whole.read_bytes(), []
    for name, change in DAMAGES.items():
        rng = random.Random(f"{seed} {kind} {name}")
        names.append(f"{kind.encoder}-{kind.container}-{name.replace(' ', '-')}.{kind.container}")
        (folder / names[-1]).write_bytes(change(data, rng))
    return names


def _redact(folder: Path, scratch: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Run the command line on a folder and return its report's files by name."""
    report = scratch / "report.json"
    words = ["redact", str(folder), "-o", str(scratch / "out"), "--classes", "face", "--report", str(report)]
    run = [sys.executable, "-m", "unseen", *words]
    done = subprocess.run(run, env=dict(environ), stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1) or not report.is_file():
        raise SystemExit(f"unseen {' '.join(words)} ended with {done.returncode}")
    return {file["input"]: file for file in json.loads(report.read_text("utf-8"))["files"]}


def _together(parts: Iterable[Judged]) -> Judged:
    total = Judged(control=1.0)
    for each in parts:
        total.files += each.files
        total.failed += each.failed
        total.frames += each.frames
        total.whole += each.whole
        total.raw += each.raw
        total.most, total.alike = max(total.most, each.most), max(total.alike, each.alike)
        total.control = min(total.control, each.control)
    return total


def verdict(rows: Mapping[str, Judged]) -> int:
    """Say what falls short, and return 0 if nothing does: raw frames, crashes, clips that could not have shown one."""
    short = [f"{found.raw} raw frames of {name}" for name, found in rows.items() if found.raw]
    short += [crash for found in rows.values() for crash in found.crashes]
    short += [f"{name} shows nothing before it is hidden" for name, found in rows.items() if found.control < 0.95]
    for each in short:
        print(f"SHORT: {each}")
    return int(bool(short))


def main(words: Sequence[str] | None = None) -> int:
    """Print the table and return 0 if nothing crashed and no released frame is raw."""
    parser = argparse.ArgumentParser(prog="python -m bench.video_damaged", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with video/")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(words)
    os.environ.setdefault("SVT_LOG", "0")
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as name:
        return _run(args, Path(name))


def _run(args: argparse.Namespace, scratch: Path) -> int:
    clip, folder = scratch / "clip.mp4", scratch / "in"
    folder.mkdir()
    faces = make_clip(clip, required(args.data / _STREET))
    faces = {number: face for number, face in faces.items() if number < args.frames}
    rows = {str(kind): Judged() for kind in KINDS}
    names: dict[str, str] = {}
    for kind in KINDS:
        whole = scratch / f"whole.{kind.container}"
        _write(kind, clip, args.frames, whole)
        rows[str(kind)].control = _control(whole, faces)
        names |= dict.fromkeys(_damage(kind, whole, folder, args.seed), str(kind))
    files = _redact(folder, scratch, environment_with(args.data / ".." / "models"))
    for name, key in names.items():
        output = scratch / "out" / str(files[name].get("output"))
        judged(name, files[name], map(luma_of, _pictures(output)), faces, rows[key])
    print(aligned(_HEADS, [*(row(key, found) for key, found in rows.items()), row("all", _together(rows.values()))]))
    return verdict(rows)


if __name__ == "__main__":
    sys.exit(main())
