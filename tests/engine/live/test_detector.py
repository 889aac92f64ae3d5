"""The detector's process: it answers, dies, hangs, fails and is started again; nobody waits for it for ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.engine.live_fakes import detector, wait_for
from unseen.engine.live.detector import LiveDetector
from unseen.errors import UnseenError

_PICTURE = np.zeros((60, 80, 3), np.uint8)
_PICTURE[10:20, 30:50] = 255


@contextmanager
def _started(made: LiveDetector) -> Iterator[LiveDetector]:
    """Start a detector and watch over it until the context ends."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            made.check()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        made.start()
        yield made
    finally:
        made.close()
        done.set()
        thread.join()


def test_it_finds_what_is_there() -> None:
    with _started(detector()) as made:
        assert made.state == "ready"
        assert made.devices == ("fake:CPU",)
        found = made.look(_PICTURE)
        assert found is not None
        assert [d.box.xyxy for d in found] == [(30, 10, 50, 20)]
        assert made.look(np.zeros_like(_PICTURE)) == ()


def test_killed_process_is_started_again() -> None:
    with _started(detector()) as made:
        first = made.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: made.pid is None)
        assert made.look(_PICTURE) is None
        assert made.pid not in (None, first)
        assert made.look(_PICTURE)
        assert (made.starts, made.stalls) == (2, 0)


def test_process_that_dies_while_it_looks_finds_nothing() -> None:
    with _started(detector(dies=2)) as made:
        assert made.look(_PICTURE)
        assert made.look(_PICTURE) is None
        assert made.look(_PICTURE) is None
        assert made.look(_PICTURE)


@pytest.mark.parametrize(
    "printed", [b"a library says hello\n", bytes(7) + b"\x04what", bytes(7) + b"\x01."], ids=["text", "words", "empty"]
)
def test_what_a_library_prints_is_no_answer(printed: bytes) -> None:
    with _started(detector(prints=printed)) as made:
        assert made.look(_PICTURE)
        assert made.look(_PICTURE) is None
        assert made.look(_PICTURE) is None
        assert made.look(_PICTURE)


def test_process_that_hangs_is_killed() -> None:
    with _started(detector(stall=0.3, hangs=2)) as made:
        assert made.look(_PICTURE)
        assert made.look(_PICTURE) is None
        assert made.stalls == 1


class _Clock:
    """A clock that stands still; before it next tells the time, something may happen."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0
        self.first: Callable[[], None] | None = None

    def __call__(self) -> float:
        self.asked += 1
        first, self.first = self.first, None
        if first is not None:
            first()
        return self.now


def test_look_that_begins_while_another_is_judged_is_not_killed_for_it(tmp_path: Path) -> None:
    clock, gates = _Clock(), {number: str(tmp_path / str(number)) for number in (1, 2)}
    made = detector(clock=clock, gates=gates)
    made.start()
    found: list[object] = []

    def begin() -> threading.Thread:
        asked = clock.asked
        look = threading.Thread(target=lambda: found.append(made.look(_PICTURE)))
        look.start()
        wait_for(lambda: clock.asked > asked)
        return look

    first, others = begin(), list[threading.Thread]()

    def another() -> None:
        Path(gates[1]).touch()
        first.join()
        clock.now = 5.0
        others.append(begin())

    clock.first = another
    made.check()
    Path(gates[2]).touch()
    others[0].join()
    assert made.stalls == 0
    assert len(found) == 2
    assert all(found)
    made.close()


def test_stopped_process_is_killed_though_the_pipe_is_full() -> None:
    with _started(detector(stall=0.3)) as made:
        assert made.pid is not None
        os.kill(made.pid, signal.SIGSTOP)
        assert made.look(np.zeros((1000, 1000, 3), np.uint8)) is None
        assert made.stalls == 1


def test_error_of_one_look_is_that_looks_alone() -> None:
    with _started(detector(fails=1)) as made:
        assert made.look(_PICTURE) is None
        assert made.look(_PICTURE)
        assert made.starts == 1


def test_what_the_process_says_at_the_start_is_raised() -> None:
    with pytest.raises(UnseenError, match="no such device"):
        detector(refuses=True).start()


def test_process_that_ends_at_the_start_is_an_error() -> None:
    made = detector(broken=True)
    with pytest.raises(UnseenError, match="before it was ready"):
        made.start()
    assert made.look(_PICTURE) is None
    assert made.state == "down"


def test_closed_detector_stays_closed() -> None:
    with _started(detector()) as made:
        made.close()
        wait_for(lambda: made.pid is None)
        assert made.look(_PICTURE) is None
        assert made.pid is None
