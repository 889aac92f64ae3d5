"""Runs tasks in this process, or in several on this machine; a task that kills its process fails alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from unseen.errors import UnseenError

__all__ = ["LocalExecutor", "WorkerDied"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerDied(UnseenError):
    """The process that worked on a task ended without an answer: out of memory, or a crash inside a library."""


class LocalExecutor(Generic[Task, Result]):
    """Runs tasks over processes; each makes its tools once, by calling `make_tools`, and hands them to `function`.

    With one worker everything happens in this process. Both callables must be importable when there are more.
    """

    def __init__(self, make_tools: Callable[[], Any], function: Callable[[Task, Any], Result], *, workers: int) -> None:
        self._make_tools, self._function, self._workers = make_tools, function, workers

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        """Yield each task with its result, or the exception that it ended in, as they are done."""
        if self._workers == 1:
            yield from self._here(tasks)
        else:
            yield from self._over_processes(tasks)

    def _here(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        tools = self._make_tools()
        for task in tasks:
            try:
                result = self._function(task, tools)
            except Exception as error:  # noqa: BLE001  # one task's error is that task's result, whatever it is
                yield task, error
            else:
                yield task, result

    def _over_processes(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        waiting = iter(tasks)
        suspects: deque[Task] = deque()
        with contextlib.ExitStack() as stack:
            pool = stack.enter_context(self._pool(self._workers))
            running: dict[Future[Result], Task] = {}
            while True:
                self._top_up(pool, running, waiting, suspects)
                if not running and not suspects:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    task = running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        suspects.append(task)
                    else:
                        yield task, error if isinstance(error, Exception) else future.result()
                if suspects:
                    # One of these killed its process and took the others down: each is tried alone.
                    suspects.extend(running.values())
                    running.clear()
                    while suspects:
                        yield self._alone(suspects.popleft())
                    pool = stack.enter_context(self._pool(self._workers))

    def _top_up(
        self,
        pool: ProcessPoolExecutor,
        running: dict[Future[Result], Task],
        waiting: Iterator[Task],
        suspects: deque[Task],
    ) -> None:
        """Keep a few tasks ahead of the workers, not all: a folder may hold millions."""
        while len(running) < 2 * self._workers:
            task = next(waiting, None)
            if task is None:
                return
            try:
                running[pool.submit(_work, task)] = task
            except BrokenProcessPool:
                suspects.append(task)
                return

    def _alone(self, task: Task) -> tuple[Task, Result | Exception]:
        with self._pool(1) as pool:
            try:
                return task, pool.submit(_work, task).result()
            except BrokenProcessPool:
                return task, WorkerDied("the process that worked on it died: too little memory, or a damaged file")
            except Exception as error:  # noqa: BLE001  # as above
                return task, error

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        # "spawn": forking a process that runs inference threads can deadlock the child.
        return ProcessPoolExecutor(
            workers,
            multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(self._make_tools, self._function),
        )


class _Worker:
    """What one worker process keeps between tasks; a pool hands no state to its tasks by itself."""

    tools: Any = None
    function: Callable[[Any, Any], Any] | None = None
    error: Exception | None = None


def _start(make_tools: Callable[[], Any], function: Callable[[Any, Any], Any]) -> None:
    """Make a worker's tools, once. Ctrl-C is for the parent: it stops handing out work and tells the user."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.function = staticmethod(function)
    try:
        _Worker.tools = make_tools()
    except Exception as error:  # noqa: BLE001  # handed to each task, so that the user reads why
        _Worker.error = error


def _work(task: Any) -> Any:
    if _Worker.error is not None:
        raise _Worker.error
    if _Worker.function is None:
        raise WorkerDied("a worker was not started in order; run again with --jobs 1")
    return _Worker.function(task, _Worker.tools)
