"""What is made of numbers with noise: intervals hold as often as they say, whatever the measure."""

from __future__ import annotations

import numpy as np
import pytest

from unseen.core.privacy import Noise
from unseen.dp.noise import half_width
from unseen.stats.measures import Count, Mean, Measure, Noisy, Quantiles, Ratio, Sum

_CELLS = 4000
_RNG = np.random.default_rng(11)


def _laplace(scale: float, size: int) -> np.ndarray:
    """Discrete Laplace noise as a difference of geometric numbers, which is not how releases draw it."""
    p = 1 - np.exp(-1 / scale)
    return _RNG.geometric(p, size) - _RNG.geometric(p, size)


def _covered(columns: dict[str, list[float]], name: str, true: np.ndarray | float) -> float:
    low, high = np.array(columns[f"{name}_low"], dtype=float), np.array(columns[f"{name}_high"], dtype=float)
    return float(((low <= true) & (true <= high)).mean())


@pytest.mark.parametrize(
    ("measure", "step"), [(Count(), 1.0), (Sum("count", "x", 0, 10, 0.25), 0.25)], ids=["count", "sum"]
)
def test_intervals_of_what_is_added_up_hold_as_stated(measure: Measure, step: float) -> None:
    noise = Noise("laplace", 5.0)
    noisy = Noisy(40 + _laplace(5.0, _CELLS), noise)
    columns = measure.columns([noisy], None)
    assert 0.94 <= _covered(columns, "count", 40 * step) <= 0.97
    assert columns["count_low"] == columns["count_noise_low"]
    width = np.array(columns["count_high"]) - np.array(columns["count_low"])
    assert width == pytest.approx(2 * half_width(noise) * step)


def test_total_interval_is_wider_by_the_bias_and_the_value_is_left_as_it_is() -> None:
    noise, bias = Noise("laplace", 5.0), Ratio(0.25, 0.2, 0.3)
    kept = 400
    columns = Count().columns([Noisy(kept + _laplace(5.0, _CELLS), noise)], bias)
    assert _covered(columns, "count", kept * 1.25) >= 0.95
    assert np.mean(columns["count"]) == pytest.approx(kept, abs=1)
    assert np.mean(columns["count_bias"]) == pytest.approx(-0.25 * kept, abs=1)


@pytest.mark.parametrize("largest", [1, 40])
def test_total_interval_holds_the_random_choice_of_rows(largest: int) -> None:
    rows, share = 900, 0.6
    values = _RNG.integers(0, largest + 1, rows) if largest > 1 else np.ones(rows, dtype=np.int64)
    kept = (_RNG.random((_CELLS, rows)) < share) @ values
    measure = Count("total") if largest == 1 else Sum("total", "x", 0, largest, 1.0)
    exact = Ratio(1 / share - 1, 1 / share - 1, 1 / share - 1)
    columns = measure.columns([Noisy(kept + _laplace(2.0, _CELLS), Noise("laplace", 2.0))], exact)
    assert _covered(columns, "total", float(values.sum())) >= 0.95


def test_mean_lies_within_its_interval_and_its_bounds() -> None:
    measure = Mean("speed", "v", 0.0, 100.0, 0.5)
    rows, mean = 200, 62.0
    sums = round(rows * (mean - 50) / 0.5)
    noises = (Noise("laplace", 300.0), Noise("laplace", 4.0))
    noisy = [Noisy(at + _laplace(n.scale, _CELLS), n) for at, n in zip((sums, rows), noises, strict=True)]
    columns = measure.columns(noisy, None)
    assert _covered(columns, "speed", mean) >= 0.95
    assert np.mean(columns["speed"]) == pytest.approx(mean, abs=0.5)
    assert 0 <= min(columns["speed"]) <= max(columns["speed"]) <= 100


def test_mean_of_a_cell_that_may_be_empty_says_that_nothing_is_known() -> None:
    measure = Mean("speed", "v", 0.0, 100.0, 0.5)
    noisy = [Noisy(np.array([900]), Noise("laplace", 300.0)), Noisy(np.array([3]), Noise("laplace", 4.0))]
    columns = measure.columns(noisy, None)
    assert (columns["speed_low"], columns["speed_high"]) == ([0.0], [100.0])


@pytest.mark.parametrize("share", [0.15, 0.5, 0.85])
def test_quantile_lies_within_its_interval(share: float) -> None:
    measure = Quantiles("pace", "v", 0.0, 100.0, 20, (share,))
    values = np.clip(_RNG.normal(55, 12, 2000), 0, 99.9)
    true = float(np.quantile(values, share))
    counts = np.bincount((values // 5).astype(int), minlength=20)
    cells = 400
    noisy = Noisy((counts + _laplace(10.0, cells * 20).reshape(cells, 20)).ravel(), Noise("laplace", 10.0))
    columns = measure.columns([noisy], None)
    name = f"pace_{100 * share:g}"
    assert _covered(columns, name, true) >= 0.93
    assert np.median(columns[name]) == pytest.approx(true, abs=2)
    assert np.median(np.array(columns[f"{name}_high"]) - np.array(columns[f"{name}_low"])) <= 15


def test_quantile_of_noise_alone_says_that_nothing_is_known() -> None:
    measure = Quantiles("pace", "v", 0.0, 100.0, 4, (0.5,))
    columns = measure.columns([Noisy(np.array([-3, 2, 1, -4]), Noise("laplace", 10.0))], None)
    assert (columns["pace_50_low"], columns["pace_50_high"]) == ([0.0], [100.0])


def test_expected_errors_are_those_that_come() -> None:
    noises = [Noise("laplace", 300.0), Noise("laplace", 4.0)]
    rows, off_middle = 1000, 100 / 4
    measure = Mean("speed", "v", 0.0, 100.0, 0.5)
    sums = round(rows * off_middle / 0.5)
    means = np.array(
        measure.columns(
            [Noisy(sums + _laplace(300.0, _CELLS), noises[0]), Noisy(rows + _laplace(4.0, _CELLS), noises[1])], None
        )["speed"]
    )
    assert 1.96 * means.std() == pytest.approx(measure.error(noises, rows), rel=0.06)
