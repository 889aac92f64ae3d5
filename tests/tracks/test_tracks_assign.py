"""The assignment of detections to tracks: as good as the best one over all, however it is found."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped, unused-ignore]

from unseen.tracks.assign import Gate, assign
from unseen.tracks.states import corners, overlaps, sizes


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(0, 12), st.sampled_from((30.0, 300.0)))
@settings(max_examples=60, deadline=None)
def test_pairs_cost_the_least(seed: int, tracks: int, found: int, room: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (
        np.concatenate([rng.uniform(0, room, (n, 2)), rng.normal(3, 0.2, (n, 2))], axis=1) for n in (tracks, found)
    )
    alike, gate = rng.random((tracks, found)) < 0.9, Gate(0.1, np.full(tracks, 1.2))
    pairs = assign(one, other, alike, gate)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    if not tracks or not found:
        return
    overlap = overlaps(corners(one), corners(other))
    away = np.linalg.norm(one[:, None, :2] - other[None, :, :2], axis=-1)
    away /= (sizes(one)[:, None] + sizes(other)[None, :]) / 2 * gate.reach[:, None]
    unlike = np.abs(one[:, None, 2:] - other[None, :, 2:]).max(axis=-1) > np.log(2.0)
    allowed = alike & ((overlap >= gate.overlap) | ((away <= 1.0) & ~unlike))
    saved = np.where(allowed, 1.0 + overlap - np.minimum(away, 1.0), 0.0)
    assert all(allowed[pair] for pair in pairs)
    best = saved[linear_sum_assignment(saved, maximize=True)].sum()
    assert sum(saved[pair] for pair in pairs) >= best - 1e-9
