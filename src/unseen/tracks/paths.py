"""Smooth paths through sightings: where each object was in every frame, seen or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.motion import Belief, noise_of, smooth
from unseen.tracks.settings import Motion
from unseen.tracks.states import sizes

__all__ = ["Path", "Sightings", "paths"]

#: A path is worked on with others up to so many times as long: a step of many costs little more than one of few.
_SHORTEST = 16


class Sightings(NamedTuple):
    """One object: rising frames (n,) in which it was seen and states (n, 4), and how far to go before and after."""

    frames: NDArray[np.intp]
    states: Floats
    motion: Motion
    before: int = 0
    after: int = 0

    @property
    def length(self) -> int:
        """How many frames the path has."""
        return int(self.frames[-1] - self.frames[0]) + 1 + self.before + self.after


class Path(NamedTuple):
    """One object in consecutive frames from `first`: states (t, 4), change a second (t, 4), spread in pixels (t,)."""

    first: int
    states: Floats
    velocities: Floats
    spreads: Floats


def paths(objects: Sequence[Sightings], rate: float, *, at_a_time: int = 100_000) -> list[Path]:
    """Return the path of each of `objects` in a video of `rate` frames a second.

    Paths are worked on together, the longest at most 16 times as long as the shortest, `at_a_time` frames of them (or
    one path, if it is longer); by default that takes some 100 MB.
    """
    found: dict[int, Path] = {}
    for batch in _batches(objects, at_a_time):
        found.update(zip(batch, _together([objects[i] for i in batch], rate), strict=True))
    return [found[i] for i in range(len(objects))]


def _batches(objects: Sequence[Sightings], at_a_time: int) -> Iterator[list[int]]:
    """Yield indices of objects whose paths can be worked on together: none is much longer than another."""
    batch: list[int] = []
    for i in sorted(range(len(objects)), key=lambda i: -objects[i].length):
        longest = objects[batch[0]].length if batch else 0
        if batch and (objects[i].length < longest // _SHORTEST or (len(batch) + 1) * longest > at_a_time):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _together(objects: Sequence[Sightings], rate: float) -> list[Path]:
    longest = max(o.length for o in objects)
    seen = np.zeros((len(objects), longest), bool)
    measured = np.zeros((len(objects), longest, 4))
    for i, o in enumerate(objects):
        at = o.frames - o.frames[0] + o.before
        seen[i, at] = True
        measured[i, at] = o.states
        measured[i, 0] = o.states[0]
    belief = smooth(measured, seen, 1.0 / rate, noise_of([o.motion for o in objects]))
    spreads = _spreads(belief)
    return [
        Path(int(o.frames[0]) - o.before, *(a[i, : o.length] for a in (*_parts(belief), spreads)))
        for i, o in enumerate(objects)
    ]


def _parts(belief: Belief) -> tuple[Floats, Floats]:
    return belief.mean[..., 0], belief.mean[..., 1]


def _spreads(belief: Belief) -> Floats:
    """Return the standard deviation of the boxes' sides in pixels: that of the centre and that of half the extent."""
    variance = np.maximum(belief.cov[..., 0, 0], 0.0)
    centre = variance[..., :2].mean(axis=-1)
    extent = variance[..., 2:].mean(axis=-1) * (sizes(belief.mean[..., 0]) / 2) ** 2
    return np.asarray(np.sqrt(centre + extent), np.float64)
