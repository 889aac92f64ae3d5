"""Measures what Unseen hides in labelled videos and how fast, beside deface 1.5.0 and the plain loop.

    python -m bench.video --data FOLDER [--only faces|drawn|persons] [--runs N] [--json FILE] [--keep FOLDER]

FOLDER holds mot/ (clips with NAME.labels.jsonl) and video/; models that lie in FOLDER/../models are added to
UNSEEN_MODELS. deface is installed, and labels of faces are made, into .bench/ on first use; the labels take an hour.
Prints one table: every figure for which something is wanted says "ok" or "SHORT". The exit code is 1 if one is short,
or if what is wanted could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.deface_cli import NAME, deface_in
from bench.drawn_faces import drawn_clip
from bench.face_labels import face_clip
from bench.unseen_cli import environment_with
from bench.video_clips import Clip, person_clips
from bench.video_crosscheck import Detail, check
from bench.video_rows import VideoRow, as_records, render, rows_of
from bench.video_runs import Done, folder_of, in_turns, total
from bench.video_tools import Tool, deface, limits, missing_options, plain, unseen
from unseen.engine.models import model_store

__all__ = ["FACE_CLIPS", "Bench", "main"]

_DEFACE_FOLDER = Path(__file__).parents[1] / ".bench" / "venv"
#: The clips with faces; speed is asked of the first, the other is run once. (The third with people in it,
#: intel_one-by-one-person-detection, shows backs of heads, and faces hardly ever.)
FACE_CLIPS = ("rknnlite_people-walking", "egoblur_gen2_test_face_video")
_STRIDES = ("auto", "1")


@dataclass(slots=True)
class Bench:
    """What the parts of a benchmark share: the clips, the environment, a folder to work in, and what was learnt."""

    data: Path
    runs: int
    scratch: Path
    environ: Mapping[str, str]
    detail: Detail = field(default_factory=Detail)
    notes: list[str] = field(default_factory=list)
    complete: bool = True

    def unseen(self, cls: str) -> list[Tool]:
        """Return Unseen's commands: each stride, verified and not; none, and a note, where options are missing."""
        if missing := missing_options(self.environ):
            self.complete = False
            self.notes.append(f"unseen redact has no {' and no '.join(missing)}, so it has no rows for class {cls}.")
            return []
        return [
            unseen(cls, stride, verify=verify, environ=self.environ) for stride in _STRIDES for verify in (True, False)
        ]

    def measure(self, clip: Clip, tools: Sequence[Tool], runs: int) -> list[Done]:
        """Run the tools on a clip, and hold what the first says it hid against the pixels."""
        done = in_turns(tools, clip, runs, self.scratch, _say)
        if tools[0].verified is not None:
            self.detail += check(clip, tools[0], folder_of(tools[0], clip, self.scratch))
        return done


def _faces(bench: Bench) -> list[VideoRow]:
    """Faces, beside deface."""
    store = model_store(bench.environ)
    clips = [face_clip(bench.data / "video" / f"{name}.mp4", store) for name in FACE_CLIPS]
    bench.notes.append(_labels(clips, "faces"))
    peers = [deface(deface_in(_DEFACE_FOLDER), bench.environ), *limits(bench.environ)]
    tools = [*bench.unseen("face"), *peers]
    done = [bench.measure(clip, tools, bench.runs if clip is clips[0] else 1) for clip in clips]
    rows = rows_of(clips[0].name, done[0], asked=True, timed=True)
    for clip, parts in zip(clips[1:], done[1:], strict=True):
        rows += rows_of(clip.name, parts)
    return rows + rows_of(f"faces, {len(clips)} clips", [total(parts) for parts in zip(*done, strict=True)], asked=True)


def _drawn(bench: Bench) -> list[VideoRow]:
    """Faces that people labelled, in photos that are drawn over a canvas; nothing is wanted of them."""
    clip = drawn_clip(bench.data, bench.scratch / "drawn.mp4")
    bench.notes.append(_labels([clip], "faces by people"))
    tools = [
        unseen("face", "auto", verify=True, environ=bench.environ),
        deface(deface_in(_DEFACE_FOLDER), bench.environ),
    ]
    return rows_of(clip.name, bench.measure(clip, tools, 1))


