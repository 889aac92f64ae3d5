"""The documentation covers what there is; its examples are run by themselves (see conftest.py)."""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from unseen.cli.main import build_parser
from unseen.core.catalogue import CATALOGUE
from unseen.core.formats import FORMATS, KEEPABLE
from unseen.core.looks import METHODS
from unseen.core.regions import CLASSES
from unseen.policy.rules import Policy

ROOT = Path(__file__).parent.parent
GUIDE = "\n".join(page.read_text("utf-8") for page in sorted((ROOT / "docs" / "guide").glob("*.md")))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield below
                yield from _parsers(below)


@pytest.mark.parametrize("command", [parser.prog for parser in _parsers(build_parser())])
def test_every_command_is_shown_in_the_guide(command: str) -> None:
    assert re.search(rf"\b{re.escape(command)}\b", GUIDE)


def test_every_option_is_explained_in_the_guide() -> None:
    options = {name for parser in _parsers(build_parser()) for name in parser._option_string_actions}
    long = {name for name in options if name.startswith("--")} - {"--help", "--output"}
    assert {name for name in long if not re.search(rf"{name}\b", GUIDE)} == set()


@pytest.mark.parametrize("word", [*CLASSES, *METHODS, *KEEPABLE, *CATALOGUE, *Policy.__dataclass_fields__])
def test_every_word_is_explained_in_the_guide(word: str) -> None:
    assert re.search(rf"\b{re.escape(word)}\b", GUIDE)


def test_every_format_is_named_in_the_guide() -> None:
    assert [name for name in FORMATS if name not in GUIDE.lower()] == []


def test_readme_gives_a_reason_and_a_licence_for_every_dependency() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Why each dependency is there")[2]
    rows = re.findall(r"^\| ([\w-]+)(?:, optional: `\[(\w+)\]`)? \| .+ \| .+ \|$", section, re.M)
    explained = {(name, extra) for name, extra in rows if name != "package"}
    groups = {"": PROJECT["project"]["dependencies"], **PROJECT["project"]["optional-dependencies"]}
    del groups["all"]
    assert explained == {(re.split(r"[<>=\[]", line)[0], extra) for extra, lines in groups.items() for line in lines}


def test_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert versions[0] == PROJECT["project"]["version"]


def test_every_record_is_listed_in_the_first() -> None:
    records = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs" / "adr" / records[0]).read_text("utf-8"))
    assert [records[0], *listed] == records
    assert [name[:4] for name in records] == [f"{i:04d}" for i in range(1, len(records) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link}
    assert {target for target in targets if target and not (page.parent / target).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_nothing_is_claimed_that_cannot_be_kept(page: Path) -> None:
    words = re.findall(r"anonymous\w*|anonymi[sz]\w*|compliant|100 %", page.read_text("utf-8"), re.I)
    assert words == []
