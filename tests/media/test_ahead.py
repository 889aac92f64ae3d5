"""Items that a thread makes ahead: all of them, in order, with the errors in their turn; and the thread ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.media.ahead import ahead


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_every_item_comes_out_once_in_order(items: list[int], most: int) -> None:
    assert list(ahead(items, most)) == items


@given(st.integers(0, 10), st.integers(1, 4))
def test_error_comes_after_the_items_before_it(before: int, most: int) -> None:
    def make() -> Iterator[int]:
        yield from range(before)
        raise LookupError("broken")

    items = ahead(make(), most)
    assert [next(items) for _ in range(before)] == list(range(before))
    with pytest.raises(LookupError, match="broken"):
        next(items)


def test_error_at_the_very_start() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        list(ahead(Broken(), 1))


def test_closing_ends_the_thread_and_what_it_reads() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(endless(), 2)
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_no_more_is_made_than_was_asked_for() -> None:
    made: list[int] = []
    full = threading.Event()

    def make() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            if number == 4:
                full.set()
            yield number

    items = ahead(make(), 3)
    assert next(items) == 0
    # One was taken, three wait, and one is in the hand of the thread.
    assert full.wait(10)
    assert not threading.Event().wait(0.05)
    assert len(made) == 5
    items.close()


def test_two_stages_stop_together() -> None:
    before = threading.active_count()
    outer = ahead((number * 2 for number in ahead(iter(range(1000)), 2)), 2)
    assert [next(outer) for _ in range(3)] == [0, 2, 4]
    outer.close()
    assert threading.active_count() == before


def test_nothing_ahead_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(ahead([1], 0))


def test_who_makes_them_is_made_ready_first_and_only_there() -> None:
    told: list[tuple[str, int]] = []

    def make() -> Iterator[int]:
        told.append(("made", threading.get_ident()))
        yield 1

    assert list(ahead(make(), 1, begin=lambda: told.append(("ready", threading.get_ident())))) == [1]
    assert [what for what, _ in told] == ["ready", "made"]
    assert len({thread for _, thread in told}) == 1
    assert told[0][1] != threading.get_ident()
