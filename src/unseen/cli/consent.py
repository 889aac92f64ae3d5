"""`unseen consent`: write down, withdraw, list and exchange consents."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.cli.access import add_actor, add_where
from unseen.core.access import Access
from unseen.core.consents import METHODS
from unseen.core.names import display

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("consent", help=text, description=__doc__)
    words = parser.add_subparsers(dest="consent_word", metavar="WORD", required=True)
    add = words.add_parser("add", help="write down that a person consents, refuses, or consents again")
    _add_whom(add)
    add.add_argument("--refused", action="store_true", help="the person said no")
    add.add_argument("--renewed", action="store_true", help="the person consented before, and does again")
    add.add_argument("--until", metavar="DATE", help="when it ends, as 2027-01-31")
    add.add_argument("--notice", metavar="VERSION", default="", help="version of the notice that was shown")
    add.add_argument("--language", metavar="CODE", default="", help="language of that notice, as en or de-AT")
    add.add_argument("--method", metavar="HOW", default="", help=f"how it was obtained: {', '.join(METHODS)}")
    add.add_argument("--proof", metavar="FILE", type=Path, help="the evidence; only its SHA-256 is kept")
    add.add_argument("--at", metavar="TIME", help="when the person said so (default: now)")
    _common(add)
    withdraw = words.add_parser("withdraw", help="write down that a person takes a consent back; counts at once")
    _add_whom(withdraw)
    _common(withdraw)
    listing = words.add_parser("list", help="show records, all or those of one person, and what they are worth now")
    listing.add_argument("--subject", metavar="NAME", help="a person; - reads the name from standard input")
    listing.add_argument("--json", action="store_true", help="print whole records, after ISO/IEC TS 27560")
    _common(listing)
    receipt = words.add_parser("receipt", help="print the receipt of a consent, for the person to keep")
    _add_whom(receipt)
    _common(receipt)
    for word, help_ in (("import", "take in records, all or none"), ("export", "write all records to a file")):
        exchange = words.add_parser(word, help=help_)
        exchange.add_argument("file", metavar="FILE", type=Path, help="a .json or .csv file")
        _common(exchange)
    parser.set_defaults(run=run)


def _add_whom(parser: Any) -> None:
    parser.add_argument(
        "--subject", metavar="NAME", required=True,
        help="the person; only a keyed identifier is kept; - reads the name from standard input",
    )  # fmt: skip
    parser.add_argument("--purpose", metavar="NAME", required=True, help="for what")


def _common(parser: Any) -> None:
    add_actor(parser)
    add_where(parser)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    with args.governance(args) as governance:
        return _WORDS[args.consent_word](args, governance, Access(actor=args.actor).who)


def _name(args: argparse.Namespace) -> str:
    """Return the person's name; read from standard input, it is in no list of processes and no history."""
    return sys.stdin.readline().strip() if args.subject == "-" else str(args.subject)


def _add(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import ConsentEvent, decide, proof_of, seconds_of

    state = "refused" if args.refused else "renewed" if args.renewed else "given"
    event = ConsentEvent(
        state=state,  # type: ignore[arg-type]  # one of the three
        at=time.time() if args.at is None else seconds_of(args.at),
        valid_until=None if args.until is None else seconds_of(args.until),
        notice_version=args.notice,
        notice_language=args.language,
        method=args.method,
        proof=proof_of(args.proof),
    )
    effect = decide(governance, _name(args), args.purpose, event, actor)
    print(f"{state} for {args.purpose}: record {effect.record.record[:8]}, person {effect.record.subject[:8]}")
    return 0


def _withdraw(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import ConsentEvent, decide

    effect = decide(governance, _name(args), args.purpose, ConsentEvent("withdrawn", time.time()), actor)
    print(f"withdrawn for {args.purpose}, from the next decision on; {effect.items} items are about this person")
    return 0


def _list(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import listed

    records = listed(governance, actor, None if args.subject is None else _name(args))
    if args.json:
        print(json.dumps(records, indent=2))
        return 0
    for record in records:
        last = record["events"][-1]
        until = f", until {last['valid_until']}" if last["valid_until"] else ""
        told = f"{record['purpose']}: {record['status']} since {last['event_time']}{until}"
        print(f"{record['record_id'][:8]}  person {record['pii_principal_id'][:8]}  {told}")
    print(f"{len(records)} records")
    return 0


def _receipt(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import receipt

    print(json.dumps(receipt(governance, actor, _name(args), args.purpose), indent=2, ensure_ascii=False))
    return 0


def _import(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import import_consents

    print(f"{import_consents(governance, actor, args.file)} records taken in")
    return 0


def _export(args: argparse.Namespace, governance: Any, actor: str) -> int:
    from unseen.engine.consents import export_consents

    print(f"{export_consents(governance, actor, args.file)} records -> {display(args.file)}")
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace, Any, str], int]] = {
    "add": _add,
    "withdraw": _withdraw,
    "list": _list,
    "receipt": _receipt,
    "import": _import,
    "export": _export,
}
