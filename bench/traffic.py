"""Measures how well Unseen counts what crosses a line, and what counting costs.

    python -m bench.traffic --data FOLDER [--only counts|speed|redacted] [--runs N] [--stride auto|N] [--json FILE]

FOLDER holds mot/ (clips with NAME.labels.jsonl) and video/ (a clip of cars with counts.json); models that lie in
FOLDER/../models are added to UNSEEN_MODELS. Persons: a vertical line at mid-width, the truth being where labelled ids'
foot points change sides. Cars: the line of counts.json. Every figure for which something is wanted says "ok" or
"SHORT"; the exit code is 1 if one is short.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.table import aligned
from bench.traffic_truth import CountedClip, Crossed, Errors, car_clip, match, person_clips
from bench.unseen_cli import environment_with
from unseen.adapters.scene_yaml import write_scene
from unseen.cli.redact import stride
from unseen.core.counts import COUNTING_LOOKS, REDACTION_LOOKS, Counting
from unseen.core.jobs import CountJob
from unseen.engine.count import CountTools, VideoCount, open_tools
from unseen.engine.film.count import VideoCounting
from unseen.engine.models import model_store
from unseen.traffic.tally import Chooser, Tally
from unseen.traffic.walk import Event, Span, Walk

__all__ = ["main"]

#: Misses and extras that are allowed, over all clips with persons, and with cars; how much slower counting may be.
_MOST_PERSONS, _MOST_CARS, _MOST_SLOWER = 3, 1, 0.10
#: Commands that are timed: with the defaults, and looking at every other frame; each without and with counting.
_COMMANDS = ("redact", "redact --count", "redact --stride 2", "redact --stride 2 --count")
_PARTS = ("counts", "redacted", "speed")
_NOWHERE = Path("nowhere.parquet")


@dataclass(slots=True)
class _Witness(Tally):
    """A tally that remembers when each crossing was: tables know intervals only."""

    seen: list[tuple[Crossed, str]] = field(default_factory=list)
    tracks: int = 0

    def book(self, walk: Walk, events: Sequence[Event], spans: Sequence[Span], choose: Chooser) -> None:  # type: ignore[override]
        self.tracks += 1
        for event in events:
            if event.table == "crossings":
                self.seen.append((Crossed(event.at, event.cell[1]), walk.cls))
        Tally.book(self, walk, events, spans, choose)


def _count(
    clip: CountedClip, path: Path, tools: CountTools, step: int | None, looks: float = COUNTING_LOOKS
) -> _Witness:
    asked = Counting(_NOWHERE, _NOWHERE, interval_s=86400, looks=looks)
    tally = _Witness(asked.interval_s, None, 0.0, 0.0)
    VideoCount(path, VideoCounting(clip.scene, asked, 0.0), tools, step).tally(tally=tally)
    return tally


@dataclass(slots=True)
class _Bench:
    """What the parts share, and what they found."""

    persons: list[CountedClip]
    cars: CountedClip
    environ: Mapping[str, str]
    stride: int | None
    runs: int
    scratch: Path
    tools: CountTools
    only: str = ""
    short: bool = False
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def clips(self) -> list[CountedClip]:
        return [clip for clip in (*self.persons, self.cars) if self.only in clip.name]

    def verdict(self, good: bool) -> str:
        self.short |= not good
        return "ok" if good else "SHORT"


def _counts(bench: _Bench) -> None:
    """Counts against labels, as often as `unseen count` looks, and as `unseen redact --count` does."""
    rows = _counted(bench, "", COUNTING_LOOKS)
    if bench.stride is None:
        rows += _counted(bench, ", in redact", REDACTION_LOOKS)
    heads = ("clip", "crossings", "missed", "extra", "counted as", "tracks, of labelled ids", "")
    print(aligned(heads, rows) + "\n")
    bench.record["counts"] = [dict(zip(heads, row, strict=True)) for row in rows]


def _counted(bench: _Bench, how: str, looks: float) -> list[list[str]]:
    """Return a row for each clip, and one for all with persons."""
    rows, pooled = [], list[Errors]()
    for clip in bench.clips:
        tally = _count(clip, clip.path, bench.tools, bench.stride, looks)
        errors = match(clip.truth, [crossed for crossed, _ in tally.seen])
        classes = ", ".join(f"{n} {cls}" for cls, n in _by_class(tally).items())
        verdict = bench.verdict(errors.total <= _MOST_CARS) if clip is bench.cars else ""
        rows.append(_row(clip.name + how, errors, classes, f"{tally.tracks} of {clip.ids}", verdict))
        if clip is not bench.cars:
            pooled.append(errors)
        for what, crossings in (("missed", errors.missed), ("extra", errors.extra)):
            for crossed in crossings:
                print(f"{clip.name}{how}: {what} {crossed.direction} at {crossed.at:.2f} s", file=sys.stderr)
    every = Errors(
        sum(e.wanted for e in pooled),
        tuple(c for e in pooled for c in e.missed),
        tuple(c for e in pooled for c in e.extra),
    )
    verdict = bench.verdict(every.total <= _MOST_PERSONS)
    rows.append(_row(f"persons, {len(pooled)} clips{how}", every, "", "", verdict))
    return rows


def _row(name: str, errors: Errors, classes: str, tracks: str, verdict: str) -> list[str]:
    return [name, str(errors.wanted), str(len(errors.missed)), str(len(errors.extra)), classes, tracks, verdict]


def _by_class(tally: _Witness) -> dict[str, int]:
    classes = [cls for _, cls in tally.seen]
    return {cls: classes.count(cls) for cls in sorted(set(classes))}


def _redacted(bench: _Bench) -> None:
    """Counts on redacted videos against those on the clean ones: what counting after redaction would lose."""
    rows = []
    for clip in bench.clips:
        done: dict[str, list[Crossed]] = {}
        for what, classes in (("clean", None), ("faces and plates hidden", "face,plate"), ("people hidden", "person")):
            path = clip.path if classes is None else _redact(bench, clip, classes)
            done[what] = [crossed for crossed, _ in _count(clip, path, bench.tools, bench.stride).seen]
        right = [f"{len(c)} ({match(clip.truth, c).total} wrong)" for c in done.values()]
        rows.append([clip.name, *right])
    heads = ("counted on", "clean frames", "faces and plates hidden", "people hidden")
    print(aligned(heads, rows) + "\n")
    bench.record["redacted"] = [dict(zip(heads, row, strict=True)) for row in rows]


def _redact(bench: _Bench, clip: CountedClip, classes: str) -> Path:
    out = bench.scratch / f"{clip.name}-{classes}"
    _unseen(bench, "redact", str(clip.path), "-o", str(out), "--classes", classes, "--quiet")
    return out / clip.path.name


def _speed(bench: _Bench) -> None:
    """Frames a second of whole commands, with counting and without, in turns."""
    scenes = {}
    for clip in bench.clips:
        scenes[clip.name] = bench.scratch / f"{clip.name}.yaml"
        write_scene(clip.scene, scenes[clip.name])
    spent: dict[str, list[_Spent]] = {what: [] for what in _COMMANDS}
    for turn in range(bench.runs):
        this = {what: _Spent() for what in spent}
        for clip in bench.clips:
            for what in sorted(spent, reverse=bool(turn % 2)):
                out = bench.scratch / f"{clip.name}-{what}-{turn}"
                words = ["redact", str(clip.path), "-o", str(out), "--quiet"]
                words += ["--stride", "2"] if "stride" in what else []
                if "count" in what:
                    words += ["--count", str(scenes[clip.name]), "--counts", str(out / "counts.parquet")]
                this[what] += _unseen(bench, *words)
        for what, value in this.items():
            spent[what].append(value)
    frames = sum(_frames(clip) for clip in bench.clips)
    rates = {
        what: (
            frames / statistics.median(each.seconds for each in values),
            frames / statistics.median(each.cpu for each in values),
        )
        for what, values in spent.items()
    }
    rows = [[what, str(frames), f"{wall:.2f}", f"{cpu:.2f}", ""] for what, (wall, cpu) in rates.items()]
    for without, counting in zip(_COMMANDS[::2], _COMMANDS[1::2], strict=True):
        slower = [1 - b / a for a, b in zip(rates[without], rates[counting], strict=True)]
        verdict = bench.verdict(slower[0] <= _MOST_SLOWER)
        rows.append([f"{counting} is slower by", "", *(f"{share:.1%}" for share in slower), verdict])
    heads = ("command", "frames", "frames/s", "frames/CPU second", "")
    print(aligned(heads, rows) + "\n")
    bench.record["speed"] = [dict(zip(heads, row, strict=True)) for row in rows]


def _frames(clip: CountedClip) -> int:
    from unseen.adapters.video_av import AvCodec

    with AvCodec().open_video(clip.path, clip.path.name) as reader:
        return reader.info.frames or sum(1 for _ in reader)


@dataclass(frozen=True, slots=True)
class _Spent:
    """What commands took: seconds on the clock, and of all cores."""

    seconds: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: _Spent) -> _Spent:
        return _Spent(self.seconds + other.seconds, self.cpu + other.cpu)


def _unseen(bench: _Bench, *words: str) -> _Spent:
    """Run a command and return what it took; raises SystemExit with its last words if it fails."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "unseen", *words], env=dict(bench.environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"unseen {' '.join(words)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return _Spent(time.perf_counter() - began, cpu)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.traffic", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with mot/ and video/")
    parser.add_argument("--only", action="append", choices=_PARTS, help="a part; may be given again")
    parser.add_argument("--clips", metavar="WORD", default="", help="only clips with this in their name")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each command (default: 3)")
    parser.add_argument("--stride", type=stride, help="frames from look to look when counting (default: auto)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    args = parser.parse_args(words)
    if args.runs < 1:
        parser.error("--runs must be at least 1")
    return args


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its tables and return 0, or 1 if a figure falls short."""
    args = _arguments(words)
    environ = environment_with(args.data / ".." / "models")
    job = CountJob((), Counting(_NOWHERE, _NOWHERE))
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as scratch:
        bench = _Bench(
            person_clips(args.data / "mot"),
            car_clip(args.data / "video"),
            environ,
            args.stride,
            args.runs,
            Path(scratch),
            open_tools(job, model_store(environ)),
            args.clips,
        )
        for part in dict.fromkeys(args.only or _PARTS):
            {"counts": _counts, "redacted": _redacted, "speed": _speed}[part](bench)
    print(
        "missed, extra: crossings of the line that no count is within a second of, and counts that no crossing is; "
        "those of ids that the labels ignore are neither. tracks: those that were believed, beside the labelled ids.\n"
        f"frames/s: whole commands over all clips, median of {args.runs} rounds, in turns; charts are part of them.\n"
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {bench.tools.device}."
    )
    if args.json is not None:
        args.json.write_text(json.dumps(bench.record, indent=2, default=str) + "\n", encoding="utf-8")
    return 1 if bench.short else 0


if __name__ == "__main__":
    sys.exit(main())
