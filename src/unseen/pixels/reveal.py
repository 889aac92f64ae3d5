"""Shows one part of a hidden picture again as it was, but for what has to stay hidden in it."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.photos import Frame
from unseen.core.regions import Box
from unseen.pixels.boxes import round_out, slices

__all__ = ["reveal"]


def reveal(hidden: Frame, original: Frame, shown: Box, others: Sequence[Box]) -> Frame:
    """Return the hidden frame with the pixels of `shown` from the original, except those that any of `others` covers.

    Both frames have one size; boxes are in its pixels and rounded outward. Raises ValueError if `shown` lies outside.
    """
    box = round_out(shown, hidden.width, hidden.height)
    if box is None or hidden.pixels.shape != original.pixels.shape:
        raise ValueError("what is to be shown must lie inside the picture that was hidden")
    pixels = hidden.pixels.copy()
    pixels[slices(box)] = original.pixels[slices(box)]
    for other in others:
        outer = round_out(other, hidden.width, hidden.height)
        if outer is not None:
            pixels[slices(outer)] = hidden.pixels[slices(outer)]
    return Frame(pixels, hidden.colour, hidden.alpha, hidden.duration_ms)
