"""What the parts of the codec find wrong with a file; the codec turns each into one line that names the file."""

from __future__ import annotations

__all__ = ["Damaged", "Truncated", "Undecodable"]


class Truncated(Exception):
    """The end of the file is missing."""


class Damaged(Exception):
    """The file contradicts itself: a wrong checksum, a block where none can be."""


class Undecodable(Exception):
    """The file is whole, but holds a kind of pixels that is not decoded; the message says which."""
