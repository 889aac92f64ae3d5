"""The units in packets of H.264 and HEVC, and zeros in them where none are allowed: places that were lost on the way,
which decoders mostly do not notice."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["begins", "length_size", "overwritten", "places"]

#: Zeros may only stand before a start code (00 00 01) or at the end: some writers leave start codes inside units.
_LOST = re.compile(rb"\0\0\0[^\0\1]")
_START = b"\0\0\1"
#: Where avcC and hvcC (ISO/IEC 14496-15) keep the size of length fields.
_PLACES = {"h264": 4, "hevc": 21}
#: Types of HEVC's units that hold slices, and among them those of pictures that decoding may begin with (ITU-T H.265,
#: table 7-1).
_SLICES, _BEGINS = range(32), range(16, 24)


def length_size(codec: str, extradata: bytes | None) -> int | None:
    """Return how many bytes the length before each unit has, 0 for start codes, None for codecs without units."""
    place = _PLACES.get(codec)
    if place is None:
        return None
    if not extradata or extradata[0] != 1 or len(extradata) <= place:
        return 0
    return (extradata[place] & 3) + 1


def overwritten(data: bytes, size: int) -> bool:
    """Whether a packet has three zeros in a row inside a unit, which emulation prevention rules out (H.264, 7.4.1).

    `size` is that of the length fields, 0 for start codes. Lengths that do not add up are a sign, too.
    """
    if not size:
        return _LOST.search(data) is not None
    at, end = 0, len(data)
    while at < end:
        start = at + size
        at = start + int.from_bytes(data[at:start], "big")
        if start >= end or at > end or _LOST.search(data, start, at):
            return True
    return False


def begins(data: bytes, size: int) -> bool | None:
    """Whether decoding may begin with a packet of HEVC; None if it holds no slices, only what is told ahead of them.

    `size` is that of the length fields, 0 for start codes.
    """
    kinds = {data[at] >> 1 & 63 for at in places(data, size)}
    if kinds.isdisjoint(_SLICES):
        return None
    return not kinds.isdisjoint(_BEGINS)


def places(data: bytes, size: int) -> Iterator[int]:
    """Yield where the units of a packet begin, behind their lengths of `size` bytes or, for 0, their start codes."""
    if not size:
        at = data.find(_START)
        while 0 <= at < len(data) - len(_START):
            yield at + len(_START)
            at = data.find(_START, at + len(_START))
        return
    at = size
    while at < len(data):
        yield at
        at += int.from_bytes(data[at - size : at], "big") + size
