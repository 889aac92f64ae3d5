"""Files that only their owner can read, written whole or not at all, and durable with their names."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

__all__ = ["force_names", "place_new", "stage_private"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def stage_private(path: Path, parts: Iterable[bytes]) -> Path:
    """Write a file under a random name beside `path`, force it to disk, and return its name.

    Raises OSError, and whatever `parts` does, and leaves nothing then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, _FLAGS, 0o600), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def place_new(part: Path, path: Path) -> None:
    """Give a staged file its name; raises FileExistsError if the name is taken, and deletes it then. Raises OSError."""
    try:
        # A link, unlike a renaming, never replaces what is there.
        os.link(part, path)
        force_names(path.parent)
    finally:
        part.unlink(missing_ok=True)


def force_names(folder: Path) -> None:
    """Force a folder's names to disk, where folders can be opened; raises OSError."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
