"""Measures what DICOM tools leave of planted identifiers, what they keep, and how fast: Unseen and three others.

    python -m bench.dicom --data FOLDER [--only score|pixels|speed] [--seed N] [--runs N] [--files N] [--json FILE]

FOLDER holds real DICOM files (samples/dicom). The others are installed into .bench/ on first use. Prints tables: the
share of checks that each tool passes, by kind and by place; the share of lines of text in pixels that are hidden; and
files a second with peak memory. Every figure for which something is wanted says "ok" or "SHORT"; the exit code is 1 if
one is short.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.dicom_burned import burn, score_burned
from bench.dicom_plant import Planted, plant
from bench.dicom_rows import ScoreRow, SpeedRow, as_records, render_scores, render_speed, score_row, speed_rows
from bench.dicom_score import Result, score
from bench.dicom_series import MODELS, write_series
from bench.dicom_tools import RESEARCH, Tool, compile_unseen, options_known, peer_python, peers, released, unseen
from bench.process import Used, used_by

__all__ = ["main"]

_PEERS_FOLDER = Path(__file__).parents[1] / ".bench" / "dicom"


@dataclass(slots=True)
class Bench:
    """What the parts share: samples, seed, how often, a folder to work in, and what was learnt."""

    data: Path
    seed: int
    runs: int
    files: int
    scratch: Path
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    complete: bool = True

    def ours(self, *options: str, pixels: bool = False) -> list[Tool]:
        """Return Unseen's commands, none where `unseen dicom` is not there; with `pixels` it looks for text."""
        key = self.scratch / "bench.key"
        if not key.exists():
            key.write_bytes(secrets.token_bytes(32))
            key.chmod(0o600)
        if not options_known():
            self.complete = False
            self.notes.append("unseen has no command dicom here, so it has no rows.")
            return []
        return [unseen(each, key, pixels=pixels) for each in options]

    def tools(self, *options: str, processes: int) -> list[Tool]:
        """Return Unseen with each of the options, and the peers in so many processes."""
        return [*self.ours(*options), *peers(peer_python(_PEERS_FOLDER), processes)]


def _score(bench: Bench) -> list[ScoreRow]:
    """Plant, run each tool once, and look at every output."""
    folder = bench.scratch / "planted"
    planted = plant(bench.data, folder, bench.seed)
    total = sum(len(each.checks) for each in planted)
    bench.notes.append(
        f"{len(planted)} files with {total} checks, of {len(planted) // 2} real ones, seed {bench.seed}."
    )
    rows: list[ScoreRow] = []
    for tool in bench.tools(RESEARCH, "", processes=1):
        _say(f"{tool.name}: {len(planted)} files with planted identifiers ...")
        out = bench.scratch / f"scored-{len(rows)}"
        used_by(tool.words(folder, out), environ=tool.environ, codes=tool.codes)
        outputs = released(out)
        if not outputs:
            raise SystemExit(f"{tool.name} wrote nothing; run it by hand on {folder}")
        results = [r for r in score(planted, outputs) if not {r.check.kind, r.check.category} & tool.left_out]
        bench.failures += _told(tool, results, planted)
        rows.append(score_row(tool.name, results, len(planted) - len(outputs)))
    return rows


def _pixels(bench: Bench) -> list[ScoreRow]:
    """Burn text into pictures, run each tool once, and look whether it still stands out."""
    folder = bench.scratch / "burned"
    burned = burn(bench.data, folder, bench.seed)
    rows: list[ScoreRow] = []
    for tool in [*bench.ours("", pixels=True), *peers(peer_python(_PEERS_FOLDER), 1)]:
        _say(f"{tool.name}: {len(burned)} pictures with burned-in text ...")
        out = bench.scratch / f"looked-{len(rows)}"
        used = used_by(tool.words(folder, out), environ=tool.environ, codes=tool.codes)
        outputs = released(out)
        bench.notes.append(f"{tool.name}: {len(burned)} pictures with text in {used.seconds:.1f} s.")
        rows.append(score_row(tool.name, score_burned(burned, outputs), len(burned) - len(outputs)))
    return rows


