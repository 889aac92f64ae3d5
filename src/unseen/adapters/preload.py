"""Loads the libraries that every photo needs; for the process that workers are forked from, which only imports this."""

from __future__ import annotations

import contextlib
import os
from importlib import import_module

__all__: list[str] = []

_NEEDED = (
    "cv2",
    "numpy.random",
    "threadpoolctl",
    "PIL.JpegImagePlugin",
    "unseen.adapters.photo.decode",
    "unseen.adapters.photo.encode",
)


def _load() -> None:
    """Load them; what cannot be loaded is told by the worker that needs it."""
    # Before numpy starts its threads: only a process of one thread is forked safely, and a worker works with one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with contextlib.suppress(Exception):
        for name in _NEEDED:
            import_module(name)
        import_module("PIL.Image").preinit()  # what it does at the first picture that is written
        # Not by its name: that would switch its telemetry on.
        import_module("unseen.adapters.run_onnxruntime").load_onnxruntime()


_load()
