"""Encapsulated pixel data without the words inside its frames (PS3.5 A.4): fragments, and the table of offsets."""

from __future__ import annotations

import struct

from unseen.dicom.pixels.comments import without_comments

__all__ = ["speechless"]

_ITEM = b"\xfe\xff\x00\xe0"


def speechless(value: bytes) -> bytes | None:
    """Return the fragments without comments, application data and bytes after pictures; None where there are none.

    `value` holds the items of encapsulated pixel data, without the delimiter. What is no row of items is left alone.
    """
    fragments = _split(value)
    if len(fragments) < 2:
        return None
    table, frames = fragments[0], fragments[1:]
    clean = [without_comments(frame) for frame in frames]
    if clean == frames:
        return None
    moved, before, after = {}, 0, 0
    for old, new in zip(frames, clean, strict=True):
        moved[before] = after
        before, after = before + 8 + len(old), after + 8 + len(new)
    offsets = struct.unpack(f"<{len(table) // 4}L", table[: len(table) // 4 * 4])
    # An offset that points to no fragment is wrong already; without a table, readers count.
    known = all(offset in moved for offset in offsets)
    fresh = struct.pack(f"<{len(offsets)}L", *(moved[o] for o in offsets)) if known else b""
    return b"".join(_ITEM + struct.pack("<L", len(part)) + part for part in (fresh, *clean))


def _split(value: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 8 <= len(value) and value[at : at + 4] == _ITEM:
        (length,) = struct.unpack_from("<L", value, at + 4)
        found.append(value[at + 8 : at + 8 + length])
        at += 8 + length
    return found if at == len(value) else []
