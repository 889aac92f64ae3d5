"""The vault as commands use it: where it is, putting in and taking out, each step in the ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
from unseen.core.ports import BlobStore, KeyRing
from unseen.engine.ledger import Recorder
from unseen.errors import Refused, UnreadableInput, UsageError

__all__ = [
    "UNLOCKS",
    "Gate",
    "VaultPlaces",
    "erase",
    "get",
    "make_vault",
    "master_keys",
    "open_vault",
    "put",
    "rotate",
    "vault_places",
    "withdraw",
]

#: What a master key may come by.
UNLOCKS = ("passphrase", "environment", "keyring")
#: Decides whether an item may be taken out for a purpose, and raises Refused if not: decide(item, purpose).
Gate = Callable[[str, str], None]

_NOTE = "vault.json"
_KIND = "unseen vault 1"
_READ_BYTES = 1 << 20


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


def put(vault: KeyRing, recorder: Recorder, item: str, purposes: Sequence[str], path: Path) -> None:
    """Encrypt a file as an item; the file stays where it is. Raises UnseenError."""
    try:
        with path.open("rb") as stream:
            vault.seal(item, purposes, stream)
    except OSError as error:
        raise UnreadableInput(f"{display(path)}: cannot be read ({error.strerror}); check the name") from error
    recorder.record("vault.sealed", items=[item], details={"purposes": tuple(sorted(set(purposes)))})


def get(
    vault: KeyRing, recorder: Recorder, gate: Gate, item: str, purpose: str, out: Path, *, unsafe: Sequence[str] = ()
) -> None:
    """Decrypt an item to a new file, if the gate lets it be; the ledger knows before a byte is written.

    `unsafe` are the unsafe words that were said, for the record. Raises UnseenError; Refused is recorded too.
    """
    try:
        gate(item, purpose)
        stream = vault.open(item, purpose)
    except Refused:
        recorder.record("vault.refused", purpose=purpose, items=[item])
        raise
    with stream:
        details = {"unsafe": tuple(unsafe)} if unsafe else {}
        recorder.record("vault.opened", purpose=purpose, items=[item], details=details)
        write_private(out, _parts(stream), "the item")


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(_READ_BYTES), b"")


def withdraw(vault: KeyRing, recorder: Recorder, item: str, purpose: str) -> bool:
    """Withdraw one purpose of an item; False if it did not open for it."""
    done = vault.withdraw(item, purpose)
    recorder.record("vault.withdrawn", purpose=purpose, items=[item], details={"wraps": int(done)})
    return done


def erase(vault: KeyRing, recorder: Recorder, items: Sequence[str]) -> int:
    """Erase items for good and return how many there were; the salts of their names in the ledger go with them."""
    recorder.record("vault.erase", items=items)
    count = vault.erase(items)
    recorder.record("vault.erased", items=items, details={"items": count})
    for item in items:
        recorder.openings.forget("item", item)
    return count


def rotate(vault: KeyRing, recorder: Recorder) -> int:
    """Change the key-encryption keys and return how many wraps were made."""
    count = vault.rotate()
    recorder.record("vault.rotated", details={"wraps": count})
    return count
