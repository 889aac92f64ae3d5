"""How much of the processor threads take: numpy's and OpenCV's one core each, those that work ahead what is left."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from contextlib import AbstractContextManager

__all__ = ["give_way", "single_threaded"]

#: By how much what gives way is nicer: it still gets a third of what another thread gets.
_NICER = 5


def single_threaded() -> AbstractContextManager[object]:
    """Hold BLAS to one thread, from this call until the context ends, or for good if it is never entered.

    Processes share out the cores already. Hiding multiplies many small matrices; spread over threads they took twice
    the time, most of it spent waiting.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def give_way() -> None:
    """Let other threads go first from now on: the calling thread, and those that it starts, get less of the processor.

    Done on Linux alone, where a thread has a priority of its own (setpriority(2)) that those it starts inherit;
    elsewhere it would be that of the whole process.
    """
    if sys.platform == "linux":
        me = threading.get_native_id()
        # Where it is not allowed, the threads share the processor evenly.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + _NICER)
