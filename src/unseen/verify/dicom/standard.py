"""What the dictionary of the standard (PS3.6) says of a tag."""

from __future__ import annotations

from functools import cache, lru_cache

from unseen.core.dicom_dictionary import attributes, repeating_attributes

__all__ = ["is_standard", "vr_of"]


@cache
def _repeating() -> tuple[tuple[int, int, str], ...]:
    """Return mask, value under it, and representation of each attribute of a repeating group."""
    found = []
    for digits, entry in repeating_attributes().items():
        mask = int("".join("0" if digit == "x" else "F" for digit in digits), 16)
        found.append((mask, int(digits.replace("x", "0"), 16), entry[0]))
    return tuple(found)


@lru_cache(maxsize=8192)
def _said(tag: int) -> str:
    """Return the representation, or the choice of them, that the dictionary has; "" where it does not know a tag."""
    entry = attributes().get(tag)
    if entry is not None:
        return entry[0]
    return "" if tag >> 16 & 1 else next((vr for mask, value, vr in _repeating() if tag & mask == value), "")


@lru_cache(maxsize=8192)
def vr_of(tag: int) -> bytes:
    """Return the representation that the standard's dictionary gives a tag, "UN" where it knows none."""
    return _said(tag)[:2].encode() or b"UN"


@lru_cache(maxsize=8192)
def is_standard(tag: int) -> bool:
    """Whether the standard has a tag, or it is one of a repeating group, or the length of a group."""
    return tag & 0xFFFF == 0 or _said(tag) != ""
