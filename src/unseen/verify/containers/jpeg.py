"""JPEG (ITU-T T.81, JFIF 1.02): the segments that show one picture, and nothing else."""

from __future__ import annotations

import re

from unseen.verify.containers.exif import scan_exif
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded
from unseen.verify.containers.icc import scan_icc

__all__ = ["scan_jpeg"]

_SOI, _EOI, _SOS, _DQT, _DRI, _DHT, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xC4, 0xFE
_SOF = (0xC0, 0xC1, 0xC2)
_PROGRESSIVE, _MOST_SCANS = 0xC2, 100
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_RESTARTS = range(0xD0, 0xD8)
#: A marker other than a restart inside entropy-coded data ends the scan.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xff]")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
#: What application segments start with, and what that is called.
_APPLICATIONS: tuple[tuple[int, bytes, str], ...] = (
    (_APP0, b"JFXX\0", "thumbnail"),
    (_APP0, b"JFIF\0", "thumbnail"),
    (_APP1, b"Exif\0", "exif"),
    (_APP1, b"http://ns.adobe.com/", "xmp"),
    (_APP1, b"<", "xmp"),
    (_APP1, b"XMP", "xmp"),
    (_APP2, b"ICC_PROFILE\0", "icc"),
    (_APP2, b"MPF\0", "multi-picture"),
    (_APP2, b"urn:iso:std:iso:ts:21496", "gain-map"),
    (0xEB, b"JP", "c2pa"),
    (_APP13, b"Photoshop", "photoshop"),
    (_APP13, b"Adobe_Photoshop", "photoshop"),
)
_ICC_HEAD = b"ICC_PROFILE\0"
#: JPEG XT (ISO/IEC 18477-3): what a segment with a part of a box starts with, and the box's own header.
_BOX_HEAD, _BOX_HEADER = b"JP", 8


def scan_jpeg(data: bytes, keep: frozenset[str] = frozenset(), *, part: bool = False) -> Findings:
    """Yield a finding for every byte of a JPEG file that is not needed to show its one picture.

    `part`: the stream is one of several in a TIFF, so tables may come without a picture and a picture without tables.
    """
    yield from _Jpeg(data, keep, part).findings()


