"""Words inside compressed frames: comments and application data of JPEG and its kin, and what follows the end."""

from __future__ import annotations

__all__ = ["without_comments"]

_JPEG, _J2K = b"\xff\xd8", b"\xff\x4f\xff\x51"
_EOI, _COMMENT, _J2K_COMMENT = b"\xff\xd9", 0xFE, 0x64
#: JFIF (0), JPEG-LS extensions (8) and Adobe's colour transform (14) change what is decoded; all other data is not.
_NEEDED = (0xE0, 0xE8, 0xEE)
_SCAN = 0xDA


def without_comments(frame: bytes) -> bytes:
    """Return a compressed frame without comments, application data and bytes after its end.

    The compressed pixels are not touched. Frames that are no JPEG, or end too soon, are returned as they are: whether
    they can be decoded is found out elsewhere. Sources: ISO/IEC 10918-1 B.2, 14495-1 C, 15444-1 A.
    """
    if frame.startswith(_J2K):
        return _clean(frame, _J2K_COMMENT, (), 0x90)
    if frame.startswith(_JPEG):
        return _clean(frame, _COMMENT, tuple(m for m in range(0xE0, 0xF0) if m not in _NEEDED), _SCAN)
    return frame


def _clean(frame: bytes, comment: int, data: tuple[int, ...], last: int) -> bytes:
    """Drop segments of the header, which ends where the marker `last` begins the compressed pixels."""
    kept, at = [frame[:2]], 2
    while at + 4 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != last:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        segment = frame[at : at + 2 + length]
        if len(segment) < 4:
            return frame
        is_thumbnail = marker == 0xE0 and segment[4:9] != b"JFIF\0"
        if marker != comment and marker not in data and not is_thumbnail:
            kept.append(_short(segment) if marker == 0xE0 else segment)
        at += 2 + length
    if at + 2 > len(frame) or frame[at : at + 2] != bytes([0xFF, last]):
        return frame
    end = frame.rfind(_EOI)
    body = frame[at : end + 2] if end > at else frame[at:]
    return b"".join([*kept, body]) + b"\0" * ((sum(map(len, kept)) + len(body)) % 2)


def _short(segment: bytes) -> bytes:
    """Return a JFIF segment without its thumbnail."""
    if not segment.startswith(b"\xff\xe0\x00\x10JFIF\0") and segment[4:9] == b"JFIF\0" and len(segment) > 18:
        return b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0"
    return segment
