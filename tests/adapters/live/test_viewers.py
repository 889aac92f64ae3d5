"""Viewers: who is slow loses pictures, never holds anybody up, and begins again where it can."""

from __future__ import annotations

import threading
import time

import pytest

from unseen.adapters.live import workers as live_workers
from unseen.adapters.live.viewers import Viewer, Viewers
from unseen.adapters.live.workers import WorkerTarget
from unseen.core.live import Unit


def _unit(number: int, *, key: bool = False, kind: str = "mp4") -> Unit:
    return Unit(kind, str(number).encode(), number / 25, key)  # type: ignore[arg-type]


def _all(viewer: Viewer) -> list[int]:
    out = []
    while (unit := viewer.next(0.0)) is not None:
        out.append(int(unit.data))
    return out


def test_viewer_begins_at_a_key_picture() -> None:
    viewer = Viewer("mp4")
    for i in range(6):
        viewer.offer(_unit(i, key=i == 3))
    assert _all(viewer) == [3, 4, 5]


def test_slow_viewer_of_mp4_begins_again_at_a_key_picture() -> None:
    viewer = Viewer("mp4")
    for i in range(100):
        viewer.offer(_unit(i, key=i % 50 == 0))
    assert _all(viewer) == []
    assert viewer.needs_key
    assert viewer.dropped == 76
    viewer.offer(_unit(100, key=True))
    assert _all(viewer) == [100]


def test_slow_viewer_of_pictures_gets_the_newest() -> None:
    viewer = Viewer("jpeg")
    for i in range(10):
        viewer.offer(_unit(i, key=True, kind="jpeg"))
    assert _all(viewer) == [8, 9]


def test_closing_wakes_who_waits() -> None:
    viewer = Viewer("jpeg")
    waiting = threading.Thread(target=viewer.next, args=(30,))
    waiting.start()
    viewer.close()
    waiting.join(5)
    assert not waiting.is_alive()
    viewer.offer(_unit(1, key=True))
    assert viewer.next(0.0) is None


def test_number_of_viewers_is_bounded() -> None:
    viewers = Viewers(2)
    first, second = viewers.join("a", "jpeg"), viewers.join("b", "mp4")
    assert first is not None
    assert second is not None
    assert viewers.join("a", "jpeg") is None
    viewers.leave("a", first)
    assert viewers.join("a", "mp4") is not None
    viewers.close()
    assert second.closed
    assert viewers.join("b", "jpeg") is None


class _Sink:
    """Notes what is written, and fails at one picture, once."""

    def __init__(self, written: list[int], fails: list[int]) -> None:
        self._written, self._fails = written, fails
        self.rests = 0

    def rest(self) -> None:
        self.rests += 1

    def write(self, unit: Unit) -> None:
        number = int(unit.data)
        if number in self._fails:
            self._fails.remove(number)
            raise OSError(28, "No space left on device")
        self._written.append(number)

    def close(self) -> None:
        """Nothing to do."""


def _wait_for(what: object, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.01)
    assert what()  # type: ignore[operator]


def test_worker_tells_of_a_problem_and_begins_again_at_a_key_picture() -> None:
    written: list[int] = []
    target = WorkerTarget(lambda _: _Sink(written, fails), "mp4", lambda c, e: f"{c}: {type(e).__name__}", (OSError,))
    fails = [2]
    for i in range(3):
        target.send("a", _unit(i, key=i == 0))
    _wait_for(lambda: target.problems == {"a": "a: OSError"})
    _wait_for(lambda: target.wants("a") == (frozenset({"mp4"}), True))
    target.send("a", _unit(3))
    target.send("a", _unit(4, key=True))
    target.send("a", _unit(5))
    _wait_for(lambda: written == [0, 1, 4, 5])
    assert target.problems == {}
    target.close()


def test_worker_tells_its_sink_when_no_picture_comes() -> None:
    sink = _Sink([], [])
    target = WorkerTarget(lambda _: sink, "mp4", lambda c, e: c, (OSError,))
    target.send("a", _unit(0, key=True))
    _wait_for(lambda: sink.rests > 1)
    target.close()


def test_worker_that_fails_as_nobody_expects_tells_of_it_and_begins_again() -> None:
    written: list[int] = []
    fails = [KeyError("a secret")]

    def make(_: str) -> _Sink:
        if fails:
            raise fails.pop()
        return _Sink(written, [])

    target = WorkerTarget(make, "mp4", lambda c, e: c, (OSError,))
    target.send("a", _unit(0, key=True))
    _wait_for(lambda: target.problems)
    assert target.problems == {"a": "a: mp4 fails (KeyError), which it must not; report this"}
    _wait_for(lambda: target.wants("a") == (frozenset({"mp4"}), True))
    target.send("a", _unit(1, key=True))
    _wait_for(lambda: written)
    _wait_for(lambda: not target.problems)
    target.close()


def test_worker_writes_what_waits_before_it_ends() -> None:
    written: list[int] = []
    target = WorkerTarget(lambda _: _Sink(written, []), "mp4", lambda c, e: c, (OSError,))
    for i in range(20):
        target.send("a", _unit(i, key=i == 0))
    target.close()
    assert written == list(range(20))
    target.send("a", _unit(21))
    assert written == list(range(20))


class _StuckSink(_Sink):
    """Does not come back from writing before it may."""

    def __init__(self, written: list[int], may: threading.Event) -> None:
        super().__init__(written, [])
        self._may = may

    def write(self, unit: Unit) -> None:
        self._may.wait(60)
        super().write(unit)


def test_write_that_does_not_end_is_told_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_workers, "_SLOW", 0.05)
    written: list[int] = []
    may = threading.Event()
    target = WorkerTarget(
        lambda _: _StuckSink(written, may), "mp4", lambda c, e: f"{c}: {getattr(e, 'strerror', '')}", (OSError,)
    )
    target.send("a", _unit(0, key=True))
    _wait_for(lambda: target.problems == {"a": "a: it stopped"})
    may.set()
    _wait_for(lambda: written == [0])
    _wait_for(lambda: target.problems == {})
    target.close()


def test_closing_waits_for_all_cameras_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_workers, "_LAST", 0.5)
    may = threading.Event()
    target = WorkerTarget(lambda _: _StuckSink([], may), "mp4", lambda c, e: c, (OSError,))
    for i in range(8):
        target.send(f"camera{i}", _unit(0, key=True))
    began = time.monotonic()
    target.close()
    assert time.monotonic() - began < 2.0
    may.set()
