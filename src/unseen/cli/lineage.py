"""`unseen lineage`: say what was made from a file, and which models saw a person."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.cli.access import add_actor, add_where
from unseen.core.access import Access
from unseen.core.names import display

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("lineage", help=text, description=__doc__)
    words = parser.add_subparsers(dest="lineage_word", metavar="WORD", required=True)
    made = words.add_parser("made-from", help="what was made from a file, step by step")
    made.add_argument("file", metavar="FILE", type=Path, help="a photo, a video, or anything that was made from one")
    models = words.add_parser("models-of", help="which models were trained on what a person is in, or looked at it")
    models.add_argument("subject", metavar="NAME", help="the person")
    flagged = words.add_parser("flagged", help="which models have to be trained again, without data that was erased")
    for word in (made, models, flagged):
        add_actor(word)
        add_where(word)
    parser.set_defaults(run=run, file=None)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    with args.governance(args, args.file) as governance:
        governance.require(Access(actor=args.actor).who, "read-lineage")
        return _WORDS[args.lineage_word](args, governance)


def _made(args: argparse.Namespace, governance: Any) -> int:
    found = governance.records.made_from(governance.item(args.file))
    for each in found:
        print(f"{'  ' * each.depth}{each.kind} {each.item[:16]}, {each.state}")
    print(f"{len(found)} items were made from it")
    return 0


def _models(args: argparse.Namespace, governance: Any) -> int:
    from unseen.engine.labelling import models_of

    models, tools = models_of(governance, args.subject)
    for each in models:
        print(f"trained: model {each.item[:16]}, {each.state}")
    for tool in tools:
        print(f"looked: {tool}")
    print(f"{len(models)} models were trained on what this person is in")
    return 0


def _flagged(args: argparse.Namespace, governance: Any) -> int:
    from unseen.core.consents import utc
    from unseen.engine.deletion import known_items

    items = known_items(governance)
    flags = [flag for flag in governance.records.rights.flags() if flag.item in items and not items[flag.item].gone]
    for flag in flags:
        print(f"model {flag.item[:16]}, since {utc(flag.at)}: {display(flag.reason)}")
    print(f"{len(flags)} models have to be trained again")
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, Any], int]] = {
    "made-from": _made,
    "models-of": _models,
    "flagged": _flagged,
}
