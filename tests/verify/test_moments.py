"""Moments that are looked at again: even steps to the end as a whole, and the ends of tracks around where they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box
from unseen.core.video import Track, TrackPoint
from unseen.verify.moments import Moment, moments, whole_frames

SIZE = (640, 480)
PLACE = Box(300, 200, 340, 240)


def track(first: int, last: int, box: Box = PLACE, *, detected: bool = True) -> Track:
    return Track(1, "face", tuple(TrackPoint(f, box, 0.9, detected=detected) for f in range(first, last + 1)))


def whole(first: int, last: int, step: int) -> frozenset[int]:
    return whole_frames(range(first, last + 1), step)


def ends(tracks: list[Track], size: tuple[int, int] = SIZE) -> list[Moment]:
    """Return what is looked at in part in a window of which the last frame alone is looked at as a whole."""
    return moments(0, 49, whole(0, 49, 50), tracks, size)[:-1]


def test_every_nth_frame_counts_back_from_the_last_one() -> None:
    assert moments(7, 33, whole(7, 33, 10), [], SIZE) == [Moment(13), Moment(23), Moment(33)]
    assert moments(0, 3, whole(0, 3, 1), [], SIZE) == [Moment(0), Moment(1), Moment(2), Moment(3)]
    assert moments(51, 70, whole(51, 70, 50), [], SIZE) == [Moment(70)]
    assert moments(51, 51, whole(51, 51, 50), [], SIZE) == [Moment(51)]
    assert moments(51, 70, (), [], SIZE, {52: [PLACE]}) == [Moment(52, Box(256, 156, 384, 284))]


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=9),
    st.integers(1, 70),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=3),
    st.data(),
)
def test_who_shows_as_long_as_a_step_is_met_and_before_the_window_ends_who_stays(
    lengths: list[int], step: int, damage: list[tuple[int, int]], data: st.DataObject
) -> None:
    """In windows of these lengths some of whose frames are hidden whole: nobody shows in these."""
    damaged = {frame for start, length in damage for frame in range(start, start + length)}
    looks, ends = set[int](), [sum(lengths[: i + 1]) - 1 for i in range(len(lengths))]
    for length, end in zip(lengths, ends, strict=True):
        clear = [frame for frame in range(end - length + 1, end + 1) if frame not in damaged]
        seen = whole_frames(clear, step)
        assert seen <= set(clear)
        assert damage or len(seen) <= -(-length // step)
        looks |= seen
    comes = data.draw(st.integers(0, ends[-1]))
    goes = data.draw(st.integers(comes, ends[-1]))
    shows = set(range(comes, goes + 1))
    window = next(end for end in ends if end >= comes)
    if not shows & damaged:
        assert looks & shows or len(shows) < step
        assert goes < window or {frame for frame in looks & shows if frame <= window}


def test_where_the_end_of_a_window_is_hidden_whole_the_frame_before_is_looked_at() -> None:
    assert whole_frames(range(40), 50) == {39}
    assert whole_frames([], 50) == frozenset()
    assert whole_frames([3, 4, 5, 90], 50) == {5, 90}


def test_frames_just_outside_of_a_track_are_looked_at_around_it() -> None:
    found = moments(0, 49, whole(0, 49, 50), [track(10, 20)], SIZE)
    assert [m.frame for m in found] == [9, 21, 49]
    assert found[0].part == found[1].part == Box(256, 156, 384, 284)


def test_ends_outside_of_the_window_or_looked_at_as_a_whole_are_left_out() -> None:
    assert moments(10, 20, whole(10, 20, 10), [track(10, 20)], SIZE) == [Moment(10), Moment(20)]
    assert moments(2, 20, whole(2, 20, 9), [track(12, 20)], SIZE) == [Moment(2), Moment(11), Moment(20)]


def test_tracks_that_were_hardly_found_have_no_ends() -> None:
    assert ends([track(10, 11), track(20, 30, detected=False)]) == []


def test_only_some_places() -> None:
    found = moments(0, 49, (), [], SIZE, {44: [PLACE, Box(10, 10, 20, 20)], 3: [PLACE], 90: [PLACE]})
    assert [m.frame for m in found] == [3, 44, 44]
    assert found[0].part == found[1].part == Box(256, 156, 384, 284)
    assert found[2].part == Box(0, 0, 96, 96)


def test_parts_have_few_sizes_and_begin_where_chroma_does() -> None:
    sizes = set()
    for side in range(5, 100, 7):
        for moment in ends([track(10, 20, Box(201, 133, 201 + side, 133 + side))]):
            assert moment.part is not None
            assert moment.part.x1 % 2 == moment.part.y1 % 2 == 0
            sizes.add(moment.part.width)
    assert sizes <= {*range(96, 481, 32)}
    assert len(sizes) > 3


def test_a_part_reaches_the_last_pixel_of_an_odd_frame() -> None:
    for moment in ends([track(10, 20, Box(610, 440, 641, 481))], (641, 481)):
        assert moment.part is not None
        assert (moment.part.x2, moment.part.y2) == (641, 481)


@given(
    st.tuples(st.floats(-50, 700), st.floats(-50, 500), st.floats(1, 900), st.floats(1, 900)),
    st.tuples(st.integers(16, 2000), st.integers(16, 2000)),
)
def test_parts_lie_inside_the_picture(sides: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    x, y, wide, high = sides
    box = Box(x, y, x + wide, y + high)
    for moment in moments(0, 40, whole(0, 40, 50), [track(10, 20, box)], size):
        if moment.part is not None:
            part = moment.part
            assert 0 <= part.x1 < part.x2 <= size[0]
            assert 0 <= part.y1 < part.y2 <= size[1]
            assert all(float(value).is_integer() for value in part.xyxy)
