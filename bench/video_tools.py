"""The commands that are measured on clips, and how it is known which pixels each of them hides in each frame."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.deface_cli import NAME, Deface
from bench.metrics import Mask, Shape, boxes_mask, shapes_mask
from bench.video_clips import Clip

__all__ = [
    "LIMIT",
    "OWN_LIMIT",
    "PLAIN",
    "UNSEEN_OPTIONS",
    "Hidden",
    "Tool",
    "deface",
    "limits",
    "lines_of",
    "missing_options",
    "plain",
    "regions_of",
    "unseen",
]

LIMIT = "decode and x264 veryfast alone, PyAV's defaults"
OWN_LIMIT = "decode and encode alone, as unseen does"
PLAIN = "plain loop: YOLO26n, blur, cv2"
#: The options of `unseen redact` without which what it hides in a video cannot be read back.
UNSEEN_OPTIONS = ("--stride", "--regions")
_ROOT = Path(__file__).parents[1]
_HERE = {"PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}


@dataclass(frozen=True, slots=True)
class Hidden:
    """What Unseen hid in a frame: the shape, the number of its track, if it has one, and how sure the model was."""

    shape: Shape
    track: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Tool:
    """A command that redacts one clip into an empty folder, as `out/NAME.mp4`.

    `words` gives the command line for a clip and the folder; it may end with one of `codes`. `masks` gives what it hid,
    one mask a frame, after a run in the same folder; None where nothing is hidden, and so nothing is counted.
    `stride` and `verified` are what was asked of Unseen, None for the others.
    """

    name: str
    words: Callable[[Clip, Path], Sequence[str]]
    masks: Callable[[Clip, Path], Iterator[Mask]] | None
    environ: Mapping[str, str]
    stride: str | None = None
    verified: bool | None = None
    codes: tuple[int, ...] = (0,)

    def output(self, clip: Clip, folder: Path) -> Path:
        """Return the file that it writes."""
        return folder / "out" / clip.path.name


def limits(environ: Mapping[str, str]) -> list[Tool]:
    """Decode and encode, nothing else: PyAV by its defaults with a preset of x264, and Unseen's reader and writer."""
    here = {**environ, **_HERE}
    return [
        Tool(LIMIT, _module("bench.video_limit", after=("veryfast",)), None, here),
        Tool(OWN_LIMIT, _module("bench.video_limit"), None, here),
    ]


def _module(name: str, *before: str, after: Sequence[str] = ()) -> Callable[[Clip, Path], list[str]]:
    """Return the command `python -m NAME BEFORE... CLIP OUTPUT AFTER...`."""

    def words(clip: Clip, folder: Path) -> list[str]:
        return [sys.executable, "-m", name, *before, str(clip.path), str(folder / "out" / clip.path.name), *after]

    return words


def plain(model: Path, environ: Mapping[str, str]) -> Tool:
    """Run the plain loop with a YOLO file; its boxes come from one more run, which is not timed."""
    words, here = _module("bench.plain_loop", str(model)), {**environ, **_HERE}

    def masks(clip: Clip, folder: Path) -> Iterator[Mask]:
        boxes = folder / "boxes.jsonl"
        _run([*words(clip, folder), str(boxes)], here)
        return (boxes_mask(clip.height, clip.width, line) for line in lines_of(boxes))

    return Tool(PLAIN, words, masks, here)


def deface(found: Deface, environ: Mapping[str, str]) -> Tool:
    """Run deface with its default settings; its masks come from its own code, run again and not timed."""
    command = str(found.folder / "bin" / "deface")

    def words(clip: Clip, folder: Path) -> list[str]:
        return [command, str(clip.path), "-o", str(folder / "out" / clip.path.name)]

    return Tool(NAME, words, lambda clip, folder: found.frame_masks(clip.path, folder), environ)


def unseen(cls: str, stride: str, *, verify: bool, environ: Mapping[str, str]) -> Tool:
    """Run Unseen's command line; its masks are what it says it hid. A clip that is not released has none hidden."""

    def words(clip: Clip, folder: Path) -> list[str]:
        files = ["--report", str(folder / "report.json"), "--regions", str(folder / "regions.jsonl")]
        options = ["--classes", cls, "--stride", stride, *([] if verify else ["--unsafe-skip-verify"])]
        command = ["redact", str(clip.path), "-o", str(folder / "out"), "--quiet"]
        return [sys.executable, "-m", "unseen", *command, *options, *files]

    name = f"unseen, --stride {stride}, {'verified' if verify else 'not verified'}"
    return Tool(name, words, _reported, {**environ, **_HERE}, stride, verify, (0, 1))


def _reported(clip: Clip, folder: Path) -> Iterator[Mask]:
    for frame in regions_of(clip, folder):
        yield shapes_mask(clip.height, clip.width, (region.shape for region in frame))


def regions_of(clip: Clip, folder: Path) -> list[list[Hidden]]:
    """Return what a run of Unseen in a folder hid in each frame of a clip: nothing where the clip was not released."""
    files = json.loads((folder / "report.json").read_text("utf-8"))["files"]
    released = any(file["status"] == "released" for file in files)
    hidden: list[list[Hidden]] = [[] for _ in clip.frames]
    for record in lines_of(folder / "regions.jsonl") if released else ():
        if record["frame"] < len(hidden):
            hidden[record["frame"]].extend(_hidden(record["regions"]))
    return hidden


def _hidden(regions: Sequence[Sequence[Any]]) -> Iterator[Hidden]:
    """Yield what regions hide: each is class, four sides, track, score, reason, method and shape."""
    for _, x1, y1, x2, y2, track, score, _, method, shape in regions:
        if method != "none":
            yield Hidden(Shape((x1, y1, x2, y2), shape == "ellipse"), track, score)


def missing_options(environ: Mapping[str, str]) -> list[str]:
    """Return which of UNSEEN_OPTIONS the command line does not know."""
    said = _run([sys.executable, "-m", "unseen", "redact", "--help"], {**environ, **_HERE})
    return [option for option in UNSEEN_OPTIONS if option not in said]


def lines_of(file: Path) -> Iterator[Any]:
    """Return the values of a file of JSON lines."""
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _run(words: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(words, env=dict(environ), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
