"""Looks at the bytes of a written photo for anything but the pixels, before it is released."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from unseen.verify.containers.bmp import scan_bmp
from unseen.verify.containers.findings import Finding, Findings, guarded
from unseen.verify.containers.gif import scan_gif
from unseen.verify.containers.heif import is_heif, scan_heif
from unseen.verify.containers.jpeg import scan_jpeg
from unseen.verify.containers.png import scan_png
from unseen.verify.containers.tiff import scan_tiff
from unseen.verify.containers.webp import scan_webp

__all__ = ["MAX_FINDINGS", "Finding", "findings_text", "scan"]

MAX_FINDINGS = 200
_SHOWN = 5
_Scanner = Callable[[bytes, frozenset[str]], Findings]
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def scan(data: bytes, *, keep: frozenset[str] = frozenset({"icc"})) -> tuple[Finding, ...]:
    """Return everything in a photo file that is not needed to show its pixels; empty when there is nothing.

    `keep` names the metadata that may stay: "icc", "orientation", "datetime", and "credentials" for content credentials
    of the form that Unseen writes. Each container has a list of blocks that are allowed; whatever is not on it, cannot
    be parsed ("malformed") or belongs to no known container ("unknown-container") is a finding, so that an empty result
    is the only one that permits release. Never raises; at most MAX_FINDINGS are returned. Hidden content inside a valid
    entropy-coded bit stream (JPEG, VP8, HEVC, AV1) is out of its reach. Shares no code with what writes files.
    """
    scanner = _scanner(data)
    if scanner is None:
        return (Finding("unknown-container", "byte 0", "no photo format that can be judged"),)
    return tuple(islice(guarded(scanner(data, keep), "file"), MAX_FINDINGS))


def findings_text(findings: Sequence[Finding]) -> str:
    """Return findings as one line for an error message: the first few, and how many more there are."""
    shown = "; ".join(f"{each.kind} in {each.where} ({each.detail})" for each in findings[:_SHOWN])
    more = len(findings) - _SHOWN
    return f"{shown}; and {more} more" if more > 0 else shown or "nothing found"


def _scanner(data: bytes) -> _Scanner | None:
    if data[:4] in _TIFF_HEADS:
        return scan_tiff
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return scan_webp
    if is_heif(data):
        return scan_heif
    heads: dict[bytes, _Scanner] = {
        b"\xff\xd8\xff": scan_jpeg,
        b"\x89PNG\r\n\x1a\n": scan_png,
        b"GIF87a": scan_gif,
        b"GIF89a": scan_gif,
        b"BM": scan_bmp,
    }
    return next((scanner for head, scanner in heads.items() if data.startswith(head)), None)
