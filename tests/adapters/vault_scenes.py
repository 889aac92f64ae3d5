"""A vault in a folder, with a master key that costs nothing to derive."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from unseen.adapters.blobs_folder import FolderBlobs
from unseen.adapters.databases import SqliteDatabase
from unseen.adapters.file_lock import FileLock
from unseen.adapters.master_keys import VARIABLE, EnvironmentKey, MasterKey
from unseen.adapters.vault_files import Vault
from unseen.adapters.vault_keys import make_vault_keys, open_vault_keys
from unseen.core.ports import BlobStore

__all__ = ["SOURCES", "begin", "keep", "read", "reopen", "restore"]

SOURCES: dict[str, MasterKey] = {"environment": EnvironmentKey({VARIABLE: "07" * 32})}


def begin(folder: Path, blobs: BlobStore | None = None) -> Vault:
    """Make a vault in folder/vault, its key file beside it."""
    make_vault_keys(folder / "vault.key", "environment", SOURCES)
    return reopen(folder, blobs)


def reopen(folder: Path, blobs: BlobStore | None = None) -> Vault:
    """Open the vault that is there."""
    home = folder / "vault"
    keys = open_vault_keys(folder / "vault.key", SOURCES)
    database = SqliteDatabase(home / "wraps.db")
    return Vault(blobs or FolderBlobs(home / "items"), database, keys, FileLock(home / "lock"))


def keep(vault: Vault, item: str, *purposes: str, data: bytes = b"a face") -> None:
    """Seal some bytes."""
    vault.seal(item, purposes, io.BytesIO(data))


def read(vault: Vault, item: str, purpose: str) -> bytes:
    """Open and read all."""
    with vault.open(item, purpose) as stream:
        return stream.read()


def restore(backup: Path, folder: Path, *names: str) -> None:
    """Put files or folders of a backup back in place of what is there."""
    for name in names:
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(backup / name, target)
        else:
            shutil.copy2(backup / name, target)
