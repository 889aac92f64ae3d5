"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere; problems as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from unseen.core.receipts import FileReceipt

__all__ = ["Progress"]

_EVERY_SECONDS = 10.0


class Progress:
    """Listens to a run and writes to a stream, standard error by default; a context manager."""

    def __init__(
        self, *, quiet: bool = False, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quiet = quiet
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._bar: Any = None
        self._total = self._done = 0
        self._start = self._said = clock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: int | FileReceipt) -> None:
        """Take the number of files, once, then each receipt."""
        if isinstance(event, int):
            self._begin(event)
            return
        self._done += 1
        if event.error is not None and (event.status == "failed" or not self._quiet):
            self._say(f"{event.status}: {event.error}")
        if self._bar is not None:
            self._bar.update()
        elif not self._quiet:
            self._plain()

    def _begin(self, total: int) -> None:
        self._total = total
        if not self._quiet and self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="file", file=self._stream, dynamic_ncols=True)

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=self._stream)
        else:
            print(line, file=self._stream, flush=True)

    def _plain(self) -> None:
        now = self._clock()
        if now - self._said < _EVERY_SECONDS:
            return
        self._said = now
        rate = self._done / (now - self._start)
        left = (self._total - self._done) / rate
        self._say(f"{self._done}/{self._total} files, {rate:.1f} a second, {left:.0f} s left")
