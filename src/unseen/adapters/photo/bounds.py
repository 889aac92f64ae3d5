"""Limits on what is decoded, held against headers before any pixel is unpacked."""

from __future__ import annotations

from unseen.core.formats import Limits
from unseen.errors import TooLarge

__all__ = ["MAX_FRAMES", "Bounds"]

#: More pages or frames than this are no photo; the check of written files has the same bound.
MAX_FRAMES = 10_000
_LONGEST = 600_000


class Bounds:
    """Adds up the frames of one file; raises TooLarge, naming the file, as soon as a limit is passed."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._total = 0

    def add(self, width: int, height: int, count: int = 1) -> None:
        """Account for `count` frames of a size in pixels that a header announces."""
        if width * height > self._limits.max_pixels or max(width, height) > _LONGEST:
            raise TooLarge(
                f"{self._name}: has {width} x {height} pixels, more than {self._limits.max_pixels // 1_000_000} "
                "megapixels or a side that is too long; raise --max-megapixels if it is no bomb, or split it"
            )
        self._total += width * height * count
        if self._total > self._limits.max_total_pixels or count > MAX_FRAMES:
            raise TooLarge(
                f"{self._name}: has {count} frames or pages of {width} x {height} pixels, too many in all; split it"
            )