def _told(tool: Tool, results: Sequence[Result], planted: Sequence[Planted]) -> list[str]:
    """Say which checks Unseen failed; the identifiers are invented ones."""
    if not tool.name.startswith("unseen"):
        return []
    samples = {each.number: each.sample for each in planted}
    return [
        f"{tool.name} | {samples[r.number]} #{r.number} | {r.check.kind} | {r.check.category} | {r.check.place}"
        f" | {r.check.value or ', '.join(t.value for t in r.check.tokens)}{' | LEFT' if r.leak else ''}"
        for r in results
        if not r.passed
    ]


def _speed(bench: Bench) -> list[SpeedRow]:
    """Run the tools in turns on the same CT and MR files, two processes each."""
    folder = bench.scratch / "series"
    write_series(bench.data, folder, bench.files, bench.seed)
    # As anybody calls it: scans straight from a scanner are not looked at for text, so no option has to say so.
    tools = [*bench.ours("", RESEARCH, pixels=True), *peers(peer_python(_PEERS_FOLDER), 2)]
    compile_unseen()
    started = os.getloadavg()[0]
    used: dict[str, list[Used]] = {tool.name: [] for tool in tools}
    for i in range(bench.runs):
        for tool in tools:
            _say(f"{tool.name}: {bench.files} CT and MR files, run {i + 1} of {bench.runs} ...")
            out = bench.scratch / "timed" / f"{len(used)}-{i}-{tools.index(tool)}"
            used[tool.name].append(used_by(tool.words(folder, out), environ=tool.environ, codes=tool.codes))
            written = sum(path.suffix == ".dcm" for path in out.rglob("*") if path.is_file())
            if written < bench.files:
                bench.notes.append(
                    f"{tool.name} wrote {written} of {bench.files} files; its speed is that of what it did."
                )
    bench.notes.append(
        f"speed: {bench.files} files made of {', '.join(MODELS)}; two processes each; median of {bench.runs} runs in "
        "turns, in brackets slowest and fastest. Unseen's time includes its verification; it looks for text in no "
        "pixels of scans straight from a scanner, and the others do in none."
    )
    bench.notes.append(
        f"the machine had a load of {started:.1f} before (average of a minute) on {os.cpu_count()} cores; where others "
        "work on it, too, seconds of all cores say more than the clock."
    )
    return speed_rows(bench.files, {name: [(u.seconds, u.cpu, u.peak) for u in each] for name, each in used.items()})


_NOTES = (
    "checks passed: share of all checks; a file that is not released fails all of its own. In brackets the Wilson 95 % "
    "interval. left: places where a planted identifier is still to be found in what was released, in any encoding.",
    "The peers ran with their default settings (deid with new numbers from the caller, without private elements). They "
    "were not made for each kind of check: none hides pixels, and what the Basic Profile empties has no interval.",
)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dicom", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of real DICOM files")
    parser.add_argument(
        "--only", action="append", choices=("score", "pixels", "speed"), help="a part; may be given again"
    )
    parser.add_argument("--seed", type=int, help="what is planted (default: drawn)")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each command (default: 3)")
    parser.add_argument("--files", type=int, default=1000, help="files for speed (default: 1000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here and leave what was written")
    args = parser.parse_args(words)
    if args.runs < 1 or args.files < 1:
        parser.error("--runs and --files must be at least 1")
    return args


def _run(args: argparse.Namespace, scratch: Path) -> int:
    seed = secrets.randbelow(1 << 31) if args.seed is None else args.seed
    bench = Bench(args.data, seed, args.runs, args.files, scratch)
    parts = args.only or ["score", "pixels", "speed"]
    scores = _score(bench) if "score" in parts else []
    looked = _pixels(bench) if "pixels" in parts else []
    speeds = _speed(bench) if "speed" in parts else []
    tables = [render_scores(rows) for rows in (scores, looked) if rows] + [render_speed(speeds)] * bool(speeds)
    for text in (*tables, *_NOTES, *bench.notes):
        print(f"{text}\n")
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores.")
    for line in bench.failures:
        _say(line)
    if args.json is not None:
        record = {"rows": as_records([*scores, *looked, *speeds]), "note": bench.notes, "failed": bench.failures}
        args.json.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    figures = [f for row in (*scores, *looked) for f in row.figures] + [f for row in speeds for f in row.figures]
    short = any(figure.short for figure in figures)
    return 1 if short or not bench.complete else 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark, print the tables and return 0, or 1 if a figure falls short."""
    args = _arguments(words)
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
        return _run(args, args.keep)
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as scratch:
        return _run(args, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
