"""Words of imaging that say nothing of who somebody is."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["harmless", "vocabulary"]


@cache
def vocabulary() -> frozenset[str]:
    """Return the words, in lower case."""
    text = (files("unseen.dicom") / "data" / "words.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _as_bytes() -> frozenset[bytes]:
    return frozenset(word.encode() for word in vocabulary())


def harmless(token: bytes) -> bool:
    """Whether a token (in lower case), or each word of it, is such a word."""
    return token in _as_bytes() or (b" " in token and all(word in _as_bytes() for word in token.split()))
