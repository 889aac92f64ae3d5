"""Looks for the original's identifying values in every byte of what was written."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.forms import ARRAYS
from unseen.verify.dicom.frames import texts_of
from unseen.verify.dicom.leaves import PIXELS, Leaf, where
from unseen.verify.dicom.needles import Needles, needles_of, squeezed
from unseen.verify.dicom.parse import Parsed
from unseen.verify.dicom.tags import CHARACTERISTICS, kind_of

__all__ = ["Sought", "search", "sought", "telling", "touches"]

#: What is looked for in place of a longer value is worked out each time.
_REMEMBERED = 1 << 10
#: Arrays of words above this size are looked through for the patient's name and number only.
_BULK = 1 << 16
#: What an option lets stay need not be looked for.
_WAIVED = {
    "retain-uids": ("uid",),
    "retain-device-identity": ("device",),
    "retain-institution-identity": ("institution",),
    "retain-full-dates": ("date",),
    "clean-descriptors": ("text",),
    "clean-structured-content": ("text",),
    "clean-graphics": ("text",),
    "retain-safe-private": ("private",),
}
_BIRTH = 0x00100030
_STREAM = re.compile(rb"stream\r?\n")
_MOST_OF_A_STREAM = 1 << 24
_PATIENT = frozenset((0x00100010, 0x00100020))
#: Where these kinds are found unchanged in an attribute that holds no such thing, it was there all the time.
_PUBLIC = frozenset(("text", "private", "institution", "device"))


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, by kind; `first` are name and number of the patient as written.

    `uids_stay` says that UIDs are kept by choice, with whatever is part of them.
    """

    needles: tuple[tuple[str, Needles], ...]
    first: tuple[bytes, ...]
    uids_stay: bool


def sought(original: Parsed, kept: Collection[str]) -> Sought:
    """Collect the identifying values of a file; `kept` names the options that let some stay."""
    waived = {kind for option in kept for kind in _WAIVED.get(option, ())}
    told = original.form.charset
    charset = b"" if told is None else original.value(original.leaves[told]).strip()
    found: dict[tuple[str, bytes], None] = {}
    first = []
    for i, kind in original.form.identifying:
        _, tag, _, start, end = original.leaves[i]
        if not 2 <= end - start <= _BULK or (kind in waived and tag != _BIRTH):
            continue
        raw = original.data[start:end].strip(b"\0 ")
        if tag in _PATIENT and len(raw) > 5:
            first.append(raw)
        found[kind, raw] = None
    found |= {("id", title): None for title in _titles(original)} if "retain-device-identity" not in kept else {}
    # Most values are those of the file before, of the same series; large ones are not kept in mind.
    each = ((_needles if len(raw) <= _REMEMBERED else _needles.__wrapped__)(kind, raw, charset) for kind, raw in found)
    return Sought(tuple(chain.from_iterable(each)), tuple(first), "retain-uids" in kept)


@lru_cache(maxsize=8192)
def _needles(kind: str, raw: bytes, charset: bytes) -> tuple[tuple[str, Needles], ...]:
    """Return what is looked for in place of a value, by kind; it may hold several values, or nothing of the sort."""
    if kind == "private" and not _readable(raw):
        return ()
    several = kind == "uid" or (kind == "date" and b"\\" in raw)
    made = (needles_of(kind, part, charset) for part in (raw.split(b"\\") if several else (raw,)))
    return tuple((kind, needles) for needles in made if needles != Needles())


def _readable(raw: bytes) -> bool:
    """Whether an unknown value is text."""
    return len(raw) > 9 and b"\0" not in raw and sum(raw.count(c) for c in b"aeiouAEIOU \x00") > 1


def _titles(original: Parsed) -> list[bytes]:
    """Return the application titles in the file meta information; a machine's name, and often a hospital's."""
    titles = (0x00020016, 0x00020017, 0x00020018)
    return [original.file[leaf.start : leaf.end].strip(b"\0 ") for leaf in original.meta if leaf.tag in titles]


