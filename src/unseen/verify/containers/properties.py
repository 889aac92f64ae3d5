"""Item properties and codec configurations of HEIF: what may describe a picture."""

from __future__ import annotations

from collections.abc import Callable

from unseen.verify.containers.bitstreams import av1_config, hevc_config
from unseen.verify.containers.boxes import Box, foreign_box
from unseen.verify.containers.findings import Finding, Findings, Malformed
from unseen.verify.containers.icc import scan_icc

__all__ = ["ALPHA", "is_alpha", "scan_property"]

#: The names of transparency planes; any other auxiliary picture (depth, gain map, matte) shows more than the picture.
ALPHA = (
    b"urn:mpeg:hevc:2015:auxid:1\0",
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
)


def scan_property(data: bytes, box: Box, keep: frozenset[str]) -> Findings:
    """Yield a finding for a property that is not needed to show a picture, or that holds more than it should."""
    body = data[box.start : box.end]
    if box.type in _LENGTHS:
        if len(body) not in _LENGTHS[box.type]:
            raise Malformed("has an impossible length")
        if box.type in (b"irot", b"imir") and "orientation" not in keep:
            yield Finding("orientation", box.where, "the picture is turned on display")
    elif box.type in _CHECKS:
        _CHECKS[box.type](body)
    elif box.type == b"colr":
        yield from _colour(body, box, keep)
    elif box.type in (b"auxC", b"auxi"):
        if not is_alpha(body):
            yield Finding("auxiliary-picture", box.where, "an auxiliary picture that is no transparency")
    else:
        yield from foreign_box(data, box)


def is_alpha(body: bytes) -> bool:
    """Whether the body of an auxC or auxi box names a transparency plane, and nothing more."""
    return body[:4] == b"\0\0\0\0" and body[4:] in ALPHA


def _depths(body: bytes) -> None:
    """Bits of each channel (pixi)."""
    if len(body) < 6 or any(body[:4]) or len(body) != 5 + body[4] or body[4] > 4:
        raise Malformed("has an impossible length")


def _colour(body: bytes, box: Box, keep: frozenset[str]) -> Findings:
    if body[:4] == b"nclx" and len(body) == 11:
        return
    if body[:4] not in (b"prof", b"rICC"):
        raise Malformed("is an unknown colour description")
    if "icc" in keep:
        yield from scan_icc(body[4:], box.where)
    else:
        yield Finding("icc", box.where, "colour profile")


def _hevc(body: bytes) -> None:
    hevc_config(body)


#: Picture size, clean aperture, pixel shape, rotation, mirroring, coding constraints.
_LENGTHS = {b"ispe": (12,), b"clap": (32,), b"pasp": (8,), b"irot": (1,), b"imir": (1,), b"ccst": (8,)}
_CHECKS: dict[bytes, Callable[[bytes], None]] = {b"pixi": _depths, b"hvcC": _hevc, b"av1C": av1_config}
