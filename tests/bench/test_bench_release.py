"""The benchmark of releases: what its attack shows, and that it would see noise that is too small."""

from __future__ import annotations

import numpy as np

from bench.release_figures import Line, at_least, at_most
from bench.release_noise import _attack
from bench.table import cell

_RNG = np.random.default_rng(4)


def _laplace(scale: float, shift: int) -> np.ndarray:
    p = 1 - np.exp(-1 / scale)
    return _RNG.geometric(p, 20_000) - _RNG.geometric(p, 20_000) + shift


def test_attack_shows_no_more_than_the_true_loss_and_nearly_that() -> None:
    shown = _attack(_laplace(3.0, 3), _laplace(3.0, 0), 0.0)
    assert 0.8 < shown <= 1.0


def test_attack_sees_noise_that_is_too_small() -> None:
    assert _attack(_laplace(2.0, 3), _laplace(2.0, 0), 0.0) > 1.2


def test_attack_shows_nothing_of_tables_that_are_the_same() -> None:
    assert _attack(_laplace(3.0, 0), _laplace(3.0, 0), 0.0) < 0.15


def test_lines_say_whether_they_are_what_is_wanted() -> None:
    assert cell(Line("x", at_most(0.06, 0.05)).figure) == "0.060 SHORT <= 0.05"
    assert cell(Line("x", at_least(2.0, 2.0)).figure) == "2.000 ok >= 2"
