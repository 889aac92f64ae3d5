"""The look-ahead: whatever the detector does, a frame leaves with regions only if looks on both sides cover it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame
from unseen.media.live import HIDDEN_WHOLE, Due, LookAhead, Wanted, in_one_colour
from unseen.media.live_pace import EvenTimes

RECIPE = Recipe(looks=looks_for(["face"], None), recall="fast", verify="skip")
FACE = Detection("face", Box(100, 100, 140, 150), 0.9, "centerface")
STEP = 0.04


def _frame(number: int, *, damaged: bool = False) -> VideoFrame:
    return VideoFrame((np.zeros((2, 2), np.uint8),) * 3, number, number, damaged)


def _state(seconds: float = 0.4) -> LookAhead:
    return LookAhead(RECIPE, 640, 360, seconds=seconds)


def _run(state: LookAhead, frames: int, answers: dict[int, tuple[int, list[Detection] | None]]) -> list[Due]:
    """Play frames 40 ms apart; `answers` maps a frame that is looked at to when its answer comes, and the answer."""
    out: list[Due] = []
    pending: list[tuple[int, Wanted, list[Detection] | None]] = []
    for i in range(frames + 30):
        for when, look, found in [p for p in pending if p[0] <= i]:
            if found is None:
                state.lost(look)
            else:
                state.found(look, found)
            pending.remove((when, look, found))
        if i < frames:
            assert state.take(_frame(i), i * STEP) == 0
            if i in answers:
                asked = state.wanted(0.0)
                if asked is not None:
                    pending.append((i + answers[i][0], asked, answers[i][1]))
        due, dropped = state.due(i * STEP + 1e-6)
        assert dropped == 0
        out += due
    return out


def test_frames_between_two_looks_are_let_out() -> None:
    out = _run(_state(), 11, {0: (1, []), 5: (1, []), 10: (1, [])})
    assert [due.frame.index for due in out] == list(range(11))
    assert {due.whole for due in out} == {""}


def test_frames_after_the_last_look_are_hidden_whole() -> None:
    out = _run(_state(), 10, {0: (1, []), 5: (1, [])})
    assert [due.whole for due in out] == [""] * 6 + ["unseen"] * 4


def test_frames_before_the_first_look_are_hidden_whole() -> None:
    out = _run(_state(), 6, {3: (1, []), 5: (1, [])})
    assert [due.whole for due in out] == ["unseen"] * 3 + [""] * 3


def test_looks_too_far_apart_cover_nothing_between_them() -> None:
    out = _run(_state(), 25, {0: (1, []), 12: (1, []), 24: (1, [])})
    assert [due.frame.index for due in out if not due.whole] == [0, 12, 24]


def test_longer_look_ahead_does_not_allow_longer_gaps() -> None:
    out = _run(_state(1.0), 13, {0: (1, []), 12: (1, [])})
    assert [due.frame.index for due in out if not due.whole] == [0, 12]


def test_answer_that_comes_too_late_covers_what_has_not_left() -> None:
    out = _run(_state(), 16, {0: (1, []), 5: (8, []), 15: (0, [])})
    assert [due.frame.index for due in out if due.whole] == [1, 2]


def test_lost_look_covers_nothing() -> None:
    out = _run(_state(), 16, {0: (1, []), 5: (2, None), 15: (1, [])})
    assert [due.frame.index for due in out if not due.whole] == [0, 15]


def test_face_is_hidden_in_the_frames_before_it_was_found() -> None:
    out = _run(_state(), 16, {0: (1, []), 5: (1, []), 10: (1, [FACE]), 15: (1, [FACE])})
    assert all(due.regions for due in out[1:])
    box = out[7].regions[0].box
    assert box.x1 <= 100
    assert box.x2 >= 140


def test_unsure_face_is_hidden_up_to_the_next_look_however_far_away_that_may_be() -> None:
    unsure = replace(FACE, score=0.3)
    for seen in (0, 10):
        out = _run(_state(), 11, {i: (0, [unsure] if i == seen else []) for i in (0, 10)})
        assert all(due.regions and not due.whole for due in out[1:10])


def test_face_is_hidden_for_a_while_after_it_was_last_seen() -> None:
    out = _run(_state(), 31, {i: (1, [FACE] if i <= 10 else []) for i in range(0, 31, 5)})
    assert all(due.regions for due in out[: 10 + 12])
    assert not out[-1].regions


def test_moving_face_is_hidden_between_looks() -> None:
    def at(x: float) -> Detection:
        return Detection("face", Box(x, 100, x + 40, 150), 0.9, "centerface")

    out = _run(_state(), 21, {i: (1, [at(100 + 4 * i)]) for i in range(0, 21, 5)})
    for due in out:
        x = 100 + 4 * due.frame.index
        assert any(r.box.x1 <= x and r.box.x2 >= x + 40 for r in due.regions)
    assert len({r.track for due in out for r in due.regions}) == 1


def test_damaged_frame_is_hidden_whole_and_not_looked_at() -> None:
    state = _state()
    state.take(_frame(0, damaged=True), 0.0)
    assert state.wanted(0.0) is None
    state.take(_frame(1), 0.04)
    look = state.wanted(0.0)
    assert look is not None
    state.found(look, [])
    due, _ = state.due(0.5)
    assert [d.whole for d in due] == ["damaged", ""]


def test_one_look_is_out_at_a_time_and_other_answers_are_not_believed() -> None:
    state = _state()
    state.take(_frame(0), 0.0)
    look = state.wanted(0.0)
    assert look is not None
    state.take(_frame(1), 0.04)
    assert state.wanted(0.0) is None
    state.found(Wanted(look.number + 1, look.frame, look.at), [])
    assert state.wanted(0.0) is None
    state.lost(look)
    again = state.wanted(0.0)
    assert again is not None
    assert again.frame.index == 1
    state.found(look, [])
    assert [d.whole for d in state.rest()] == ["unseen", "unseen"]


def test_looks_keep_their_interval() -> None:
    state, asked = _state(), []
    for i in range(20):
        state.take(_frame(i), i * STEP)
        look = state.wanted(0.15)
        if look is not None:
            asked.append(i)
            state.found(look, [])
        state.due(i * STEP)
    assert asked == [0, 4, 8, 12, 16]


def test_frames_that_are_far_too_late_are_dropped_but_the_newest() -> None:
    state = _state()
    for i in range(10):
        state.take(_frame(i), i * STEP)
    due, dropped = state.due(10.0)
    assert dropped == 9
    assert [d.frame.index for d in due] == [9]


def test_what_waits_is_bounded() -> None:
    state = _state()
    dropped = sum(state.take(_frame(i), i * 0.001) for i in range(1000))
    assert state.waiting <= 48
    assert dropped == 1000 - state.waiting


def test_time_must_rise() -> None:
    state = _state()
    state.take(_frame(0), 1.0)
    with pytest.raises(ValueError, match="after one at"):
        state.take(_frame(1), 1.0)


@pytest.mark.parametrize("rate", [15, 25])
@pytest.mark.parametrize("stamped", [False, True], ids=["no-stamps", "stamps"])
@pytest.mark.parametrize("stall", [0.3, 0.6, 1.5, 3.5])
def test_backlog_of_a_link_that_stalled_is_covered_by_looks_near_for_the_camera(
    stall: float, rate: int, *, stamped: bool
) -> None:
    state, times, left = _state(), EvenTimes(), list[Due]()
    asked: list[tuple[float, Wanted]] = []
    looked: list[int] = []
    now = 0.0
    for i in range(rate * 20):
        # Three seconds live, then all of the stall at once.
        round_, into = divmod(i / rate, 3 + stall)
        now = max(now + 0.002, round_ * (3 + stall) + (into if into <= 3 else 3 + stall))
        for when, look in [a for a in asked if a[0] <= now]:
            state.found(look, [])
            looked.append(look.frame.index)
            asked.remove((when, look))
        left += state.due(now)[0]
        at = times.time(now, i / rate if stamped else None)
        state.take(_frame(i), at, times.filmed)
        look_now = state.wanted(0.125)
        if look_now is not None:
            asked.append((now + 0.02, look_now))
    shown = [due.frame.index for due in left if not due.whole]
    for index in shown:
        before = max(n for n in looked if n <= index)
        after = min(n for n in looked if n >= index)
        assert (after - before) / rate <= 0.4 + 1e-6
    # What came live is shown.
    assert len(shown) > 0.5 * rate * 20 * 3 / (3 + stall)


def test_frames_filmed_far_apart_are_not_covered_and_what_was_found_is_expected_as_filmed() -> None:
    state = _state()
    for i in range(3):
        state.take(_frame(i), i * 0.1, i * 0.3)
        look = state.wanted(0.0) if i != 1 else None
        if look is not None:
            state.found(look, [FACE])
    assert [due.whole for due in state.rest()] == ["", "unseen", ""]
    with pytest.raises(ValueError, match="after one at"):
        state.take(_frame(3), 1.0, 0.6)


def test_a_face_seen_once_and_faintly_is_not_hidden_for_all_of_a_long_look_ahead() -> None:
    state, faint, sure = _state(1.0), replace(FACE, score=0.25), replace(FACE, box=Box(400, 100, 440, 150))
    out = _run(state, 31, {i: (1, [faint, sure] if i == 30 else []) for i in range(0, 31, 5)})
    shown = [{region.score for region in due.regions} for due in out]
    assert shown[10] == {0.9}
    assert shown[22] == shown[30] == {0.9, 0.25}


def test_the_simplest_look_is_one_colour() -> None:
    region = _run(_state(), 1, {0: (0, [FACE])})[0].regions[0]
    assert in_one_colour(region).look.method == "solid"
    assert in_one_colour(region).box == region.box


def test_every_reason_has_its_text() -> None:
    assert set(HIDDEN_WHOLE) == {"damaged", "unseen", "denied"}


# The law, for any sequence of looks, delays and deaths.

_STEPS = st.floats(0.005, 0.3)
_MORE = st.just(0.0) | st.floats(0, 0.3)
_SCORES = st.just(0.0) | st.floats(0.1, 0.4) | st.floats(0.1, 1.0)
_EVENTS = st.lists(
    st.one_of(
        # How long after the one before it a frame comes, how much longer after it was filmed; whether it is damaged.
        st.tuples(st.just("frame"), _STEPS, _MORE, st.booleans()),
        st.tuples(st.just("ask"), st.floats(0, 0.2)),
        # The score of the face that is found, 0 for none; the frame that is looked at may come now.
        st.tuples(st.just("found"), _SCORES),
        st.tuples(st.just("seen"), _SCORES, _STEPS, _MORE),
        st.tuples(st.just("lost")),
        st.tuples(st.just("stale")),
        st.tuples(st.just("wait"), st.floats(0, 1.0)),
    ),
    max_size=120,
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A look that was answered: when its frame was filmed, its time, and the score of the face in it, 0 for none."""

    filmed: float
    at: float
    score: float


