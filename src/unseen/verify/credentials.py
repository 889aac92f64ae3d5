"""Looks at a file that was given content credentials: nothing else may have changed, and they say what was meant."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from unseen.core.credentials import REDACTION
from unseen.verify.containers.blocks import Block, credential_block, is_boxes
from unseen.verify.containers.boxes import Box, boxes
from unseen.verify.containers.credentials import scan_store
from unseen.verify.containers.findings import Finding, Malformed, Reader, guarded
from unseen.verify.containers.jumbf import Store, read_store

__all__ = ["Told", "difference", "form_findings", "told"]

_PART = 1 << 20
_OFFSETS = {b"stco": 4, b"co64": 8}
_TREES = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))


@dataclass(frozen=True, slots=True)
class Told:
    """What credentials of our own form say: the manifest's name, our assertion, and the actions."""

    manifest: str
    redaction: Mapping[str, Any]
    actions: tuple[Mapping[str, Any], ...]


def told(path: Path) -> Told | None:
    """Return what a file's credentials say, None for none or others than ours; raises OSError, Malformed."""
    with ExitStack() as opened:
        block = credential_block(_mapped(opened, path))
    return None if block is None else _told(read_store(block.store))


def _told(store: Store) -> Told | None:
    actions, redaction = store.assertions.get("c2pa.actions.v2"), store.assertions.get(REDACTION)
    if not isinstance(actions, dict) or not isinstance(redaction, dict) or not isinstance(actions.get("actions"), list):
        return None
    return Told(store.manifest, redaction, tuple(actions["actions"]))


def form_findings(path: Path) -> tuple[Finding, ...]:
    """Return what a file's credentials hold beside what Unseen writes; raises OSError. Never raises Malformed."""
    with ExitStack() as opened:
        return tuple(guarded(_form(_mapped(opened, path)), "credentials"))


def _form(data: bytes) -> Iterator[Finding]:
    block = credential_block(data)
    if block is None:
        yield Finding("c2pa", "file", "no content credentials")
        return
    place = None if is_boxes(data) else (block.start, block.end)
    yield from scan_store(block.store, "credentials", place)


def difference(before: Path, after: Path) -> str:
    """Say what differs between a file and a copy with credentials beside these, "" for nothing; raises OSError.

    Offsets of samples and items have to move by the length of the block, and do so exactly.
    """
    with ExitStack() as opened:
        one, other = _mapped(opened, before), _mapped(opened, after)
        try:
            block = credential_block(other)
            if block is None:
                return "no content credentials"
            if is_boxes(one):
                return "" if _same_boxes(one, other, block) else "other boxes than before"
            return "" if _same_bytes(one, other, block) else "other bytes than before"
        except (Malformed, ValueError, OverflowError) as error:
            return f"what cannot be compared: it {error}"


def _mapped(opened: ExitStack, path: Path) -> bytes:
    file = opened.enter_context(path.open("rb"))
    if not path.stat().st_size:
        return b""
    return cast(bytes, opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def _same_bytes(one: bytes, other: bytes, block: Block) -> bool:
    # A WebP tells its length, and a GIF with an extension its newer version, before anything that is shown.
    head = {b"RIFF": slice(4, 8), b"GIF8": slice(4, 5)}.get(bytes(one[:4]), slice(0, 0))
    before, after = bytearray(one), bytearray(other[: block.start] + other[block.end + block.filling :])
    before[head] = after[head] = bytes(head.stop - head.start)
    return before == after


def _same_boxes(one: bytes, other: bytes, block: Block) -> bool:
    """Whether all boxes but that of the credentials are alike, when offsets are moved back."""
    before = list(boxes(one, 0, len(one)))
    after = [box for box in boxes(other, 0, len(other)) if box.at != block.start]
    if [(box.type, box.end - box.at) for box in before] != [(box.type, box.end - box.at) for box in after]:
        return False
    by = block.end - block.start
    return all(_same_box(one, a, other, b, by) for a, b in zip(before, after, strict=True))


def _same_box(one: bytes, a: Box, other: bytes, b: Box, by: int) -> bool:
    if a.type in (b"moov", b"meta"):
        body = bytearray(other[b.at : b.end])
        for at, size in _offsets(bytes(body), b.type):
            value = int.from_bytes(body[at : at + size], "big") - by
            body[at : at + size] = value.to_bytes(size, "big")
        return bytes(body) == one[a.at : a.end]
    length = a.end - a.at
    steps = range(0, length, _PART)
    return all(one[a.at + i : min(a.at + i + _PART, a.end)] == other[b.at + i : min(b.at + i + _PART, b.end)]
               for i in steps)  # fmt: skip


def _offsets(body: bytes, kind: bytes) -> Iterator[tuple[int, int]]:
    """Yield place and size of every offset into the file within a moov or meta box."""
    (box,) = boxes(body, 0, len(body))
    if kind == b"meta":
        for inner in boxes(body, box.start + 4, box.end):
            if inner.type == b"iloc":
                yield from _item_offsets(body, inner)
    else:
        yield from _sample_offsets(body, box)


def _sample_offsets(body: bytes, box: Box) -> Iterator[tuple[int, int]]:
    for inner in boxes(body, box.start, box.end):
        if inner.type in _TREES:
            yield from _sample_offsets(body, inner)
        elif inner.type in _OFFSETS:
            size = _OFFSETS[inner.type]
            yield from ((at, size) for at in range(inner.start + 8, inner.end, size))


def _item_offsets(body: bytes, box: Box) -> Iterator[tuple[int, int]]:
    """Yield the offsets of items that lie in the file (ISO/IEC 14496-12, 8.11.3): each item's base, or its extents'."""
    reader = Reader(body, box.start, box.end)
    version = reader.uint(1)
    reader.skip(3)
    first, second = reader.uint(1), reader.uint(1)
    offset, length, base, index = first >> 4, first & 15, second >> 4, second & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(reader.uint(wide)):
        reader.skip(wide)
        in_file = not reader.uint(2) & 15 if version else True
        reader.skip(2)
        at, start = reader.pos, reader.uint(base)
        if in_file and base:
            yield at, base
        for _ in range(reader.uint(2)):
            reader.skip(index)
            at, low = reader.pos, reader.uint(offset)
            if in_file and not start and not base and low:
                yield at, offset
            reader.skip(length)
