"""Where a new shot begins, over which no track goes on, and where a picture changes so much that it is looked at."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.media.pops import Pops

__all__ = ["Change", "ShotCuts"]

#: Rows of the thumbnail that frames are compared by, at least; it has columns twice as dense, because memory is read by
#: rows.
_SIDE = 48
#: A cut changes this much of the brightness at most places, and of its distribution; in shares of the range.
_CHANGE, _SHIFT = 0.13, 0.35
#: A picture like one of so many frames before the last one is no new shot.
_BACK = 12
_BINS = 32


@dataclass(frozen=True, slots=True)
class Change:
    """What a frame changes: whether a new shot begins with it, and whether someone may show who did not before."""

    cut: bool = False
    sudden: bool = False


class ShotCuts:
    """Tells for each frame of a video, by its luma plane, whether a new shot begins with it, and what changes at once.

    A cut that is missed covers a little too much, one that is seen where there is none ends tracks too early: so both
    the picture, place by place, and its brightness as a whole must have changed, and more than in the frame before. A
    picture as a moment ago is no new shot: between them was a flash. What is too little for a cut, or comes too often,
    is sudden all the same: it only costs looks.
    """

    def __init__(self, bits: int) -> None:
        self._scale = np.float32(1.0 / ((1 << bits) - 1))
        self._shown = deque[NDArray[np.float32]](maxlen=_BACK + 1)
        self._pops = Pops()
        self._calm = 0.0

    def change(self, luma: Pixels) -> Change:
        """Take the next frame and return what it changes; the first one nothing."""
        down, across = max(1, min(luma.shape) // _SIDE), max(1, min(luma.shape) // (2 * _SIDE))
        fine = luma[down // 2 :: down, across // 2 :: across].astype(np.float32) * self._scale
        small = np.ascontiguousarray(fine[:, ::2])
        if self._shown and self._shown[-1].shape != small.shape:
            self._shown.clear()
        change = _apart(small, self._shown[-1]) if self._shown else 0.0
        all_over = change >= _CHANGE
        usual, self._calm = self._calm, 0.7 * self._calm + 0.3 * min(change, _CHANGE)
        cut = all_over and change >= 3 * usual and self._is_new(small)
        pops = self._pops.comes(fine, all_over)
        self._shown.append(small)
        return Change(cut, all_over or pops)

    def _is_new(self, small: NDArray[np.float32]) -> bool:
        *before, last = self._shown
        return _shift(last, small) >= _SHIFT and all(_apart(small, each) >= _CHANGE / 2 for each in before)


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).mean())


def _shift(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the share of brightness values (0..1) that would have to change to make one distribution the other."""
    one, other = (np.histogram(each, _BINS, (0.0, 1.0))[0] / each.size for each in (a, b))
    return float(np.abs(one - other).sum() / 2)
