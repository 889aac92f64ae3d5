"""Recording beside the work: nothing is lost, the order stays, and errors come out."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from unseen.engine.clerk import MOST_WAITING, recorded


def test_records_come_in_the_order_of_their_results() -> None:
    results = [(number, number * 2) for number in range(200)]
    assert list(recorded(results, lambda task, result: task + result)) == [(n, n * 3) for n in range(200)]


def test_a_result_is_recorded_while_the_next_one_is_worked_on() -> None:
    made = threading.Event()

    def results() -> Iterator[tuple[int, int]]:
        yield 1, 1
        assert made.wait(10), "the first is recorded before the second comes"
        yield 2, 2

    assert len(list(recorded(results(), lambda *_: made.set()))) == 2


def test_work_goes_on_while_the_disk_is_slow_but_not_without_end() -> None:
    disk, taken = threading.Event(), []

    def results() -> Iterator[tuple[int, int]]:
        for number in range(3 * MOST_WAITING):
            taken.append(number)
            if number == MOST_WAITING:
                threading.Timer(0.05, disk.set).start()
            yield number, number

    records = recorded(results(), lambda *_: disk.wait(10))
    next(records)
    assert len(taken) == MOST_WAITING + 1
    assert len(list(records)) == 3 * MOST_WAITING - 1


def test_what_came_before_a_stop_is_recorded() -> None:
    made: list[int] = []

    def results() -> Iterator[tuple[int, int]]:
        yield from ((1, 1), (2, 2))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(recorded(results(), lambda task, _: made.append(task)))
    assert made == [1, 2]


def test_error_of_a_record_is_raised() -> None:
    def fail(task: int, result: int) -> None:
        raise OSError(28, "No space left")

    with pytest.raises(OSError, match="No space"):
        list(recorded([(1, 1)], fail))
