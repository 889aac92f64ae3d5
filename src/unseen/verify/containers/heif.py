"""HEIF, HEIC and AVIF (ISO/IEC 23008-12, AVIF 1.1): top-level boxes, and every byte of media data accounted for."""

from __future__ import annotations

from unseen.verify.containers.boxes import Box, boxes, foreign_box
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, Spans, guarded, label
from unseen.verify.containers.items import scan_items
from unseen.verify.containers.tracks import scan_tracks

__all__ = ["is_heif", "scan_heif"]

_PICTURES = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"avif", b"avis", b"mif1", b"msf1"))
_BRANDS = _PICTURES | {b"mif2", b"miaf", b"MA1A", b"MA1B", b"MiHB", b"MiHE", b"avio", b"1pic", b"iso8"}
_MOST_BRANDS, _MOST_MEDIA = 16, 64


def is_heif(data: bytes) -> bool:
    """Whether the bytes start like a HEIC or AVIF file."""
    return data[4:8] == b"ftyp" and data[8:12] in _PICTURES


def scan_heif(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a HEIC or AVIF file that is not needed to show its pictures or sequence.

    Pictures beside the primary one pass when they are not hidden, like the pages of a TIFF.
    """
    top, end = _top(data)
    media = [(box.start, box.end) for box in top if box.type == b"mdat"]
    if len(media) > _MOST_MEDIA:
        raise Malformed("has its media data in too many places")
    spans, once = Spans(), {b"ftyp", b"meta", b"moov"} | ({b"uuid"} if "credentials" in keep else set())
    seen: set[bytes] = set()
    for box in top:
        if box.type in seen & once:
            yield Finding("multi-picture", box.where, "a box that may come once comes again")
            continue
        seen.add(box.type)
        yield from guarded(_judge(data, box, spans, media, keep), box.where)
    if b"meta" not in seen or not media:
        raise Malformed("ends before its pixels")
    for start, stop in media:
        yield from spans.findings(data, start, stop, tail="slack")
    if end < len(data):
        yield Finding("trailer", f"byte {end}", f"{len(data) - end} bytes after the last box")


def _top(data: bytes) -> tuple[list[Box], int]:
    """Return the boxes of the file and where they end: at what cannot be a box, or at a second file."""
    top: list[Box] = []
    try:
        for box in boxes(data, 0, len(data)):
            if top and box.type == b"ftyp":
                break
            top.append(box)
    except Malformed:
        if not any(box.type == b"mdat" for box in top):
            raise
    return top, top[-1].end


def _judge(data: bytes, box: Box, spans: Spans, media: list[tuple[int, int]], keep: frozenset[str]) -> Findings:
    if box.type == b"ftyp":
        yield from _brands(data, box)
    elif box.type == b"meta":
        yield from scan_items(data, box, spans, media, keep)
    elif box.type == b"moov":
        yield from scan_tracks(data, box, spans, media, keep)
    elif box.type == b"uuid" and "credentials" in keep:
        from unseen.verify.containers.credentials import scan_box  # here: most scans have no use for it

        yield from scan_box(data, box)
    elif box.type != b"mdat":
        yield from foreign_box(data, box)


def _brands(data: bytes, box: Box) -> Findings:
    reader = Reader(data, box.start, box.end)
    brands = {reader.take(4)}
    if reader.uint(4):
        yield Finding("unknown-block", box.where, "a minor version")
    if reader.left > 4 * _MOST_BRANDS:
        raise Malformed("names too many brands")
    while reader.left:
        brands.add(reader.take(4))
    for brand in sorted(brands - _BRANDS):
        yield Finding("unknown-block", box.where, f"brand {label(brand)}")
