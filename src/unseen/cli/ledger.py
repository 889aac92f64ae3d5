"""`unseen ledger`: check, show, prove and export what was recorded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen.core.ledger import Event, Head
    from unseen.engine.ledger import LedgerPlaces

__all__ = ["add_parser", "run"]

_MOST_FINDINGS = 100


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("ledger", help=text, description=__doc__)
    words = parser.add_subparsers(dest="ledger_word", metavar="WORD", required=True)
    verify = words.add_parser("verify", help="say whether events were changed, removed, moved, inserted or cut off")
    verify.add_argument("file", nargs="?", type=Path, help="an export or a proof (default: the ledger itself)")
    verify.add_argument("--public-key", type=Path, metavar="FILE", help="who must have signed FILE")
    verify.add_argument("--head", type=Path, metavar="FILE", help="a head that was kept elsewhere must be in its past")
    verify.add_argument(
        "--every-signature", action="store_true", help="check each row's signature too, not only the last one's"
    )
    show = words.add_parser("show", help="print events")
    show.add_argument("--last", type=int, default=20, metavar="N", help="how many, from the end (default: 20)")
    show.add_argument("--reveal", action="store_true", help="open commitments: show who and which items")
    show.add_argument("--json", action="store_true", help="print each event as a line of JSON")
    prove = words.add_parser(
        "prove", help="write a proof that an event is in the ledger, or that nothing was rewritten"
    )
    prove.add_argument("event", nargs="?", type=int, metavar="EVENT", help="an event's number")
    prove.add_argument("--head", type=Path, metavar="FILE", help="prove that the ledger grew out of this head")
    prove.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new file for the proof")
    export = words.add_parser("export", help="write all events, which others can check without the ledger")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new file for the export")
    head = words.add_parser("head", help="print the signed head; keep it elsewhere to find a tail that was cut off")
    for each in (verify, show, prove, export, head):
        each.add_argument("--ledger", metavar="WHERE", help="a file, a postgresql:// URL, or @FILE that holds one")
        each.add_argument("--key", type=Path, metavar="FILE", help="the ledger's key (default: beside the ledger)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0, or 1 if something is wrong with the ledger; raises UnseenError."""
    # The engine is imported where it is used, so that `unseen --help` answers at once.
    from unseen.engine.needs import need_cryptography

    need_cryptography()
    from unseen.engine.ledger import ledger_places

    return _WORDS[args.ledger_word](args, ledger_places(args.ledger, args.key))


def _verify(args: argparse.Namespace, places: LedgerPlaces) -> int:
    from unseen.engine import ledger as engine
    from unseen.errors import UsageError

    if args.file is None:
        with closing(engine.open_ledger(places)) as ledger:
            kept = engine.read_head(args.head, ledger.key.public) if args.head else None
            checked = engine.check_ledger(ledger, kept=kept, every_signature=args.every_signature)
        return _told(checked.head, checked.findings, kept)
    if args.public_key is None:
        raise UsageError("a file is checked under the ledger's public key; name it with --public-key")
    public = engine.read_public_key(args.public_key)
    kept = engine.read_head(args.head, public) if args.head else None
    found = engine.check_file(args.file, public, kept=kept, every_signature=args.every_signature)
    if isinstance(found, tuple) and len(found) == 2:
        old, head = found
        print(f"{head.origin}, of {head.size:,} events, grew out of the head of {old.size:,}: nothing was rewritten")
        return 0
    if isinstance(found, tuple):
        event, index, head = found
        print(f"event {index} is in the ledger {head.origin}, of {head.size:,} events, root {head.root.hex()}")
        print(_line(index, event, None))
        return 0
    return _told(found.head, found.findings, kept)


def _told(head: Head, findings: tuple[str, ...], kept: Head | None) -> int:
    for finding in findings[:_MOST_FINDINGS]:
        print(finding)
    if len(findings) > _MOST_FINDINGS:
        print(f"... and {len(findings) - _MOST_FINDINGS:,} more")
    if findings:
        print("unseen: error: this is not the ledger that was signed", file=sys.stderr)
        return 1
    print(f"{head.size:,} events of {head.origin}: whole, in order, and signed; root {head.root.hex()}")
    if kept is None:
        print("a tail that was cut off shows only against a head kept elsewhere: --head FILE")
    else:
        print(f"the head that was kept, of {kept.size:,} events, is in its past")
    return 0


def _show(args: argparse.Namespace, places: LedgerPlaces) -> int:
    from unseen.engine import ledger as engine

    names = engine.opened_names(places) if args.reveal else nullcontext()
    with closing(engine.open_ledger(places)) as ledger, names as reveal:
        for index, event in engine.events(ledger, args.last):
            if args.json:
                print(json.dumps(_record(index, event, reveal), ensure_ascii=False))
            else:
                print(_line(index, event, reveal))
    return 0


def _prove(args: argparse.Namespace, places: LedgerPlaces) -> int:
    from unseen.engine import ledger as engine
    from unseen.errors import UsageError

    if (args.event is None) == (args.head is None):
        raise UsageError("say what to prove: either an EVENT, or --head FILE")
    with closing(engine.open_ledger(places)) as ledger:
        if args.head is None:
            engine.write_proof(ledger, args.event, args.output)
        else:
            engine.write_growth(ledger, args.head, args.output)
    return 0


def _export(args: argparse.Namespace, places: LedgerPlaces) -> int:
    from unseen.engine import ledger as engine

    with closing(engine.open_ledger(places)) as ledger:
        engine.export_ledger(ledger, args.output)
    return 0


def _head(args: argparse.Namespace, places: LedgerPlaces) -> int:
    from unseen.engine import ledger as engine

    with closing(engine.open_ledger(places)) as ledger:
        print(engine.signed_head_of(ledger), end="")
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, LedgerPlaces], int]] = {
    "verify": _verify,
    "show": _show,
    "prove": _prove,
    "export": _export,
    "head": _head,
}


def _record(index: int, event: Event, reveal: Callable[[str], str | None] | None) -> dict[str, object]:
    words = {"index": index, **json.loads(event.encoded())}
    if reveal is not None:
        words["revealed"] = {each: reveal(each) for each in (*event.items, *event.subjects, event.actor) if each}
    return words


def _line(index: int, event: Event, reveal: Callable[[str], str | None] | None) -> str:
    from unseen.core.names import display

    parts = [f"{index:>8}", event.time.isoformat(timespec="seconds").replace("+00:00", "Z"), event.kind]
    parts += [f"purpose={display(event.purpose)}"] if event.purpose else []
    for what, references in (
        ("actor", [event.actor] if event.actor else []),
        ("item", event.items),
        ("subject", event.subjects),
    ):
        for each in references:
            value = reveal(each) if reveal is not None else each[:12]
            parts.append(f"{what}={'(forgotten)' if value is None else display(value)}")
    parts += [json.dumps(event.details, ensure_ascii=True)] if event.details else []
    return "  ".join(parts)
