"""The verbs of the command line: each is loaded when it is said, and workers are made ready before."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from unseen.cli import early
from unseen.cli.main import VERBS, build_parser
from unseen.engine import crew


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (action,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_alone_has_the_words_it_has_among_all(verb: str) -> None:
    alone, among = _verbs(build_parser(only=verb)), _verbs(build_parser())
    assert alone.keys() == among.keys() == VERBS.keys()
    assert alone[verb].format_help() == among[verb].format_help()


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_all_is_the_same_whatever_is_loaded(verb: str) -> None:
    assert build_parser(only=verb).format_help() == build_parser().format_help()


@pytest.mark.parametrize(
    ("words", "ready"),
    [
        (["redact", "MANY", "-o", "out"], True),
        (["redact", "-o", "out", "MANY"], True),
        (["redact", "NESTED", "-o", "out"], True),
        (["redact", "FEW", "-o", "out"], False),
        (["redact", "a.jpg", "-o", "MANY"], False),
        (["redact", "MANY", "-o", "out", "--jobs", "1"], False),
        (["redact", "MANY", "-o", "out", "--jobs", "2"], True),
        (["redact", "MANY", "--help"], False),
        (["dicom", "MANY", "-o", "out"], True),
        (["dicom", "MANY", "--what-if"], False),
        (["dicom", "a.dcm", "-o", "MANY"], False),
        (["models", "where", "MANY"], False),
        ([], False),
    ],
)
def test_workers_are_made_ready_for_folders_of_many_files(
    words: list[str], ready: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("MANY", 5), ("FEW", 4), ("NESTED/MANY", 1)):
        (tmp_path / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").touch()
    made = list[Sequence[str]]()
    monkeypatch.setattr(crew, "nursery", made.append)
    monkeypatch.chdir(tmp_path)
    early.start(words)
    assert made == ([early.PRELOADED[words[0]]] if ready else [])


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [("pydicom", ["dicom", "in", "-o", "out"], "dicom"), ("cryptography", ["policy", "init", "city"], "govern")],
)
def test_what_is_not_installed_is_told_in_one_line(missing: str, words: list[str], extra: str, tmp_path: Path) -> None:
    program = f"""
import importlib.util, sys
sys.modules[{missing!r}] = None
importlib.util.find_spec = lambda name, find=importlib.util.find_spec: None if name == {missing!r} else find(name)
from unseen.cli.main import main
sys.exit(main({words!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f'pip install "unseen[{extra}]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1
