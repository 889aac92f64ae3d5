"""Records results in a thread of its own, so that nobody who works waits for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["MOST_WAITING", "recorded"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Record = TypeVar("Record")

#: Results that may wait to be recorded before more are taken.
MOST_WAITING = 64


def recorded(
    results: Iterable[tuple[Task, Result]], record: Callable[[Task, Result], Record]
) -> Generator[tuple[Task, Record], None, None]:
    """Record each result as soon as it comes, one after the other, and yield task and record in the same order.

    What came before the caller stops, or an error, is recorded still. Raises what `record` raises.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="clerk") as clerk:
        waiting: deque[tuple[Task, Future[Record]]] = deque()
        for task, result in results:
            waiting.append((task, clerk.submit(record, task, result)))
            while waiting and (waiting[0][1].done() or len(waiting) > MOST_WAITING):
                done, made = waiting.popleft()
                yield done, made.result()
        for done, made in waiting:
            yield done, made.result()
