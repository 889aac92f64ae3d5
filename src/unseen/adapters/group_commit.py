"""One transaction for all threads that wait for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["GroupCommit"]

Value = TypeVar("Value")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Waiting(Generic[Value, Result]):
    value: Value
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.results) or self.error is not None


class GroupCommit(Generic[Value, Result]):
    """Hands values to `write` in groups: those that come while it runs wait, and are the next group together.

    `write` returns a result for each value, in order. What it raises, each of the group gets.
    """

    def __init__(self, write: Callable[[Sequence[Value]], Sequence[Result]]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._list: list[_Waiting[Value, Result]] = []
        self._writing = False

    def do(self, value: Value) -> Result:
        """Have a value written and return its result; raises what `write` raised for its group."""
        mine: _Waiting[Value, Result] = _Waiting(value)
        with self._changed:
            self._list.append(mine)
            # Who is done leaves at once; of those who are not, the first to wake writes for all.
            while self._writing and not mine.done:
                self._changed.wait()
            group: list[_Waiting[Value, Result]] = []
            if not mine.done:
                self._writing = True
                group, self._list = self._list, group
        if group:
            try:
                self._lead(group)
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
        if mine.error is not None:
            raise mine.error
        return mine.results[0]

    def _lead(self, group: Sequence[_Waiting[Value, Result]]) -> None:
        """Write for all; an interruption ends here, too, but not before the others know."""
        try:
            results = self._write([waiting.value for waiting in group])
        except BaseException as error:
            for waiting in group:
                waiting.error = error
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, result in zip(group, results, strict=True):
                waiting.results.append(result)
