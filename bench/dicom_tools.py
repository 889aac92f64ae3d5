"""The commands that are measured on DICOM files: Unseen, and three Python tools in an environment of their own."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.dicom_score import Output

__all__ = ["PEERS", "RESEARCH", "Tool", "compile_unseen", "options_known", "peer_python", "peers", "released", "unseen"]

#: The peers and their versions.
PEERS = {"dicom-anonymizer": "2.1.0", "dicognito": "0.19.0", "deid": "0.4.13"}
#: What a study for research keeps, as in MIDI-B: dates by distance, harmless words of descriptions, age and sex.
RESEARCH = (
    "clean-descriptors,clean-structured-content,clean-graphics,retain-modified-dates,retain-patient-characteristics"
)
_ROOT = Path(__file__).parents[1]
_NUMBER = re.compile(r"-(\d{4,})\.dcm$")


@dataclass(frozen=True, slots=True)
class Tool:
    """A command that reads a folder and writes another one; it may end with one of `codes`.

    `asked` says which kinds of checks its settings are meant to pass; None for all.
    """

    name: str
    words: Callable[[Path, Path], Sequence[str]]
    environ: Mapping[str, str]
    codes: tuple[int, ...] = (0,)
    left_out: frozenset[str] = field(default=frozenset())


def peer_python(folder: Path) -> Path:
    """Return the Python of the environment with the peers, which is made with pip where it is not there."""
    ready = folder / ("has-" + "-".join(PEERS.values()))
    python = folder / "bin" / "python"
    if not ready.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment for {', '.join(PEERS)} ...", file=sys.stderr, flush=True)
        wanted = [f"{name}=={version}" for name, version in PEERS.items()]
        for words in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-q", *wanted],
        ):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
        ready.touch()
    return python


def peers(python: Path, processes: int) -> list[Tool]:
    """Return the three peers with their default settings; private elements go where that is a choice.

    One process keeps what the same UID becomes in mind, as their own commands do.
    """
    script = str(Path(__file__).with_name("dicom_peers.py"))

    def words(name: str) -> Callable[[Path, Path], Sequence[str]]:
        return lambda source, out: [str(python), script, name, str(source), str(out), str(processes)]

    # Its messages go to the standard error, one for each element.
    environ = {**os.environ, "MESSAGELEVEL": "QUIET"}
    return [Tool(f"{name} {version}", words(name), environ) for name, version in PEERS.items()]


def unseen(options: str, key: Path, *, pixels: bool = False) -> Tool:
    """Return Unseen's command; without `pixels` no text is looked for in pictures, which is timed apart."""
    here = os.pathsep.join([str(_ROOT / "src"), str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])

    def words(source: Path, out: Path) -> list[str]:
        command = [sys.executable, "-m", "unseen", "dicom", str(source), "-o", str(out), "--key", str(key)]
        chosen = ["--options", options] if options else []
        return [*command, *chosen, "--jobs", "2", "--keep-face", *([] if pixels else ["--unsafe-keep-pixels"])]

    kinds = "research options" if options == RESEARCH else "Basic Profile"
    left_out = frozenset() if options else frozenset(("date shifted", "interval kept", "words of descriptions"))
    # 1: some file was not released.
    return Tool(f"unseen, {kinds}", words, {**os.environ, "PYTHONPATH": here}, (0, 1), left_out)


def compile_unseen() -> None:
    """Write the bytecode of Unseen's source, as pip does for the others: without it each start compiles all again."""
    compileall.compile_dir(_ROOT / "src", quiet=2)


def options_known() -> bool:
    """Whether `unseen dicom` is there."""
    tool = unseen("", Path("k"))
    words = [sys.executable, "-m", "unseen", "dicom", "--help"]
    return subprocess.run(words, env=dict(tool.environ), capture_output=True, check=False).returncode == 0


def released(out: Path) -> dict[int, Output]:
    """Return what a tool wrote, by the number of the file; it is in the name, or else in InstanceNumber."""
    found: dict[int, Output] = {}
    for path in sorted(p for p in out.rglob("*") if p.is_file() and not p.name.startswith(".")):
        named = _NUMBER.search(path.name)
        output = Output(path, path.relative_to(out).as_posix())
        number = int(named[1]) if named else _instance(output)
        if number is not None:
            found[number] = output
    return found


def _instance(output: Output) -> int | None:
    value = output.value("InstanceNumber")
    return int(value) if value.isdigit() else None
