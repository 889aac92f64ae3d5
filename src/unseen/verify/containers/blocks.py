"""Where content credentials lie in a file: the block with their store, in each container that can have one."""

from __future__ import annotations

from dataclasses import dataclass

from unseen.verify.containers.boxes import boxes
from unseen.verify.containers.findings import Reader

__all__ = ["Block", "credential_block", "is_boxes"]

_SOS, _APP11 = 0xDA, 0xEB
_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
#: What stands in a uuid box before the store: the type, version and flags, the purpose, an offset.
_BOX_HEAD = 16 + 4 + len(b"manifest\0") + 8
_GIF_NAME = b"C2PA_GIF\x01\x00\x00"


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes start <= i < end of a file, the store in them, and how many bytes after them fill up the block."""

    start: int
    end: int
    store: bytes
    filling: int = 0


def is_boxes(data: bytes) -> bool:
    """Whether a file is made of boxes (ISO/IEC 14496-12)."""
    return data[4:8] == b"ftyp"


def credential_block(data: bytes) -> Block | None:
    """Return the first block with content credentials, None where there is none; raises Malformed.

    `data` may be a memory map. Whether it is the only one, and in its place, the scan of the container says.
    """
    if is_boxes(data):
        return _in_boxes(data)
    if data[:2] == b"\xff\xd8":
        return _in_jpeg(data)
    if data[:4] == b"\x89PNG":
        return _in_chunks(data, 8, b"caBX", little=False)
    if data[:4] == b"RIFF":
        return _in_chunks(data, 12, b"C2PA", little=True)
    if data[:4] == b"GIF8":
        return _in_gif(data)
    return None


def _in_boxes(data: bytes) -> Block | None:
    for box in boxes(data, 0, len(data)):
        if box.type == b"uuid" and data[box.start : box.start + 16] == _UUID:
            return Block(box.at, box.end, data[box.start + _BOX_HEAD : box.end])
    return None


def _in_jpeg(data: bytes) -> Block | None:
    reader, parts, start, end = Reader(data, 2), list[bytes](), 0, 0
    while reader.left > 4:
        at = reader.pos
        sign, marker = reader.uint(1), reader.uint(1)
        if sign != 0xFF or marker == _SOS:
            break
        payload = reader.take(reader.uint(2) - 2)
        if marker == _APP11 and payload[:2] == b"JP":
            start, end = start if parts else at, reader.pos
            parts.append(payload[16 if parts else 8 :])
    return Block(start, end, b"".join(parts)) if parts else None


def _in_chunks(data: bytes, at: int, name: bytes, *, little: bool) -> Block | None:
    """PNG has length, name, body and a checksum; WebP name, length, body and a filling byte where it is odd."""
    reader = Reader(data, at, little=little)
    while reader.left >= 8:
        start, first, second = reader.pos, reader.take(4), reader.take(4)
        found, size = (first, int.from_bytes(second, "little")) if little else (second, int.from_bytes(first, "big"))
        body = reader.take(size)
        reader.skip(0 if little else 4)
        end, filling = reader.pos, min(reader.left, size % 2) if little else 0
        reader.skip(filling)
        if found == name:
            return Block(start, end, body, filling)
    return None


def _in_gif(data: bytes) -> Block | None:
    reader = Reader(data, 10)
    flags = reader.uint(1)
    reader.skip(2 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0))
    while reader.left and (start := reader.pos, reader.uint(1))[1] == 0x21:
        reader.skip(1)
        blocks = []
        while size := reader.uint(1):
            blocks.append(reader.take(size))
        if blocks and blocks[0] == _GIF_NAME:
            return Block(start, reader.pos, b"".join(blocks[1:]))
    return None
