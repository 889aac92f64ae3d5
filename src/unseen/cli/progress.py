"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere; problems as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from unseen.core.receipts import FileReceipt, FrameNote

if TYPE_CHECKING:
    from unseen.core.dicom import DicomReceipt

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
        self._films: dict[str, tuple[float, int]] = {}
        self._total = self._done = 0
        self._start = self._said = clock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: int | FileReceipt | DicomReceipt | FrameNote) -> None:
        """Take the number of files, once, then each receipt, and how far videos are."""
        if isinstance(event, int):
            self._begin(event)
            return
        if isinstance(event, FrameNote):
            self._frames(event)
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

    def _frames(self, note: FrameNote) -> None:
        """Say how far a video is, with its rate and the time left."""
        if self._quiet:
            return
        now = self._clock()
        first = self._films.setdefault(note.name, (now, note.done))
        passed, done = now - first[0], note.done - first[1]
        rate = done / passed if passed > 0 else 0.0
        text = f"{note.name}: frame {note.done}" + (f" of {note.total}" if note.total else "")
        if rate:
            text += f", {rate:.1f} a second"
            text += f", {max(0, note.total - note.done) / rate:.0f} s left" if note.total else ""
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        elif now - self._said >= _EVERY_SECONDS:
            self._said = now
            self._say(text)

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
