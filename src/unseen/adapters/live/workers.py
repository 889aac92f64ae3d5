"""One thread for each camera and target that takes its time: what is slow there holds up nobody else."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from typing import Protocol

from unseen.adapters.live.viewers import Viewer
from unseen.core.live import Unit, UnitKind

__all__ = ["Sink", "WorkerTarget"]

_QUIET = 0.5
_WAITS = (1.0, 2.0, 5.0, 10.0)
#: Seconds after which a write that has not ended is told of as a problem, and that closing waits for all threads.
_SLOW, _LAST = 5.0, 3.0


class Sink(Protocol):
    """Where one camera's pictures are written, one after another; may block, and raises OSError or its like."""

    def write(self, unit: Unit) -> None:
        """Write a picture; the first one after opening, or after an error, is a key picture."""
        ...

    def rest(self) -> None:
        """Take it that no picture came for a moment."""
        ...

    def close(self) -> None:
        """Finish what is written."""
        ...


class WorkerTarget:
    """A `core.ports.LiveTarget` that writes in threads; `make` opens a camera's sink, also again after an error.

    What `make` and the sink raise is kept as the camera's problem, and tried again, later each time; `tell` says it of
    `errors`, which are those to be expected.
    """

    def __init__(
        self, make: Callable[[str], Sink], kind: UnitKind, tell: Callable[[str, BaseException], str],
        errors: tuple[type[BaseException], ...],
    ) -> None:  # fmt: skip
        self._make, self._kind, self._tell, self._errors = make, kind, tell, errors
        self._queues: dict[str, Viewer] = {}
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self._problems: dict[str, str] = {}
        self._writing: dict[str, float] = {}

    @property
    def problems(self) -> dict[str, str]:
        """What goes wrong just now, by camera; that a write does not end, too, which its thread cannot tell itself."""
        told, now = dict(self._problems), time.monotonic()
        for camera, began in self._writing.copy().items():
            if now - began >= _SLOW and camera not in told:
                told[camera] = self._tell(camera, TimeoutError(errno.ETIMEDOUT, "it stopped"))
        return told

    def wants(self, camera: str) -> tuple[frozenset[UnitKind], bool]:
        """Return what is wanted: always this target's kind."""
        queue = self._queues.get(camera)
        return frozenset({self._kind}), queue is None or queue.needs_key

    def send(self, camera: str, unit: Unit) -> None:
        """Put a picture in the camera's queue."""
        if unit.kind != self._kind or self._stop.is_set():
            return
        if camera not in self._queues:
            self._queues[camera] = Viewer(self._kind)
            thread = threading.Thread(target=self._work, args=(camera,), daemon=True, name=f"{self._kind} {camera}")
            self._threads.append(thread)
            thread.start()
        self._queues[camera].offer(unit)

    def close(self) -> None:
        """Write what is in the queues, finish, and wait a little for it."""
        self._stop.set()
        until = time.monotonic() + _LAST
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))

    def _work(self, camera: str) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self._write_on(camera)
                return
            except Exception as error:  # noqa: BLE001  # whatever it is, that nothing is written has to be told
                expected = isinstance(error, self._errors)
                fault = f"{camera}: {self._kind} fails ({type(error).__name__}), which it must not; report this"
                self._problems[camera] = self._tell(camera, error) if expected else fault
            self._stop.wait(_WAITS[min(failures, len(_WAITS) - 1)])
            failures += 1
            self._queues[camera] = Viewer(self._kind)  # begins at a key picture

    def _write_on(self, camera: str) -> None:
        queue = self._queues[camera]
        sink = self._make(camera)
        try:
            while True:
                unit = queue.next(_QUIET)
                if unit is not None:
                    self._writing[camera] = time.monotonic()
                    sink.write(unit)
                    self._writing.pop(camera)
                    self._problems.pop(camera, None)
                elif self._stop.is_set():
                    return
                else:
                    sink.rest()
        finally:
            self._writing.pop(camera, None)
            sink.close()
