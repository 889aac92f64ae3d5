"""TIFF 6.0 and BigTIFF: the tags and strips or tiles that show pages, with every byte accounted for."""

from __future__ import annotations

from collections.abc import Iterator

from unseen.verify.containers.exif import allowed_tag
from unseen.verify.containers.findings import Finding, Findings, Malformed, Spans, guarded
from unseen.verify.containers.icc import scan_icc
from unseen.verify.containers.ifd import Directory, Tag, TiffBytes
from unseen.verify.containers.jpeg import scan_jpeg
from unseen.verify.containers.rasters import Raster, raster_findings

__all__ = ["scan_tiff"]

_MAX_PAGES = 10_000
_ALIGNMENT = 16
_SUBFILE, _COLOUR_MAP, _ORIENTATION, _JPEG_TABLES, _ICC, _EXIF = 254, 320, 274, 347, 34675, 34665
#: Tag -> most values that it can need.
_PLAIN: dict[int, int] = {
    256: 1,  # ImageWidth
    257: 1,  # ImageLength
    258: 16,  # BitsPerSample
    259: 1,  # Compression
    262: 1,  # PhotometricInterpretation
    266: 1,  # FillOrder
    277: 1,  # SamplesPerPixel
    278: 1,  # RowsPerStrip
    282: 1,  # XResolution
    283: 1,  # YResolution
    284: 1,  # PlanarConfiguration
    292: 1,  # T4Options
    293: 1,  # T6Options
    296: 1,  # ResolutionUnit
    297: 2,  # PageNumber
    317: 1,  # Predictor
    318: 2,  # WhitePoint
    319: 6,  # PrimaryChromaticities
    322: 1,  # TileWidth
    323: 1,  # TileLength
    332: 1,  # InkSet
    334: 1,  # NumberOfInks
    338: 16,  # ExtraSamples
    339: 16,  # SampleFormat
    529: 3,  # YCbCrCoefficients
    530: 2,  # YCbCrSubSampling
    531: 1,  # YCbCrPositioning
    532: 6,  # ReferenceBlackWhite
}
#: Offsets and byte counts of strips and tiles; rasters.py holds their number to the page's size.
_RASTER = (273, 279, 324, 325)
_KINDS = {
    270: "comment",
    306: "timestamp",
    330: "thumbnail",
    513: "thumbnail",
    514: "thumbnail",
    700: "xmp",
    33723: "iptc",
    34377: "photoshop",
    34665: "exif",
    34675: "icc",
    34853: "gps",
    37500: "maker-note",
    52545: "c2pa",
}


def scan_tiff(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a TIFF file that is not needed to show its pages."""
    spans = Spans()
    tiff = TiffBytes(data, spans)
    pages: set[int] = set()
    for page in _pages(tiff, pages):
        where = f"directory at byte {page.offset}"
        yield from guarded(_page(tiff, page, where, keep), where)
    yield from spans.findings(
        data, 0, len(data), padding=_ALIGNMENT - 1, harmless=lambda low, high: _page_start(tiff, pages, low, high)
    )


def _page_start(tiff: TiffBytes, pages: set[int], low: int, high: int) -> bool:
    """Whether a gap is an aligned file header that points to a page: some writers append a page as a whole file."""
    size = 16 if tiff.big else 8
    head, pointer = high - size, size // 2
    if head < low or head % _ALIGNMENT or head - low >= _ALIGNMENT or any(tiff.data[low:head]):
        return False
    page = head + int.from_bytes(tiff.data[head + pointer : high], "little" if tiff.little else "big")
    return page in pages and tiff.data[head : head + pointer] == tiff.data[:pointer]


def _pages(tiff: TiffBytes, seen: set[int]) -> Iterator[Directory]:
    offset = tiff.first
    if not offset:
        raise Malformed("has no page")
    while offset:
        if offset in seen or len(seen) > _MAX_PAGES:
            raise Malformed("has a circle of directories, or too many")
        seen.add(offset)
        page = tiff.directory(offset)
        yield page
        offset = page.following


def _page(tiff: TiffBytes, page: Directory, where: str, keep: frozenset[str]) -> Findings:
    for tag in page.tags:
        yield from guarded(_tag(tiff, tag, where, keep), where)
    yield from raster_findings(Raster.of(tiff, page), where)


def _tag(tiff: TiffBytes, tag: Tag, where: str, keep: frozenset[str]) -> Findings:
    if tag.code in _RASTER or tag.count <= _PLAIN.get(tag.code, 0):
        return
    if tag.code == _COLOUR_MAP and tag.type == 3 and tag.count <= 3 << 16:
        return
    if tag.code == _ORIENTATION and tiff.number(tag) == 1:
        return
    if tag.code == _SUBFILE:
        yield from _subfile(tiff.number(tag), where)
    elif tag.code == _JPEG_TABLES:
        yield from scan_jpeg(tiff.raw(tag), part=True)
    elif tag.code == _ICC and "icc" in keep:
        yield from scan_icc(tiff.raw(tag), where)
    elif tag.code == _EXIF and allowed_tag(tiff, tag, keep):
        yield from _exif(tiff, tag, where, keep)
    elif not allowed_tag(tiff, tag, keep):
        yield Finding(_KINDS.get(tag.code, "unknown-block"), where, f"tag {tag.code} shows no pixels")


def _subfile(kind: int, where: str) -> Findings:
    if kind & 1:
        yield Finding("thumbnail", where, "a page that is a reduced copy of another one")
    if kind & ~3:
        yield Finding("unknown-block", where, "a page that is a mask or of unknown use")


def _exif(tiff: TiffBytes, tag: Tag, where: str, keep: frozenset[str]) -> Findings:
    inner = tiff.directory(tiff.number(tag))
    if inner.following:
        yield Finding("thumbnail", where, "EXIF has a second directory")
    for each in inner.tags:
        if not allowed_tag(tiff, each, keep):
            yield Finding(_KINDS.get(each.code, "exif"), where, f"EXIF tag {each.code:#06x}")
