"""The key of a policy's folder: made with its records, and never put in place of one that is lost."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from unseen.adapters.files_output import discard
from unseen.core.names import display
from unseen.crypto.keys import MINIMUM_BYTES, Key
from unseen.engine.inputs import read_key
from unseen.errors import KeyUnusable

__all__ = ["policy_key"]


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
