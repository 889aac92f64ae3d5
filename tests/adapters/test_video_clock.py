"""Times of showing that are missing, doubled or jumping become rising ones; times of decoding follow from them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.video.clock import Clock, DecodingTimes

TICK = Fraction(1, 1000)
RATE = Fraction(25)


def _stamps(stamps: list[int | None]) -> list[int]:
    clock = Clock(TICK, RATE)
    return [clock.stamp(stamp) for stamp in stamps]


@given(st.sets(st.integers(-(10**6), 10**6), min_size=1))
def test_rising_stamps_are_kept(stamps: set[int]) -> None:
    """As far as they lie apart, and as they are, but where the first one is before 0."""
    clock = Clock(TICK, RATE)
    rising = sorted(stamps)
    early = min(0, rising[0])
    assert [clock.stamp(stamp) for stamp in rising] == [stamp - early for stamp in rising]
    assert clock.mended == 0


def test_stamps_are_counted_from_the_origin() -> None:
    clock = Clock(TICK, RATE, 5000)
    assert [clock.stamp(stamp) for stamp in (5010, 5050, 5090)] == [10, 50, 90]
    early = Clock(TICK, RATE, 5000)
    assert [early.stamp(stamp) for stamp in (4990, 5030)] == [0, 40]
    assert clock.mended == early.mended == 0


@given(st.lists(st.none() | st.integers(-(10**13), 10**13), min_size=1))
def test_whatever_comes_the_stamps_rise(stamps: list[int | None]) -> None:
    assert all(before < after for before, after in pairwise(_stamps(stamps)))


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        pytest.param([None, None, None], [0, 40, 80], id="none at all"),
        pytest.param([0, None, 80], [0, 40, 80], id="one missing"),
        pytest.param([0, 40, 40, 80], [0, 40, 41, 80], id="doubled"),
        pytest.param([0, 80, 40, 120], [0, 80, 81, 120], id="a little back"),
        pytest.param([90_000, 90_040, 0, 40, 80], [90_000, 90_040, 90_080, 90_120, 90_160], id="starts anew"),
        pytest.param([0, 40, 10**12, 10**12 + 40], [0, 40, 80, 120], id="a leap of years"),
        pytest.param([0, 40, 3_600_000, 3_600_040], [0, 40, 3_600_000, 3_600_040], id="an hour's pause is kept"),
    ],
)
def test_bad_stamps_are_mended(given_: list[int | None], wanted: list[int]) -> None:
    assert _stamps(given_) == wanted


@pytest.mark.parametrize(
    ("stamps", "shifted"),
    [
        ([0, 40, None, 120, 110, 160], False),
        ([-30, 10], False),
        ([-3000, 10], True),
        ([5000, 5040, 0, 40], True),
        ([5000, 5040, 0, 5080], True),
        ([0, 40, 10**12], True),
        ([0, 40, 3_600_000], False),
    ],
)
def test_clock_tells_that_other_streams_are_out_of_step(stamps: list[int | None], shifted: bool) -> None:
    clock = Clock(TICK, RATE)
    for stamp in stamps:
        clock.stamp(stamp)
    assert clock.shifted == shifted


def test_mended_stamps_are_counted() -> None:
    clock = Clock(TICK, RATE)
    for stamp in (0, None, 80, 80, 120):
        clock.stamp(stamp)
    assert clock.mended == 2


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.integers(0, 10**6), st.integers(0, 2))
def test_pictures_are_decoded_in_order_and_not_after_they_are_shown(steps: list[int], start: int, delay: int) -> None:
    stamps = [start + sum(steps[:index]) for index in range(len(steps))]
    times = DecodingTimes(delay)
    for stamp in stamps:
        times.shown(stamp)
    decoded = [times.next() for _ in stamps]
    assert all(before < after for before, after in pairwise(decoded))
    # Groups of two pictures that wait for the third (delay 1), or of four with a pyramid (delay 2).
    orders = {0: (0,), 1: (1, 0), 2: (3, 1, 0, 2)}
    order = [group + place for group in range(1, len(stamps), len(orders[delay])) for place in orders[delay]]
    sent = [0, *(place for place in order if place < len(stamps))]
    assert all(time <= stamps[place] for time, place in zip(decoded, sent, strict=True))


def test_without_reordering_decoding_is_showing() -> None:
    times = DecodingTimes(0)
    got = []
    for stamp in (5, 7, 90):
        times.shown(stamp)
        got.append(times.next())
    assert got == [5, 7, 90]
