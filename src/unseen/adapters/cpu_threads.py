"""How many threads numpy's and OpenCV's libraries use: one, because processes share out the cores already."""

from __future__ import annotations

from contextlib import AbstractContextManager

__all__ = ["single_threaded"]


def single_threaded() -> AbstractContextManager[object]:
    """Hold BLAS to one thread, from this call until the context ends, or for good if it is never entered.

    Hiding multiplies many small matrices; spread over threads they took twice the time, most of it spent waiting.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
