"""Values for cells in which nothing is seen: what plain formulas give, to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.pixels.membrane import solved
from unseen.pixels.surface import Floats

F = np.float32


def twice(cells: Floats, axis: int) -> Floats:
    """Every cell twice along an axis: three quarters of it and a quarter of the neighbour; those at the ends alone."""
    cells = np.moveaxis(cells, axis, 0)
    own, quarter = cells - cells * F(0.25), cells * F(0.25)
    before, after = own[1:] + quarter[:-1], own[:-1] + quarter[1:]
    pairs = np.stack([np.concatenate([cells[:1], before]), np.concatenate([after, cells[-1:]])], axis=1)
    return np.moveaxis(pairs.reshape(-1, *cells.shape[1:]), 0, axis)


def halved(cells: Floats) -> Floats:
    height, width = cells.shape[-2:]
    cells = np.pad(cells, ((0, 0),) * (cells.ndim - 2) + ((0, height % 2), (0, width % 2)))
    rows = cells[..., ::2, :] + cells[..., 1::2, :]
    return np.asarray(rows[..., ::2] + rows[..., 1::2])


def plainly_solved(seen: Floats, weight: Floats) -> Floats:
    if weight.all():
        return np.asarray(seen / weight)
    fewer, share = halved(seen), halved(weight)
    much = np.maximum(share, 1)
    height, width = weight.shape
    coarse = twice(twice(plainly_solved(fewer / much, share / much), 1)[:, :height], 2)[..., :width]
    rest = 1 - weight
    values = coarse * rest + seen
    for _ in range(2 if weight.size <= 16_000 else 0):
        around = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")
        mean = values + around[:, :-2, 1:-1] + around[:, 2:, 1:-1] + around[:, 1:-1, :-2] + around[:, 1:-1, 2:]
        values = values + (mean * F(0.2) - values) * rest
    return np.asarray(values)


@examples(1)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**32 - 1))
@example(3, 101, 163, 0.9, 1)
@example(1, 1, 1, 0.0, 1)
@example(2, 1, 33, 1.0, 1)
@example(2, 33, 1, 1.0, 1)
def test_cells_take_the_values_of_the_plain_formulas_to_the_last_bit(
    planes: int, height: int, width: int, unseen: float, seed: int
) -> None:
    """What is written may not change with how quickly it is worked out."""
    random = np.random.default_rng(seed)
    weight = random.integers(0, 17, (height, width)).astype(F) / 16
    weight[random.random((height, width)) < unseen] = 0
    weight[height // 2, width // 2] = 1
    seen = (random.random((planes, height, width), dtype=F) * 255) * weight
    kept = seen.copy()
    np.testing.assert_array_equal(solved(seen, weight), plainly_solved(seen, weight))
    np.testing.assert_array_equal(seen, kept)
