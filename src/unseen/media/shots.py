"""Where a new shot begins: no track goes on over a cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels

__all__ = ["ShotCuts"]

#: Rows and columns of the thumbnail that frames are compared by, at least.
_SIDE = 48
#: A cut changes this much of the brightness at most places, and of its distribution; in shares of the range.
_CHANGE, _SHIFT = 0.13, 0.35
_BINS = 32


class ShotCuts:
    """Tells for each frame of a video, by its luma plane, whether a new shot begins with it.

    A cut that is missed covers a little too much, one that is seen where there is none ends tracks too early: so both
    the picture, place by place, and its brightness as a whole must have changed, and more than in the frame before. A
    picture as two frames ago is no new shot: between them was a flash.
    """

    def __init__(self, bits: int) -> None:
        self._scale = 1.0 / ((1 << bits) - 1)
        self._last: NDArray[np.float32] | None = None
        self._before_last: NDArray[np.float32] | None = None
        self._calm = 0.0

    def begins(self, luma: Pixels) -> bool:
        """Take the next frame and return whether it begins a new shot; the first one does not."""
        step = max(1, min(luma.shape) // _SIDE)
        small = luma[step // 2 :: step, step // 2 :: step].astype(np.float32) * self._scale
        before, last = self._before_last, self._last
        self._before_last, self._last = last, small
        if last is None or last.shape != small.shape:
            return False
        change = float(np.abs(small - last).mean())
        usual, self._calm = self._calm, 0.7 * self._calm + 0.3 * min(change, _CHANGE)
        if change < _CHANGE or change < 3 * usual:
            return False
        if before is not None and before.shape == small.shape and float(np.abs(small - before).mean()) < _CHANGE / 2:
            return False
        return _shift(last, small) >= _SHIFT


def _shift(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the share of brightness values (0..1) that would have to change to make one distribution the other."""
    one, other = (np.histogram(each, _BINS, (0.0, 1.0))[0] / each.size for each in (a, b))
    return float(np.abs(one - other).sum() / 2)
