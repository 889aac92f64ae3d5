"""WebP (RFC 9649): the chunks that show pixels, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseen.verify.containers.exif import scan_exif
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded, label
from unseen.verify.containers.icc import scan_icc

__all__ = ["scan_webp"]

_KINDS = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc", b"C2PA": "c2pa"}
_BITSTREAMS = (b"VP8 ", b"VP8L")


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    end: int

    @property
    def where(self) -> str:
        return f"{label(self.name)} at byte {self.start - 8}"


def scan_webp(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a WebP file that is not needed to show its picture or animation."""
    reader = Reader(data, 4, little=True)
    end = 8 + reader.uint(4)
    if end > len(data) or end < 12:
        raise Malformed("is shorter than it announces")
    seen: set[bytes] = set()
    for chunk in _chunks(data, 12, end):
        if chunk.name in seen and chunk.name != b"ANMF":
            kind = "multi-picture" if chunk.name in _BITSTREAMS else "unknown-block"
            yield Finding(kind, chunk.where, "a chunk that may come once comes again")
        else:
            yield from guarded(_judge(data, chunk, keep), chunk.where)
        seen.add(chunk.name)
    yield from _whole(seen, keep)
    if end < len(data):
        yield Finding("trailer", f"byte {end}", f"{len(data) - end} bytes after the end of the picture")


def _chunks(data: bytes, start: int, end: int) -> Iterator[_Chunk]:
    reader = Reader(data, start, end, little=True)
    while reader.left:
        name, size = reader.take(4), reader.uint(4)
        chunk = _Chunk(name, reader.pos, reader.pos + size)
        reader.skip(size)
        if size % 2 and reader.uint(1):
            raise Malformed(f"has a filling byte in use after {chunk.where}")
        yield chunk


def _whole(seen: set[bytes], keep: frozenset[str]) -> Findings:
    pictures = [name for name in (*_BITSTREAMS, b"ANMF") if name in seen]
    if not pictures:
        raise Malformed("ends before its pixels")
    if len(pictures) > 1:
        yield Finding("multi-picture", "byte 12", "both a still picture and another one")
    beside = seen - {b"C2PA"} if "credentials" in keep else seen
    if len(beside) > 1 and b"VP8X" not in seen:
        yield Finding("unknown-block", "byte 12", "chunks beside the picture of a simple file")


def _judge(data: bytes, chunk: _Chunk, keep: frozenset[str]) -> Findings:
    body = data[chunk.start : chunk.end]
    if chunk.name in _CHECKS:
        _CHECKS[chunk.name](body)
    elif chunk.name == b"ANMF":
        yield from _frame(data, chunk)
    elif chunk.name == b"ICCP" and "icc" in keep:
        yield from scan_icc(body, chunk.where)
    elif chunk.name == b"C2PA" and "credentials" in keep:
        from unseen.verify.containers.credentials import scan_store  # here: most scans have no use for it

        yield from scan_store(body, chunk.where, (chunk.start - 8, chunk.end))
    elif chunk.name == b"EXIF":
        yield from scan_exif(body.removeprefix(b"Exif\0\0"), chunk.where, keep)
    else:
        yield Finding(_KINDS.get(chunk.name, "unknown-block"), chunk.where, "a chunk that shows no pixels")


def _frame(data: bytes, chunk: _Chunk) -> Findings:
    if chunk.end - chunk.start < 16 or data[chunk.start + 15] & 0xFC:
        raise Malformed("is an impossible animation frame")
    seen: set[bytes] = set()
    for inner in _chunks(data, chunk.start + 16, chunk.end):
        if inner.name in seen or (inner.name in _BITSTREAMS and seen & set(_BITSTREAMS)):
            yield Finding("multi-picture", inner.where, "a second picture in one frame")
        elif inner.name in (*_BITSTREAMS, b"ALPH"):
            _CHECKS[inner.name](data[inner.start : inner.end])
        else:
            yield Finding("unknown-block", inner.where, "a chunk that shows no pixels, inside a frame")
        seen.add(inner.name)
    if not seen & set(_BITSTREAMS):
        raise Malformed("is an animation frame without pixels")


def _header(body: bytes) -> None:
    """VP8X: feature bits, three reserved bytes, canvas."""
    if len(body) != 10 or body[0] & 0xC1 or any(body[1:4]):
        raise Malformed("is an impossible header")


def _animation(body: bytes) -> None:
    """ANIM: background colour and loop count."""
    if len(body) != 6:
        raise Malformed("is an impossible animation header")


def _alpha(body: bytes) -> None:
    """ALPH: method bits, then the plane."""
    if len(body) < 2 or body[0] & 0xC0 or body[0] & 3 > 1:
        raise Malformed("is an impossible transparency plane")


def _lossy(body: bytes) -> None:
    """VP8 key frame (RFC 6386, section 9.1): its first partition lies inside the chunk."""
    tag = int.from_bytes(body[:3], "little")
    if len(body) < 10 or tag & 1 or body[3:6] != b"\x9d\x01\x2a" or 10 + (tag >> 5) > len(body):
        raise Malformed("is no key frame")


def _lossless(body: bytes) -> None:
    """VP8L: signature, and version 0 in the top three bits."""
    if len(body) < 6 or body[0] != 0x2F or body[4] >> 5:
        raise Malformed("is no lossless picture")


_CHECKS = {b"VP8X": _header, b"ANIM": _animation, b"ALPH": _alpha, b"VP8 ": _lossy, b"VP8L": _lossless}