class _Player:
    """Plays events to a look-ahead, and checks each frame as it leaves."""

    def __init__(self, seconds: float) -> None:
        self.state, self._seconds = _state(seconds), seconds
        self.now, self._films = 0.0, list[float]()
        self._out: Wanted | None = None
        self._old: Wanted | None = None
        self._looks: list[_Answer] = []
        self.left: list[Due] = []

    def frame(self, step: float, more: float, damaged: bool = False) -> None:
        """A frame comes."""
        self.now += step
        self._films.append(self._films[-1] + step + more if self._films else self.now)
        self.state.take(_frame(len(self._films) - 1, damaged=damaged and step > 0.25), self.now, self._films[-1])

    def ask(self, interval: float) -> None:
        """Somebody has time to look."""
        self._out = self._out or self.state.wanted(interval)

    def found(self, score: float) -> None:
        """An answer comes."""
        if self._out is not None:
            self._looks.append(_Answer(self._films[self._out.frame.index], self._out.at, score))
            self.state.found(self._out, [replace(FACE, score=score)] if score else [])
            self._old, self._out = self._out, None

    def seen(self, score: float, step: float, more: float) -> None:
        """A frame comes, and is looked at before anything else happens, if nothing else is."""
        self.frame(step, more)
        self.ask(0.0)
        self.found(score)

    def lost(self) -> None:
        """The detector fails."""
        if self._out is not None:
            self.state.lost(self._out)
            self._old, self._out = self._out, None

    def stale(self) -> None:
        """The answer to an old look comes once more."""
        if self._old is not None:
            self.state.found(self._old, [])

    def wait(self, seconds: float) -> None:
        """Nothing happens."""
        self.now += seconds

    def check(self, due: list[Due]) -> None:
        """Check frames that leave."""
        self.left += _checked(due, self._looks, self._films, self._seconds)


@examples(20)
@given(_EVENTS, st.floats(0.1, 1.0))
def test_no_frame_leaves_unless_looks_cover_it(events: list[tuple[Any, ...]], seconds: float) -> None:
    player = _Player(seconds)
    for kind, *figures in events:
        getattr(player, kind)(*figures)
        player.check(player.state.due(player.now)[0])
    player.check(player.state.rest())
    times = [due.at for due in player.left]
    assert times == sorted(times)


def _checked(due: list[Due], looks: list[_Answer], films: list[float], seconds: float) -> list[Due]:
    """Check frames as they leave against the looks that were answered by then."""
    most = min(seconds, 0.4)
    for each in due:
        filmed = films[each.frame.index]
        near = [*[look for look in looks if look.filmed <= filmed][-1:], *[k for k in looks if k.filmed >= filmed][:1]]
        covered = len(near) == 2 and near[1].filmed - near[0].filmed <= most and near[1].at - near[0].at <= most
        assert bool(each.whole) == (each.frame.damaged or not covered)
        if not each.whole and any(look.score >= 0.2 for look in near):
            assert any(r.box.contains(FACE.box) for r in each.regions), "what was found on either side is hidden"
    return due
