"""Tasks over processes: what each ends in, and what is left when one dies, fails or is not wanted any more."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from unseen.engine.attempts import Unexpected
from unseen.engine.crew import WorkerDied
from unseen.engine.local import LocalExecutor, share_cores
from unseen.errors import DamagedInput, DeviceUnavailable, UnseenError

both = pytest.mark.parametrize("workers", [1, 2])
near_and_far = pytest.mark.parametrize("ahead", [0, 1, 3])


def tools() -> str:
    return "tools"


def work(task: Any, tools: str) -> Any:
    assert tools == "tools"
    return task() if callable(task) else task * 2


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_if_first(flag: Path) -> str:
    """Kill the process the first time, to show that a task is not tried twice."""
    if flag.exists():
        return "a second time"
    flag.touch()
    die()
    return ""


def refuse() -> None:
    raise DamagedInput("a.jpg: is damaged; fetch it again")


def stumble() -> None:
    raise KeyError("what the picture holds")


def hoard() -> None:
    raise MemoryError


def local_function() -> Callable[[], None]:
    return lambda: None


def no_tools() -> str:
    raise DeviceUnavailable("no such device; here are none")


def bad_tools() -> str:
    raise RuntimeError("what the models hold")


def dead_tools() -> str:
    die()
    return ""


def noting_tools(folder: Path) -> str:
    (folder / str(os.getpid())).touch()
    return "tools"


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def note_then_sleep(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(60)


def _results(tasks: list[Any], workers: int, make_tools: Callable[[], Any] = tools, ahead: int = 0) -> dict[Any, Any]:
    executor: LocalExecutor[Any, Any] = LocalExecutor(make_tools, work, workers=workers, ahead=ahead)
    return {repr(task): result for task, result in executor.run(tasks)}


@both
def test_each_task_has_its_result(workers: int) -> None:
    assert _results(list(range(20)), workers) == {repr(i): i * 2 for i in range(20)}


@both
def test_no_tasks_no_tools(workers: int) -> None:
    assert _results([], workers, no_tools) == {}


@both
def test_error_is_the_result_of_its_task_alone(workers: int) -> None:
    found = _results([1, refuse, 2, stumble, 3, hoard, 4], workers)
    assert [found[repr(i)] for i in (1, 2, 3, 4)] == [2, 4, 6, 8]
    told = found[repr(refuse)]
    assert isinstance(told, DamagedInput)
    assert str(told) == "a.jpg: is damaged; fetch it again"
    assert isinstance(found[repr(stumble)], Unexpected)
    assert "unexpected KeyError" in str(found[repr(stumble)])
    assert "picture" not in str(found[repr(stumble)])
    assert "more memory than there is" in str(found[repr(hoard)])


@both
def test_tools_that_cannot_be_made_end_the_run_with_the_reason(workers: int) -> None:
    with pytest.raises(DeviceUnavailable, match="no such device; here are none"):
        _results([1, 2, 3], workers, no_tools)
    assert active_children() == []


def test_error_in_the_making_of_tools_is_told_without_its_text_by_workers() -> None:
    with pytest.raises(Unexpected, match=r"^unexpected RuntimeError;"):
        _results([1], 2, bad_tools)


@near_and_far
def test_task_that_kills_its_process_fails_alone(ahead: int) -> None:
    found = _results([1, 2, die, 3, 4, 5, 6], 2, ahead=ahead)
    assert isinstance(found.pop(repr(die)), WorkerDied)
    assert sorted(found.values()) == [2, 4, 6, 8, 10, 12]
    assert active_children() == []


@near_and_far
def test_many_tasks_that_kill_their_process_fail_each_alone(ahead: int) -> None:
    executor: LocalExecutor[Any, Any] = LocalExecutor(tools, work, workers=2, ahead=ahead)
    results = [result for _, result in executor.run([die, 1, die, die, 2])]
    assert sum(isinstance(result, WorkerDied) for result in results) == 3
    assert sorted(r for r in results if isinstance(r, int)) == [2, 4]


def test_task_that_killed_its_process_is_not_tried_again(tmp_path: Path) -> None:
    task = partial(die_if_first, tmp_path / "flag")
    (result,) = _results([task], 2).values()
    assert isinstance(result, WorkerDied)


@near_and_far
def test_worker_that_dies_over_its_tools_fails_its_tasks_and_ends(ahead: int) -> None:
    found = _results([1, 2, 3], 2, dead_tools, ahead)
    assert all(isinstance(result, WorkerDied) for result in found.values())
    assert len(found) == 3


def test_result_that_cannot_be_sent_is_an_error_of_its_task() -> None:
    found = _results([local_function, 1], 2)
    assert isinstance(found[repr(local_function)], Unexpected)
    assert found["1"] == 2


def test_each_worker_makes_its_tools_once(tmp_path: Path) -> None:
    found = _results(list(range(12)), 2, partial(noting_tools, tmp_path))
    assert len(found) == 12
    assert 1 <= len(list(tmp_path.iterdir())) <= 2
    assert str(os.getpid()) not in os.listdir(tmp_path)  # noqa: PTH208


def test_short_tasks_wait_with_their_workers_and_all_workers_are_used(tmp_path: Path) -> None:
    taken: list[None] = []

    def tasks() -> Iterator[Any]:
        for _ in range(20):
            taken.append(None)
            yield partial(sleep, 0.02)

    make = partial(noting_tools, tmp_path)
    executor: LocalExecutor[Any, Any] = LocalExecutor(make, work, workers=2, ahead=2)
    results = executor.run(tasks())
    next(iter(results))
    assert len(taken) >= 6
    assert len(list(results)) == 19
    assert len(list(tmp_path.iterdir())) == 2


def test_few_tasks_start_few_workers(tmp_path: Path) -> None:
    _results([1], 8, partial(noting_tools, tmp_path))
    assert len(list(tmp_path.iterdir())) == 1


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    executor: LocalExecutor[int, int] = LocalExecutor(tools, work, workers=2)
    results = executor.run(tasks())
    next(iter(results))
    assert len(taken) <= 5
    results.close()


def test_closing_kills_workers_that_are_busy(tmp_path: Path) -> None:
    executor: LocalExecutor[Any, Any] = LocalExecutor(tools, work, workers=2)
    results = executor.run([partial(sleep, 0.0), partial(note_then_sleep, tmp_path / "pid")])
    next(iter(results))
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 45
    assert active_children() == []


def test_worker_that_died_while_idle_is_replaced(tmp_path: Path) -> None:
    executor: LocalExecutor[Any, Any] = LocalExecutor(partial(noting_tools, tmp_path), work, workers=2)

    def tasks() -> Iterator[Any]:
        yield 1
        yield partial(sleep, 5.0)
        # One has answered and would get the next task; it is killed, and so is the one that sleeps.
        for path in tmp_path.iterdir():
            os.kill(int(path.name), signal.SIGKILL)
        time.sleep(0.3)
        yield 2

    found = {repr(task): result for task, result in executor.run(tasks())}
    assert found["2"] == 4


def loaded(name: str) -> bool:
    return name in sys.modules


@pytest.mark.skipif(platform.system() != "Linux", reason="workers are forked on Linux only")
def test_workers_from_a_nursery_have_loaded_its_modules_and_fail_alone() -> None:
    script = """
