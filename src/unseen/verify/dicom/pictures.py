"""Compares decoded pixels before and after: hidden where it is said, untouched everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.verify.containers.findings import Finding

__all__ = ["compare_pictures"]

#: What is hidden must not follow what was there; a correlation above this can be read.
_FOLLOWS = 0.5
#: So much may a lossy encoding change a picture outside, in parts of its range.
_LOSSY = 0.02

Sides = tuple[int, int, int, int]


def compare_pictures(
    before: NDArray[np.generic], after: NDArray[np.generic], boxes: Sequence[Sequence[Sides]], *, lossy: bool = False
) -> Iterator[Finding]:
    """Yield a finding for each frame that shows what was to be hidden, or changed beside it.

    Both are of shape (frames, height, width) or (frames, height, width, samples); `boxes` holds for each frame the
    left, upper, right and lower side of each region, the right and lower ones not included. `lossy` allows for small
    changes outside.
    """
    if before.shape != after.shape or len(boxes) != len(before):
        yield Finding("pixels-retained", "pixel data", "has other frames than the original")
        return
    reach = float(np.ptp(before)) or 1.0
    for number, regions in enumerate(boxes):
        old, new = before[number].astype(np.float64), after[number].astype(np.float64)
        outside = np.ones(old.shape[:2], dtype=np.bool_)
        for left, top, right, bottom in regions:
            outside[top:bottom, left:right] = False
            if _shows(old[top:bottom, left:right], new[top:bottom, left:right]):
                yield Finding("pixels-hidden", f"frame {number}", "still shows what was to be hidden")
        change = float(np.abs(old - new)[outside].mean()) if outside.any() else 0.0
        if change > (_LOSSY * reach if lossy else 0):
            yield Finding("pixels-retained", f"frame {number}", "changed beside what was to be hidden")


def _shows(old: NDArray[np.float64], new: NDArray[np.float64]) -> bool:
    """Whether a region is what it was, or goes up and down with it; one that was of one value has nothing to show."""
    if not old.size or np.ptp(old) == 0:
        return False
    if np.array_equal(old, new):
        return True
    if np.ptp(new) == 0:
        return False
    return abs(float(np.corrcoef(old.ravel(), new.ravel())[0, 1])) > _FOLLOWS
