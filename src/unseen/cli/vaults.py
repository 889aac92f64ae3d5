"""The words that name a vault beside records under a policy, and what opens it."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from unseen.errors import KeyUnusable

__all__ = ["add_vault", "opened_vault"]


def add_vault(parser: Any) -> None:
    """Add --vault and what opens it to a command that deletes or hands out what a vault holds."""
    parser.add_argument(
        "--vault", metavar="FOLDER", type=Path, help="a vault that holds items, too (default: UNSEEN_VAULT, or none)"
    )
    parser.add_argument("--vault-key", metavar="FILE", type=Path, help="the vault's key file (default: FOLDER.key)")
    parser.add_argument("--passphrase-file", metavar="FILE", type=Path, help="read the vault's passphrase from a file")


@contextmanager
def opened_vault(args: Any, governance: Any) -> Iterator[Any]:
    """Open the vault that is named, and give it, or None where none is named; raises UnseenError."""
    if args.vault is None and not os.environ.get("UNSEEN_VAULT"):
        yield None
        return
    from unseen.engine.vault import master_keys, open_vault, vault_places
    from unseen.engine.vault_gate import named

    sources = master_keys(lambda _: _passphrase(args.passphrase_file))
    places = vault_places(args.vault, args.vault_key)
    with closing(named(governance, open_vault(places, sources), places)) as vault:
        yield vault


def _passphrase(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, ValueError) as error:
            raise KeyUnusable(f"{file}: cannot read the passphrase; check the file") from error
    if not sys.stdin.isatty():
        raise KeyUnusable("there is no terminal to ask for a passphrase; name a file with --passphrase-file")
    return getpass.getpass("passphrase of the vault: ")
