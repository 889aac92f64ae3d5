"""The threads of a live run: an error that ends one of them ends the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from unseen.errors import UnseenError

__all__ = ["Crew"]


class Crew:
    """Does works in threads of their own, and keeps the first error that ends one."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._failed: tuple[str, BaseException] | None = None

    def start(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Begin a work, and return its thread."""
        thread = threading.Thread(target=self._do, args=(name, work), daemon=True, name=name)
        self._threads.append(thread)
        thread.start()
        return thread

    def check(self) -> None:
        """Raise UnseenError if a work has ended by an error."""
        if self._failed is None:
            return
        name, error = self._failed
        if isinstance(error, UnseenError):
            raise error
        raise UnseenError(
            f"{name}: ended by itself ({type(error).__name__}), which it must not; the run is over; report this"
        ) from error

    def join(self, seconds: float) -> None:
        """Wait until all works have ended, `seconds` at most for all of them."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _do(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again by `check`
            self._failed = self._failed or (name, error)