def touches(wanted: Sought, value: bytes) -> bool:
    """Whether a value has something in it that is looked for."""
    lower = value.lower()
    tight = squeezed(lower)
    return any(next(_hits(needles, value, lower, tight), None) for _, needles in wanted.needles)


def search(wanted: Sought, original: Parsed, written: Parsed) -> Iterator[Finding]:
    """Yield a finding for each value of the original that is in what was written, in whatever form and place."""
    pieces, bulk = _pieces(written)
    text = b"\0\0".join(pieces)
    lower = text.lower()
    tight = squeezed(lower)
    for kind, needles in wanted.needles:
        for pattern in _hits(needles, text, lower, tight):
            yield from _places(kind, pattern, original, written, uids_stay=wanted.uids_stay)
    yield from _in_bulk(wanted.first, written, bulk)


def _hits(needles: Needles, text: bytes, lower: bytes, tight: bytes) -> Iterator[re.Pattern[bytes]]:
    """Yield the patterns by which something was found."""
    for word in needles.words:
        if word in lower and (pattern := _word(word)).search(lower):
            yield pattern
    families = (family for common, family in needles.families if common in tight)
    for phrase in chain(needles.phrases, *families):
        if phrase.squeezed in tight and (pattern := phrase.pattern()).search(lower):
            yield pattern
    for exact in needles.exact:
        if exact in lower:
            yield re.compile(re.escape(exact))
    for code in needles.coded:
        if code in text:
            yield re.compile(re.escape(code.lower()))


@lru_cache(maxsize=1024)
def _word(word: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![0-9a-z])" + re.escape(word) + rb"(?![0-9a-z])")


def _pieces(written: Parsed) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Return every byte of a file but those of large arrays, and the places of these."""
    pieces, bulk, at = [written.preamble], [], 0
    if written.meta:
        end = written.meta[-1].end
        pieces.append(written.file[128:end])
        at = end if written.data is written.file else 0
    for i in written.form.bulky:
        leaf = written.leaves[i]
        if _is_bulk(leaf):
            pieces.append(written.data[at : leaf.start])
            bulk.append((leaf.start, leaf.end))
            at = leaf.end
    pieces.append(written.data[at:])
    if written.data is not written.file:
        pieces.append(written.rest)
    pieces += _heads(written)
    pieces += _documents(written)
    return pieces, bulk


def _documents(written: Parsed) -> Iterator[bytes]:
    """Yield what is deflated inside an encapsulated document: the streams of a PDF (ISO 32000, 7.3.8)."""
    for i in written.form.documents:
        value = written.value(written.leaves[i])
        for start in _STREAM.finditer(value):
            try:
                yield zlib.decompressobj().decompress(value[start.end() :], _MOST_OF_A_STREAM)
            except zlib.error:
                continue


def _is_bulk(leaf: Leaf) -> bool:
    return (leaf.tag in PIXELS and not leaf.path) or (leaf.vr in ARRAYS and leaf.end - leaf.start > _BULK)


def _heads(written: Parsed) -> Iterator[bytes]:
    """Yield what is before and after the picture in each fragment of compressed pixels: comments, application data."""
    for start, end in written.fragments:
        head = written.data[start : start + 2]
        if head not in (b"\xff\xd8", b"\xff\x4f"):
            continue
        scan, last = (b"\xff\xda", b"\xff\xd9") if head == b"\xff\xd8" else (b"\xff\x93", b"\xff\xd9")
        picture = written.data.find(scan, start, end)
        yield written.data[start : picture if picture >= 0 else end]
        tail = written.data.rfind(last, start, end)
        if tail >= 0:
            yield written.data[tail + 2 : end]


def _places(
    kind: str, pattern: re.Pattern[bytes], original: Parsed, written: Parsed, *, uids_stay: bool
) -> Iterator[Finding]:
    """Yield where a pattern matches; nothing where it is no evidence."""
    located = False
    before: dict[tuple[tuple[int, ...], int], bytes] | None = None
    for leaf in written.leaves:
        value = written.value(leaf)
        if _is_bulk(leaf) or not pattern.search(value.lower()):
            continue
        located = True
        if uids_stay and leaf.vr == b"UI":
            continue
        if before is None:
            before = {(each.path, each.tag): original.value(each) for each in original.leaves}
        if not _excused(kind, leaf, value, before.get((leaf.path, leaf.tag))):
            yield Finding("identifier", where(leaf.path, leaf.tag), f"holds the original's {_NAMES[kind]}")
    if located:
        return
    head = written.file[128 : written.meta[-1].end] if written.meta else b""
    if uids_stay and pattern.search(head.lower()):
        return
    parts = (written.preamble, "preamble"), (head, "file meta information"), (written.rest, "after the data set")
    name = next((name for part, name in parts if pattern.search(part.lower())), "pixel data or a document")
    yield Finding("identifier", name, f"holds the original's {_NAMES[kind]}")


def _excused(kind: str, leaf: Leaf, value: bytes, before: bytes | None) -> bool:
    if kind == "date" and leaf.vr in (b"DA", b"DT"):
        # Another date may come to lie on this one; what did not change is found by comparing places.
        return before is not None and before.strip(b"\0 ") != value.strip(b"\0 ")
    unchanged = before is not None and before.strip(b"\0 ") == value.strip(b"\0 ")
    return kind in _PUBLIC and unchanged and not kind_of(leaf.tag, leaf.vr)


_NAMES = {
    "name": "name of a person",
    "id": "number or identifier",
    "uid": "UID",
    "date": "date",
    "phone": "telephone number",
    "address": "address",
    "institution": "institution",
    "device": "device",
    "text": "text",
    "private": "private text",
}


def telling(written: Parsed, kept: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each free text that tells a date, a telephone number or an address, of whomever."""
    pattern = _NUMBERED if "retain-full-dates" in kept else _TELLING
    for i in written.form.described:
        leaf = written.leaves[i]
        value = written.value(leaf)
        if pattern.search(value):
            yield Finding("text-removed", where(leaf.path, leaf.tag), "tells a date or a number")
        elif leaf.tag in CHARACTERISTICS and not _short(value):
            yield Finding("text-removed", where(leaf.path, leaf.tag), "is more than a word or two")
    for start, end in written.fragments:
        if any(_SPEAKING.search(_CODECS.sub(b"", text)) for text in texts_of(written.data[start:end])):
            yield Finding("text-removed", "pixel data", "has a comment in a compressed frame")


