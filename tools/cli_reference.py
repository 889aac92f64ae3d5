"""Writes docs/cli-reference.md from the command line's own parser; with --check, fails if the file differs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from unseen.cli.main import build_parser

__all__ = ["main", "reference"]

_PAGE = Path(__file__).parent.parent / "docs" / "cli-reference.md"
_HEAD = """# Command line reference

Generated from the command line's own help by `make fix`; `make test` fails when it differs. `unseen VERB --help` says
the same on a terminal.
"""


def reference() -> str:
    """Return the page: a section for the program, each verb, and each word of a verb.

    It is built from the parser's parts, not from its printed help, because that is wrapped differently by each
    version of Python.
    """
    return "\n".join([_HEAD, *_section(build_parser(), depth=2)]).rstrip() + "\n"


def _section(parser: argparse.ArgumentParser, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {parser.prog}\n"
    yield f"```text\n{_usage(parser)}\n```\n"
    for text in (parser.description, parser.epilog):
        if text:
            yield f"```text\n{text.strip()}\n```\n"
    for group in parser._action_groups:
        yield from _table(group)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from _section(verb, depth + 1)


def _usage(parser: argparse.ArgumentParser) -> str:
    plain = [a for a in parser._actions if a.option_strings and not a.required]
    optional = "[OPTIONS]" if any(not isinstance(a, argparse._HelpAction) for a in plain) else ""
    required = [f"{a.option_strings[0]} {_value(a)}" for a in parser._actions if a.option_strings and a.required]
    places = [_place(a) for a in parser._actions if not a.option_strings]
    return " ".join(part for part in (parser.prog, optional, *required, *places) if part)


def _place(action: argparse.Action) -> str:
    name = _value(action)
    if action.nargs == argparse.PARSER:
        return f"{name} ..."
    return {"*": f"[{name} ...]", "+": f"{name} [{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _table(group: argparse._ArgumentGroup) -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    for action in group._group_actions:
        if isinstance(action, argparse._SubParsersAction):
            rows += [(f"`{verb.dest}`", _escaped(verb)) for verb in action._choices_actions]
        elif not isinstance(action, argparse._HelpAction):
            rows.append((_names(action), _escaped(action)))
    if rows:
        title = "arguments" if group.title == "positional arguments" else group.title
        yield f"| {title} | |\n|---|---|\n" + "".join(f"| {left} | {right} |\n" for left, right in rows)


def _names(action: argparse.Action) -> str:
    value = _value(action)
    names = [f"{name} {value}".rstrip() for name in action.option_strings] or [value]
    return ", ".join(f"`{name}`" for name in names)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None and action.metavar is None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


def _escaped(action: argparse.Action) -> str:
    return " ".join((action.help or "").replace("%%", "%").split()).replace("|", "\\|")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or compare it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not up to date")
    args = parser.parse_args(argv)
    wanted = reference()
    if not args.check:
        _PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if _PAGE.is_file() and _PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/cli-reference.md is not what --help says; run: make fix", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