def _persons(bench: Bench) -> list[VideoRow]:
    """Persons, beside the plain loop with the same model."""
    clips = person_clips(bench.data / "mot")
    bench.notes.append(_labels(clips, "persons"))
    model = model_store(bench.environ).require("yolo26n").path
    tools = [*bench.unseen("person"), plain(model, bench.environ), *limits(bench.environ)]
    done = [bench.measure(clip, tools, bench.runs) for clip in clips]
    rows = [row for clip, parts in zip(clips, done, strict=True) for row in rows_of(clip.name, parts)]
    together = [total(parts) for parts in zip(*done, strict=True)]
    return rows + rows_of(f"persons, {len(clips)} clips", together, asked=True, timed=True)


_PARTS: dict[str, Callable[[Bench], list[VideoRow]]] = {"faces": _faces, "drawn": _drawn, "persons": _persons}


def _labels(clips: Sequence[Clip], name: str) -> str:
    boxes = [shown.counts for clip in clips for frame in clip.frames for shown in frame]
    frames, tracks = sum(len(clip.frames) for clip in clips), sum(clip.tracks for clip in clips)
    return (
        f"labels of {name}: {frames} frames, {tracks} tracks, {sum(boxes)} boxes that count and "
        f"{len(boxes) - sum(boxes)} others."
    )


def _note(bench: Bench) -> list[str]:
    """Say what the figures are, as far as the table does not."""
    lines = [
        "leaked: a labelled box of which less than 90 % is hidden, by whatever region; a track with such a box in any "
        "frame; a frame that has such a box, of those that show somebody. In brackets the Wilson 95 % interval. "
        "longest gap: most frames in a row in which one track leaks. over-redaction: mean over frames of the share of "
        "pixels hidden beside all labels. hidden whole: frames of which 99 % is hidden and labels fill less than 75 %.",
        "persons count where half of them is visible. Faces are labelled by two families of models, YuNet and "
        "MediaPipe's, at twice the size; YuNet, at the frame's own size and another threshold, also finds what Unseen "
        "hides. The faces of the clip drawn were labelled by people.",
        "frames/s: the whole command, started anew for each clip, median of the rounds; in brackets slowest and "
        "fastest. The tools ran in turns. CPU: of all cores. Peak memory: of all processes together; pages that they "
        "share count in each. A clip that is not released counts as one in which nothing is hidden. "
        "The limit is PyAV by its defaults with x264's preset veryfast at Unseen's quality; Unseen leaves out some of "
        "that preset's searches and encodes a picture in each thread, so "
        "what it could reach at most has a row of its own. "
        f"{NAME} finds faces only, the plain loop hides persons only.",
        *bench.notes,
    ]
    if bench.detail.frames or bench.detail.lost:
        lines.append(f"unseen's masks are the regions that it reports; {bench.detail}.")
    return [*lines, f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores."]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.video", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with mot/ and video/")
    parser.add_argument("--only", action="append", choices=tuple(_PARTS), help="a part; may be given again")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each command (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here and leave what was written")
    args = parser.parse_args(words)
    if args.runs < 1:
        parser.error("--runs must be at least 1")
    return args


def _run(args: argparse.Namespace, scratch: Path) -> int:
    bench = Bench(args.data, args.runs, scratch, environment_with(args.data / ".." / "models"))
    rows = [row for part in dict.fromkeys(args.only or _PARTS) for row in _PARTS[part](bench)]
    print(render(rows))
    for line in _note(bench):
        print(f"\n{line}")
    if args.json is not None:
        record = {"rows": as_records(rows), "note": _note(bench), "crosscheck_holds": bench.detail.holds}
        args.json.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    short = any(figure.short for row in rows for figure in row.figures)
    return 1 if short or not bench.complete or not bench.detail.holds else 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark, print the table and return 0, or 1 if a figure falls short."""
    args = _arguments(words)
    if args.keep is not None:
        return _run(args, args.keep)
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as scratch:
        return _run(args, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
