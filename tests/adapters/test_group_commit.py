"""Threads that wait for a transaction share the next one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from unseen.adapters.group_commit import GroupCommit
from unseen.errors import Refused


class _Disk:
    """Takes its time: a write ends when it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.began, self.may_end = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def write(self, values: Sequence[int]) -> list[int]:
        self.groups.append(list(values))
        self.began.set()
        assert self.may_end.wait(30)
        if self.error is not None:
            raise self.error
        return [value * 10 for value in values]


def _while_one_writes(disk: _Disk, count: int) -> list[object]:
    """Start a write, let `count` others come while it runs, end it, and return what all got."""
    group = GroupCommit(disk.write)
    got: list[object] = []

    def do(value: int) -> None:
        try:
            got.append(group.do(value))
        except (Refused, KeyboardInterrupt) as error:
            got.append(error)

    threads = [threading.Thread(target=do, args=(value,)) for value in range(count + 1)]
    threads[0].start()
    assert disk.began.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(group._list) < count:
        pass
    disk.may_end.set()
    for thread in threads:
        thread.join()
    return got


def test_those_who_come_while_one_writes_are_written_together() -> None:
    disk = _Disk()
    got = _while_one_writes(disk, 7)
    assert sorted(got, key=str) == sorted([value * 10 for value in range(8)], key=str)
    assert disk.groups[0] == [0]
    assert [sorted(group) for group in disk.groups[1:]] == [[1, 2, 3, 4, 5, 6, 7]]


@pytest.mark.parametrize("error", [Refused("the disk is full"), KeyboardInterrupt()])
def test_a_write_that_fails_is_told_to_each_of_its_group(error: BaseException) -> None:
    disk = _Disk()
    disk.error = error
    assert _while_one_writes(disk, 3) == [error] * 4


def test_after_a_failure_the_next_goes_on() -> None:
    disk = _Disk()
    disk.may_end.set()
    group = GroupCommit(disk.write)
    disk.error = Refused("full")
    with pytest.raises(Refused):
        group.do(1)
    disk.error = None
    assert group.do(2) == 20
