"""`unseen hold`: keep things from being deleted, as for a court, until the hold is lifted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.cli.access import add_actor, add_where
from unseen.core.access import Access
from unseen.core.names import display

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("hold", help=text, description=__doc__)
    words = parser.add_subparsers(dest="hold_word", metavar="WORD", required=True)
    put = words.add_parser("set", help="keep a file, and what it was made from, or all that a person is in")
    put.add_argument("file", metavar="FILE", type=Path, nargs="?", help="a file under the policy")
    put.add_argument("--subject", metavar="NAME", default="", help="a person; - reads the name from standard input")
    lift = words.add_parser("lift", help="let what was held be deleted again")
    lift.add_argument("hold", metavar="HOLD", help="the name of the hold, as it is listed")
    for word in (put, lift):
        word.add_argument("--reason", metavar="TEXT", required=True, help="why; it is kept in the ledger")
    listing = words.add_parser("list", help="show every hold and its reason")
    for word in (put, lift, listing):
        add_actor(word)
        add_where(word)
    parser.set_defaults(run=run, file=None)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    with args.governance(args, args.file) as governance:
        return _WORDS[args.hold_word](args, governance, Access(actor=args.actor).who)


def _set(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.holds import set_hold
    from unseen.engine.subjects import reach

    name = sys.stdin.readline().strip() if args.subject == "-" else args.subject
    hold = set_hold(governance, actor, args.reason, file=args.file, subject=name)
    print(f"hold {hold.hold}: it stays, and what it was made from, until: unseen hold lift {hold.hold}")
    if hold.subject:
        items = reach(governance, hold.subject)
        print(f"{items} items now")
        if not items:
            print("unseen: warning: no item is labelled with this person; check the name", file=sys.stderr)
    return 0


def _lift(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.holds import lift_hold

    print(f"hold {lift_hold(governance, actor, args.hold, args.reason).hold}: lifted")
    return 0


def _list(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.core.consents import utc
    from unseen.engine.holds import listed_holds

    holds = listed_holds(governance, actor)
    for hold in holds:
        what = f"item {hold.item[:12]}" if hold.item else f"person {hold.subject[:12]}"
        print(f"{hold.hold}  {utc(hold.at)}  {what}  {display(hold.reason)}")
    print(f"{len(holds)} holds")
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, Any, str], int]] = {"set": _set, "lift": _lift, "list": _list}
