"""All detections of a video as arrays, in an order that does not depend on how they were handed in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Detection
from unseen.tracks.camera import Floats, SteadyCamera
from unseen.tracks.motion import Noise, noise_of
from unseen.tracks.settings import KINDS, Motion
from unseen.tracks.states import states_of

__all__ = ["Table", "check_video", "table_of"]

_KINDS = tuple(dict.fromkeys(KINDS.values()))


@dataclass(frozen=True, slots=True)
class Table:
    """One row for each detection, by frame: itself, its frame, shot, kind (a number), score, steady state and noise."""

    found: tuple[Detection, ...]
    frames: NDArray[np.intp]
    shots: NDArray[np.intp]
    kinds: NDArray[np.intp]
    scores: Floats
    states: Floats
    noise: Noise


def table_of(
    frames: Sequence[int],
    detections: Sequence[Sequence[Detection]],
    cuts: Sequence[int],
    steady: SteadyCamera,
    motions: Mapping[str, Motion],
    picture: tuple[int, int],
) -> Table:
    """Return the table of what was found in `frames`; shots are counted by the `cuts` before."""
    rows = [(frame, d) for frame, found in zip(frames, detections, strict=True) for d in sorted(found, key=_order)]
    found = tuple(d for _, d in rows)
    at = np.array([frame for frame, _ in rows], np.intp)
    return Table(
        found=found,
        frames=at,
        shots=np.searchsorted(np.array(sorted(set(cuts)), np.intp), at, side="right"),
        kinds=np.array([_KINDS.index(KINDS[d.cls]) for d in found], np.intp),
        scores=np.array([_score(d) for d in found], np.float64),
        states=steady.steady(at, states_of((d.box for d in found), *picture)),
        noise=noise_of([motions[KINDS[d.cls]] for d in found]),
    )


def check_video(frames: Sequence[int], lists: int, picture: tuple[int, int], rate: float) -> None:
    """Raise ValueError unless `frames` rise, each has a list, and picture and rate are positive."""
    if len(frames) != lists:
        raise ValueError(f"{len(frames)} frames need as many lists of detections, got {lists}")
    if any(a >= b for a, b in itertools.pairwise([-1, *frames])):
        raise ValueError("frames must be 0 or more and rise from one to the next")
    if min(picture) < 1 or not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"a picture and a rate are needed, got {picture} pixels at {rate} frames a second")


def _score(found: Detection) -> float:
    """Return the score; one that is no number counts as sure, so that the object is covered."""
    return 1.0 if math.isnan(found.score) else found.score


def _order(found: Detection) -> tuple[str, float, tuple[float, ...], str, str]:
    return (KINDS[found.cls], -_score(found), found.box.xyxy, found.cls, found.model)
