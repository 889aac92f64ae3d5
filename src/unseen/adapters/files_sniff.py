"""Which photo or video format a file holds, by its first bytes."""

from __future__ import annotations

from dataclasses import dataclass

from unseen.core.formats import FORMATS, VIDEOS

__all__ = ["PEEK", "Held", "held", "sniff", "sniff_all"]

#: So many first bytes are enough.
PEEK = 1000

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
#: Brands of ISO base media files without moving pictures: music, audio books, ring tones, and Canon's raw photos.
_STILL_OR_SOUND = frozenset({b"M4A ", b"M4B ", b"M4P ", b"M4R ", b"F4A ", b"F4B ", b"NDAS", b"aax ", b"aaxc", b"crx "})
_VIDEO_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\0\0\1\xba", "mpeg"),
    (b"FLV\1", "FLV video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF video (WMV)"),
    (b".RMF", "RealMedia video"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "MXF video"),
    (b"DKIF", "IVF video"),
    (b"YUV4MPEG2 ", "Y4M video"),
    (b"nut/multimedia container", "NUT video"),
    (b"\0\0\1\xb3", "MPEG video without a container"),
    (b"\0\0\0\1\x67", "H.264 video without a container"),
    (b"\0\0\0\1\x09", "H.264 video without a container"),
    (b"\0\0\0\1\x40\1", "HEVC video without a container"),
)
_OGG_VIDEO = (b"\x80theora", b"BBCD\0", b"OVP80")
#: Size of a packet of an MPEG transport stream, and where in it the byte stands that all begin with.
_PACKETS = ((188, 0), (192, 4))


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds, as people call it, and the ending that its name should have: None where Unseen does not read
    it. `photo` tells photos from videos."""

    label: str
    ending: str | None = None
    photo: bool = False

    def advice(self, called: str = "") -> str:
        """Say why the file cannot be taken as it is, and what to do; `called` are words on how it is named."""
        if self.ending is None:
            return f"holds {self.label}, which Unseen does not read; convert it first"
        return f"holds {self.label} data{called}; rename it to end in .{self.ending}"


def held(kind: str) -> Held:
    """Return what is told of a format of FORMATS or VIDEOS, or of another one that `kind` is the words for."""
    if kind in FORMATS:
        return Held(kind.upper(), FORMATS[kind][0], photo=True)
    if kind in VIDEOS:
        return Held(VIDEOS[kind][0].upper(), VIDEOS[kind][0])
    return Held(kind)


def sniff_all(data: bytes) -> Held | None:
    """Return what photo or video a file holds, also of a format that Unseen does not read, or None."""
    kind = sniff(data) or _sniff_video(data)
    return None if kind is None else held(kind)


def _sniff_video(data: bytes) -> str | None:
    """Return the canonical name of a video's format, words for one that Unseen does not read, or None."""
    for magic, kind in _VIDEO_MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "avi"
    if data[:4] == b"OggS" and any(codec in data for codec in _OGG_VIDEO):
        return "Ogg video"
    # Boxes at the beginning are small, unlike four letters of a text would be; but pictures themselves may be large.
    small = data[:1] == b"\0" or data[4:8] in (b"moov", b"mdat")
    if data[4:8] in _BOXES and small and not (data[4:8] == b"ftyp" and data[8:12] in _STILL_OR_SOUND):
        return "mov"
    for size, at in _PACKETS:
        starts = data[at::size]
        if len(starts) > 2 and set(starts) == {0x47}:
            return "mpegts"
    return None


def sniff(data: bytes) -> str | None:
    """Return the canonical name of a photo format, or None; the first 64 bytes are enough."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    return _sniff_iso(data)


def _sniff_iso(data: bytes) -> str | None:
    """Tell AVIF from HEIC by the brands of an ISO base media file (ISO/IEC 14496-12, 23008-12)."""
    if data[4:8] != b"ftyp":
        return None
    end = min(len(data), int.from_bytes(data[:4], "big"), 64)
    brands = [data[8:12], *(data[i : i + 4] for i in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "avif"
        if brand in _HEIC_BRANDS and brand not in (b"mif1", b"msf1"):
            return "heic"
    return "heic" if _HEIC_BRANDS & set(brands) else None
