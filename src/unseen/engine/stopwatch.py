"""How long each stage takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Stopwatch"]


class Stopwatch:
    """Adds up seconds by stage, of all threads; the clock is injected."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds: dict[str, float] = {}
        self._guard = threading.Lock()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = self._clock()
        try:
            yield
        finally:
            taken = self._clock() - start
            with self._guard:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + taken