class _Jpeg:
    """One pass over the segments."""

    def __init__(self, data: bytes, keep: frozenset[str], part: bool) -> None:
        self._data, self._keep, self._part = data, keep, part
        self._pos = 0
        self._once: set[str] = set()
        self._profile: list[bytes] = []
        self._profile_parts = 0
        self._store: list[bytes] = []
        self._store_place, self._store_box = (0, 0), 0
        self._idle: dict[tuple[int, int], int] = {}
        self._quantisers: dict[int, int] = {}
        self._restarts = False
        self._scans = 0

    def findings(self) -> Findings:
        if self._marker() != _SOI:
            raise Malformed("does not start with a picture")
        while (at := self._pos) < len(self._data):
            stray = self._stray()
            if stray:
                yield Finding("slack", f"byte {at}", f"{stray} bytes between two segments")
            marker = self._marker()
            if marker == _EOI:
                yield from self._finish()
                return
            yield from self._segment(marker, self._pos - 2)
        raise Malformed("ends without its end marker")

    def _stray(self) -> int:
        start = self._pos
        if self._data[start : start + 1] != b"\xff":
            found = self._data.find(b"\xff", start)
            self._pos = found if found >= 0 else len(self._data)
        return self._pos - start

    def _marker(self) -> int:
        while self._data[self._pos : self._pos + 2] == b"\xff\xff":
            self._pos += 1
        head = self._data[self._pos : self._pos + 2]
        if len(head) < 2 or head[0] != 0xFF:
            raise Malformed("ends without its end marker")
        self._pos += 2
        return head[1]

    def _segment(self, marker: int, at: int) -> Findings:
        if marker == _SOI:
            yield Finding("multi-picture", f"byte {at}", "a second picture starts inside the first")
            return
        if marker in _RESTARTS or marker in (0, 1):
            yield Finding("malformed", f"byte {at}", "a marker without a scan around it")
            return
        reader = Reader(self._data, self._pos)
        payload = reader.take(reader.uint(2) - 2)
        self._pos = reader.pos
        where = f"{_name(marker)} at byte {at}"
        if marker in _READERS:
            _READERS[marker](self, payload, at)
            if marker == _SOS:
                yield from self._entropy(where)
        elif marker == _COM:
            yield Finding("comment", where, "comment")
        elif 0xE0 <= marker <= 0xEF:
            yield from self._application(marker, payload, where)
        else:
            yield Finding("unknown-block", where, "not needed to show a sequential or progressive picture")

    def _application(self, marker: int, payload: bytes, where: str) -> Findings:
        if marker == _APP0 and _plain_jfif(payload) and self._first("JFIF"):
            return
        if marker == _APP14 and payload[:5] == b"Adobe" and len(payload) == 12 and self._first("Adobe"):
            return
        kind = next((k for m, head, k in _APPLICATIONS if m == marker and payload.startswith(head)), "unknown-block")
        if kind == "icc" and "icc" in self._keep:
            self._collect_profile(payload)
        elif kind == "c2pa" and "credentials" in self._keep:
            self._collect_store(payload)
        elif payload.startswith(b"Exif\0\0") and self._first("Exif"):
            yield from scan_exif(payload[6:], where, self._keep)
        elif kind == "photoshop":
            yield from _photoshop(payload, where)
        else:
            yield Finding(kind, where, "application segment that shows no pixels")

    def _first(self, what: str) -> bool:
        seen = what in self._once
        self._once.add(what)
        return not seen

    def _collect_profile(self, payload: bytes) -> None:
        reader = Reader(payload, len(_ICC_HEAD))
        number, total = reader.uint(1), reader.uint(1)
        self._profile.append(reader.take(reader.left))
        self._profile_parts = self._profile_parts or total
        if number != len(self._profile) or total != self._profile_parts or number > total:
            raise Malformed("has the parts of its colour profile out of order")

    def _collect_store(self, payload: bytes) -> None:
        """Take in a part of the one box with credentials: number, part, the box's header again, and more of it."""
        reader = Reader(payload, len(_BOX_HEAD))
        box, part, header = reader.uint(2), reader.uint(4), reader.take(_BOX_HEADER)
        start, end = self._pos - len(payload) - 4, self._pos
        first, last = self._store_place if self._store else (start, start)
        whole = not self._store or header == self._store[0][:_BOX_HEADER]
        self._store_box = self._store_box or box
        if not whole or (box, part, start) != (self._store_box, len(self._store) + 1, last):
            raise Malformed("has the parts of its credentials out of order")
        self._store.append((b"" if self._store else header) + reader.take(reader.left))
        self._store_place = first, end

    def _quantisation(self, payload: bytes, at: int) -> None:
        reader = Reader(payload)
        while reader.left:
            head = reader.uint(1)
            if head >> 4 > 1 or head & 15 > 3:
                raise Malformed("has an impossible quantisation table")
            reader.skip(64 * ((head >> 4) + 1))
            self._define(_DQT, head & 15, at)

    def _huffman(self, payload: bytes, at: int) -> None:
        reader = Reader(payload)
        while reader.left:
            head = reader.uint(1)
            if head & 0xEC:
                raise Malformed("has an impossible Huffman table")
            reader.skip(sum(reader.take(16)))
            self._define(_DHT, head, at)

    def _define(self, what: int, slot: int, at: int) -> None:
        key = (what, slot)
        if self._idle.get(key) is not None and not self._part:
            raise Malformed("defines a table again that nothing has used")
        self._idle[key] = at

    def _use(self, what: int, slot: int) -> None:
        self._idle.pop((what, slot), None)

    def _frame(self, payload: bytes, at: int) -> None:
        reader = Reader(payload)
        reader.skip(1)
        height, width, count = reader.uint(2), reader.uint(2), reader.uint(1)
        if not (height and width and 1 <= count <= 4 and reader.left == 3 * count and self._first("frame")):
            raise Malformed("has an impossible or a second frame header")
        self._scans = count if self._data[at + 1] != _PROGRESSIVE else _MOST_SCANS
        for _ in range(count):
            component, _, table = reader.uint(1), reader.uint(1), reader.uint(1)
            self._quantisers[component] = table

    def _interval(self, payload: bytes, at: int) -> None:
        if len(payload) != 2:
            raise Malformed("has an impossible restart interval")
        self._define(_DRI, 0, at)
        self._restarts = any(payload)

    def _scan(self, payload: bytes, at: int) -> None:
        reader = Reader(payload)
        count = reader.uint(1)
        self._scans -= 1
        if self._scans < 0 or not 1 <= count <= 4 or reader.left != 2 * count + 3:
            raise Malformed("has an impossible scan header")
        self._use(_DRI, 0)
        for _ in range(count):
            component, tables = reader.uint(1), reader.uint(1)
            if component not in self._quantisers:
                raise Malformed("has a scan of a component that the frame lacks")
            self._use(_DQT, self._quantisers[component])
            self._use(_DHT, tables >> 4)
            self._use(_DHT, 0x10 | (tables & 15))

    def _entropy(self, where: str) -> Findings:
        start = self._pos
        end = _SCAN_END.search(self._data, start)
        if end is None:
            raise Malformed("breaks off inside its pixels")
        self._once.add("scan")
        self._pos = end.start()
        for number, match in enumerate(_RESTART.finditer(self._data, start, self._pos)):
            if not self._restarts or match[1][0] != 0xD0 + number % 8:
                yield Finding("malformed", where, "restart markers out of order")
                return

    def _finish(self) -> Findings:
        if not self._part and ("frame" not in self._once or "scan" not in self._once):
            raise Malformed("ends before its pixels")
        if self._profile:
            where = f"{len(self._profile)} APP2 segments"
            if len(self._profile) != self._profile_parts:
                raise Malformed("lacks a part of its colour profile")
            yield from scan_icc(b"".join(self._profile), where)
        if self._store:
            from unseen.verify.containers.credentials import scan_store  # here: most scans have no use for it

            where = f"{len(self._store)} APP11 segments"
            yield from guarded(scan_store(b"".join(self._store), where, self._store_place), where)
        for at in sorted(set(self._idle.values())) if not self._part else ():
            yield Finding("slack", f"byte {at}", "a table that nothing uses")
        rest = len(self._data) - self._pos
        if rest:
            yield Finding("trailer", f"byte {self._pos}", f"{rest} bytes after the end of the picture")
        if self._data.find(b"\xff\xd8\xff", self._pos) >= 0:
            yield Finding("multi-picture", f"byte {self._pos}", "another picture after the end of the first")


_READERS = {
    _DQT: _Jpeg._quantisation,
    _DHT: _Jpeg._huffman,
    _DRI: _Jpeg._interval,
    _SOS: _Jpeg._scan,
    **dict.fromkeys(_SOF, _Jpeg._frame),
}


def _name(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:
        return f"APP{marker - 0xE0}"
    return {_COM: "COM", _SOS: "SOS"}.get(marker, f"segment {marker:#x}")


def _plain_jfif(payload: bytes) -> bool:
    return len(payload) == 14 and payload[:5] == b"JFIF\0" and payload[5] == 1 and payload[12:] == b"\0\0"


def _photoshop(payload: bytes, where: str) -> Findings:
    yield Finding("photoshop", where, "Photoshop resources")
    for resource, kind in ((b"\x04\x04", "iptc"), (b"\x04\x09", "thumbnail"), (b"\x04\x0c", "thumbnail")):
        if b"8BIM" + resource in payload:
            yield Finding(kind, where, "among the Photoshop resources")
