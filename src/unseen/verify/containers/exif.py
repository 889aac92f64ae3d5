"""EXIF blocks (CIPA DC-008): only the tags that the caller keeps may be in one."""

from __future__ import annotations

from unseen.verify.containers.findings import Finding, Findings, Spans, guarded
from unseen.verify.containers.ifd import ASCII, LONG, SHORT, UNDEFINED, Directory, Tag, TiffBytes, is_datetime

__all__ = ["allowed_tag", "scan_exif"]

_ORIENTATION, _DATETIME, _EXIF_IFD, _VERSION, _ORIGINAL = 0x0112, 0x0132, 0x8769, 0x9000, 0x9003
_KINDS = {
    0x02BC: "xmp",
    0x83BB: "iptc",
    0x8649: "photoshop",
    0x8825: "gps",
    0x927C: "maker-note",
    0x0201: "thumbnail",
    0x0202: "thumbnail",
}


def allowed_tag(tiff: TiffBytes, tag: Tag, keep: frozenset[str]) -> bool:
    """Whether a tag of EXIF is one that `keep` names ("orientation", "datetime"), and holds what it should."""
    if tag.code == _ORIENTATION and "orientation" in keep:
        return tag.type == SHORT and tag.count == 1 and 1 <= tiff.number(tag) <= 8
    if "datetime" not in keep:
        return False
    if tag.code in (_DATETIME, _ORIGINAL):
        return tag.type == ASCII and is_datetime(tiff.raw(tag))
    if tag.code == _VERSION:
        return tag.type == UNDEFINED and tag.count == 4 and tiff.raw(tag).isdigit()
    return tag.code == _EXIF_IFD and tag.type in (LONG, 13, 18) and tag.count == 1


def scan_exif(block: bytes, where: str, keep: frozenset[str]) -> Findings:
    """Yield a finding for each tag of an EXIF block (from its TIFF header on) that `keep` does not name.

    Without "orientation" or "datetime" in `keep`, the block as such is one, and "gps", "maker-note" and "thumbnail"
    are named beside it.
    """
    if not keep & {"orientation", "datetime"}:
        yield Finding("exif", where, "EXIF block")
    yield from guarded(_block(block, where, keep), where)


def _block(block: bytes, where: str, keep: frozenset[str]) -> Findings:
    spans = Spans()
    tiff = TiffBytes(block, spans)
    main = tiff.directory(tiff.first)
    yield from _tags(tiff, main, where, keep)
    if main.following:
        yield Finding("thumbnail", where, "EXIF has a second directory, the place of a thumbnail")
    for tag in main.tags:
        if tag.code == _EXIF_IFD:
            inner = tiff.directory(tiff.number(tag))
            yield from _tags(tiff, inner, where, keep)
    if keep & {"orientation", "datetime"}:
        for gap in spans.findings(block, 0, len(block), padding=3):
            yield Finding("exif", where, f"EXIF {gap.detail}")


def _tags(tiff: TiffBytes, directory: Directory, where: str, keep: frozenset[str]) -> Findings:
    for tag in directory.tags:
        if not allowed_tag(tiff, tag, keep):
            yield Finding(_KINDS.get(tag.code, "exif"), where, f"EXIF tag {tag.code:#06x}")
