"""Pixel data with nothing but a picture in it: of exactly its length, or compressed without words beside it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from unseen.dicom.encode import element
from unseen.dicom.part10 import Instance
from unseen.dicom.pixels.comments import without_comments
from unseen.dicom.shown import exact_length
from unseen.dicom.stream import PIXEL_DATA, Syntax
from unseen.dicom.walk import Parts
from unseen.dicom.words import harmless

__all__ = ["with_bare_picture", "without_words"]

_END = 0xE0DD
_JPEG, _J2K, _END_OF_IMAGE, _PICTURE_BEGINS = b"\xff\xd8", b"\xff\x4f", b"\xff\xd9", (0xDA, 0x90)
_WORDS = re.compile(rb"[a-z]{2,}|\d{4,}")
#: What encoders write into their comments.
_ENCODERS = frozenset(
    b"""accusoft aware codec compressor corporation created creator dcmtk encoder gdcm ijg imageio imaging inc intel ipp
    jai jasper jpeg jpeg2000 kakadu lead lossless lossy matlab merge nvidia openjpeg pegasus pixelmed quality sun
    technologies version software library""".split()
)
#: Tables of offsets and lengths of frames: optional, and wrong once a fragment is shorter.
_TABLES = frozenset((0x7FE00001, 0x7FE00002))


def with_bare_picture(parts: Parts, instance: Instance) -> tuple[Parts, list[str]]:
    """Return encoded elements with pixel data that hold nothing but the picture, and notes on what was dropped.

    Raises DamagedInput where there are fewer bytes than the header tells.
    """
    last = instance.elements[-1]
    if last.tag != PIXEL_DATA:
        return parts, []
    others = [part for part in parts if part[0] != PIXEL_DATA]
    if last.end != last.stop:
        bare = without_words(instance.data[last.value : last.end], instance.syntax)
        if bare is None:
            return parts, []
        kept = [part for part in others if part[0] not in _TABLES]
        note = "comments inside compressed frames dropped"
        return [*kept, (PIXEL_DATA, instance.data[last.start : last.value] + bare)], [note]
    wanted = exact_length(instance)
    surplus = last.stop - last.value - wanted
    if surplus <= 0 or (surplus == 1 and wanted % 2 and instance.data[last.stop - 1] == 0):
        return parts, []
    notes = [f"{surplus} bytes after the pixels dropped"]
    if wanted == 0:
        return others, notes
    value = instance.data[last.value : last.value + wanted]
    return [*others, (PIXEL_DATA, element(PIXEL_DATA, last.vr, value, instance.syntax))], notes


def without_words(value: bytes, syntax: Syntax) -> bytes | None:
    """Return fragments (PS3.5 A.4), delimiter included, without comments, application data and bytes after the end.

    The compressed pixels stay as they are. None where there is nothing to take out.
    """
    before = list(_fragments(value, syntax))
    after = [before[0], *map(_bare, before[1:])] if before else []
    if before == after:
        return None
    after[0] = _offsets(before, after, syntax)
    head = struct.Struct(">HHL" if syntax.big else "<HHL")
    parts = (part for each in after for part in (head.pack(0xFFFE, 0xE000, len(each)), each))
    return b"".join(parts) + head.pack(0xFFFE, _END, 0)


def _bare(fragment: bytes) -> bytes:
    """Return a fragment without comments; one whose comments name nothing but an encoder keeps its exact bytes."""
    bare = without_comments(fragment)
    dropped = len(fragment) - len(bare)
    if dropped - _harmless_bytes(fragment) in (-1, 0, 1):
        return fragment
    tail = fragment[fragment.rfind(_END_OF_IMAGE) + 2 :]
    # A last byte that makes the length even stays what it was: it tells nothing, and the picture can be compared.
    return bare.rstrip(b"\0") + tail + b"\0" * ((len(bare.rstrip(b"\0")) + 1) % 2) if len(tail) == 1 else bare


def _harmless_bytes(fragment: bytes) -> int:
    """Return how many bytes of a fragment are comments that name nothing but an encoder (JPEG: COM; JPEG 2000: COM)."""
    comment, text = {_JPEG: (0xFE, 4), _J2K: (0x64, 6)}.get(fragment[:2], (None, 0))
    at, found = 2, 0
    while comment is not None and at + 4 <= len(fragment) and fragment[at] == 0xFF:
        marker, size = fragment[at + 1], 2 + int.from_bytes(fragment[at + 2 : at + 4], "big")
        if marker in _PICTURE_BEGINS:
            break
        words = fragment[at + text : at + size].lower()
        plain = words.isascii() and all(w in _ENCODERS or harmless(w) for w in _WORDS.findall(words))
        found += size if marker == comment and plain else 0
        at += size
    return found


def _fragments(value: bytes, syntax: Syntax) -> Iterator[bytes]:
    read, pos = struct.Struct(">HHL" if syntax.big else "<HHL").unpack_from, 0
    while pos + 8 <= len(value):
        _, number, length = read(value, pos)
        if number == _END:
            return
        yield value[pos + 8 : pos + 8 + length]
        pos += 8 + length


def _offsets(before: list[bytes], after: list[bytes], syntax: Syntax) -> bytes:
    """Return the table of where frames begin (the first fragment), for fragments of new lengths."""
    form = ">" if syntax.big else "<"
    count = len(before[0]) // 4
    old = struct.unpack(f"{form}{count}L", before[0][: 4 * count])
    starts, moved = _starts(before), _starts(after)
    new = {start: moved[i] for i, start in enumerate(starts)}
    if any(offset not in new for offset in old):
        return b""  # a table that was wrong before: readers do without it
    return struct.pack(f"{form}{count}L", *(new[offset] for offset in old))


def _starts(fragments: list[bytes]) -> list[int]:
    starts, pos = [], 0
    for each in fragments[1:]:
        starts.append(pos)
        pos += 8 + len(each)
    return starts
