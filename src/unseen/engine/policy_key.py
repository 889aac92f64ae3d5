"""What ties a folder to its policy: the key, never put in place of a lost one, and the name of the one policy file."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from unseen.adapters.files_output import discard
from unseen.adapters.lineage_sql import SqlRecords
from unseen.core.names import display
from unseen.crypto.keys import MINIMUM_BYTES, Key
from unseen.engine.inputs import read_key
from unseen.engine.policies import POLICY_NAME
from unseen.errors import KeyUnusable, UsageError

__all__ = ["open_records", "policy_key"]


def open_records(where: Path, key: Key, policy: Path) -> SqlRecords:
    """Open the records of a policy file; raises UsageError if they are those of another one beside it."""
    records = SqlRecords(where, key)
    try:
        _bind(records, policy)
    except BaseException:
        records.close()
        raise
    return records


def _bind(records: SqlRecords, path: Path) -> None:
    """Let records be of one policy file as long as it is there.

    Under the same key a second policy would open, by rules of its own, all that the first one closes.
    """
    known = records.policy()
    for name in sorted({known, POLICY_NAME} - {"", path.name}):
        other = path.with_name(name)
        if other.exists() and not other.samefile(path):
            raise UsageError(
                f"{display(path)}: the records here are those of {display(name)}; name that one, "
                "or move this one to a folder of its own"
            )
    if known != path.name:
        records.belong_to(path.name)


def policy_key(path: Path, records: Path) -> Key:
    """Return the policy's key, which is made with the records and never without them; raises KeyUnusable."""
    if not path.exists():
        if records.exists():
            raise KeyUnusable(
                f"{display(path)}: the key of these records is missing; put it back from where it is kept"
            )
        _make_key(path)
    return read_key(path)


def _make_key(path: Path) -> None:
    """Write a fresh key, whole or not at all; one that another process made meanwhile stays."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(MINIMUM_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot make the key ({error.strerror}); check the folder") from error
    finally:
        discard(part)
