"""The camera's own motion, taken out of boxes before they are linked and put back after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CameraMotion", "Floats", "SteadyCamera"]

Floats: TypeAlias = NDArray[np.float64]
#: For each frame how the picture moved since the frame before: None (not known, or not at all), a translation of shape
#: (2,), or an affine map of shape (2, 3), all in pixels.
CameraMotion: TypeAlias = Sequence[ArrayLike | None]


class SteadyCamera:
    """Moves states between the picture of each frame and a steady one, that of frame 0.

    A state is (cx, cy, log w, log h). `motion[i]` maps points of frame i-1 to frame i; the first one is not used. The
    sides are scaled by the map's mean scale and not turned, which is exact for translation and zoom. Raises ValueError
    for a map of another shape, one that is not finite, or one that cannot be undone.
    """

    def __init__(self, motion: CameraMotion | None) -> None:
        self._turns: Floats | None = None
        if motion is None:
            return
        steps = [_step(m, i) for i, m in enumerate(motion)]
        turn, shift = np.eye(2), np.zeros(2)
        turns, shifts = [turn], [shift]
        for a in steps[1:]:
            turn, shift = a[:, :2] @ turn, a[:, :2] @ shift + a[:, 2]
            turns.append(turn)
            shifts.append(shift)
        self._turns, self._shifts = np.array(turns), np.array(shifts)
        self._scales = np.sqrt(np.abs(np.linalg.det(self._turns)))
        self._back = np.linalg.inv(self._turns)

    def check(self, last: int) -> None:
        """Raise ValueError unless the motion is known up to frame `last`."""
        if self._turns is not None and len(self._turns) <= last:
            raise ValueError(f"camera motion is given for {len(self._turns)} frames, and frame {last} is needed")

    def steady(self, frames: NDArray[np.intp], states: Floats) -> Floats:
        """Return `states`, shape (n, 4), seen in `frames`, shape (n,), as frame 0 would show them."""
        if self._turns is None:
            return states
        centre = np.einsum("nij,nj->ni", self._back[frames], states[:, :2] - self._shifts[frames])
        return np.concatenate([centre, states[:, 2:] - np.log(self._scales[frames])[:, None]], axis=1)

    def back(self, frames: NDArray[np.intp], states: Floats) -> Floats:
        """Return steady `states`, shape (n, 4), as `frames`, shape (n,), show them."""
        if self._turns is None:
            return states
        centre = np.einsum("nij,nj->ni", self._turns[frames], states[:, :2]) + self._shifts[frames]
        return np.concatenate([centre, states[:, 2:] + np.log(self._scales[frames])[:, None]], axis=1)

    def scale(self, frames: NDArray[np.intp]) -> Floats:
        """Return how many pixels of each of `frames` one pixel of frame 0 is, shape (n,)."""
        return np.ones(len(frames)) if self._turns is None else np.asarray(self._scales[frames], np.float64)


def _step(motion: Any, index: int) -> Floats:
    """Return one frame's motion as an affine map, shape (2, 3)."""
    step = np.zeros(2) if motion is None else np.asarray(motion, np.float64)
    if step.shape == (2,):
        step = np.concatenate([np.eye(2), step[:, None]], axis=1)
    if step.shape != (2, 3) or not np.isfinite(step).all():
        raise ValueError(f"camera motion {index} must be 2 or 2x3 finite numbers, got shape {step.shape}")
    if abs(np.linalg.det(step[:, :2])) < 1e-6:
        raise ValueError(f"camera motion {index} cannot be undone: it squeezes the picture flat")
    return step
