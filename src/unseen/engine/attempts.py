"""One task is tried: whatever error it ends in is its result, so that the others go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from unseen.errors import UnseenError

__all__ = ["Unexpected", "Work", "attempt", "unexpected", "with_note"]

#: What is called with a task and the tools, and perhaps `note`.
Work = Callable[..., Any]


class Unexpected(UnseenError):
    """An error nobody planned for; only its kind is told, because its text may hold contents."""


def attempt(function: Work, task: Any, tools: Any) -> Any:
    """Return the result, or the error as an UnseenError: one task's error is that task's result, whatever it is."""
    try:
        return function(task, tools)
    except UnseenError as error:
        return error
    except MemoryError:
        return UnseenError("needs more memory than there is; make it smaller, or say --jobs 1")
    except Exception as error:  # noqa: BLE001  # as above
        return unexpected(error)


def unexpected(error: Exception) -> Unexpected:
    """Return what is told of an error that nobody planned for."""
    return Unexpected(f"unexpected {type(error).__name__}; leave the file out and report this")


def with_note(function: Callable[..., Any], listen: Callable[[Any], None] | None) -> Work:
    """Return a function that is given what hears of its tasks on the way as `note`, if anything does."""
    return function if listen is None else partial(function, note=listen)
