"""Where a vault is, and how it is made and opened; what goes in and out passes the gate in `vault_gate`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from unseen.adapters.blobs_folder import FolderBlobs
from unseen.adapters.blobs_fsspec import FsspecBlobs
from unseen.adapters.databases import SqliteDatabase
from unseen.adapters.file_lock import FileLock
from unseen.adapters.files_output import write_private
from unseen.adapters.master_keys import EnvironmentKey, KeyringKey, MasterKey, PassphraseKey
from unseen.adapters.vault_files import Vault
from unseen.adapters.vault_keys import VaultKeys, make_vault_keys, open_vault_keys
from unseen.core.names import display
from unseen.core.ports import BlobStore
from unseen.errors import UsageError

__all__ = ["UNLOCKS", "VaultPlaces", "make_vault", "master_keys", "open_vault", "vault_places"]

#: What a master key may come by.
UNLOCKS = ("passphrase", "environment", "keyring")
_NOTE = "vault.json"
_KIND = "unseen vault 1"


@dataclass(frozen=True, slots=True)
class VaultPlaces:
    """Where a vault is: the folder of its wraps, which holds its items too if they are local, and its key file."""

    folder: Path
    key: Path


def vault_places(
    folder: Path | None = None, key: Path | None = None, environ: Mapping[str, str] = os.environ
) -> VaultPlaces:
    """Return where the vault is: as named, as UNSEEN_VAULT says, or in the user's own data folder.

    The key file is beside the folder, not in it, so that a copy of the folder opens nothing.
    """
    named = environ.get("UNSEEN_VAULT")
    where = folder or (Path(named) if named else platformdirs.user_data_path("unseen", appauthor=False) / "vault")
    return VaultPlaces(where, key or where.with_name(f"{where.name}.key"))


def master_keys(ask: Callable[[bool], str], environ: Mapping[str, str] = os.environ) -> dict[str, MasterKey]:
    """Return what a master key may come by; `ask` returns a passphrase, and is told whether it is a new one."""
    return {"passphrase": PassphraseKey(ask), "environment": EnvironmentKey(environ), "keyring": KeyringKey()}


def make_vault(places: VaultPlaces, by: str, sources: Mapping[str, MasterKey], items: str = "") -> Vault:
    """Make an empty vault; `items` is a URL that fsspec knows, "" for the vault's own folder. Raises UsageError."""
    note = places.folder / _NOTE
    if note.exists():
        raise UsageError(f"{display(places.folder)}: is a vault already; choose another folder")
    if items:
        FsspecBlobs(items)
    keys = make_vault_keys(places.key, by, sources)
    write_private(note, [json.dumps({"items": items, "kind": _KIND}).encode() + b"\n"], "the vault")
    return _vault(places, keys, items)


def open_vault(places: VaultPlaces, sources: Mapping[str, MasterKey]) -> Vault:
    """Open a vault; raises UsageError if there is none, KeyUnusable."""
    try:
        words = json.loads((places.folder / _NOTE).read_bytes())
        if words["kind"] != _KIND:
            raise ValueError(words["kind"])
        items = str(words["items"])
    except OSError as error:
        raise UsageError(f"{display(places.folder)}: is no vault; make one with: unseen vault init") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{display(places.folder)}: is no vault of this version of Unseen") from error
    return _vault(places, open_vault_keys(places.key, sources), items)


def _vault(places: VaultPlaces, keys: VaultKeys, items: str) -> Vault:
    # A vault sweeps up in its folder, so no two share one.
    elsewhere = f"{items.rstrip('/')}/unseen-{keys.vault}"
    blobs: BlobStore = FsspecBlobs(elsewhere) if items else FolderBlobs(places.folder / "items")
    database = SqliteDatabase(places.folder / "wraps.db")
    return Vault(blobs, database, keys, FileLock(places.folder / "lock"))
