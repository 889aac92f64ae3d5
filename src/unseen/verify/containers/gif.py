"""GIF (GIF87a, GIF89a, NETSCAPE2.0 loop): screen, frames and their timing, and nothing else."""

from __future__ import annotations

from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded
from unseen.verify.containers.icc import scan_icc
from unseen.verify.containers.streams import lzw_gif_problem

__all__ = ["scan_gif"]

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _COMMENT, _TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
_KINDS = {_COMMENT: "comment", _TEXT: "text-chunk"}
_APPLICATIONS = {b"XMP DataXMP": "xmp", b"ICCRGBG1012": "icc", b"C2PA_GIF\x01\x00\x00": "c2pa"}
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def scan_gif(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a GIF file that is not needed to show its frames."""
    reader = Reader(data, 10, little=True)
    flags = reader.uint(1)
    reader.skip(2 + _table(flags))
    frames = 0
    while (kind := reader.uint(1)) != _TRAILER:
        where = f"byte {reader.pos - 1}"
        if kind == _IMAGE:
            frames += 1
            yield from _image(reader, where)
        elif kind == _EXTENSION:
            yield from _extension(reader, where, keep)
        else:
            raise Malformed(f"has an unknown block at {where}")
    if not frames:
        raise Malformed("ends before its pixels")
    if reader.left:
        yield Finding("trailer", f"byte {reader.pos}", f"{reader.left} bytes after the end of the picture")


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(reader: Reader) -> list[bytes]:
    blocks = []
    while size := reader.uint(1):
        blocks.append(reader.take(size))
    return blocks


def _image(reader: Reader, where: str) -> Findings:
    reader.skip(4)
    width, height, flags = reader.uint(2), reader.uint(2), reader.uint(1)
    reader.skip(_table(flags))
    least = reader.uint(1)
    if not 1 <= least <= 8 or not width * height:
        raise Malformed(f"has an impossible frame at {where}")
    problem = lzw_gif_problem(b"".join(_blocks(reader)), least, width * height)
    if problem:
        yield Finding("slack", f"frame at {where}", f"its pixel data {problem}")


def _extension(reader: Reader, where: str, keep: frozenset[str]) -> Findings:
    start = reader.pos - 1
    kind, blocks = reader.uint(1), _blocks(reader)
    if kind == _CONTROL and len(blocks) == 1 and len(blocks[0]) == 4:
        return
    if kind != _APPLICATION:
        yield Finding(_KINDS.get(kind, "unknown-block"), f"extension at {where}", "an extension that shows no pixels")
        return
    name = blocks[0] if blocks else b""
    if name in _LOOPS and len(blocks) == 2 and len(blocks[1]) == 3 and blocks[1][0] == 1:
        return
    if name == b"ICCRGBG1012" and "icc" in keep:
        yield from scan_icc(b"".join(blocks[1:]), f"extension at {where}")
        return
    if _APPLICATIONS.get(name) == "c2pa" and "credentials" in keep:
        from unseen.verify.containers.credentials import scan_store  # here: most scans have no use for it

        where = f"extension at {where}"
        yield from guarded(scan_store(b"".join(blocks[1:]), where, (start, reader.pos)), where)
        return
    yield Finding(_APPLICATIONS.get(name, "unknown-block"), f"extension at {where}", "application extension")
