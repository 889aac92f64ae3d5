"""HEVC and AV1 pictures inside boxes: only units that carry pixels, and lengths that add up."""

from __future__ import annotations

from unseen.verify.containers.findings import Malformed, Reader

__all__ = ["av1_config", "av1_problem", "hevc_config", "hevc_problem"]

_SLICES = frozenset((*range(10), *range(16, 22)))
_PARAMETER_SETS = frozenset((32, 33, 34))
_SEI = 39
#: Messages of supplemental information (ITU-T H.265, D.2): kind and size in bytes of the display of mastering and of
#: content light levels, numbers alone.
_LIGHT = frozenset((b"\x89\x18", b"\x90\x04"))
_SEQUENCE_HEADER, _DELIMITER = 1, 2
#: Sequence header, temporal delimiter, frame header, tile group, frame, redundant frame header.
_PICTURE_UNITS = frozenset((1, 2, 3, 4, 6, 7))


def hevc_config(body: bytes, *, light: bool = False) -> int:
    """Check an hvcC body (ISO/IEC 14496-15) and return the size of length fields; raises Malformed.

    Only parameter sets may be in it, as supplemental information (SEI) holds user data; with `light` also what that
    tells of light.
    """
    reader = Reader(body)
    if reader.uint(1) != 1:
        raise Malformed("is an HEVC configuration of unknown version")
    reader.skip(20)
    size = (reader.uint(1) & 3) + 1
    for _ in range(reader.uint(1)):
        kind = reader.uint(1) & 0x3F
        for _ in range(reader.uint(2)):
            unit = reader.take(reader.uint(2))
            known = kind in _PARAMETER_SETS or (light and kind == _SEI and _tells_light(unit))
            if not known or len(unit) < 2 or unit[0] >> 1 & 0x3F != kind:
                raise Malformed("has an HEVC configuration with more than parameter sets")
    if reader.left:
        raise Malformed("has bytes after its HEVC configuration")
    return size


def _tells_light(unit: bytes) -> bool:
    """Whether a unit of supplemental information holds one message, of light, and nothing behind it."""
    message = unit[2:].replace(b"\0\0\3", b"\0\0")
    return message[:2] in _LIGHT and len(message) == message[1] + 3 and message[-1] == 0x80


def hevc_problem(data: bytes, size: int) -> str | None:
    """Say what is in an HEVC picture beside slices (ITU-T H.265, table 7-1), or return None; raises Malformed."""
    reader = Reader(data)
    while reader.left:
        unit = Reader(reader.take(reader.uint(size)))
        if unit.uint(2) >> 9 & 0x3F not in _SLICES:
            return "has units that carry no pixels"
    return None if data else "has no pixels"


def av1_config(body: bytes) -> None:
    """Check an av1C body (AV1-ISOBMFF): four bytes and at most sequence headers; raises Malformed."""
    if len(body) < 4 or body[0] != 0x81 or body[3] & 0xE0:
        raise Malformed("is an AV1 configuration of unknown version")
    if any(kind != _SEQUENCE_HEADER for kind, _ in _units(body[4:])):
        raise Malformed("has an AV1 configuration with more than a sequence header")


def av1_problem(data: bytes) -> str | None:
    """Say what is in an AV1 picture beside pixels (AV1, section 5.3: metadata, padding), or return None."""
    for kind, size in _units(data):
        if kind not in _PICTURE_UNITS or (kind == _DELIMITER and size):
            return "has units that carry no pixels"
    return None if data else "has no pixels"


def _units(data: bytes) -> list[tuple[int, int]]:
    """Return type and size of each open bitstream unit; raises Malformed where sizes do not add up."""
    reader, units = Reader(data), []
    while reader.left:
        head = reader.uint(1)
        if head & 0x81:
            raise Malformed("has an AV1 unit with reserved bits in use")
        if head & 4:
            reader.skip(1)
        size = _leb128(reader) if head & 2 else reader.left
        reader.skip(size)
        units.append((head >> 3 & 15, size))
    return units


def _leb128(reader: Reader) -> int:
    value = 0
    for shift in range(0, 56, 7):
        byte = reader.uint(1)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise Malformed("has an AV1 unit of impossible size")
