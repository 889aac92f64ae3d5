"""What pops up in a part of the picture, or goes from it at once: a face that shows for an instant, an inset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pops"]

#: Rows and columns of samples that make a block; a lone sample changes with any grain.
_DOWN, _ACROSS = 2, 4
#: A block pops by this share of the range, or more, and by so many times what it and those around it changed lately.
_POP, _MORE = 0.08, 3.0
#: How much of the most that changed lately is kept from frame to frame.
_KEPT = 0.9
#: So many blocks at least, and so many times as many as lately: one or two are a reflection, or a foot that moves.
_LEAST, _UNUSUAL = 3, 2.0
#: So many pops may come at once, and one more in so many frames: what pops more often flickers or moves on, and is
#: remembered as what moves.
_MOST, _EVERY = 2.0, 4


class Pops:
    """Tells for each frame of a video, by its thumbnail, whether something pops up in a part of the picture or goes.

    What moves comes into a block from one beside it, which changed before. What pops up does not. A camera that moves
    brings much that is new in each frame: so more must be new than lately. What popped up is not held against what
    takes its place, or its going, unless that comes too often; in the very next frame it is, as that may be its motion.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._lately: NDArray[np.float32] | None = None
        self._just: NDArray[np.float32] | None = None
        self._often = 0.0
        self._spent = 0.0

    def comes(self, small: NDArray[np.float32], all_over: bool) -> bool:
        """Take the next thumbnail (rows, columns; 0..1) and return whether something pops up; not in the first two.

        `all_over` says that the whole picture changed: this is for others to tell, and says nothing of what moves.
        """
        blocks = _means(small)
        last, self._last = self._last, blocks
        if last is None or last.shape != blocks.shape:
            self._lately = None
            return False
        if all_over:
            return False
        change = np.abs(blocks - last)
        lately, just = self._lately, self._just
        self._lately = self._just = _spread(change)
        if lately is None or just is None:
            return False
        new = (change >= _POP) & (change > _MORE * lately)
        count = float(np.count_nonzero(new))
        unusual = count >= _LEAST and count > _UNUSUAL * self._often
        self._spent = max(0.0, self._spent - 1 / _EVERY) + unusual
        if unusual and self._spent <= _MOST:
            self._lately = _spread(np.where(_spread(new.astype(np.float32)) > 0, np.float32(0), change))
            count = 0.0
        self._often = max(_KEPT * self._often, count)
        self._lately = np.maximum(self._lately, _KEPT * lately)
        return unusual and int(np.count_nonzero(new & (change > _MORE * just))) >= _LEAST


def _means(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of whole blocks of a thumbnail, its right and lower edges left out."""
    rows, columns = small.shape[0] // _DOWN * _DOWN, small.shape[1] // _ACROSS * _ACROSS
    tall = np.asarray(sum(small[i:rows:_DOWN, :columns] for i in range(_DOWN)))
    return np.asarray(sum(tall[:, i::_ACROSS] for i in range(_ACROSS)) / np.float32(_DOWN * _ACROSS))


def _spread(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each block the most of it and the eight around it."""
    tall = change.copy()
    np.maximum(tall[1:], change[:-1], out=tall[1:])
    np.maximum(tall[:-1], change[1:], out=tall[:-1])
    wide = tall.copy()
    np.maximum(wide[:, 1:], tall[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], tall[:, 1:], out=wide[:, :-1])
    return wide