def _short(value: bytes) -> bool:
    """Whether a characteristic of a patient is what it is to be: 16 letters (PS3.5 6.2), and no numbers of records."""
    text = value.strip(b"\0 ")
    return len(text) <= 16 and re.search(rb"\d{4}", text) is None


#: What encoders write of themselves; any other words in a comment may be anybody's.
_CODECS = re.compile(
    rb"kakadu|openjpeg|gdcm|created by|version|lead technologies( inc)?|intel|independent jpeg group|jasper|aware",
    re.I,
)
_SPEAKING = re.compile(rb"[A-Za-z]{3}|\d{5}")
#: A telephone number as it is written with a plus, brackets or a leading zero, or in three groups; a mail address.
_NUMBERED = re.compile(
    rb"(?<![\d.])(?:\+\d|\(\d|0[1-9])(?:[ ()/-]{0,2}\d){7,}(?![\d.])|\b\d{3}[-.]\d{3}[-.]\d{4}\b|[\w.+-]+@[\w-]+\.\w",
    re.I,
)
_TELLING = re.compile(
    _NUMBERED.pattern
    + rb"|(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})(?!\d)"
    rb"|\b\d{1,2}[ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -](?:19|20)?\d\d\b"
    rb"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}, (?:19|20)\d\d\b",
    re.I,
)


def _in_bulk(first: tuple[bytes, ...], written: Parsed, bulk: list[tuple[int, int]]) -> Iterator[Finding]:
    for start, end in bulk:
        for value in first:
            if written.data.find(value, start, end) >= 0:
                yield Finding("identifier", "pixel data", "holds the patient's name or number")
