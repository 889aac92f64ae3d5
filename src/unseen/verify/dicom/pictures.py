"""Compares the frames of a written picture with the original's: blanked in places, untouched everywhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOSSY", "altered"]

#: By how many shades of 256 two decoders may differ over what was compressed with loss.
LOSSY = 12
#: What is hidden gets one value; hidden in several rounds, several. Of lossy pictures a share of all pixels may have
#: others, and so many pixels around what is hidden.
_FILLS, _STRAY, _EDGE = 5, 0.002, 3

Values = NDArray[Any]


def altered(before: Values, after: Values, *, tolerance: float = 0) -> str:
    """Return what is wrong with a written frame beside its original, "" where nothing is.

    Both have shape (rows, columns) or (rows, columns, samples). Values may differ by `tolerance`; where they differ by
    more, the written ones must be of a few values, so that they hold nothing of what was there, and nothing else was
    changed.
    """
    if before.shape != after.shape:
        return "is of another size or number of colours than in the original"
    if not tolerance and np.array_equal(before, after):
        return ""
    old, new = (np.nan_to_num(each.reshape(*each.shape[:2], -1).astype(np.float64)) for each in (before, after))
    differs = (np.abs(old - new) > tolerance).any(axis=2)
    written = new[differs]
    if not len(written):
        return ""
    fills, counts = np.unique(written, axis=0, return_counts=True)
    main = fills[np.argsort(counts)[::-1][:_FILLS]]
    blank = differs & (new[:, :, None] == main).all(axis=3).any(axis=2)
    if not tolerance:
        return "changed beside what was hidden" if (differs & ~blank).any() else ""
    # Decoders smooth colours over the edges of what is blank.
    return "changed beside what was hidden" if (differs & ~_grown(blank)).sum() > _STRAY * differs.size else ""


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask and what is around it."""
    grown = mask.copy()
    for _ in range(_EDGE):
        padded = np.pad(grown, 1)
        grown = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1]
        padded = np.pad(grown, 1)
        grown = padded[1:-1, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return grown
