"""PNG and APNG (W3C PNG, third edition): the chunks that show pixels, and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from unseen.verify.containers.exif import scan_exif
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded, label
from unseen.verify.containers.icc import MAX_PROFILE, scan_icc
from unseen.verify.containers.streams import deflate_problem, inflate

__all__ = ["scan_png"]

_SIGNATURE = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
#: Chunks of fixed length that say what a sample means.
_COLOUR = {b"gAMA": (4,), b"cHRM": (32,), b"sRGB": (1,), b"cICP": (4,), b"sBIT": (1, 2, 3, 4)}
_KINDS = {
    b"tEXt": "text-chunk",
    b"zTXt": "text-chunk",
    b"iTXt": "text-chunk",
    b"eXIf": "exif",
    b"zxIf": "exif",
    b"tIME": "timestamp",
    b"caBX": "c2pa",
    b"iCCP": "icc",
}
_PROFILE_NAMES = (b"ICC Profile", b"ICC profile", b"icc", b"ICC")
_RAW_PROFILES = {b"exif": "exif", b"APP1": "exif", b"iptc": "iptc", b"8bim": "photoshop", b"xmp": "xmp"}


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    body: bytes
    at: int

    @property
    def where(self) -> str:
        return f"{label(self.name)} at byte {self.at}"


def scan_png(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a PNG file that is not needed to show its picture or animation.

    A default picture that is no frame of the animation passes: plain PNG viewers show it.
    """
    yield from _Png(data, keep).findings()


def _chunks(data: bytes) -> Iterator[_Chunk]:
    reader = Reader(data, _SIGNATURE)
    while reader.left:
        at = reader.pos
        size, name = reader.uint(4), reader.take(4)
        body = reader.take(size)
        if reader.uint(4) != zlib.crc32(body, zlib.crc32(name)):
            raise Malformed(f"has a chunk at byte {at} with a wrong checksum")
        yield _Chunk(name, body, at)
        if name == b"IEND":
            return


