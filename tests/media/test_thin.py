"""Fewer frames a second: never more than are asked for, none lost without need, times as they were."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from unseen.media.thin import Slots

rates = st.floats(0.01, 60, allow_nan=False)


@given(rates, st.lists(st.integers(1, 400), min_size=1, max_size=80))
def test_no_span_of_time_has_more_frames_than_its_slots(rate: float, steps: list[int]) -> None:
    times = [Fraction(ticks, 1000) for ticks in accumulate(steps)]
    slots = Slots(rate)
    kept = [time for time in times if slots.keeps(time)]
    assert kept[0] == times[0], "the first frame always stays"
    for first, start in enumerate(kept):
        for count, end in enumerate(kept[first:], start=1):
            # Frames of n slots lie in a span that is longer than n - 2 of them.
            assert count <= (end - start) * Fraction(str(rate)) + 2


@given(st.sampled_from([5, 12, 12.5, 24, 25, 29.97]), st.integers(1, 200))
def test_frames_that_come_as_fast_as_allowed_all_stay_though_times_are_rounded(rate: float, count: int) -> None:
    slots = Slots(rate)
    assert all(slots.keeps(Fraction(round(1000 * i / rate), 1000)) for i in range(count))


@given(st.sampled_from([1, 2, 5, 10, 15, 24]))
def test_the_rate_is_reached_on_average(rate: int) -> None:
    slots = Slots(rate)
    assert 10 * rate <= sum(slots.keeps(Fraction(i, 30)) for i in range(300)) <= 10 * rate + 1