from functools import partial
from multiprocessing import active_children
from tests.engine.test_local import die, loaded, tools, work
from unseen.engine.crew import nursery
from unseen.engine.local import LocalExecutor

if __name__ == "__main__":
    executor = LocalExecutor(tools, work, workers=2, context=nursery(["colorsys", "no_such_module"]))
    results = [result for _, result in executor.run([1, die, partial(loaded, "colorsys"), 2])]
    print(sorted(map(str, results)), active_children())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    died = "the process that worked on it died: too little memory, or a damaged file; leave it out"
    assert (done.stdout, done.stderr) == (f"{['2', '4', 'True', died]} []\n", "")


def test_what_workers_need_is_loaded_in_one_thread_and_without_telemetry() -> None:
    script = """
import os, sys
import unseen.adapters.preload
tasks = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 1
print(tasks, "onnxruntime" in sys.modules, "cv2" in sys.modules, os.environ["ORT_DISABLE_TELEMETRY"])
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "ORT_"))}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120, env=kept
    )
    assert (done.stdout, done.stderr) == ("1 True True 1\n", "")


@pytest.mark.parametrize(
    ("tasks", "asked", "workers"), [(0, None, 1), (1, None, 1), (4, None, 1), (1, 3, 3), (10_000, 1, 1)]
)
def test_few_photos_are_one_process(tasks: int, asked: int | None, workers: int) -> None:
    found, threads = share_cores(tasks, asked)
    assert found == workers
    assert threads >= 1


def test_many_photos_are_one_process_a_core_at_most() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers, threads = share_cores(100_000)
    assert workers == cores
    assert workers * threads <= cores


def test_errors_of_the_executor_are_ours() -> None:
    assert issubclass(WorkerDied, UnseenError)
    assert issubclass(Unexpected, UnseenError)
