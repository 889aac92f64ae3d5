"""Motion: the smoother against a direct solution, and paths that do not depend on their neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from unseen.tracks.motion import begin, noise_of, predict, smooth, update
from unseen.tracks.paths import Sightings, paths
from unseen.tracks.settings import Motion

_RATE = 25.0
_STILL = np.log([40.0, 90.0])


def straight(frames: NDArray[np.intp], start: tuple[float, float], speed: tuple[float, float]) -> NDArray[np.float64]:
    """States of a box of 40 x 90 px that moves `speed` pixels a frame."""
    centre = np.array(start) + frames[:, None] * np.array(speed)
    return np.concatenate([centre, np.tile(_STILL, (len(frames), 1))], axis=1)


def directly(values: NDArray[np.float64], seen: NDArray[np.bool_], motion: Motion) -> tuple[float, float]:
    """Mean and variance of a log side in the middle frame, from the precision of all frames' values at once."""
    n, dt = len(values), 1 / _RATE
    noise = motion.growth_change**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    jump = np.hstack([-np.array([[1.0, dt], [0.0, 1.0]]), np.eye(2)])
    precision, pull = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    precision[0, 0], precision[1, 1], pull[0] = 1e-4, motion.growth**-2, 1e-4 * values[0]
    for i in range(n - 1):
        precision[2 * i : 2 * i + 4, 2 * i : 2 * i + 4] += jump.T @ np.linalg.inv(noise) @ jump
    at = 2 * np.flatnonzero(seen)
    precision[at, at] += motion.side_jitter**-2
    pull[at] += values[seen] * motion.side_jitter**-2
    cov, mid = np.linalg.inv(precision), 2 * (n // 2)
    return float(cov[mid] @ pull), float(cov[mid, mid])


@given(
    st.lists(st.tuples(st.floats(2, 6), st.booleans()), min_size=2, max_size=12).filter(lambda v: any(s for _, s in v))
)
def test_smoother_equals_the_direct_solution(steps: list[tuple[float, bool]]) -> None:
    values, seen = np.array([v for v, _ in steps]), np.array([s for _, s in steps])
    measured = np.zeros((len(steps), 4))
    measured[:, 2] = values
    belief = smooth(measured, seen, np.ones(len(steps), int), 1 / _RATE, noise_of([Motion()]))
    mean, variance = directly(values, seen, Motion())
    mid = len(steps) // 2
    assert belief.mean[mid, 2, 0] == pytest.approx(mean, abs=1e-3)
    assert belief.cov[mid, 2, 0, 0] == pytest.approx(variance, rel=1e-3)


def test_constant_velocity_is_found_and_carried_over_a_gap() -> None:
    frames = np.array([0, 1, 2, 3, 4, 5, 25, 26, 27, 28, 29])
    path = paths([Sightings(frames, straight(frames, (100, 80), (4.0, -1.0)), Motion())], _RATE)[0]
    truth = straight(np.arange(30), (100, 80), (4.0, -1.0))
    assert np.abs(path.states[:, :2] - truth[:, :2]).max() < 2
    assert np.abs(path.velocities[15, :2] / _RATE - [4.0, -1.0]).max() < 0.3
    assert path.spreads[15] > 3 * path.spreads[2]


def test_what_is_not_seen_does_not_count() -> None:
    frames = np.arange(12)
    measured, seen = straight(frames, (50, 50), (2.0, 0.0)), frames % 3 == 0
    wild = measured.copy()
    wild[~seen] = 9e3
    noise = noise_of([Motion()])
    first, second = (smooth(m, seen, np.ones(12, int), 1 / _RATE, noise) for m in (measured, wild))
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.cov, second.cov)


def test_spread_grows_away_from_sightings_on_both_sides() -> None:
    frames = np.arange(10, 20)
    seen = Sightings(frames, straight(frames, (300, 200), (1.0, 0.0)), Motion(), before=8, after=8)
    spreads = paths([seen], _RATE)[0].spreads
    assert np.all(np.diff(spreads[:9]) < 0)
    assert np.all(np.diff(spreads[-9:]) > 0)


def test_prediction_without_a_sighting_keeps_the_mean_speed_and_loses_certainty() -> None:
    noise = noise_of([Motion()])
    belief = begin(straight(np.array([0]), (10, 10), (0, 0)), noise)
    for i in range(10):
        belief = update(predict(belief, 1 / _RATE, noise), straight(np.array([i + 1]), (10, 10), (3.0, 0)), noise)
    later = predict(belief, 10 / _RATE, noise)
    assert later.mean[0, 0, 0] - belief.mean[0, 0, 0] == pytest.approx(30, rel=0.1)
    assert later.cov[0, 0, 0, 0] > belief.cov[0, 0, 0, 0]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 1000))
@settings(max_examples=30)
def test_paths_together_are_what_they_are_alone(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    objects = []
    for n in lengths:
        frames = np.unique(rng.integers(0, n, n)) + int(rng.integers(0, 50))
        objects.append(
            Sightings(frames, straight(frames, (5, 9), (1, 1)) + rng.normal(0, 0.1, (len(frames), 4)), Motion(), 2, 3)
        )
    for together, o in zip(paths(objects, _RATE, at_a_time=60), objects, strict=True):
        alone = paths([o], _RATE)[0]
        assert together.first == alone.first == o.frames[0] - 2
        assert len(together.states) == o.length
        np.testing.assert_allclose(together.states, alone.states, atol=1e-9)
        np.testing.assert_allclose(together.spreads, alone.spreads, atol=1e-9)


def test_no_objects_have_no_paths() -> None:
    assert paths([], _RATE) == []
