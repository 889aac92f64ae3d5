"""Compares a written file with its original, place by place: what had to go, what had to change, what had to stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import lru_cache

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.forms import common_of
from unseen.verify.dicom.frames import picture_of
from unseen.verify.dicom.leaves import Leaf, Path, Place, where
from unseen.verify.dicom.parse import Parsed
from unseen.verify.dicom.structure import exact_pixels
from unseen.verify.dicom.tags import CLASS_UIDS, ESSENTIAL, PIXEL_FORM

__all__ = ["Pairs", "pair_up", "shifted_days"]

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
_WORDS = b"0 1 000000 00000000 UNKNOWN NONE REMOVED O ANONYMOUS ANON ANONYMIZED DEIDENTIFIED DE-IDENTIFIED"
_NOT_SAID = frozenset((b"", *_WORDS.split()))
#: The marks of an earlier run may stay, and the instance a file says it was made from is no person.
_ALWAYS = frozenset((0x00120062, 0x00120063))


class Pairs:
    """Two files side by side: what is at the same place in both, and which sequences have kept their items.

    `uids` are UIDs of things, with what each became, and where.
    """

    def __init__(self, original: Parsed, written: Parsed) -> None:
        self.original, self.written = original, written
        self.common = common_of(original.form, written.form)
        shapes = written.shapes
        self._moved = {place for place, count in original.shapes.items() if shapes.get(place) != count}
        self.uids = tuple(self._uids())

    def before(self, place: Place) -> bytes:
        """Return what the original has at a place, without padding; nothing where it does not have it."""
        i = self.original.form.places.get(place)
        return b"" if i is None else bare(self.original, i)

    def after(self, place: Place) -> bytes:
        """Return what the result has at a place, without padding; nothing where it does not have it."""
        i = self.written.form.places.get(place)
        return b"" if i is None else bare(self.written, i)

    def steady(self, path: Path) -> bool:
        """Whether the items around a place are the same ones in both files, as far as their numbers tell."""
        return not self._moved or all((path[:i], path[i]) not in self._moved for i in range(0, len(path), 2))

    def _uids(self) -> Iterator[tuple[bytes, bytes, Leaf]]:
        for i, j in self.common.uids:
            before, after, leaf = bare(self.original, i), bare(self.written, j), self.original.leaves[i]
            if not before or not after or before.startswith(b"1.2.840.10008.") or not self.steady(leaf.path):
                continue
            yield from ((a, b, leaf) for a, b in zip(before.split(b"\\"), after.split(b"\\"), strict=False))


def bare(parsed: Parsed, index: int) -> bytes:
    """Return the value of a leaf without its padding."""
    _, _, _, start, end = parsed.leaves[index]
    return parsed.data[start:end].strip(b"\0 ")


def pair_up(
    pairs: Pairs, kept: Collection[str], *, edited: bool, tainted: Callable[[bytes], bool]
) -> Iterator[Finding]:
    """Yield a finding for each place that does not look as it has to.

    `edited` says that pixels were changed, `tainted` whether a value identifies somebody, and so may go wherever it is.
    """
    days: set[int] = set()
    for i, j, kind in pairs.common.identifying:
        before = bare(pairs.original, i)
        if before:
            yield from _identifying(kind, pairs.original.leaves[i], before, bare(pairs.written, j), kept, days)
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
    if after != before or leaf.tag in _ALWAYS or before.upper() in _NOT_SAID:
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
    for tag in ESSENTIAL:
        if pairs.before(((), tag)) and not pairs.after(((), tag)):
            yield Finding("tag-present", where((), tag), "has to be there")
    for i, j in pairs.common.needed:
        before, (path, tag, *_) = bare(pairs.original, i), pairs.original.leaves[i]
        after = None if j is None else bare(pairs.written, j)
        if not before or after == before or (edited and tag in PIXEL_FORM):
            continue
        if path and not (_kept_around(pairs, path) and pairs.steady(path)):
            continue
        if (after is not None and _same_number(pairs, before, after)) or tainted(before):
            continue
        if after is None:
            yield Finding("retained", where(path, tag), "is gone")
        elif not after:
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
    for old, new, leaf in pairs.uids:
        if new_of.setdefault(old, new) != new:
            yield Finding(
                "uid-consistent", where(leaf.path, leaf.tag), "differs from what the same UID became elsewhere"
            )
        if old_of.setdefault(new, old) != old:
            yield Finding("uid-consistent", where(leaf.path, leaf.tag), "is what another UID became")


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
    if parsed.form.pixels is None:
        return None
    leaf = parsed.leaves[parsed.form.pixels]
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
