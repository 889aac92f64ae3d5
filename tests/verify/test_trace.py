"""Following what still shows: before and after, over misses, and no further than it is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.verify.moments import Moment
from unseen.verify.trace import seen_again, traced

SIZE = (640, 480)
FRAMES = range(0, 50, 4)


def at(frame: int, speed: float = 5.0, y: float = 200.0) -> Detection:
    """Return a face of 40 pixels that goes to the right."""
    x = 100.0 + speed * frame
    return Detection("face", Box(x, y, x + 40, y + 40), 0.8, "centerface")


def seeing(
    *faces: Callable[[int], Detection | None], asked: list[Moment] | None = None
) -> Callable[[Moment], Sequence[Detection]]:
    """Return what sees the faces that lie in the part that is looked at."""

    def shows(moment: Moment) -> list[Detection]:
        if asked is not None:
            asked.append(moment)
        part = moment.part
        assert part is not None
        found = [face(moment.frame) for face in faces]
        return [d for d in found if d and part.x1 <= d.box.x1 and d.box.x2 <= part.x2 and part.y1 <= d.box.y1]

    return shows


def test_a_face_that_was_seen_once_is_followed_to_both_sides() -> None:
    found = traced({20: [at(20)]}, FRAMES, SIZE, seeing(at))
    assert {frame: some for frame, some in found.items() if some} == {frame: [at(frame)] for frame in FRAMES}


def test_a_face_is_followed_over_two_misses_and_not_over_three() -> None:
    asked: list[Moment] = []
    shows = seeing(lambda f: None if f in (24, 28) or f > 40 else at(f, 1.0), asked=asked)
    found = traced({20: [at(20, 1.0)]}, [*FRAMES, 52, 56, 60], SIZE, shows)
    assert sorted(frame for frame, some in found.items() if some) == [*range(0, 21, 4), 32, 36, 40]
    assert max(moment.frame for moment in asked) == 52


def test_what_is_known_already_is_not_looked_at_again() -> None:
    asked: list[Moment] = []
    traced({20: [at(20)], 32: [at(32)]}, FRAMES, SIZE, seeing(at, asked=asked))
    assert sorted(moment.frame for moment in asked) == [0, 4, 8, 12, 16, 24, 28, 36, 40, 44, 48]


def test_two_faces_side_by_side_are_both_followed() -> None:
    def other(frame: int) -> Detection:
        return at(frame, y=260.0)

    found = traced({0: [at(0), other(0)]}, FRAMES, SIZE, seeing(at, other))
    for frame in FRAMES:
        assert sorted(d.box.y1 for d in found[frame]) == [200.0, 260.0]


def test_a_face_that_another_trace_passed_by_is_followed_when_they_part() -> None:
    def stays(frame: int) -> Detection:
        return at(0, y=200.0)

    def leaves(frame: int) -> Detection:
        return at(2 * max(0, frame - 16), y=245.0)

    found = traced({0: [stays(0), leaves(0)]}, FRAMES, SIZE, seeing(stays, leaves))
    for frame in FRAMES:
        assert stays(frame) in found[frame]
        assert leaves(frame) in found[frame]


def test_another_class_is_neither_followed_nor_met() -> None:
    def plate(frame: int) -> Detection:
        return Detection("plate", at(frame).box, 0.8, "ppocr-rec")

    found = traced({20: [at(20)]}, FRAMES, SIZE, seeing(plate))
    assert {frame: some for frame, some in found.items() if some} == {20: [at(20)]}


def test_what_only_one_cut_of_the_frame_shows_is_not_followed() -> None:
    def fold(frame: int) -> Detection:
        return at(frame, y=300.0)

    found = {20: [at(20), fold(20)]}
    sure = seen_again(found, SIZE, seeing(at))
    assert sure == [(20, at(20))]
    asked: list[Moment] = []
    after = traced(found, FRAMES, SIZE, seeing(at, fold, asked=asked), sure)
    assert after[20] == [at(20), fold(20)]
    assert len(asked) == len(FRAMES) - 1


def test_what_a_look_around_a_find_sees_beside_it_counts_too_and_once() -> None:
    def other(frame: int) -> Detection:
        return at(frame, y=245.0)

    found = {20: [at(20), at(20, y=215.0)], 24: [at(24)]}
    assert seen_again(found, SIZE, seeing(other)) == [(20, other(20)), (24, other(24))]


def test_another_class_in_its_place_does_not_make_a_find_seen_again() -> None:
    def plate(frame: int) -> Detection:
        return Detection("plate", at(frame).box, 0.8, "ppocr-rec")

    assert seen_again({20: [at(20)]}, SIZE, seeing(plate)) == []


@given(
    st.dictionaries(st.integers(0, 49), st.lists(st.builds(at, st.integers(0, 49)), max_size=3), max_size=4),
    st.lists(st.integers(0, 49), unique=True).map(sorted),
    st.sets(st.integers(0, 49)),
)
def test_nothing_is_lost_and_nothing_is_made_up(
    found: dict[int, list[Detection]], frames: list[int], gone: set[int]
) -> None:
    asked: list[Moment] = []
    after = traced(found, frames, SIZE, seeing(lambda f: None if f in gone else at(f), asked=asked))
    assert {moment.frame for moment in asked} <= set(frames)
    for frame, some in found.items():
        assert after[frame][: len(some)] == some
    for frame, some in after.items():
        assert all(d == at(frame) for d in some[len(found.get(frame, ())) :])
        assert frame in found or frame in frames
