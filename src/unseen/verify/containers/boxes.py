"""ISO base media file format (ISO/IEC 14496-12): the walk over boxes and the small boxes that are free of content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, label

__all__ = ["Box", "boxes", "check_handler", "entries", "foreign_box", "full_box"]

_KINDS = {b"udta": "text-chunk", b"jumb": "c2pa", b"mpvd": "multi-picture", b"moov": "multi-picture"}
_UUIDS = {
    bytes.fromhex("d8fec3d61b0e483c92975828877ec481"): "c2pa",
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, the offset of its header, and the range of its body."""

    type: bytes
    at: int
    start: int
    end: int

    @property
    def where(self) -> str:
        """The box in words, for findings."""
        return f"{label(self.type)} at byte {self.at}"


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that fill start <= i < end; raises Malformed where they do not."""
    reader = Reader(data, start, end)
    while reader.left:
        at = reader.pos
        size, name = reader.uint(4), reader.take(4)
        if size == 1:
            size = reader.uint(8)
        elif size == 0 and end == len(data):
            size = end - at
        body = reader.pos
        reader.skip(size - (body - at))
        yield Box(name, at, body, reader.pos)


def full_box(data: bytes, box: Box) -> tuple[int, int, Reader]:
    """Return version and flags of a full box, and a reader of the rest."""
    reader = Reader(data, box.start, box.end)
    return reader.uint(1), reader.uint(3), reader


def entries(reader: Reader, size: int, width: int) -> list[tuple[int, ...]]:
    """Read a counted table that fills its box: rows of `size` bytes, made of numbers of `width` bytes."""
    count = reader.uint(4)
    if reader.left != count * size:
        raise Malformed("has a table of another length than it announces")
    return [tuple(reader.uint(width) for _ in range(size // width)) for _ in range(count)]


def check_handler(data: bytes, box: Box, kinds: tuple[bytes, ...]) -> Findings:
    """Judge a handler box: one of `kinds`, nothing reserved in use, no name."""
    version, flags, reader = full_box(data, box)
    if version or flags or reader.uint(4) or reader.take(4) not in kinds or any(reader.take(12)):
        raise Malformed("is a handler of unknown kind")
    if any(reader.take(reader.left)):
        yield Finding("text-chunk", box.where, "a handler with a name")


def foreign_box(data: bytes, box: Box) -> Findings:
    """Judge a box that shows no pixels: free space of zeros passes."""
    if box.type in (b"free", b"skip"):
        if any(data[box.start : box.end]):
            yield Finding("slack", box.where, "free space that is in use")
        return
    kind = _KINDS.get(box.type, "unknown-block")
    if box.type == b"uuid":
        kind = _UUIDS.get(data[box.start : box.start + 16], kind)
    yield Finding(kind, box.where, "a box that shows no pixels")
