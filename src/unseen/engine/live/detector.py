"""The detector as a live stream sees it: a process that may hang or die, and is then started again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from unseen.core.photos import Rgb8
from unseen.core.regions import Detection
from unseen.engine.live.looker import Answer, LookerSetup, receive, send, send_picture
from unseen.errors import UnseenError

__all__ = ["LiveDetector", "State"]

State = Literal["starting", "ready", "looking", "down"]
#: Without the current folder on the path, where a file might be called as a library is.
_COMMAND = (sys.executable, "-P", "-c", "import sys; from unseen.engine.live.looker import main; sys.exit(main())")
_START_SECONDS, _END_SECONDS = 60.0, 2.0
#: Seconds to wait before the first, second ... start that follows a failed one.
_WAITS = (0.1, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class _Busy:
    """A process that has been busy since then, and may be for `limit` seconds."""

    process: subprocess.Popen[bytes]
    since: float
    limit: float


class LiveDetector:
    """Looks at pictures in a process of its own.

    One thread calls `look`; another calls `check` some times a second, which kills a process that has been busy for
    more than `stall` seconds, so that `look` comes back. Pictures go through a pipe, never to a disk.
    """

    def __init__(
        self,
        setup: LookerSetup | Any,
        *,
        stall: float,
        command: Sequence[str] = _COMMAND,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._setup, self._stall, self._command = setup, stall, tuple(command)
        self._clock, self._wait = clock, wait
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._busy_now: _Busy | None = None
        self._number = self._failed = 0
        self._closed = False
        self.devices: tuple[str, ...] = ()
        self.state: State = "down"
        self.starts = self.stalls = 0

    @property
    def pid(self) -> int | None:
        """The process's number while there is one."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process and wait until it is ready; raises what it says, or UnseenError if it dies."""
        with self._guard:
            if self._closed:
                raise UnseenError("the detector is closed")
            self.state = "starting"
            self.starts += 1
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        try:
            with self._busy(_START_SECONDS):
                send(self._pipe("stdin"), self._setup)
                answer = receive(self._pipe("stdout"))
        except (OSError, EOFError, ValueError) as error:
            self._bury()
            raise UnseenError("the detector's process ended before it was ready; is there memory enough?") from error
        if not isinstance(answer, Answer) or answer.error is not None:
            self._bury()
            raise (answer.error if isinstance(answer, Answer) else None) or UnseenError("the detector does not start")
        self.devices, self.state, self._failed = answer.devices, "ready", 0

    def look(self, image: Rgb8) -> tuple[Detection, ...] | None:
        """Return what is in a picture, shape (height, width, 3) RGB; None if the detector failed, or had to start."""
        if self.pid is None or self.state == "down":
            self._start_again()
            return None
        self._number += 1
        self.state = "looking"
        try:
            with self._busy(self._stall):
                send_picture(self._pipe("stdin"), self._number, image)
                answer = receive(self._pipe("stdout"))
        except (OSError, EOFError, ValueError):
            self._bury()
            return None
        self.state = "ready"
        if not isinstance(answer, Answer) or answer.number != self._number:
            self._bury()
            return None
        return None if answer.error is not None else answer.found

    def check(self) -> None:
        """Kill the process if it has been busy for too long."""
        now = self._clock()
        with self._guard:  # else it might be the next one that is killed
            busy = self._busy_now
            if busy is not None and now - busy.since > busy.limit:
                self.stalls += 1
                self._busy_now = None
                busy.process.kill()

    def close(self) -> None:
        """End the process for good."""
        with self._guard:
            self._closed = True
        self._kill()
        # Who looks just now reads the end of the pipe, and closes it.
        until = time.monotonic() + _END_SECONDS
        while self._busy_now is not None and time.monotonic() < until:
            time.sleep(0.01)
        self._bury()

    def _start_again(self) -> None:
        self._bury()
        if self._failed:
            self._wait(_WAITS[min(self._failed, len(_WAITS)) - 1])
        self._failed += 1
        with contextlib.suppress(UnseenError):
            self.start()

    @contextlib.contextmanager
    def _busy(self, limit: float) -> Any:
        process = self._process
        if process is None:
            raise EOFError
        busy = _Busy(process, self._clock(), limit)
        with self._guard:
            self._busy_now = busy
        try:
            yield
        finally:
            with self._guard:
                if self._busy_now is busy:
                    self._busy_now = None

    def _pipe(self, name: Literal["stdin", "stdout"]) -> BinaryIO:
        process = self._process
        pipe: BinaryIO | None = None if process is None else getattr(process, name)
        if pipe is None:
            raise EOFError
        return pipe

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def _bury(self) -> None:
        """End the process if it is still there, and close the pipes to it."""
        self.state = "down"
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
