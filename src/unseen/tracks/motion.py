"""Constant-velocity motion of many boxes at once: Kalman's filter forward, Rauch, Tung and Striebel's smoother back.

Each of the four numbers of a state (cx, cy, log w, log h) moves by itself, with its velocity, so that a box's motion
is four filters of two numbers. The noise of the centre is relative to the box's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.settings import Motion
from unseen.tracks.states import sizes

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


def smooth(measured: Floats, seen: NDArray[np.bool_], seconds: float, noise: Noise) -> Belief:
    """Return what is believed of n tracks in each of t frames, given all of their measurements.

    `measured` has shape (n, t, 4) and counts where `seen`, shape (n, t), says so; elsewhere it should hold the
    nearest measurement, whose size scales the noise. Frames lie `seconds` apart. Kalman (1960) forward; Rauch,
    Tung and Striebel (AIAA Journal 3, 1965) backward.
    """
    forward, expected = _forward(measured, seen, seconds, noise)
    gains = _gains(forward[:-1], expected[1:], seconds)
    for i in range(len(forward) - 2, -1, -1):
        _look_back(forward[i], expected[i + 1], forward[i + 1], gains[:, i])
    x, v, xx, xv, vv = forward.transpose(1, 2, 0, 3)
    return Belief(np.stack([x, v], axis=-1), np.stack([xx, xv, xv, vv], axis=-1).reshape(*x.shape, 2, 2))


def _forward(measured: Floats, seen: NDArray[np.bool_], seconds: float, noise: Noise) -> tuple[Floats, Floats]:
    """Return what is believed after each frame, and what was expected of it before, both of shape (t, 5, n, 4).

    The five are value and velocity, and their covariance: of the value, of both, of the velocity. What `predict` and
    `update` say of matrices is written out, because numpy takes its time for a matrix of two by two.
    """
    n, t = seen.shape
    believed, expected = np.empty((t, 5, n, 4)), np.empty((t, 5, n, 4))
    variance = (noise.jitter[:, None] * _scale(measured)).swapaxes(0, 1)
    drift = np.multiply.outer([seconds**3 / 3, seconds**2 / 2, seconds], noise.change)
    weights = seen.T[..., None].astype(np.float64)
    first = begin(measured[:, 0], noise)
    expected[0] = first.mean[..., 0], first.mean[..., 1], *(first.cov[..., i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
    for i in range(t):
        if i:
            x, v, xx, xv, vv = believed[i - 1]
            pushed = drift.copy()
            pushed[..., :2] *= (sizes(x) ** 2)[:, None]
            moved = seconds * vv
            expected[i] = x + seconds * v, v, xx + seconds * (2 * xv + moved), xv + moved, vv
            expected[i, 2:] += pushed
        x, v, xx, xv, vv = expected[i]
        share = weights[i] / (xx + variance[i])
        off, gain, turn = measured[:, i] - x, xx * share, xv * share
        believed[i] = x + gain * off, v + turn * off, xx - gain * xx, xv - gain * xv, vv - turn * xv
    return believed, expected


def _gains(now: Floats, expected: Floats, seconds: float) -> Floats:
    """Return how much of what a frame's successor was found off by each belief takes over: shape (4, t - 1, n, 4).

    The four are a matrix by rows: covariance now, times the step, times the inverse of the expected covariance.
    """
    (_, _, xx, xv, vv), (_, _, exx, exv, evv) = now.swapaxes(0, 1), expected.swapaxes(0, 1)
    ahead, turned = xx + seconds * xv, xv + seconds * vv
    gains = np.stack([ahead * evv - xv * exv, xv * exx - ahead * exv, turned * evv - vv * exv, vv * exx - turned * exv])
    return np.asarray(gains / (exx * evv - exv * exv), np.float64)


def _look_back(now: Floats, expected: Floats, later: Floats, gain: Floats) -> None:
    """Correct the belief `now` by what became of the next frame, which was `expected` otherwise; each (5, n, 4)."""
    off, speed, xx, xv, vv = later - expected
    a, b, c, d = gain
    one, two, three, four = a * xx + b * xv, a * xv + b * vv, c * xx + d * xv, c * xv + d * vv
    now[0] += a * off + b * speed
    now[1] += c * off + d * speed
    now[2] += one * a + two * b
    now[3] += one * c + two * d
    now[4] += three * c + four * d


def _scale(states: Floats) -> Floats:
    """Return what relative variances are multiplied with: the squared size for centres, 1 for logarithms."""
    scale = np.ones(states.shape)
    scale[..., :2] = (sizes(states) ** 2)[..., None]
    return scale
