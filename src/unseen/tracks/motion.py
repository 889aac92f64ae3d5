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
    belief = update(begin(measured[:, 0], noise), measured[:, 0], noise, seen[:, 0])
    forward, expected = [belief], [belief]
    for i in range(1, measured.shape[1]):
        expected.append(predict(belief, seconds, noise))
        belief = update(expected[-1], measured[:, i], noise, seen[:, i])
        forward.append(belief)
    step = np.array([[1.0, seconds], [0.0, 1.0]])
    for i in range(len(forward) - 2, -1, -1):
        forward[i] = _look_back(forward[i], expected[i + 1], forward[i + 1], step)
    return Belief(np.stack([b.mean for b in forward], axis=1), np.stack([b.cov for b in forward], axis=1))


def _look_back(now: Belief, expected: Belief, later: Belief, step: Floats) -> Belief:
    """Return the belief `now` corrected by what became of the next frame, which was `expected` otherwise."""
    gain = now.cov @ step.T @ _inverse(expected.cov)
    mean = now.mean + (gain @ (later.mean - expected.mean)[..., None])[..., 0]
    return Belief(mean, now.cov + gain @ (later.cov - expected.cov) @ gain.swapaxes(-1, -2))


def _inverse(cov: Floats) -> Floats:
    """Return inverses of 2x2 matrices; several times faster than the general routine."""
    turned = np.empty_like(cov)
    turned[..., 0, 0], turned[..., 1, 1] = cov[..., 1, 1], cov[..., 0, 0]
    turned[..., 0, 1] = turned[..., 1, 0] = -cov[..., 0, 1]
    turned /= (cov[..., 0, 0] * cov[..., 1, 1] - cov[..., 0, 1] ** 2)[..., None, None]
    return turned


def _scale(states: Floats) -> Floats:
    """Return what relative variances are multiplied with: the squared size for centres, 1 for logarithms."""
    scale = np.ones(states.shape)
    scale[..., :2] = (sizes(states) ** 2)[..., None]
    return scale
