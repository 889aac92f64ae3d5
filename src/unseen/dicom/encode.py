"""Elements as bytes (PS3.5 section 7): heads, padding to even length, sequences of a told length."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from unseen.dicom.stream import LONG, Syntax
from unseen.errors import DamagedInput

__all__ = ["element", "joined", "sequence"]

_SHORT = {big: struct.Struct(f"{'>' if big else '<'}HH2sH") for big in (False, True)}
_LONG = {big: struct.Struct(f"{'>' if big else '<'}HH2sHL") for big in (False, True)}
_IMPLICIT = {big: struct.Struct(f"{'>' if big else '<'}HHL") for big in (False, True)}
_NUL_PADDED = frozenset(("UI", "OB", "OW", "UN"))


def element(tag: int, vr: str, value: bytes, syntax: Syntax) -> bytes:
    """Return an element; a value of odd length is padded as its VR asks."""
    if len(value) % 2:
        value += b"\0" if vr in _NUL_PADDED else b" "
    return _head(tag, vr, len(value), syntax) + value


def sequence(tag: int, vr: str, items: Sequence[bytes], outer: Syntax, inner: Syntax) -> bytes:
    """Return a sequence of encoded items, each with its length told."""
    pack = _IMPLICIT[inner.big].pack
    body = b"".join(part for item in items for part in (pack(0xFFFE, 0xE000, len(item)), item))
    return _head(tag, vr, len(body), outer) + body


def _head(tag: int, vr: str, length: int, syntax: Syntax) -> bytes:
    group, number = tag >> 16, tag & 0xFFFF
    if not syntax.explicit:
        return _IMPLICIT[syntax.big].pack(group, number, length)
    if vr in LONG:
        return _LONG[syntax.big].pack(group, number, vr.encode(), 0, length)
    if length > 0xFFFF:
        raise DamagedInput("has a value that is too long for its kind; leave it out")
    return _SHORT[syntax.big].pack(group, number, vr.encode(), length)


def joined(parts: Iterable[tuple[int, bytes | memoryview]]) -> bytes:
    """Return encoded elements in the order of their tags."""
    return b"".join(part for _, part in sorted(parts, key=lambda each: each[0]))
