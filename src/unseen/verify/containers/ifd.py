"""Image file directories (TIFF 6.0, BigTIFF, EXIF): a bounds-checked walk over tags."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unseen.verify.containers.findings import Malformed, Reader, Spans

__all__ = ["ASCII", "LONG", "SHORT", "UNDEFINED", "Directory", "Tag", "TiffBytes", "is_datetime"]

ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class Tag:
    """One directory entry: tag number, field type, count of values, and where the values lie."""

    code: int
    type: int
    count: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: its byte offset, its tags, and the offset of the next one (0: none)."""

    offset: int
    tags: tuple[Tag, ...]
    following: int


class TiffBytes:
    """A TIFF structure, from its header on; every directory and value read is entered in `spans`."""

    def __init__(self, data: bytes, spans: Spans) -> None:
        order, magic = data[:2], data[2:4]
        if order not in (b"II", b"MM"):
            raise Malformed("has no TIFF header")
        self.data, self.spans, self.little = data, spans, order == b"II"
        self.big = int.from_bytes(magic, "little" if self.little else "big") == 43
        self._wide = 8 if self.big else 4
        reader = self._reader(2, len(data))
        version = reader.uint(2)
        if version not in (42, 43) or (self.big and reader.uint(4) != (8 << 16 if not self.little else 8)):
            raise Malformed("has an unknown TIFF version")
        self.first = reader.uint(self._wide)
        # Bytes that nothing may claim twice: keeps overlapping directories from multiplying the work.
        self._unclaimed = len(data)
        self.claim(0, reader.pos)

    def _reader(self, start: int, end: int) -> Reader:
        return Reader(self.data, start, end, little=self.little)

    def claim(self, start: int, end: int) -> None:
        """Account for start <= i < end; raises Malformed outside the bytes, or when bytes are claimed many times."""
        self._reader(start, end)
        self._unclaimed -= end - start
        if self._unclaimed < 0 or (not self.spans.add(start, end) and start < end):
            raise Malformed("claims the same bytes twice")

    def directory(self, offset: int) -> Directory:
        """Read the directory at `offset`; raises Malformed if it or a value of it lies outside the bytes."""
        reader = self._reader(offset, len(self.data))
        count = reader.uint(8 if self.big else 2)
        if not 0 < count <= reader.left // (4 + 2 * self._wide):
            raise Malformed("has a directory that is empty or longer than the file")
        tags = tuple(self._tag(reader) for _ in range(count))
        if len({tag.code for tag in tags}) < count:
            raise Malformed("has a directory that names a tag twice")
        following = reader.uint(self._wide)
        self.claim(offset, reader.pos)
        return Directory(offset, tags, following)

    def _tag(self, reader: Reader) -> Tag:
        code, kind, count = reader.uint(2), reader.uint(2), reader.uint(self._wide)
        field, pointer = reader.pos, reader.uint(self._wide)
        size = count * _SIZES.get(kind, 0)
        if not size:
            raise Malformed(f"has a tag {code} of unknown type or without values")
        if size <= self._wide:
            if any(self.data[field + size : field + self._wide]):
                raise Malformed(f"has bytes beside the value of tag {code}")
            return Tag(code, kind, count, field, field + size)
        self.claim(pointer, pointer + size)
        return Tag(code, kind, count, pointer, pointer + size)

    def raw(self, tag: Tag) -> bytes:
        """Return the bytes of a tag's values."""
        return self.data[tag.start : tag.end]

    def numbers(self, tag: Tag) -> tuple[int, ...]:
        """Return a tag's values as whole numbers; raises Malformed for other field types."""
        if tag.type not in _WHOLE:
            raise Malformed(f"has a tag {tag.code} that is no whole number")
        return struct.unpack(f"{'<' if self.little else '>'}{tag.count}{_WHOLE[tag.type]}", self.raw(tag))

    def number(self, tag: Tag) -> int:
        """Return the only value of a tag; raises Malformed if it has several."""
        if tag.count != 1:
            raise Malformed(f"has a tag {tag.code} with {tag.count} values instead of one")
        return self.numbers(tag)[0]


def is_datetime(value: bytes) -> bool:
    """Whether the bytes are an EXIF time, "YYYY:MM:DD HH:MM:SS" and a zero byte, and nothing else."""
    return len(value) == 20 and all(
        48 <= byte <= 57 if shape == "0" else byte == ord(shape)
        for byte, shape in zip(value, "0000:00:00 00:00:00\0", strict=True)
    )
