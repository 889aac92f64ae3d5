"""Runs tasks in this process, or in several on this machine; a task that kills its process fails alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from unseen.engine.attempts import attempt, with_note

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

__all__ = ["LocalExecutor", "share_cores", "worth_sharing"]

Task = TypeVar("Task")
Result = TypeVar("Result")
#: Up to this many tasks one process is quicker than two, because each loads the models.
_FEW = 4


class LocalExecutor(Generic[Task, Result]):
    """Runs tasks over processes; each makes its tools once, by calling `make_tools`, and hands them to `function`.

    With one worker everything happens in this process. Both callables must be importable when there are more, and
    processes are made by `context`: afresh, or in a `nursery`. Each is given up to `ahead` tasks before it asks, so
    that short ones follow each other without a pause; long ones are shared better without. With `listen` the function
    gets a third argument, `note`: what it is called with is handed to `listen`, here.
    """

    def __init__(
        self,
        make_tools: Callable[[], Any],
        function: Callable[..., Result],
        *,
        workers: int,
        context: BaseContext | None = None,
        listen: Callable[[Any], None] | None = None,
        ahead: int = 0,
    ) -> None:
        self._make_tools, self._function, self._workers, self._listen = make_tools, function, workers, listen
        self._context, self._ahead = context, ahead

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Result | Exception], None, None]:
        """Yield each task with its result, or the UnseenError that it ended in, as they are done.

        Raises what `make_tools` raises, because nothing can be done then. Close the iterator to stop at once: workers
        that are busy are killed.
        """
        if self._workers == 1:
            return self._here(tasks)
        from unseen.engine.crew import Crew  # here: one process needs nothing of what others are started with

        crew = Crew[Task, Result](
            self._make_tools,
            self._function,
            workers=self._workers,
            context=self._context,
            listen=self._listen,
            ahead=self._ahead,
        )
        return crew.run(tasks)

    def _here(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Result | Exception], None, None]:
        tools: Any = None
        for number, task in enumerate(tasks):
            if number == 0:
                tools = self._make_tools()
            yield task, attempt(with_note(self._function, self._listen), task, tools)


def worth_sharing(tasks: int) -> bool:
    """Whether so many tasks are shared among processes, unless a number of them is asked for."""
    return tasks > _FEW


def share_cores(tasks: int, asked: int | None = None) -> tuple[int, int]:
    """Return how many workers to use for so many tasks, unless a number is asked for, and the threads of each."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = asked or (max(1, min(cores, tasks // 2)) if worth_sharing(tasks) else 1)
    return workers, max(1, cores // workers)
