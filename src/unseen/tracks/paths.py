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

    Paths are worked on together, `at_a_time` frames of them (or one path, if it is longer); by default that takes
    some 120 MB.
    """
    found: dict[int, Path] = {}
    for batch in _batches(objects, at_a_time):
        found.update(zip(batch, _together([objects[i] for i in batch], rate), strict=True))
    return [found[i] for i in range(len(objects))]


def _batches(objects: Sequence[Sightings], at_a_time: int) -> Iterator[list[int]]:
    """Yield indices of objects whose paths can be worked on together, in each batch the longest first."""
    batch: list[int] = []
    frames = 0
    for i in sorted(range(len(objects)), key=lambda i: -objects[i].length):
        if batch and frames + objects[i].length > at_a_time:
            yield batch
            batch, frames = [], 0
        batch.append(i)
        frames += objects[i].length
    if batch:
        yield batch


def _together(objects: Sequence[Sightings], rate: float) -> list[Path]:
    """Return the path of each of `objects`, of which none is longer than the one before; rows as in `smooth`."""
    lengths = np.array([o.length for o in objects])
    counts = len(objects) - np.searchsorted(lengths[::-1], np.arange(lengths[0]), side="right")
    starts = np.cumsum(counts) - counts
    rows = [starts[:length] + i for i, length in enumerate(lengths.tolist())]
    seen = np.zeros(int(lengths.sum()), bool)
    measured = np.zeros((len(seen), 4))
    for o, own in zip(objects, rows, strict=True):
        at = own[o.frames - o.frames[0] + o.before]
        seen[at] = True
        measured[at] = o.states
        measured[own[0]] = o.states[0]
    belief = smooth(measured, seen, counts, 1.0 / rate, noise_of([o.motion for o in objects]))
    states, velocities, spreads = belief.mean[..., 0], belief.mean[..., 1], _spreads(belief)
    return [
        Path(int(o.frames[0]) - o.before, states[own], velocities[own], spreads[own])
        for o, own in zip(objects, rows, strict=True)
    ]


def _spreads(belief: Belief) -> Floats:
    """Return the standard deviation of the boxes' sides in pixels: that of the centre and that of half the extent."""
    variance = np.maximum(belief.cov[..., 0, 0], 0.0)
    centre = variance[..., :2].mean(axis=-1)
    extent = variance[..., 2:].mean(axis=-1) * (sizes(belief.mean[..., 0]) / 2) ** 2
    return np.asarray(np.sqrt(centre + extent), np.float64)
