"""What works ahead gives way: it, and what it starts, gets less of the processor, and nobody else does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import pytest

from unseen.adapters.cpu_threads import give_way


def _in_a_thread(do: Callable[[], int]) -> int:
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(do()))
    thread.start()
    thread.join()
    return got[0]


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
def test_a_thread_gives_way_with_all_that_it_starts_and_the_others_do_not() -> None:
    before = _nice()

    def worked_ahead() -> int:
        give_way()
        assert _in_a_thread(_nice) == _nice()
        return _nice()

    # 19 is as far as it goes.
    assert _in_a_thread(worked_ahead) == min(19, before + 5)
    assert _nice() == before
    assert _in_a_thread(_nice) == before


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
def test_where_it_may_not_give_way_it_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refused)
    give_way()
