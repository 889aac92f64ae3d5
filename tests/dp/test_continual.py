"""Running counts: exact without noise, of the published spread, changed by one unit no more than said."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.privacy import Cost, Part
from unseen.dp.continual import Scheme, SquareRoot, Tree, naive_errors
from unseen.dp.noise import Contributions, noise_for, variance

_ONE = Contributions(1, 1)
_COST = Cost((Part("gaussian", Fraction(1, 10)),))


def _rmse(scheme: Scheme, steps: int) -> float:
    variances = [[noise_for(_COST, scheme.distances(step)).scale ** 2] for step in range(steps)]
    return float(np.sqrt(scheme.spread(np.array(variances)).mean()))


def test_errors_of_a_day_by_minutes_are_those_that_were_computed_elsewhere() -> None:
    naive = naive_errors(1440, variance(noise_for(_COST, _ONE.distances)))
    assert np.sqrt(naive.mean()) == pytest.approx(60, rel=0.01)
    assert _rmse(Tree(_ONE, 1440), 1440) == pytest.approx(16.7, rel=0.01)
    assert _rmse(SquareRoot(1440, _ONE), 1440) == pytest.approx(7.2, rel=0.01)


@pytest.mark.parametrize("scheme", [Tree(_ONE, 77), Tree(_ONE), SquareRoot(77, _ONE)], ids=["tree", "open", "root"])
def test_without_noise_running_counts_are_exact(scheme: Scheme) -> None:
    increments = np.random.default_rng(1).poisson(5, (77, 3))
    measured = np.array([scheme.measure(increments[: step + 1]) for step in range(77)])
    assert scheme.publish(measured.astype(float)) == pytest.approx(increments.cumsum(axis=0), abs=1e-6)


@given(st.integers(1, 90), st.data())
def test_one_unit_changes_what_is_measured_by_no_more_than_said(steps: int, data: st.DataObject) -> None:
    most = Contributions(cells=3, each=2)
    tracks = data.draw(
        st.lists(st.sets(st.tuples(st.integers(0, steps - 1), st.integers(0, 1)), max_size=3), max_size=2)
    )
    change = np.zeros((steps, 2), dtype=np.int64)
    for track in tracks:
        for step, stream in track:
            change[step, stream] += 1
    for scheme in (Tree(most, steps), Tree(most), SquareRoot(steps, most)):
        measured = np.array([scheme.measure(change[: step + 1]) for step in range(steps)])
        # In units of what the noise of each step covers: all steps together are no more than one.
        in_l1 = sum(np.abs(row).sum() / scheme.distances(i).l1 for i, row in enumerate(measured))
        in_l2 = sum((row.astype(float) ** 2).sum() / scheme.distances(i).l2_squared for i, row in enumerate(measured))
        assert in_l1 <= 1 + 1e-9
        assert in_l2 <= 1 + 1e-9


def test_bound_of_the_square_root_is_reached() -> None:
    most = Contributions(cells=3, each=2)
    scheme = SquareRoot(50, most)
    change = np.zeros((50, 1), dtype=np.int64)
    change[:3] = 2
    measured = np.array([scheme.measure(change[: step + 1]) for step in range(50)])
    assert int((measured**2).sum()) == scheme.distances(0).l2_squared


def test_steps_of_an_open_stream_can_go_on_for_ever() -> None:
    scheme = Tree(_ONE)
    levels = [scheme.distances(step).l1 for step in (0, 1, 2, 3, 6, 7, 1022, 1023)]
    assert levels == [1, 2, 2, 3, 3, 4, 10, 11]
