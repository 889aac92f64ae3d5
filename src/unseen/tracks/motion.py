"""Constant-velocity motion of many boxes at once: Kalman's filter forward, Rauch, Tung and Striebel's smoother back.

Each of the four numbers of a state (cx, cy, log w, log h) moves by itself, with its velocity, so that a box's motion
is four filters of two numbers. The noise of the centre is relative to the box's size.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.settings import Motion
from unseen.tracks.states import LEAST, MOST, sizes

__all__ = ["Belief", "Noise", "begin", "noise_of", "predict", "smooth", "update"]

#: The spread of a centre (in sizes) or of a logarithm of which nothing is known.
_NOTHING_KNOWN = 100.0


class Belief(NamedTuple):
    """Where boxes are and how sure: mean (..., 4, 2), value and velocity a second; covariance (..., 4, 2, 2)."""

    mean: Floats
    cov: Floats


@dataclass(frozen=True, slots=True)
class Noise:
    """Variances of n tracks, each of shape (n, 4), in sizes and logarithms: first speed, its change, measurement."""

    speed: Floats
    change: Floats
    jitter: Floats

    def of(self, index: NDArray[np.intp]) -> Noise:
        """Return the rows at `index`."""
        return Noise(self.speed[index], self.change[index], self.jitter[index])


def noise_of(motions: Sequence[Motion]) -> Noise:
    """Return the variances of tracks that move as `motions` say."""
    rows = np.array(
        [(m.speed, m.growth, m.acceleration, m.growth_change, m.jitter, m.side_jitter) for m in motions], np.float64
    ).reshape(-1, 6)
    speed, change, jitter = (np.repeat(rows[:, i : i + 2] ** 2, 2, axis=1) for i in (0, 2, 4))
    return Noise(speed, change, jitter)


def begin(states: Floats, noise: Noise) -> Belief:
    """Return the belief in n boxes of which only a first guess is known, `states` of shape (n, 4)."""
    scale = _scale(states)
    cov = np.zeros((*states.shape, 2, 2))
    cov[..., 0, 0] = _NOTHING_KNOWN**2 * scale
    cov[..., 1, 1] = noise.speed * scale
    return Belief(np.stack([states, np.zeros_like(states)], axis=-1), cov)


def predict(belief: Belief, seconds: float, noise: Noise) -> Belief:
    """Return the belief `seconds` later: constant velocity, changed by white noise (Kalman 1960)."""
    step = np.array([[1.0, seconds], [0.0, 1.0]])
    drift = np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
    change = noise.change * _scale(belief.mean[..., 0])
    return Belief(belief.mean @ step.T, step @ belief.cov @ step.T + change[..., None, None] * drift)


def update(belief: Belief, measured: Floats, noise: Noise, seen: NDArray[np.bool_] | None = None) -> Belief:
    """Return the belief after `measured`, shape (n, 4); rows that `seen`, shape (n,), denies stay as they were."""
    variance = noise.jitter * _scale(measured)
    gain = belief.cov[..., 0] / (belief.cov[..., 0, 0] + variance)[..., None]
    if seen is not None:
        gain = gain * seen[:, None, None]
    mean = belief.mean + gain * (measured - belief.mean[..., 0])[..., None]
    return Belief(mean, belief.cov - gain[..., :, None] * belief.cov[..., 0, None, :])


def smooth(measured: Floats, seen: NDArray[np.bool_], counts: NDArray[np.intp], seconds: float, noise: Noise) -> Belief:
    """Return what is believed of tracks in each of their frames, given all of their measurements.

    There is one row for each track and frame: first those of all tracks in their first frames, then in their second
    ones, and so on. Longer tracks come first; `counts` (t,) of them have a first frame, a second one, and so on.
    `measured` has shape (r, 4) and counts where `seen`, shape (r,), says so; elsewhere it should hold numbers that are
    finite, and in first frames the nearest measurement, whose size scales the noise. Frames lie `seconds` apart.
    Kalman (1960) forward; Rauch, Tung and Striebel (AIAA Journal 3, 1965) backward.
    """
    ends = np.cumsum(counts)
    frames = [slice(end - count, end) for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]
    # Of each frame but the first, the rows of the same tracks in the frame before.
    before = [slice(now.start, now.start + later.stop - later.start) for now, later in itertools.pairwise(frames)]
    believed, expected = _forward(measured, seen, frames, before, seconds, noise)
    means, covs = _shares(believed, expected, before, seconds)
    for now, later in zip(reversed(before), reversed(frames[1:]), strict=True):
        _look_back(believed[:, now], expected[:, later], believed[:, later], means[:, :, later], covs[:, :, later])
    x, v, xv, vv, xx = believed
    return Belief(np.stack([x, v], axis=-1), np.stack([xx, xv, xv, vv], axis=-1).reshape(*x.shape, 2, 2))


def _forward(
    measured: Floats,
    seen: NDArray[np.bool_],
    frames: Sequence[slice],
    before: Sequence[slice],
    seconds: float,
    noise: Noise,
) -> tuple[Floats, Floats]:
    """Return what is believed after each frame, and what was expected of it before, both of shape (5, r, 4).

    The five are value, velocity, and their covariance: of both, of the velocity, of the value. What `predict` and
    `update` say of matrices is written out, because numpy takes its time for a matrix of two by two, and in this order
    two or three of them are worked on by one call, because calls are what frames of a dozen boxes take time for.
    """
    believed, expected = np.empty((5, *measured.shape)), np.empty((5, *measured.shape))
    tracks = np.concatenate([np.arange(frame.stop - frame.start) for frame in frames])
    variance = noise.jitter[tracks] * _scale(measured)
    weights = seen[:, None].astype(np.float64)
    drift = np.multiply.outer([seconds**2 / 2, seconds, seconds**3 / 3], noise.change)
    first = begin(measured[frames[0]], noise)
    expected[:2, frames[0]] = first.mean[..., 0], first.mean[..., 1]
    expected[2:, frames[0]] = [first.cov[..., i, j] for i, j in ((0, 1), (1, 1), (0, 0))]
    _believe(
        believed[:, frames[0]], expected[:, frames[0]], measured[frames[0]], variance[frames[0]], weights[frames[0]]
    )
    for frame, earlier in zip(frames[1:], before, strict=True):
        now = expected[:, frame]
        _expect(now, believed[:, earlier], seconds, drift[:, : now.shape[1]])
        _believe(believed[:, frame], now, measured[frame], variance[frame], weights[frame])
    return believed, expected


def _expect(expected: Floats, before: Floats, seconds: float, drift: Floats) -> None:
    """Fill in what is `expected` of what was believed one frame `before`; each (5, n, 4), `drift` (3, n, 4)."""
    changing = before[1:4:2]
    # Value and covariance of both move by velocity and its variance.
    np.add(before[0:3:2], seconds * changing, out=expected[0:3:2])
    expected[1:4:2] = changing
    np.add(before[4], seconds * (before[2] + expected[2]), out=expected[4])
    squared = np.exp(np.minimum(np.maximum(before[0, :, 2] + before[0, :, 3], 2 * LEAST), 2 * MOST))
    expected[2:, :, :2] += drift[:, :, :2] * squared[:, None]
    expected[2:, :, 2:] += drift[:, :, 2:]


def _believe(believed: Floats, expected: Floats, measured: Floats, variance: Floats, weight: Floats) -> None:
    """Fill in what is `believed` of what was `expected`, both (5, n, 4), after what was `measured`, (n, 4)."""
    of_value = expected[2:5:2]
    gain, turn = gains = expected[4:1:-2] * (weight / (expected[4] + variance))
    np.add(expected[:2], gains * (measured - expected[0]), out=believed[:2])
    np.subtract(of_value, gain * of_value, out=believed[2:5:2])
    np.subtract(expected[3], turn * expected[2], out=believed[3])


def _shares(believed: Floats, expected: Floats, before: Sequence[slice], seconds: float) -> tuple[Floats, Floats]:
    """Return how much of what a row was found off by the belief of the frame before takes over.

    For value and velocity, (2, 2, r, 4), that is a matrix G: covariance before, times the step, times the inverse of
    the expected covariance. What G makes of a covariance, G C G', is written as a matrix for the three numbers that a
    covariance has here, (3, 3, r, 4). Those of the first frame, which has none before, mean nothing.
    """
    first = np.arange(expected.shape[1] - sum(each.stop - each.start for each in before))
    rows = np.concatenate([first, *(np.arange(each.start, each.stop) for each in before)])
    (xv, vv, xx), (exv, evv, exx) = believed[2:, rows], expected[2:]
    ahead, turned = xx + seconds * xv, xv + seconds * vv
    means = np.array(
        [[ahead * evv - xv * exv, xv * exx - ahead * exv], [turned * evv - vv * exv, vv * exx - turned * exv]]
    )
    means /= exx * evv - exv * exv
    (a, b), (c, d) = means
    return means, np.array([[a * d + b * c, b * d, a * c], [2 * c * d, d * d, c * c], [2 * a * b, b * b, a * a]])


def _look_back(now: Floats, expected: Floats, later: Floats, means: Floats, covs: Floats) -> None:
    """Correct the belief `now` by what became of the next frame, which was `expected` otherwise; each (5, n, 4)."""
    off = later - expected
    of_means, of_covs = means * off[:2], covs * off[2:]
    now[:2] += of_means[:, 0] + of_means[:, 1]
    now[2:] += of_covs[:, 0] + of_covs[:, 1] + of_covs[:, 2]


def _scale(states: Floats) -> Floats:
    """Return what relative variances are multiplied with: the squared size for centres, 1 for logarithms."""
    scale = np.ones(states.shape)
    scale[..., :2] = (sizes(states) ** 2)[..., None]
    return scale
