"""`unseen label`: show labels, make them tighter, label what was made elsewhere, override a state by two people."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.cli.access import add_actor, add_where
from unseen.core.access import Access
from unseen.core.labels import ACTIONS, STATES
from unseen.core.lineage import KINDS
from unseen.core.names import display

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("label", help=text, description=__doc__)
    words = parser.add_subparsers(dest="label_word", metavar="WORD", required=True)
    show = words.add_parser("show", help="check a file's label and print it")
    tighten = words.add_parser("tighten", help="add people and prohibitions, also to all that was made from the file")
    tighten.add_argument("--subject", metavar="NAME", action="append", default=[], help="who is in it; can be repeated")
    tighten.add_argument(
        "--prohibit", metavar="ACTION", action="append", default=[], choices=ACTIONS, help="what must not be done"
    )
    made = words.add_parser("made", help="label what was made from labelled files, as a trained model or a table")
    made.add_argument("--from", dest="sources", metavar="FILE", type=Path, action="append", required=True,
                      help="what it was made from; can be repeated")  # fmt: skip
    made.add_argument("--kind", choices=KINDS, required=True, help="what it is")
    override = words.add_parser("override", help="set a state by hand; a second person has to say the same")
    override.add_argument("--state", choices=STATES, required=True, help="the state it shall have")
    override.add_argument("--reason", metavar="TEXT", required=True, help="why; it is kept in the ledger")
    for word in (show, tighten, made, override):
        word.add_argument("file", metavar="FILE", type=Path, help="a photo or video")
        add_actor(word)
        add_where(word)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    with args.governance(args, args.file) as governance:
        return _WORDS[args.label_word](args, governance, Access(actor=args.actor).who)


def _show(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.labelling import label_of

    governance.require(actor, "read-labels")
    print(json.dumps(label_of(governance, args.file).as_dict(), indent=2))
    return 0


def _tighten(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.labelling import tighten

    label, below = tighten(governance, args.file, actor, subjects=args.subject, prohibitions=args.prohibit)
    people, forbidden = len(label.subjects), ", ".join(sorted(label.prohibitions)) or "nothing"
    print(f"{display(args.file.name)}: {people} people, {forbidden} prohibited; {below} items made from it, too")
    return 0


def _made(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.labelling import made

    governance.require(actor, "record-consent")
    label = made(governance, args.file, args.sources, args.kind, made_by="hand")
    allowed = ", ".join(sorted(label.purposes)) or "no purpose"
    print(f"{display(args.file.name)}: {label.state}, for {allowed}, {len(label.subjects)} people")
    return 0


def _override(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.labelling import override

    label, done = override(governance, args.file, args.state, actor, args.reason)
    name = display(args.file.name)
    print(
        f"{name}: is {label.state} now" if done else f"{name}: proposed; it is done when another person says the same"
    )
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, Any, str], int]] = {
    "show": _show,
    "tighten": _tighten,
    "made": _made,
    "override": _override,
}
