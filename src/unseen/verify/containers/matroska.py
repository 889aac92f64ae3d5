"""Matroska and WebM (RFC 9559): the elements that time and place blocks, and nothing that tells more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader

__all__ = ["scan_matroska"]

_EBML, _SEGMENT, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF
_CLUSTER, _TRACK, _TAGS = 0x1F43B675, 0xAE, 0x1254C367
#: Elements that hold elements -> those they may hold, beside padding and checksums.
_INSIDE: dict[int, frozenset[int]] = {
    _EBML: frozenset((0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285)),
    _SEGMENT: frozenset((0x114D9B74, 0x1549A966, 0x1654AE6B, _TAGS, _CLUSTER, 0x1C53BB6B)),
    0x114D9B74: frozenset((0x4DBB,)),
    0x4DBB: frozenset((0x53AB, 0x53AC)),
    0x1549A966: frozenset((0x2AD7B1, 0x4D80, 0x5741, 0x4489)),
    0x1654AE6B: frozenset((_TRACK,)),
    _TRACK: frozenset(
        (
            0xD7, 0x73C5, 0x9C, 0x22B59C, 0x88, 0x86, 0x83, 0x23E383, 0xE0, 0xE1, 0x55EE, 0x63A2, 0x56AA, 0x56BB,
            0xB9, 0x55AA,
        )
    ),
    0xE0: frozenset((0xB0, 0xBA, 0x9A, 0x9D, 0x54B0, 0x54BA, 0x54B2, 0x53C0, 0x55B0, 0x7670)),
    0x55B0: frozenset((0x55B1, 0x55B2, 0x55B3, 0x55B4, 0x55B7, 0x55B8, 0x55B9, 0x55BA, 0x55BB)),
    0x7670: frozenset((0x7671, 0x7673, 0x7674, 0x7675)),
    0xE1: frozenset((0x9F, 0xB5, 0x78B5, 0x6264)),
    _TAGS: frozenset((0x7373,)),
    0x7373: frozenset((0x63C0, 0x67C8)),
    0x63C0: frozenset((0x63C5, 0x68CA)),
    0x67C8: frozenset((0x45A3, 0x4487, 0x447A, 0x4484)),
    _CLUSTER: frozenset((0xE7, 0xA0, 0xA3, 0xA7, 0xAB)),
    0xA0: frozenset((0xA1, 0x9B, 0xFB, 0x75A1, 0x75A2)),
    0x75A1: frozenset((0xA6,)),
    0xA6: frozenset((0xEE, 0xA5)),
    0x1C53BB6B: frozenset((0xBB,)),
    0xBB: frozenset((0xB3, 0xB7)),
    0xB7: frozenset((0xF7, 0xF1, 0xF0, 0xB2)),
}  # fmt: skip
_DATE, _DATE_BYTES = 0x4461, 8
_NAMES: dict[int, str] = {
    0x1941A469: "attachment", 0x1043A770: "chapters", _DATE: "timestamp", 0x7BA9: "text-chunk", 0x536E: "text-chunk",
}  # fmt: skip
_VALUES: dict[int, frozenset[bytes]] = {
    0x4D80: frozenset((b"Lavf",)),
    0x5741: frozenset((b"Lavf",)),
    0x22B59C: frozenset((b"und",)),
    0x45A3: frozenset((b"DURATION",)),
}
_TYPES = {1: "picture", 2: "sound"}
_DURATION = 0x4487
_DIGITS = frozenset(b"0123456789:.\0")


@dataclass(frozen=True, slots=True)
class _Element:
    id: int
    at: int
    start: int
    end: int

    @property
    def where(self) -> str:
        return f"element {self.id:X} at byte {self.at}"


def scan_matroska(data: bytes) -> Findings:
    """Yield a finding for whatever is in a file beside one picture track, at most one sound track and their blocks.

    Attachments, chapters, tags but the tracks' duration, names, times of recording, unknown elements and padding in
    use are findings. `data` may be a memory map; raises Malformed.
    """
    kinds: list[int] = []
    heads = [each.id for each in _elements(data, 0, len(data))]
    if heads != [_EBML, _SEGMENT]:
        raise Malformed("is no single segment")
    for head in _elements(data, 0, len(data)):
        yield from _inside(data, head, kinds)
    yield from (
        Finding("unknown-track", "tracks", "a second track of one kind")
        for one, other in pairwise(sorted(kinds))
        if one == other
    )


def _inside(data: bytes, parent: _Element, kinds: list[int]) -> Findings:
    for each in _elements(data, parent.start, parent.end):
        if each.id in (_VOID, _CRC):
            if each.id == _VOID and any(data[each.start : each.end]):
                yield Finding("slack", each.where, "padding that is in use")
        elif each.id == _DATE and each.end - each.start != _DATE_BYTES:
            yield Finding("slack", each.where, "a time of recording that is none")
        elif each.id not in _INSIDE[parent.id]:
            yield Finding(_NAMES.get(each.id, "unknown-block"), each.where, "an element that shows no pixels")
        elif each.id in _INSIDE:
            yield from _inside(data, each, kinds)
        else:
            yield from _leaf(data, each, kinds)


def _leaf(data: bytes, each: _Element, kinds: list[int]) -> Findings:
    if each.id in _VALUES and data[each.start : each.end].rstrip(b"\0") not in _VALUES[each.id]:
        yield Finding("text-chunk", each.where, "a name, a tag or a language")
    if each.id == _DURATION and not _DIGITS.issuperset(data[each.start : each.end]):
        yield Finding("text-chunk", each.where, "a duration that is none")
    if each.id == 0x83:
        kind = int.from_bytes(data[each.start : each.end], "big")
        kinds.append(kind)
        if kind not in _TYPES:
            yield Finding("unknown-track", each.where, "a track that is neither picture nor sound")


def _elements(data: bytes, start: int, end: int) -> list[_Element]:
    """Return the elements that fill start <= i < end; raises Malformed where they do not."""
    reader, found = Reader(data, start, end), []
    while reader.left:
        at = reader.pos
        number = _vint(reader, marker=True)
        size = _vint(reader, marker=False)
        body = reader.pos
        reader.skip(size)
        found.append(_Element(number, at, body, reader.pos))
    return found


def _vint(reader: Reader, *, marker: bool) -> int:
    """Read a number of variable length (RFC 8794, 4), with its marker bit or without."""
    first = reader.uint(1)
    length = 9 - first.bit_length()
    if length > 8:
        raise Malformed("has a number of impossible length")
    rest = reader.uint(length - 1) if length > 1 else 0
    value = first << 8 * (length - 1) | rest
    if marker:
        return value
    size = value ^ (1 << 7 * length)
    if size == (1 << 7 * length) - 1:
        raise Malformed("has an element of unknown size")
    return size
