"""`unseen retain`: show what had to be deleted by now, and delete it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.cli.access import add_actor, add_where
from unseen.cli.vaults import add_vault, opened_vault
from unseen.core.access import Access
from unseen.core.names import display

if TYPE_CHECKING:
    from unseen.engine.deletion import Deleted
    from unseen.engine.retention import Line, Overview

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("retain", help=text, description=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="show it and touch nothing; this is the default")
    how.add_argument("--apply", action="store_true", help="delete it: keys, files that are unchanged, labels")
    parser.add_argument("--at", metavar="DATE", help="show what will have to be deleted by then, as 2027-01-31")
    parser.add_argument(
        "--in", dest="folders", metavar="FOLDER", type=Path, action="append", default=[],
        help="where files may lie beside the policy's folder; can be repeated",
    )  # fmt: skip
    add_vault(parser)
    add_actor(parser)
    add_where(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show, or delete; return 0, or 1 if something could not be deleted or looked at. Raises UnseenError."""
    from unseen.core.consents import seconds_of
    from unseen.engine.retention import apply_retention, plan_retention
    from unseen.errors import UsageError

    if args.apply and args.at is not None:
        raise UsageError("what is not expired yet is not deleted; say --at without --apply")
    actor = Access(actor=args.actor).who
    with args.governance(args) as governance, opened_vault(args, governance) as vault:
        if args.apply:
            overview, done = apply_retention(governance, actor, args.folders, vault)
            _print_kept(overview)
            return _print_done(done)
        at = None if args.at is None else seconds_of(args.at)
        overview = plan_retention(governance, actor, args.folders, vault, at)
        return _print_plan(overview, governance.root.resolve())


def _print_plan(overview: Overview, root: Path) -> int:
    for line in overview.lines:
        print(_row(line, root))
    _print_kept(overview)
    _print_problems(overview.problems)
    files = sum(len(line.files) for line in overview.lines)
    sealed = sum(line.sealed for line in overview.lines)
    print(
        f"{len(overview.lines)} items to delete: {files} files, {sealed} in the vault; {len(overview.kept)} kept; "
        "nothing was touched: --apply deletes"
    )
    return 1 if overview.problems else 0


def _row(line: Line, root: Path) -> str:
    known = line.known
    until = "made from what is" if line.due.derived else _day(known.retain_until)
    places = [display(path.relative_to(root) if path.is_relative_to(root) else path) for path in line.files]
    places += [f"{display(path.name)} (changed, stays)" for path in line.changed]
    places += ["vault"] if line.sealed else []
    return f"{known.kind:<9}  {known.item[:12]}  expired {until}  {', '.join(places) or 'not found'}"


def _day(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _print_kept(overview: Overview) -> None:
    for known, why in overview.kept:
        print(f"{known.kind:<9}  {known.item[:12]}  kept: {display(why)}")


def _print_done(done: Deleted) -> int:
    _print_problems(done.problems)
    print(f"{len(done.items)} items deleted: {done.files} files, {done.sealed} in the vault")
    return 1 if done.problems else 0


def _print_problems(problems: list[str]) -> None:
    for problem in problems:
        print(f"unseen: error: {problem}", file=sys.stderr)