class _Png:
    """One pass over the chunks; pixel data is gathered picture by picture and then inflated."""

    def __init__(self, data: bytes, keep: frozenset[str]) -> None:
        self._data, self._keep = data, keep
        self._size = (0, 0)
        self._depth = self._colour = self._interlaced = 0
        self._seen: set[bytes] = set()
        self._pixels: list[bytes] = []
        self._frame_size: tuple[int, int] | None = None
        self._frames = self._announced = self._sequence = 0
        self._closed = False

    def findings(self) -> Findings:
        end = _SIGNATURE
        for chunk in _chunks(self._data):
            if not self._seen and chunk.name != b"IHDR":
                raise Malformed("does not start with its header")
            yield from self._chunk(chunk)
            self._seen.add(chunk.name)
            end = chunk.at + 12 + len(chunk.body)
        if b"IEND" not in self._seen or b"IDAT" not in self._seen or self._frames != self._announced:
            raise Malformed("ends before its pixels or its end chunk")
        if end < len(self._data):
            yield Finding("trailer", f"byte {end}", f"{len(self._data) - end} bytes after the end of the picture")

    def _chunk(self, chunk: _Chunk) -> Findings:
        if chunk.name in (b"IDAT", b"fdAT"):
            self._collect(chunk)
        elif chunk.name in (b"fcTL", b"IEND"):
            yield from self._close(chunk.where)
            self._control(chunk)
        elif chunk.name in self._seen:
            yield Finding("unknown-block", chunk.where, "a chunk that may come once comes again")
        elif chunk.name == b"IHDR":
            self._header(chunk.body)
        elif chunk.name == b"acTL":
            reader = Reader(chunk.body)
            self._announced, _ = reader.uint(4), reader.uint(4)
            _whole(reader)
        elif not self._is_colour(chunk):
            yield from self._other(chunk)

    def _header(self, body: bytes) -> None:
        reader = Reader(body)
        self._size = (reader.uint(4), reader.uint(4))
        self._depth, self._colour = reader.uint(1), reader.uint(1)
        method, self._interlaced = reader.uint(2), reader.uint(1)
        _whole(reader)
        if self._depth not in _DEPTHS.get(self._colour, ()) or method or self._interlaced > 1 or 0 in self._size:
            raise Malformed("has an impossible header")

    def _is_colour(self, chunk: _Chunk) -> bool:
        size = len(chunk.body)
        if chunk.name == b"PLTE":
            return self._colour == 3 and size % 3 == 0 and 0 < size <= 3 << self._depth
        if chunk.name == b"tRNS":
            return size == {0: 2, 2: 6}.get(self._colour, -1) or (self._colour == 3 and 0 < size <= 1 << self._depth)
        return size in _COLOUR.get(chunk.name, ())

    def _other(self, chunk: _Chunk) -> Findings:
        if chunk.name == b"iCCP" and "icc" in self._keep:
            yield from guarded(_profile(chunk), chunk.where)
        elif chunk.name == b"caBX" and "credentials" in self._keep:
            from unseen.verify.containers.credentials import scan_store  # here: most scans have no use for it

            place = (chunk.at, chunk.at + 12 + len(chunk.body))
            yield from guarded(scan_store(chunk.body, chunk.where, place), chunk.where)
        elif chunk.name == b"eXIf":
            yield from scan_exif(chunk.body, chunk.where, self._keep)
        else:
            kind = _text_kind(chunk) if chunk.name in (b"tEXt", b"zTXt", b"iTXt") else _KINDS.get(chunk.name)
            yield Finding(kind or "unknown-block", chunk.where, "a chunk that shows no pixels")

    def _collect(self, chunk: _Chunk) -> None:
        body = chunk.body
        if chunk.name == b"fdAT":
            self._count(body)
            body = body[4:]
            if self._frame_size is None or not self._frames:
                raise Malformed("has frame data without a frame")
        elif self._closed:
            raise Malformed("has its main picture in two places")
        self._pixels.append(body)

    def _control(self, chunk: _Chunk) -> None:
        if chunk.name == b"IEND":
            if chunk.body:
                raise Malformed("has bytes in its end chunk")
            return
        self._count(chunk.body)
        reader = Reader(chunk.body, 4)
        width, height, left, top = (reader.uint(4) for _ in range(4))
        reader.skip(4)
        modes = reader.uint(1) <= 2 and reader.uint(1) <= 1
        _whole(reader)
        if not (modes and 0 < width <= self._size[0] - left and 0 < height <= self._size[1] - top):
            raise Malformed("has a frame outside the picture")
        self._frame_size, self._frames = (width, height), self._frames + 1

    def _count(self, body: bytes) -> None:
        if int.from_bytes(body[:4], "big") != self._sequence or len(body) < 4 or not self._announced:
            raise Malformed("has animation chunks out of order")
        self._sequence += 1

    def _close(self, where: str) -> Findings:
        """Judge the pixel data gathered so far: it belongs to the picture or frame before this chunk."""
        if not self._pixels:
            if self._frame_size is not None:
                raise Malformed("has a frame without pixels")
            return
        size = self._frame_size or self._size
        problem = deflate_problem(self._pixels, self._raw_bytes(*size))
        if problem:
            yield Finding("slack", where, f"the picture before it {problem}")
        self._pixels, self._closed, self._frame_size = [], True, None

    def _raw_bytes(self, width: int, height: int) -> int:
        bits = self._depth * _SAMPLES[self._colour]
        if not self._interlaced:
            return height * (1 + (width * bits + 7) // 8)
        total = 0
        for x, y, dx, dy in _ADAM7:
            columns, rows = (width - x + dx - 1) // dx, (height - y + dy - 1) // dy
            total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 and rows > 0 else 0
        return total


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def _whole(reader: Reader) -> None:
    if reader.left:
        raise Malformed("has a chunk of the wrong length")


def _profile(chunk: _Chunk) -> Findings:
    name, _, rest = chunk.body.partition(b"\0")
    if name not in _PROFILE_NAMES:
        yield Finding("icc", chunk.where, "the colour profile has a name of its own")
    if rest[:1] != b"\0":
        raise Malformed("has an unknown compression")
    yield from scan_icc(inflate(rest[1:], MAX_PROFILE), chunk.where)


def _text_kind(chunk: _Chunk) -> str:
    keyword = chunk.body[:80].partition(b"\0")[0]
    if keyword == b"XML:com.adobe.xmp":
        return "xmp"
    if keyword.startswith(b"Raw profile type "):
        return _RAW_PROFILES.get(keyword.rpartition(b" ")[2], "text-chunk")
    return "text-chunk"
