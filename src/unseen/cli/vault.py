"""`unseen vault`: keep originals encrypted, each opening only for the purposes it was put in for."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.cli.access import add_policy
from unseen.core.access import Access
from unseen.errors import Denied, KeyUnusable, UsageError

if TYPE_CHECKING:
    from unseen.engine.vault import VaultPlaces
    from unseen.engine.vault_gate import GatedVault

__all__ = ["add_parser", "run"]

_UNLOCKS = ("passphrase", "environment", "keyring")


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("vault", help=text, description=__doc__)
    words = parser.add_subparsers(dest="vault_word", metavar="WORD", required=True)
    init = words.add_parser("init", help="make an empty vault and its key file")
    init.add_argument(
        "--unlock", choices=_UNLOCKS, default="passphrase", help="what opens the key file (default: passphrase)"
    )
    init.add_argument("--items", default="", metavar="URL", help="where encrypted items go, as s3://BUCKET/FOLDER")
    init.add_argument("--ledger", metavar="WHERE", help="where it is recorded (default: UNSEEN_LEDGER)")
    put = words.add_parser("put", help="encrypt files as items; the files themselves stay")
    put.add_argument("files", nargs="+", type=Path, metavar="FILE")
    put.add_argument("--purpose", action="append", required=True, help="what it opens for; say it for each purpose")
    put.add_argument("--as", dest="name", metavar="ITEM", help="the item's name (default: the file's)")
    get = words.add_parser("get", help="decrypt an item to a new file, if the policy lets you view it")
    get.add_argument("item", metavar="ITEM")
    get.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new file")
    get.add_argument("--purpose", required=True, help="what for")
    get.add_argument(
        "--unsafe-view-raw", action="store_true", help="take out what shows people, which the policy has to permit, too"
    )
    withdraw = words.add_parser("withdraw", help="let an item open no longer for a purpose")
    withdraw.add_argument("item", metavar="ITEM")
    withdraw.add_argument("--purpose", required=True, help="the purpose that ends")
    erase = words.add_parser("erase", help="delete items for good: keys, data, and all that could open a backup")
    erase.add_argument("items", nargs="+", metavar="ITEM")
    rotate = words.add_parser("rotate", help="change the keys that data keys are encrypted with")
    for each in (init, put, get, withdraw, erase, rotate):
        _add_places(each)
    parser.set_defaults(run=run)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vault", type=Path, metavar="FOLDER", help="where the vault is (default: UNSEEN_VAULT)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key file (default: FOLDER.key)")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="read the passphrase from a file")
    add_policy(parser)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    # The engine is imported where it is used, so that `unseen --help` answers at once.
    from unseen.engine.needs import need_cryptography

    need_cryptography()
    from unseen.engine import vault as engine

    places = engine.vault_places(args.vault, args.key)
    if args.vault_word == "init":
        _init(args, places)
        return 0
    from unseen.engine.governance import open_governance
    from unseen.engine.vault_gate import gated

    sources = engine.master_keys(lambda new: _passphrase(args.passphrase_file, new))
    policy = _policy(args, places)
    with (
        open_governance(policy) as governance,
        closing(gated(governance, engine.open_vault(places, sources), places)) as vault,
    ):
        _WORDS[args.vault_word](args, vault, Access(actor=args.actor).who)
    return 0


def _policy(args: argparse.Namespace, places: VaultPlaces) -> Path:
    """Return the policy above the files that are put in, and above the vault; raises Denied where there is none."""
    from unseen.engine.policies import find_policy, policy_for

    files = list(getattr(args, "files", ()))
    above = [places.folder] if not files or find_policy(places.folder) is not None else []
    policy = policy_for([*files, *above], args.policy)
    if policy is None:
        raise Denied(
            "without a policy nothing goes into a vault or comes out of one; name one with --policy, or write one, "
            "beginning with: unseen policy init"
        )
    return policy


def _init(args: argparse.Namespace, places: VaultPlaces) -> None:
    from unseen.engine import vault as engine
    from unseen.engine.ledger import ledger_places, open_recorder

    sources = engine.master_keys(lambda new: _passphrase(args.passphrase_file, new))
    who = Access(actor=args.actor).who
    with open_recorder(ledger_places(args.ledger), lambda: datetime.now(UTC), who) as recorder:
        engine.make_vault(places, args.unlock, sources, args.items).close()
        recorder.record("vault.made")
    print(f"{places.folder}: is an empty vault; without {places.key} nothing opens: keep a copy apart from it")


def _put(args: argparse.Namespace, vault: GatedVault, actor: str) -> None:
    if args.name is not None and len(args.files) > 1:
        raise UsageError("--as names one item; put one file at a time with it")
    for path in args.files:
        item = vault.put(path, args.purpose, actor, args.name or "")
        print(f"{item}: sealed for {', '.join(sorted(set(args.purpose)))}")


def _get(args: argparse.Namespace, vault: GatedVault, actor: str) -> None:
    ruling = vault.get(args.item, args.purpose, actor, args.output, unsafe_view_raw=args.unsafe_view_raw).ruling
    if not ruling.would and ruling.mode == "warn":
        print(f"{args.item}: the policy would refuse it: {ruling.told()}", file=sys.stderr)


def _withdraw(args: argparse.Namespace, vault: GatedVault, actor: str) -> None:
    done = vault.withdraw(args.item, args.purpose, actor)
    print(f"{args.item}: {'opens no longer' if done else 'did not open'} for {args.purpose}")


def _erase(args: argparse.Namespace, vault: GatedVault, actor: str) -> None:
    count = vault.erase(args.items, actor)
    print(f"{count} of {len(set(args.items))} items erased; a backup of the wraps from before opens nothing any more")


def _rotate(args: argparse.Namespace, vault: GatedVault, actor: str) -> None:
    print(f"{vault.rotate(actor)} wraps made under a new key; the old key is gone")


_WORDS: dict[str, Callable[[argparse.Namespace, GatedVault, str], None]] = {
    "put": _put,
    "get": _get,
    "withdraw": _withdraw,
    "erase": _erase,
    "rotate": _rotate,
}


def _passphrase(file: Path | None, new: bool) -> str:
    """Return the passphrase from a file or a terminal, where a new one is asked for twice."""
    if file is not None:
        try:
            return file.read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, ValueError) as error:
            raise KeyUnusable(f"{file}: cannot read the passphrase; check the file") from error
    if not sys.stdin.isatty():
        raise KeyUnusable("there is no terminal to ask for a passphrase; name a file with --passphrase-file")
    words = getpass.getpass("passphrase of the vault: ")
    if new and getpass.getpass("again: ") != words:
        raise KeyUnusable("the two passphrases differ; nothing was made")
    return words
