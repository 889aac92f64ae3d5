"""Dates shifted by whole days (DA and DT, PS3.5 Table 6.2-1): precision, zones, fractions and ranges stay."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

__all__ = ["shifted"]

_DATE = re.compile(rb"(\d{4})(\.?)(\d{2})\2(\d{2})")
_MOMENT = re.compile(rb"(\d{4})(\d{2})?(\d{2})?((?:\d{2}){0,3}(?:\.\d{1,6})?)([+-]\d{4})?")
_RANGE = re.compile(rb" ?- ?(?=\d{8})")


@lru_cache(maxsize=65536)
def shifted(value: bytes, vr: str, days: int) -> bytes | None:
    """Return a value, or several or ranges of it, moved by so many days; None where it is no date at all.

    Times of day (TM) stay as they are, because whole days are moved.
    """
    if vr == "TM":
        return value if re.fullmatch(rb"[\d:.\- \\]*", value.strip(b"\0")) else None
    move = _move_date if vr == "DA" else _move_moment
    parts = [[move(end.strip(b" \0"), days) for end in _ends(part)] for part in value.split(b"\\")]
    if any(end is None for part in parts for end in part):
        return None
    return b"\\".join(b"-".join(end for end in part if end is not None) for part in parts)


def _ends(part: bytes) -> list[bytes]:
    """Return one date, or the two ends of a range, of which one may be open."""
    bare = part.strip(b" \0")
    if re.fullmatch(rb"[\d.]{8,}-|-[\d.]{8,}", bare):
        return bare.split(b"-")
    return _RANGE.split(bare)


def _moved(year: bytes, month: bytes, day: bytes, days: int) -> date | None:
    try:
        return date.fromordinal(date(int(year), int(month), int(day)).toordinal() + days)
    except (ValueError, OverflowError):
        return None


def _move_date(text: bytes, days: int) -> bytes | None:
    if not text:
        return b""
    found = _DATE.fullmatch(text)
    moved = _moved(found[1], found[3], found[4], days) if found else None
    if found is None or moved is None:
        return None
    dot = found[2].decode()
    return f"{moved.year:04d}{dot}{moved.month:02d}{dot}{moved.day:02d}".encode()


def _move_moment(text: bytes, days: int) -> bytes | None:
    """Move a DT; of one that tells no day, its first is moved, and as much told as before."""
    if not text:
        return b""
    found = _MOMENT.fullmatch(text)
    if found is None or (found[4] and found[3] is None):
        return None
    moved = _moved(found[1], found[2] or b"01", found[3] or b"01", days)
    if moved is None:
        return None
    told = f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"[: 4 + 2 * bool(found[2]) + 2 * bool(found[3])]
    return told.encode() + found[4] + (found[5] or b"")
