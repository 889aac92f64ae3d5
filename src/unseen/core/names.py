"""File names as they may be shown, and as they are compared."""

from __future__ import annotations

import os
import unicodedata
from pathlib import PurePath

__all__ = ["collision_key", "display"]


def display(path: PurePath | str) -> str:
    """Return a name that is safe on a terminal and in JSON: control characters and broken bytes are escaped."""
    text = os.fsencode(str(path)).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def collision_key(path: PurePath | str) -> str:
    """Return what two names share if any common file system takes them for one: case and composition are folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())
