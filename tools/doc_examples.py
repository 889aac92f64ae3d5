"""Runs what the documentation shows, so that it cannot drift from what the program does.

    python    is run; what one block defines the next ones of the page know
    console   lines that start with "$ " are run by a shell, in the page's own folder, and must succeed; where lines
              follow, they are what is printed, "..." standing for any text; progress, which slow machines print, is
              left out
    toml      is a policy: it must be one, and is saved as policy.toml for the commands after it; where its first line
              is "# NAME.toml", it is a declaration of a table, and is saved under this name
    yaml      is a scene: it must be one, and is saved as scene.yaml for the commands after it
    yml       is a policy with purposes: it must be one, and is saved as unseen.yaml for the commands after it
    sh        is not run, as it would install or download; its `unseen` commands must be well-formed

Each page has a folder of its own that holds photos/astronaut.jpg, videos/pan.mp4, studies/1.dcm and 2.dcm. In it
UNSEEN_MODELS names the test data's weights where there are any.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser
from sybil.typing import Parser

from tools.demo import demo_clip, demo_photo, demo_study
from unseen.adapters.scene_yaml import read_scene
from unseen.cli.main import build_parser
from unseen.engine.models import model_store
from unseen.engine.policies import read_charter
from unseen.policy.rules import parse_policy
from unseen.stats.declaration import spec_of_declaration

__all__ = ["doc_folder", "has_model", "sybil"]

_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SECONDS = 300
_NAMED = re.compile(r"# (?P<name>[\w-]+\.toml)$", re.M)
_PROGRESS = re.compile(r"^\d+/\d+ files, .*\n", re.M)


def sybil() -> Sybil:
    """Return what finds and runs the examples of the Markdown pages; it asks for the fixture `doc_page`."""
    parsers: list[Parser] = [
        SkipParser(),
        CodeBlockParser("python", PythonEvaluator()),
        CodeBlockParser("console", _console),
        CodeBlockParser("toml", _toml),
        CodeBlockParser("yaml", _yaml),
        CodeBlockParser("yml", _yml),
        CodeBlockParser("sh", _sh),
    ]
    return Sybil(
        parsers=parsers,
        path=str(Path(__file__).parent.parent),
        patterns=["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/**/*.md"],
        setup=lambda namespace: namespace.update(has_model=has_model),
        fixtures=["doc_page"],
    )


def doc_folder(folder: Path) -> Iterator[Path]:
    """Lay out a page's folder, go there, and go back in the end."""
    photo = demo_photo(folder / "photos" / "astronaut.jpg")
    demo_clip(photo, folder / "videos" / "pan.mp4")
    demo_study(folder / "studies")
    with chdir(folder):
        yield folder


def has_model(name: str) -> bool:
    """Whether a model that is not downloaded by itself is on this machine."""
    return model_store().find(name) is not None


def _console(example: Example) -> None:
    for command, printed in _commands(str(example.parsed)):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"$ {command}\nended with {done.returncode}:\n{done.stdout}")
        if printed and not doctest.OutputChecker().check_output(printed, _PROGRESS.sub("", done.stdout), _FLAGS):
            raise AssertionError(f"$ {command}\nis shown to print:\n{printed}\nand prints:\n{done.stdout}")


def _environment() -> dict[str, str]:
    """Return an environment with the commands of this installation."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output that is shown for it, "" where none is."""
    parts = ("\n" + text).split("\n$ ")
    if parts[0].strip():
        raise AssertionError(f"a console block starts with a command, as in: $ unseen --version\nnot with:\n{parts[0]}")
    for part in parts[1:]:
        lines = part.splitlines()
        count = next((i for i, line in enumerate(lines) if not line.endswith("\\")), 0) + 1
        command = "\n".join(lines[:count])
        yield command, "\n".join(lines[count:]).strip() and "\n".join([*lines[count:], ""])


def _toml(example: Example) -> None:
    text = str(example.parsed)
    named = _NAMED.match(text)
    if named is not None:
        spec_of_declaration(tomllib.loads(text), named["name"])
    else:
        parse_policy(tomllib.loads(text))
    Path(named["name"] if named is not None else "policy.toml").write_text(text, encoding="utf-8")


def _yaml(example: Example) -> None:
    path = Path("scene.yaml")
    path.write_text(str(example.parsed), encoding="utf-8")
    read_scene(path)


def _yml(example: Example) -> None:
    path = Path("unseen.yaml")
    path.write_text(str(example.parsed), encoding="utf-8")
    read_charter(path)


def _sh(example: Example) -> None:
    for line in str(example.parsed).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["unseen"]:
            try:
                build_parser().parse_args(words[1:])
            except SystemExit as error:
                raise AssertionError(f"unseen does not know this command: {line}") from error
