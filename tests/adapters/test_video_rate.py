"""How many pictures a second a file is taken to have: containers that tell none, or places of which most are empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.rate import PeekedPackets, likely_rate
from unseen.adapters.video_av import open_video

MS = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("told", "stamps", "rate"),
    [
        (1000, [0, 33, 66, 99, 132], Fraction(1000, 33)),
        (1000, [0, 33, 67, 100, 5000, 5033], Fraction(1000, 33)),
        (30, [0, 33, 67, 100, 133], 30),
        (50, [0, 33, 67, 100, 133], Fraction(1000, 33)),
        (15, [0, 33, 67, 100], 15),
        (1, [0, 33, 67, 100], Fraction(1000, 33)),
        (1000, [0, 33], 1000),
        (25, [], 25),
    ],
    ids=["guessed", "with a pause", "right", "too fast", "of two fields", "too slow", "too few", "none"],
)
def test_what_is_told_is_held_against_the_first_stamps(told: int, stamps: list[int], rate: Fraction) -> None:
    assert likely_rate(Fraction(told), stamps, MS) == rate


@given(st.fractions(Fraction(1, 100), 1000), st.lists(st.integers(0, 10**9), unique=True).map(sorted))
def test_the_rate_is_what_is_told_or_is_far_from_it(told: Fraction, stamps: list[int]) -> None:
    rate = likely_rate(told, stamps, MS)
    assert rate == told or not Fraction(4, 5) <= rate / told <= 3
    assert rate > 0


def test_a_browsers_webm_that_tells_no_rate(tmp_path: Path) -> None:
    stamps = [33 * i + (i % 3 == 1) for i in range(60)]
    clip = Clip("libvpx", stamps=stamps, time_base=MS, rate=Fraction(1000))
    make_clip(tmp_path / "a.webm", clip)
    with av.open(str(tmp_path / "a.webm")) as container:
        assert container.streams.video[0].guessed_rate == 1000
    with open_video(tmp_path / "a.webm", "a.webm") as reader:
        assert reader.info.rate == Fraction(1000, 33)
        assert [frame.pts for frame in reader] == stamps
        assert reader.problems == ()


def test_an_avi_with_empty_places(tmp_path: Path) -> None:
    clip = Clip("mpeg4", stamps=tuple(8 * i for i in range(40)), time_base=Fraction(1, 240), rate=Fraction(240))
    make_clip(tmp_path / "a.avi", clip)
    with open_video(tmp_path / "a.avi", "a.avi") as reader:
        assert reader.info.rate == 30
        assert [frame.pts * reader.info.time_base * 30 for frame in reader] == list(range(40))
        assert reader.problems == ()


class _Packet:
    def __init__(self, number: int) -> None:
        self.pts, self.dts, self.size = number, number - 2, 10


@given(st.integers(0, 100), st.none() | st.integers(0, 100))
def test_packets_that_were_looked_at_come_again_and_errors_in_their_turn(count: int, failing: int | None) -> None:
    def packets() -> Iterator[Any]:
        for number in range(count):
            if number == failing:
                raise av.InvalidDataError(1, "damaged")
            yield _Packet(number)

    peeked, numbers = PeekedPackets(packets()), list[int]()
    assert peeked.stamps(decoding=False) == list(range(min(count, 48, count if failing is None else failing)))
    fails = failing is not None and failing < count
    with pytest.raises(av.InvalidDataError) if fails else nullcontext():
        _note(peeked, numbers)
    assert numbers == list(range(failing if fails and failing is not None else count))


def _note(packets: Iterator[Any], numbers: list[int]) -> None:
    """Note the packets' numbers, so that those before an error are known."""
    for packet in packets:
        numbers.append(packet.pts)
