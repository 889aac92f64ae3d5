"""Data elements as places in a file: where each stands, and where its value starts and ends."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PIXELS", "Leaf", "Path", "Place", "where"]

#: Pixel Data, and its two floating forms.
PIXELS = frozenset((0x7FE00010, 0x7FE00009, 0x7FE00008))

#: Tag and number of item of each sequence around a place, from the outside in.
Path = tuple[int, ...]
#: A path and the tag that stands there.
Place = tuple[Path, int]


class Leaf(NamedTuple):
    """A data element that is no sequence: where it stands (tag and number of item of each sequence around it), its tag,
    its value representation, and where its value starts and ends."""

    path: Path
    tag: int
    vr: bytes
    start: int
    end: int


def where(path: Path, tag: int) -> str:
    """Name a place as (gggg,eeee), preceded by those of the sequences around it."""
    tags = [*path[::2], tag]
    return " > ".join(f"({t >> 16:04x},{t & 0xFFFF:04x})" for t in tags)
