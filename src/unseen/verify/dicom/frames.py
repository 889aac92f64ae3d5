"""Segments of a compressed frame in which text can stand beside the picture (ITU-T T.81 B.2.4, T.800 A.9)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["picture_of", "texts_of"]

_JPEG, _J2K = b"\xff\xd8", b"\xff\x4f"
_COMMENT, _J2K_COMMENT = 0xFE, 0x64
#: Where the picture starts: a scan, or a tile.
_STARTS = frozenset((0xDA, 0x90))
#: Application data that decoders need: JFIF, SPIFF and HP's (APP8, for JPEG-LS too), Adobe's colours.
_NEEDED = frozenset((0xE0, 0xE8, 0xEE))


def _segments(frame: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and end of each segment before the picture, as far as they can be told apart."""
    if frame[:2] not in (_JPEG, _J2K):
        return
    at = 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        kind, end = frame[at + 1], at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if kind in _STARTS or end > len(frame):
            return
        yield kind, at, end
        at = end


def _is_text(kind: int, frame: bytes) -> bool:
    if frame[:2] == _J2K:
        return kind == _J2K_COMMENT
    return kind == _COMMENT or (0xE0 <= kind <= 0xEF and kind not in _NEEDED)


def texts_of(frame: bytes) -> list[bytes]:
    """Return the comments and the application data that no decoder needs."""
    return [frame[start + 4 : end] for kind, start, end in _segments(frame) if _is_text(kind, frame)]


def picture_of(frame: bytes) -> bytes:
    """Return a frame without comments, what decoders do not need, and bytes after its end; others as they are."""
    end = frame.rfind(b"\xff\xd9")
    if end > 0 and frame[:2] in (_JPEG, _J2K):
        frame = frame[: end + 2]
    cut = [(start, end) for kind, start, end in _segments(frame) if _is_text(kind, frame)]
    for start, end in reversed(cut):
        frame = frame[:start] + frame[end:]
    return frame
