"""Picture sequences (AVIF and HEIF tracks): the boxes that time the samples, and no time of recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from unseen.verify.containers.bitstreams import av1_problem, hevc_config, hevc_problem
from unseen.verify.containers.boxes import Box, boxes, check_handler, entries, foreign_box, full_box
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, Spans, guarded
from unseen.verify.containers.properties import scan_property

__all__ = ["scan_tracks"]

_INSIDE: dict[bytes, frozenset[bytes]] = {
    b"moov": frozenset((b"mvhd", b"trak")),
    b"trak": frozenset((b"tkhd", b"edts", b"tref", b"mdia")),
    b"edts": frozenset((b"elst",)),
    b"mdia": frozenset((b"mdhd", b"hdlr", b"minf")),
    b"minf": frozenset((b"vmhd", b"dinf", b"stbl")),
    b"dinf": frozenset((b"dref",)),
    b"stbl": frozenset((b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"stss")),
}
_SELF_CONTAINED = bytes.fromhex("00000000 00000001 0000000c 75726c20 00000001")
_UPRIGHT = b"".join(value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
_CODER_NAMES = (b"", b"\x0aAOM Coding", b"\x0bHEVC Coding")
#: Depth of 24 or 32 bits, no colour table.
_TAILS = (b"\0\x18\xff\xff", b"\0\x20\xff\xff")
_UNDETERMINED = 0x55C4
_MOST_TRACKS, _MOST_SAMPLES = 8, 100_000


@dataclass(slots=True)
class _Track:
    """The sample tables of one track."""

    codec: bytes = b""
    length_size: int = 0
    tables: dict[bytes, list[tuple[int, ...]]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)


def scan_tracks(data: bytes, box: Box, spans: Spans, media: list[tuple[int, int]], keep: frozenset[str]) -> Findings:
    """Yield a finding for each box of a moov box that is not needed to show a sequence.

    Times of creation are "timestamp" findings unless `keep` names "datetime". Where samples lie in `media` is entered
    in `spans`.
    """
    yield from _Movie(data, spans, media, keep).inside(box, None)


class _Movie:
    """A walk down the box tree."""

    def __init__(self, data: bytes, spans: Spans, media: list[tuple[int, int]], keep: frozenset[str]) -> None:
        self._data, self._spans, self._media, self._keep = data, spans, media, keep
        self._tracks = 0

    def inside(self, box: Box, track: _Track | None) -> Findings:
        for each in boxes(self._data, box.start, box.end):
            if each.type not in _INSIDE[box.type]:
                yield from foreign_box(self._data, each)
            elif each.type == b"trak":
                self._tracks += 1
                if self._tracks > _MOST_TRACKS:
                    raise Malformed("has too many tracks")
                own = _Track()
                yield from self.inside(each, own)
                yield from guarded(self._samples(own, each.where), each.where)
            elif each.type in _INSIDE:
                yield from self.inside(each, track)
            else:
                yield from guarded(self._leaf(each, track), each.where)

    def _leaf(self, box: Box, track: _Track | None) -> Findings:
        if box.type in (b"mvhd", b"tkhd", b"mdhd"):
            yield from self._times(box)
        elif box.type == b"hdlr":
            yield from check_handler(self._data, box, (b"pict", b"auxv"))
        elif box.type == b"stsd" and track is not None:
            yield from self._description(box, track)
        elif box.type in _ROWS and track is not None:
            size, width = _ROWS[box.type]
            track.tables[box.type] = entries(full_box(self._data, box)[2], size, width)
        elif box.type == b"stsz" and track is not None:
            self._sizes(box, track)
        elif not self._is_plain(box):
            raise Malformed("holds more than it should")

    def _is_plain(self, box: Box) -> bool:
        body = self._data[box.start : box.end]
        if box.type == b"vmhd":
            return body == b"\0\0\0\1" + bytes(8)
        if box.type == b"dref":
            return body == _SELF_CONTAINED
        if box.type == b"tref":
            inner = list(boxes(self._data, box.start, box.end))
            return all(each.type in (b"auxl", b"prem") and each.end - each.start == 4 for each in inner)
        return box.type == b"elst" and self._is_edit(box)

    def _is_edit(self, box: Box) -> bool:
        version, _, reader = full_box(self._data, box)
        return version < 2 and len(entries(reader, 20 if version else 12, 4)) == 1

    def _times(self, box: Box) -> Findings:
        version, _, reader = full_box(self._data, box)
        if version > 1:
            raise Malformed("has an unknown version")
        wide = 8 if version else 4
        stamps = reader.uint(wide) + reader.uint(wide)
        if stamps and "datetime" not in self._keep:
            yield Finding("timestamp", box.where, "a time of creation")
        turned = _REST[box.type](reader, wide)
        if reader.left:
            raise Malformed("has bytes after its end")
        if turned and "orientation" not in self._keep:
            yield Finding("orientation", box.where, "the sequence is turned on display")

    def _description(self, box: Box, track: _Track) -> Findings:
        _, _, reader = full_box(self._data, box)
        start = reader.pos + 4
        inner = list(boxes(self._data, start, box.end))
        if reader.uint(4) != 1 or len(inner) != 1 or inner[0].type not in (b"av01", b"hvc1"):
            raise Malformed("has samples of unknown kind")
        track.codec = inner[0].type
        reader = Reader(self._data, inner[0].start, inner[0].end)
        zeros = reader.take(6)
        reader.skip(2)
        zeros += reader.take(16)
        reader.skip(12)
        zeros += reader.take(4)
        reader.skip(2)
        name, tail = reader.take(32).rstrip(b"\0"), reader.take(4)
        if any(zeros) or name not in _CODER_NAMES or tail not in _TAILS:
            yield Finding("text-chunk", box.where, "a sample description with a name or reserved bytes in use")
        for each in boxes(self._data, reader.pos, inner[0].end):
            yield from guarded(scan_property(self._data, each, self._keep), each.where)
            if each.type == b"hvcC":
                track.length_size = hevc_config(self._data[each.start : each.end])

    def _sizes(self, box: Box, track: _Track) -> None:
        _, _, reader = full_box(self._data, box)
        size, count = reader.uint(4), reader.uint(4)
        if count > _MOST_SAMPLES or reader.left != (0 if size else 4 * count):
            raise Malformed("has an impossible list of samples")
        track.sizes = [size] * count if size else [reader.uint(4) for _ in range(count)]
        if sum(track.sizes) > len(self._data):
            raise Malformed("has samples that share their bytes")

    def _samples(self, track: _Track, where: str) -> Findings:
        times, keys = track.tables.get(b"stts", []), track.tables.get(b"stss", [])
        if sum(row[0] for row in times) != len(track.sizes) or len(keys) > len(track.sizes) or not track.sizes:
            raise Malformed("has sample tables that do not add up")
        used = 0
        for start, size in _places(track):
            used += 1
            if not any(low <= start and start + size <= high for low, high in self._media) or not size:
                raise Malformed("has a sample outside the media data")
            if not self._spans.add(start, start + size):
                continue
            problem = self._problem(track, self._data[start : start + size])
            if problem:
                yield Finding("slack", where, f"a sample {problem}")
        if used != len(track.sizes):
            raise Malformed("has sample tables that do not add up")

    def _problem(self, track: _Track, sample: bytes) -> str | None:
        if track.codec == b"av01":
            return av1_problem(sample)
        if not track.length_size:
            raise Malformed("has samples without a configuration")
        return hevc_problem(sample, track.length_size)


#: Sample tables: bytes of a row, bytes of a number.
_ROWS = {b"stts": (8, 4), b"stsc": (12, 4), b"stco": (4, 4), b"co64": (8, 8), b"stss": (4, 4)}


def _places(track: _Track) -> Iterator[tuple[int, int]]:
    """Yield offset and size of each sample (ISO/IEC 14496-12, 8.7.4)."""
    runs = track.tables.get(b"stsc", [])
    chunks = track.tables.get(b"stco") or track.tables.get(b"co64") or []
    if not runs or runs[0][0] != 1 or any(a[0] >= b[0] for a, b in pairwise(runs)):
        raise Malformed("has sample tables that do not add up")
    number, run = 0, 0
    for index, (chunk,) in enumerate(chunks, 1):
        start = chunk
        run += run + 1 < len(runs) and runs[run + 1][0] == index
        for size in track.sizes[number : number + runs[run][1]]:
            yield start, size
            start += size
            number += 1


def _movie_rest(reader: Reader, wide: int) -> bool:
    reader.skip(4 + wide + 6)
    reserved = reader.take(10)
    turned = reader.take(36) != _UPRIGHT
    reserved += reader.take(24)
    reader.skip(4)
    return _unless(reserved, turned)


def _track_rest(reader: Reader, wide: int) -> bool:
    reader.skip(4)
    reserved = reader.take(4)
    reader.skip(wide)
    reserved += reader.take(16)
    turned = reader.take(36) != _UPRIGHT
    reader.skip(8)
    return _unless(reserved, turned)


def _media_rest(reader: Reader, wide: int) -> bool:
    reader.skip(4 + wide)
    if reader.uint(2) != _UNDETERMINED:
        raise Malformed("names a language")
    return _unless(reader.take(2), False)


def _unless(reserved: bytes, turned: bool) -> bool:
    if any(reserved):
        raise Malformed("has reserved bytes in use")
    return turned


_REST = {b"mvhd": _movie_rest, b"tkhd": _track_rest, b"mdhd": _media_rest}
