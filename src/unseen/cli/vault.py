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

from unseen.errors import KeyUnusable, Refused, UsageError

if TYPE_CHECKING:
    from unseen.adapters.vault_files import Vault
    from unseen.engine.ledger import Recorder

__all__ = ["add_parser", "run"]

_UNLOCKS = ("passphrase", "environment", "keyring")
_UNSAFE = "view-raw"


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("vault", help=text, description=__doc__)
    words = parser.add_subparsers(dest="vault_word", metavar="WORD", required=True)
    init = words.add_parser("init", help="make an empty vault and its key file")
    init.add_argument(
        "--unlock", choices=_UNLOCKS, default="passphrase", help="what opens the key file (default: passphrase)"
    )
    init.add_argument("--items", default="", metavar="URL", help="where encrypted items go, as s3://BUCKET/FOLDER")
    put = words.add_parser("put", help="encrypt files as items; the files themselves stay")
    put.add_argument("files", nargs="+", type=Path, metavar="FILE")
    put.add_argument("--purpose", action="append", required=True, help="what it opens for; say it for each purpose")
    put.add_argument("--as", dest="name", metavar="ITEM", help="the item's name (default: the file's)")
    get = words.add_parser("get", help="decrypt an item to a new file")
    get.add_argument("item", metavar="ITEM")
    get.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a new file")
    get.add_argument("--purpose", required=True, help="what for")
    get.add_argument(
        "--unsafe-view-raw", action="store_true", help="take out what shows people, though no policy was asked"
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
    parser.add_argument("--ledger", metavar="WHERE", help="where it is recorded (default: UNSEEN_LEDGER)")
    parser.add_argument("--actor", help="who does this, for the record (default: your login name)")


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    # The engine is imported where it is used, so that `unseen --help` answers at once.
    from unseen.engine.needs import need_cryptography

    need_cryptography()
    from unseen.engine import vault as engine
    from unseen.engine.ledger import ledger_places, open_recorder

    places = engine.vault_places(args.vault, args.key)
    sources = engine.master_keys(lambda new: _passphrase(args.passphrase_file, new))
    actor = args.actor or getpass.getuser()
    with open_recorder(ledger_places(args.ledger), lambda: datetime.now(UTC), actor) as recorder:
        if args.vault_word == "init":
            engine.make_vault(places, args.unlock, sources, args.items).close()
            recorder.record("vault.made")
            print(f"{places.folder}: is an empty vault; without {places.key} nothing opens: keep a copy apart from it")
        else:
            with closing(engine.open_vault(places, sources)) as vault:
                _WORDS[args.vault_word](args, vault, recorder)
    return 0


def _put(args: argparse.Namespace, vault: Vault, recorder: Recorder) -> None:
    from unseen.engine import vault as engine

    if args.name is not None and len(args.files) > 1:
        raise UsageError("--as names one item; put one file at a time with it")
    for path in args.files:
        item = args.name or path.name
        engine.put(vault, recorder, item, args.purpose, path)
        print(f"{item}: sealed for {', '.join(sorted(set(args.purpose)))}")


def _get(args: argparse.Namespace, vault: Vault, recorder: Recorder) -> None:
    from unseen.engine import vault as engine

    def gate(item: str, purpose: str) -> None:
        if not args.unsafe_view_raw:
            raise Refused(f"{item}: shows people as they are; no policy allows to view it; or say: --unsafe-view-raw")

    unsafe = [_UNSAFE] if args.unsafe_view_raw else []
    engine.get(vault, recorder, gate, args.item, args.purpose, args.output, unsafe=unsafe)


def _withdraw(args: argparse.Namespace, vault: Vault, recorder: Recorder) -> None:
    from unseen.engine import vault as engine

    done = engine.withdraw(vault, recorder, args.item, args.purpose)
    print(f"{args.item}: {'opens no longer' if done else 'did not open'} for {args.purpose}")


def _erase(args: argparse.Namespace, vault: Vault, recorder: Recorder) -> None:
    from unseen.engine import vault as engine

    count = engine.erase(vault, recorder, args.items)
    print(f"{count} of {len(set(args.items))} items erased; a backup of the wraps from before opens nothing any more")


def _rotate(args: argparse.Namespace, vault: Vault, recorder: Recorder) -> None:
    from unseen.engine import vault as engine

    print(f"{engine.rotate(vault, recorder)} wraps made under a new key; the old key is gone")


_WORDS: dict[str, Callable[[argparse.Namespace, Vault, Recorder], None]] = {
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
