"""File names as they may be shown, and as they are compared."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath

__all__ = ["collision_key", "display"]


def display(path: PurePath | str) -> str:
    """Return a name that is safe on a terminal and in JSON: control characters and broken bytes are escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(path))


def _escaped(character: str) -> str:
    """Return the escape of a character; a byte that is no UTF-8, which Python smuggles as U+DC80..U+DCFF, as \\xNN."""
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def collision_key(path: PurePath | str) -> str:
    """Return what two names share if any common file system takes them for one: case and composition are folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())
