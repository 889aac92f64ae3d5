"""Messages beside pictures of HEVC that nothing here reads: decoders that may give up give up at their faults, too."""

from __future__ import annotations

import re

from unseen.adapters.video.units import places

__all__ = ["readable"]

#: Types of units that hold messages (ITU-T H.265, table 7-1).
_MESSAGES = (39, 40)
#: What its writer wrote of its own, often not as it should be, and two for screens (D.2.1).
_UNREAD = frozenset({4, 5, 137, 144})
_ESCAPED = re.compile(rb"\0\0(?=[\0-\3])")
_START = b"\0\0\1"
#: What follows the last message.
_LAST = b"\x80"


def readable(data: bytes, size: int) -> bytes:
    """Return a packet of HEVC without messages that nobody reads or that do not fit into their unit.

    `size` is that of the length fields, 0 for start codes. Players show pictures whatever stands beside them.
    """
    made, done = list[bytes](), 0
    for at in places(data, size):
        if data[at] >> 1 & 63 not in _MESSAGES:
            continue
        start = at - (size or len(_START))
        end = _end(data, at, size)
        unit = data[at:end]
        if (kept := _kept(unit)) != unit:
            ahead = (len(kept).to_bytes(size) if size else _START) if kept else b""
            made += [data[done:start], ahead, kept]
            done = end
    return b"".join([*made, data[done:]]) if done else data


def _end(data: bytes, at: int, size: int) -> int:
    if size:
        return min(len(data), at + int.from_bytes(data[at - size : at], "big"))
    end = data.find(_START, at)
    return len(data) if end < 0 else end


def _kept(unit: bytes) -> bytes:
    """Return a unit with the messages that are read, b"" for none of them."""
    plain = unit[2:].replace(b"\0\0\3", b"\0\0").rstrip(b"\0")
    kept, at, whole = b"", 0, True
    while plain[at:] != _LAST:
        kind, head = _number(plain, at)
        length, head = _number(plain, head)
        end = head + length
        fits = end <= len(plain)
        whole = whole and fits and kind not in _UNREAD
        if not fits:
            break
        if kind not in _UNREAD:
            kept += plain[at:end]
        at = end
    if whole:
        return unit
    return unit[:2] + _ESCAPED.sub(b"\0\0\3", kept + _LAST) if kept else b""


def _number(plain: bytes, at: int) -> tuple[int, int]:
    """Return a number that is told in bytes (H.265, 7.3.5), and where it ends; one that is cut is too large to fit."""
    number = 0
    while at < len(plain):
        number += plain[at]
        at += 1
        if plain[at - 1] != 255:
            return number, at
    return number + len(plain) + 1, at
