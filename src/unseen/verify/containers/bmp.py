"""BMP (Windows bitmap, versions 3 to 5): headers, palette and pixel rows, and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader
from unseen.verify.containers.icc import scan_icc

__all__ = ["scan_bmp"]

_FILE_HEADER, _CORE, _INFO, _V4, _V5 = 14, 12, 40, 108, 124
_HEADERS = (_CORE, _INFO, 52, 56, _V4, _V5)
_RGB, _BITFIELDS, _ALPHA_BITFIELDS = 0, 3, 6
_LINKED, _EMBEDDED = b"KNIL", b"DEBM"


@dataclass(frozen=True, slots=True)
class _Header:
    size: int
    width: int
    height: int
    bits: int
    compression: int
    colours: int

    @property
    def masks(self) -> int:
        """Bytes of colour masks after a version 3 header."""
        return {_BITFIELDS: 12, _ALPHA_BITFIELDS: 16}.get(self.compression, 0) if self.size == _INFO else 0

    @property
    def palette(self) -> int:
        """Bytes of the palette."""
        full = 1 << self.bits if self.bits <= 8 else 0
        if self.colours > full:
            raise Malformed("has a palette that its pixels cannot use")
        return (self.colours or full) * (3 if self.size == _CORE else 4)


def scan_bmp(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for every byte of a BMP file that is not needed to show its picture."""
    reader = Reader(data, 2, little=True)
    announced, reserved, start = reader.uint(4), reader.uint(4), reader.uint(4)
    header = _header(reader)
    if header.compression not in (_RGB, _BITFIELDS, _ALPHA_BITFIELDS):
        yield Finding("unknown-block", "header", "run-length or embedded compression, which is not judged")
        return
    if reserved:
        yield Finding("slack", "byte 6", "reserved bytes are in use")
    packed = _FILE_HEADER + header.size + header.masks + header.palette
    if start < packed:
        raise Malformed("has pixels that start inside its header")
    if start > packed:
        yield Finding("slack", f"byte {packed}", f"{start - packed} bytes between header and pixels")
    end = start + _stride(header) * header.height
    if end > len(data):
        raise Malformed("ends before its pixels")
    yield from _row_ends(data, header, start)
    end += yield from _colour_space(data, header, end, keep)
    if end < len(data) or announced > len(data):
        yield Finding("trailer", f"byte {end}", f"{len(data) - end} bytes after the pixels")


def _header(reader: Reader) -> _Header:
    size = reader.uint(4)
    if size not in _HEADERS:
        raise Malformed("has a header of unknown size")
    if size == _CORE:
        width, height, planes, bits = (reader.uint(2) for _ in range(4))
        compression = colours = 0
    else:
        width, height = (int.from_bytes(reader.take(4), "little", signed=True) for _ in range(2))
        planes, bits, compression = reader.uint(2), reader.uint(2), reader.uint(4)
        reader.skip(12)
        colours = reader.uint(4)
    if width <= 0 or not height or planes != 1 or bits not in (1, 2, 4, 8, 16, 24, 32):
        raise Malformed("has an impossible header")
    return _Header(size, width, abs(height), bits, compression, colours)


def _stride(header: _Header) -> int:
    return (header.width * header.bits + 31) // 32 * 4


def _row_ends(data: bytes, header: _Header, start: int) -> Findings:
    """Rows are padded to four bytes; the padding is a classic place to hide something."""
    stride, used = _stride(header), (header.width * header.bits + 7) // 8
    end = start + stride * header.height
    if any(any(data[start + column : end : stride]) for column in range(used, stride)):
        yield Finding("slack", f"byte {start}", "the padding at the ends of pixel rows is in use")


def _colour_space(data: bytes, header: _Header, end: int, keep: frozenset[str]) -> Generator[Finding, None, int]:
    """Judge the fields of versions 4 and 5; the result is how many bytes of profile follow the pixels."""
    if header.size < _V4:
        return 0
    reader = Reader(data, _FILE_HEADER + 56, _FILE_HEADER + header.size)
    space = reader.take(4)
    if any(reader.take(48)) and space != b"\0\0\0\0":
        yield Finding("slack", "header", "colour end points that nothing uses")
    if header.size < _V5:
        return 0
    _, offset, size, reserved = (int.from_bytes(reader.take(4), "little") for _ in range(4))
    if reserved or (size and space not in (_LINKED, _EMBEDDED)):
        yield Finding("slack", "header", "reserved bytes are in use")
    if space == _LINKED:
        yield Finding("icc", "header", "names a file with a colour profile")
    elif space == _EMBEDDED and "icc" not in keep:
        yield Finding("icc", f"byte {end}", "colour profile")
    elif space == _EMBEDDED:
        if _FILE_HEADER + offset != end:
            raise Malformed("has a colour profile that does not follow its pixels")
        yield from scan_icc(Reader(data, end, min(end + size, len(data))).take(size), f"byte {end}")
        return size
    return 0
