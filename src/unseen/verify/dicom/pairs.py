"""Compares a written file with its original, place by place: what had to go, what had to change, what had to stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import lru_cache

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.frames import picture_of
from unseen.verify.dicom.parse import PIXELS, Leaf, Parsed, Path, where
from unseen.verify.dicom.structure import exact_pixels
from unseen.verify.dicom.tags import CHARACTERISTICS, CLASS_UIDS, ESSENTIAL, MUST_STAY, PIXEL_FORM, kind_of

__all__ = ["Pairs", "pair_up", "shifted_days", "uid_pairs"]

Place = tuple[Path, int]
#: Which options let a kind of value stay where it is.
_LEFT_BY = {
    "uid": {"retain-uids"},
    "device": {"retain-device-identity"},
    "institution": {"retain-institution-identity"},
    "text": {"clean-descriptors", "clean-structured-content", "clean-graphics"},
    "private": {"retain-safe-private"},
    "time": {"retain-full-dates", "retain-modified-dates"},
    "date": {"retain-full-dates"},
    "patient": {"retain-patient-characteristics"},
}
_BIRTH = (0x00100030, 0x00100032)
#: What is written where a value is needed and nothing is to be said.
_EMPTY_WORDS = frozenset((b"", b"0", b"1", b"000000", b"00000000", b"UNKNOWN", b"NONE", b"REMOVED", b"O"))
_NOT_SAID = frozenset((b"ANONYMOUS", b"ANON", b"ANONYMIZED", b"DEIDENTIFIED", b"DE-IDENTIFIED"))
#: The marks of an earlier run may stay, and the instance a file says it was made from is no person.
_ALWAYS = frozenset((0x00120062, 0x00120063))


class Pairs:
    """Two files side by side: values by place, stripped of padding, and the sequences that have kept their items."""

    def __init__(self, original: Parsed, written: Parsed) -> None:
        self.original, self.written = original, written
        self.before = _values(original)
        self.after = _values(written)
        shapes = written.shapes
        self._moved = {place for place, count in original.shapes.items() if shapes.get(place) != count}

    def steady(self, path: Path) -> bool:
        """Whether the items around a place are the same ones in both files, as far as their numbers tell."""
        return not self._moved or all((path[:i], path[i]) not in self._moved for i in range(0, len(path), 2))


def _values(parsed: Parsed) -> dict[Place, tuple[Leaf, bytes]]:
    data = parsed.data
    return {
        (leaf.path, leaf.tag): (leaf, data[leaf.start : leaf.end].strip(b"\0 "))
        for leaf in parsed.leaves
        if leaf.tag not in PIXELS
    }


def pair_up(
    pairs: Pairs, kept: Collection[str], *, edited: bool, tainted: Callable[[bytes], bool]
) -> Iterator[Finding]:
    """Yield a finding for each place that does not look as it has to.

    `edited` says that pixels were changed, `tainted` whether a value identifies somebody, and so may go wherever it is.
    """
    days: set[int] = set()
    for place, (leaf, before) in pairs.before.items():
        kind = "patient" if leaf.tag in CHARACTERISTICS else kind_of(leaf.tag, leaf.vr)
        there = pairs.after.get(place)
        if kind and before and there is not None:
            yield from _identifying(kind, leaf, before, there[1], kept, days)
    if len(days) > 1:
        yield Finding("interval", "file", "dates are not all shifted by the same number of days")
    if "retain-modified-dates" in kept and 0 in days:
        yield Finding("date-shifted", "file", "dates are not shifted")
    yield from _needed(pairs, edited, tainted)
    yield from _uids(pairs, kept)
    if not edited:
        yield from _same_pixels(pairs)


def _identifying(
    kind: str, leaf: Leaf, before: bytes, after: bytes, kept: Collection[str], days: set[int]
) -> Iterator[Finding]:
    shifting = kind == "date" and "retain-modified-dates" in kept and leaf.tag not in _BIRTH
    if shifting:
        shift = shifted_days(before, after)
        if shift is not None:
            days.add(shift)
        return
    if after != before or leaf.tag in _ALWAYS or before.upper() in _EMPTY_WORDS | _NOT_SAID:
        return
    if kind == "uid" and (before.startswith(b"1.2.840.10008.") or leaf.tag in CLASS_UIDS):
        return
    if _LEFT_BY.get(kind, set()).isdisjoint(kept) or leaf.tag in _BIRTH:
        wrong = {"uid": "uid-changed", "date": "date-shifted"}.get(kind, "text-removed")
        yield Finding(wrong, where(leaf.path, leaf.tag), "still has its value")


def shifted_days(before: bytes, after: bytes) -> int | None:
    """Return by how many days a date was shifted, None where one of them is none."""
    first, second = _ordinal(before[:8]), _ordinal(after[:8])
    return None if first is None or second is None else second - first


@lru_cache(maxsize=4096)
def _ordinal(text: bytes) -> int | None:
    if len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError:
        return None


def _needed(pairs: Pairs, edited: bool, tainted: Callable[[bytes], bool]) -> Iterator[Finding]:
    """What research needs is there (retained), has a value (not null), and has its own (text retained)."""
    needed = MUST_STAY - PIXEL_FORM if edited else MUST_STAY
    for tag in ESSENTIAL:
        if pairs.before.get(((), tag), (None, b""))[1] and not pairs.after.get(((), tag), (None, b""))[1]:
            yield Finding("tag-present", where((), tag), "has to be there")
    for place, (_, before) in pairs.before.items():
        path, tag = place
        if tag not in needed or not before or (path and not (_kept_around(pairs, path) and pairs.steady(path))):
            continue
        there = pairs.after.get(place)
        if there is not None and (there[1] == before or _same_number(pairs, before, there[1])):
            continue
        if tainted(before):
            continue
        if there is None:
            yield Finding("retained", where(path, tag), "is gone")
        elif not there[1]:
            yield Finding("not-null", where(path, tag), "lost its value")
        else:
            yield Finding("text-retained", where(path, tag), "has another value")


def _kept_around(pairs: Pairs, path: Path) -> bool:
    return all((path[:i], path[i]) in pairs.written.shapes for i in range(0, len(path), 2))


def _same_number(pairs: Pairs, before: bytes, after: bytes) -> bool:
    """Whether two values differ by the order of their bytes, or the form of a number, alone."""
    if pairs.original.big != pairs.written.big and len(before) <= 2:
        return before[::-1].strip(b"\0 ") == after
    try:
        return [float(v) for v in before.split(b"\\")] == [float(v) for v in after.split(b"\\")]
    except ValueError:
        return before.split() == after.split()


def _uids(pairs: Pairs, kept: Collection[str]) -> Iterator[Finding]:
    """One UID becomes one other, wherever it stands in the file; no two become the same."""
    if "retain-uids" in kept:
        return
    new_of: dict[bytes, bytes] = {}
    old_of: dict[bytes, bytes] = {}
    for old, new, place in uid_pairs(pairs):
        if new_of.setdefault(old, new) != new:
            yield Finding("uid-consistent", where(*place), "differs from what the same UID became elsewhere")
        if old_of.setdefault(new, old) != old:
            yield Finding("uid-consistent", where(*place), "is what another UID became")


def uid_pairs(pairs: Pairs) -> Iterator[tuple[bytes, bytes, Place]]:
    """Yield each UID of a thing with what it became, where the place tells."""
    for place, (leaf, before) in pairs.before.items():
        if leaf.vr != b"UI" or not before or leaf.tag in CLASS_UIDS or before.startswith(b"1.2.840.10008."):
            continue
        there = pairs.after.get(place)
        if there is None or not there[1] or not pairs.steady(place[0]):
            continue
        yield from ((a, b, place) for a, b in zip(before.split(b"\\"), there[1].split(b"\\"), strict=False))


def _same_pixels(pairs: Pairs) -> Iterator[Finding]:
    """Pixels that nobody says were changed are the input's, byte by byte."""
    before, after = _pixels(pairs.original), _pixels(pairs.written)
    if before is None or after is None:
        if before is not after:
            yield Finding("pixels-retained", where((), 0x7FE00010), "is there in one of the two files only")
        return
    if before != after:
        yield Finding("pixels-retained", where((), 0x7FE00010), "differs from the original")


def _pixels(parsed: Parsed) -> list[bytes] | None:
    leaf = next((each for each in reversed(parsed.leaves) if each.tag in PIXELS and not each.path), None)
    if leaf is None:
        return None
    if parsed.fragments:
        # The first is the table of offsets, which may be written anew.
        return [picture_of(parsed.data[start:end]).rstrip(b"\0") for start, end in parsed.fragments[1:]]
    exact = exact_pixels(parsed) if leaf.tag == 0x7FE00010 else None
    value = parsed.data[leaf.start : leaf.end if exact is None else min(leaf.end, leaf.start + exact)]
    if parsed.big and leaf.vr == b"OW":
        swapped = bytearray(value)
        swapped[::2], swapped[1::2] = value[1::2], value[::2]
        value = bytes(swapped)
    return [value]
