"""Reads what a job names: photos and the key."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from unseen.core.names import display
from unseen.crypto.keys import Key
from unseen.errors import KeyUnusable, UnreadableInput

__all__ = ["read_key", "read_photo"]


def read_photo(source: Path, name: str, max_bytes: int) -> bytes:
    """Return a file's bytes, or one more than allowed of a larger file; raises UnreadableInput.

    Never reads more than the file held when it was opened, so that a file that grows is seen as cut.
    """
    try:
        if not stat.S_ISREG(source.stat().st_mode):
            raise UnreadableInput(f"{name}: is not a regular file; name a photo")
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # The codec says that a file is too large; one byte more than allowed is enough for it.
            return file.read(min(size, max_bytes + 1))
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check its permissions") from error


def read_key(path: Path | None) -> Key:
    """Return the key in a file that only its owner can read, or a fresh one that is thrown away; raises KeyUnusable."""
    if path is None:
        return Key(os.urandom(32), kept=False)
    try:
        open_to_others = os.name != "nt" and path.stat().st_mode & 0o077
        secret = path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot read the key ({error.strerror}); check the name") from error
    if open_to_others:
        raise KeyUnusable(f"{display(path)}: other users can read the key; say: chmod 600 {display(path)}")
    return Key(secret)
