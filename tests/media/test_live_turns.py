"""Which ways up a camera's pictures are looked at: all at first, one each second, and always those people are in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from unseen.core.regions import Box, Detection
from unseen.media.live_turns import LiveTurns, Turned

_SIZE = (640, 360)
_UPRIGHT = Turned(0, _SIZE, ())


def _face(box: Box, score: float = 0.9) -> Detection:
    return Detection("face", box, score, "centerface")


def _view(turn: int, *found: Detection, size: tuple[int, int] = _SIZE) -> Turned:
    return Turned(turn, size if turn % 2 == 0 else size[::-1], found)


def _look(turns: LiveTurns, at: float, lying: int | None = None) -> Sequence[int]:
    """Look at a frame in which nobody is upright but after `lying` turns, and return the turns that were tried."""
    noticed, tried = turns.due(at)
    assert not set(noticed) & set(tried)
    faces = [_face(Box(10, 10, 40, 50))]
    views = [_view(turn, *(faces if turn == lying else [])) for turn in (*noticed, *tried)]
    assert turns.found(at, [_UPRIGHT, *views], _SIZE) is not None
    return tried


def test_first_look_of_each_connection_is_at_all_turns_and_later_ones_at_one_each_second() -> None:
    turns = LiveTurns({"face"})
    assert [_look(turns, at / 4) for at in range(13)] == [
        (2, 1, 3), (), (), (), (1,), (), (), (), (3,), (), (), (), (2,),
    ]  # fmt: skip
    turns.begin()
    assert _look(turns, 3.25) == (2, 1, 3)


def test_first_look_that_failed_is_made_again() -> None:
    turns = LiveTurns({"face"})
    failed = [_UPRIGHT, _view(2), Turned(1, _SIZE[::-1], None), _view(3)]
    assert turns.due(0.0) == ((), (2, 1, 3))
    assert turns.found(0.0, failed, _SIZE) is None
    assert turns.due(0.25) == ((), (2, 1, 3))


@pytest.mark.parametrize(
    ("turn", "there"),
    [(1, Box(20, 560, 60, 600)), (2, Box(580, 310, 620, 340)), (3, Box(300, 40, 340, 60))],
)
def test_who_is_upright_after_a_turn_is_found_where_they_are_in_the_frame(turn: int, there: Box) -> None:
    turns = LiveTurns({"face"})
    found = turns.found(0.0, [_UPRIGHT, _view(turn, _face(there))], _SIZE)
    assert turns.noticed == (turn,)
    assert found is not None
    (box,) = (each.box for each in found)
    assert box == {1: Box(560, 300, 600, 340), 2: Box(20, 20, 60, 50), 3: Box(580, 300, 600, 340)}[turn]


def test_boxes_of_a_smaller_view_are_in_pixels_of_the_frame() -> None:
    turns = LiveTurns({"face"})
    small = _view(2, _face(Box(290, 155, 310, 170)), size=(320, 180))
    found = turns.found(0.0, [_UPRIGHT, small], _SIZE)
    assert found is not None
    assert [each.box for each in found] == [Box(20, 20, 60, 50)]


def test_what_a_tried_view_shows_faintly_or_is_known_from_upright_counts_for_nothing() -> None:
    turns = LiveTurns({"face"})
    known = _face(Box(20, 20, 60, 50), 0.5)
    upright = Turned(0, _SIZE, (known,))
    same, faint = _face(Box(580, 310, 620, 340)), _face(Box(100, 100, 140, 150), 0.4)
    assert turns.found(0.0, [upright, _view(2, same, faint)], _SIZE) == [known]
    assert turns.noticed == ()


def test_persons_who_lie_are_noticed_where_nobody_surely_stands() -> None:
    lying = Detection("person", Box(100, 100, 150, 300), 0.8, "yolo26n")
    stands = Detection("person", Box(300, 20, 350, 200), 0.8, "yolo26n")
    for upright, noticed in (((), (1,)), ((stands,), ())):
        turns = LiveTurns({"person"})
        turns.found(0.0, [Turned(0, _SIZE, upright), _view(1, lying)], _SIZE)
        assert turns.noticed == noticed


def test_who_is_found_less_surely_on_their_head_is_noticed_in_the_other_view_alone() -> None:
    lying = Detection("person", Box(100, 100, 150, 300), 0.9, "yolo26n")
    on_head = Detection("person", Box(210, 340, 260, 540), 0.7, "yolo26n")
    elsewhere = Detection("person", Box(30, 40, 70, 200), 0.8, "yolo26n")
    turns = LiveTurns({"person"})
    found = turns.found(0.0, [_UPRIGHT, _view(1, on_head, elsewhere), _view(3, lying)], _SIZE)
    assert turns.noticed == (3,)
    assert found is not None
    assert len(found) == 1


def test_turn_in_which_nobody_was_for_long_is_forgotten_and_one_often_seen_never() -> None:
    seldom, often = LiveTurns({"face"}), LiveTurns({"face"})
    _look(seldom, 0.0, lying=2)
    for at in range(5):
        _look(often, float(at), lying=2)
    for turns in (seldom, often):
        _look(turns, 500.0)
        assert turns.noticed == (2,)
    assert seldom.due(1000.0)[0] == ()
    assert often.due(1000.0)[0] == (2,)


def test_runs_that_hide_neither_people_nor_vehicles_look_upright_alone() -> None:
    assert LiveTurns({"plate", "text"}).due(0.0) == ((), ())
