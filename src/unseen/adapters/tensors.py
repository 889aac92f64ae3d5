"""What every runtime needs around a run: shapes checked, batches split, errors in one line, threads counted."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unseen.errors import UsageError

__all__ = ["Edit", "Shape", "checked", "in_batches", "one_line", "thread_count"]

Shape = tuple[int | None, ...]
#: Changes the bytes of a model file before they are loaded; raises ValueError where it cannot.
Edit = Callable[[bytes], bytes]
Outputs = tuple[NDArray[np.float32], ...]
_LONGEST_REASON = 200


def checked(batch: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    """Return the batch, contiguous; raises ValueError unless it is float32 of `shape` (None is any size).

    The first dimension may be longer than 1 where the model fixes it at 1.
    """
    sizes_fit = len(batch.shape) == len(shape) and all(
        want in (None, size) for size, want in zip(batch.shape[1:], shape[1:], strict=True)
    )
    length_fits = batch.ndim > 0 and batch.shape[0] > 0 and shape[0] in (None, 1, batch.shape[0])
    if batch.dtype != np.float32 or not sizes_fit or not length_fits:
        raise ValueError(f"expected float32 of shape {shape}, got {batch.dtype} of shape {batch.shape}")
    return np.ascontiguousarray(batch)


def in_batches(run: Callable[[NDArray[np.float32]], Outputs], batch: NDArray[np.float32], shape: Shape) -> Outputs:
    """Run the batch at once, or one by one where the model takes one, and return outputs joined along axis 0."""
    if shape[0] is None or shape[0] == batch.shape[0]:
        return run(batch)
    parts = [run(batch[index : index + 1]) for index in range(batch.shape[0])]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def one_line(error: Exception) -> str:
    """Return the last line that a library says, which names the reason, cut to 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:_LONGEST_REASON] if lines else type(error).__name__


def thread_count(threads: int | None) -> int:
    """Return the CPU threads to use: `threads`, or as many as the cores this process may run on."""
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    if threads < 1:
        raise UsageError(f"threads must be at least 1, got {threads}")
    return threads
