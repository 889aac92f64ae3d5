"""What a released file must be made of, and nothing else: each byte is accounted for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from unseen.verify.containers.findings import Finding
from unseen.verify.dicom.leaves import Place, where
from unseen.verify.dicom.parse import Parsed
from unseen.verify.dicom.tags import META

__all__ = ["exact_pixels", "structure"]

_ROWS, _COLUMNS, _SAMPLES, _BITS, _FRAMES, _COLOURS = 0x280010, 0x280011, 0x280002, 0x280100, 0x280008, 0x280004
_MARK, _METHOD, _METHOD_CODE = 0x00120062, 0x00120063, 0x00120064
_CLASS, _INSTANCE = 0x00080016, 0x00080018
_HALVED = frozenset((b"YBR_FULL_422", b"YBR_PARTIAL_422"))
_QUARTERED = frozenset((b"YBR_PARTIAL_420",))


def structure(written: Parsed, kept: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each part of a file that has no place in it (PS3.10 7.1, PS3.5 7.1)."""
    if written.broken:
        yield Finding("malformed", "file", written.broken)
        return
    if any(written.preamble):
        yield Finding("preamble", "preamble", "is not all zero")
    if written.file[128:132] != b"DICM":
        yield Finding("file-meta", "file", "has no file meta information")
    if written.rest:
        yield Finding("trailing", "after the data set", f"has {len(written.rest)} bytes")
    for tag in written.disorder:
        yield Finding("structure", where((), tag), "comes twice or out of order")
    yield from _meta(written)
    yield from _hidden(written)
    yield from _foreign(written, "retain-safe-private" in kept)
    yield from _pixels(written)
    yield from _marks(written)


def _top(written: Parsed, tag: int) -> bytes | None:
    found = written.form.top.get(tag)
    return None if found is None else written.value(written.leaves[found]).strip(b"\0 ")


def _meta(written: Parsed) -> Iterator[Finding]:
    values = {leaf.tag: written.file[leaf.start : leaf.end].strip(b"\0 ") for leaf in written.meta}
    for tag in values.keys() - META:
        yield Finding("file-meta", where((), tag), "is not needed")
    if len(values) < len(written.meta):
        yield Finding("file-meta", "file", "has an element of its file meta information twice")
    if not written.meta:
        return
    length = written.meta[0]
    said = int.from_bytes(written.file[length.start : length.end], "little")
    if length.tag != 0x00020000 or said != written.meta[-1].end - length.end:
        yield Finding("file-meta", where((), 0x00020000), "is not the length of the group")
    for tag, same in ((0x00020002, _CLASS), (0x00020003, _INSTANCE)):
        there = _top(written, same)
        if there is not None and values.get(tag) != there:
            yield Finding("file-meta", where((), tag), f"differs from {where((), same)}")


def _hidden(written: Parsed) -> Iterator[Finding]:
    """Text behind a zero byte, which many programs do not show."""
    data = written.data
    for i in written.form.strings:
        leaf = written.leaves[i]
        zero = data.find(b"\0", leaf.start, leaf.end)
        if zero >= 0 and data[zero : leaf.end].strip(b"\0 "):
            yield Finding("structure", where(leaf.path, leaf.tag), "has a zero byte in its text")


def _foreign(written: Parsed, private: bool) -> Iterator[Finding]:
    """Yield a finding for each element that nobody vouches for; `private` ones may stay, with a creator."""
    creators: set[Place] = set()
    for path, tag, _ in (written.form.elements[i] for i in written.form.foreign):
        group, element = tag >> 16, tag & 0xFFFF
        if not group & 1:
            yield Finding("unknown", where(path, tag), "is no attribute of the standard")
        elif not private:
            yield Finding("private", where(path, tag), "is a private element")
        elif 0x10 <= element <= 0xFF:
            creators.add((path, tag))
        elif (path, group << 16 | element >> 8) not in creators:
            yield Finding("private", where(path, tag), "has no creator")


def exact_pixels(parsed: Parsed) -> int | None:
    """Return how many bytes native pixels have to have without padding, None where that is not known."""
    numbers = {}
    for tag in (_ROWS, _COLUMNS, _SAMPLES, _BITS):
        raw = _top_number(parsed, tag)
        if raw is None:
            return None
        numbers[tag] = raw
    frames = (_top(parsed, _FRAMES) or b"1").strip()
    if not frames.isdigit():
        return None
    count = numbers[_ROWS] * numbers[_COLUMNS] * int(frames)
    samples = numbers[_SAMPLES] * count
    colours = _top(parsed, _COLOURS)
    if numbers[_SAMPLES] == 3 and (colours in _HALVED or colours in _QUARTERED):
        samples = 2 * count if colours in _HALVED else 3 * count // 2
    return (samples * numbers[_BITS] + 7) // 8


def _top_number(parsed: Parsed, tag: int) -> int | None:
    found = parsed.form.top.get(tag)
    if found is None:
        return None
    raw = parsed.value(parsed.leaves[found])
    return int.from_bytes(raw, "big" if parsed.big else "little") if len(raw) == 2 else None


def _pixels(written: Parsed) -> Iterator[Finding]:
    if written.form.pixels is None or written.fragments:
        return
    leaf = written.leaves[written.form.pixels]
    if leaf.tag != 0x7FE00010:
        return
    exact, size = exact_pixels(written), leaf.end - leaf.start
    if exact is not None and size > exact + (exact & 1):
        yield Finding("trailing", where((), leaf.tag), f"has {size - exact} bytes more than its pixels need")
    elif exact is not None and size == exact + 1 and written.data[leaf.end - 1]:
        yield Finding("trailing", where((), leaf.tag), "has a byte after its pixels that is not zero")


def _marks(written: Parsed) -> Iterator[Finding]:
    """The marks say that something was done, and how."""
    if _top(written, _MARK) != b"YES":
        yield Finding("tag-present", where((), _MARK), "does not say that the identity was removed")
    elif not _top(written, _METHOD) and not written.shapes.get(((), _METHOD_CODE)):
        yield Finding("tag-present", where((), _METHOD), "does not say how the identity was removed")
