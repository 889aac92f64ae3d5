"""Locks between processes, and threads, that the system drops when their holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from unseen.core.names import display
from unseen.errors import UnseenError

__all__ = ["FileLock", "try_lock"]

#: Windows locks bytes, and lets nobody read those that are locked: so one is locked that no file has.
_FAR = 1 << 30


class FileLock:
    """A lock that is a file: one holder at a time, or several that share it (where the system knows no sharing: one).

    Each taking opens the file anew, so that threads exclude each other too. Raises UnseenError where there can be none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self, *, shared: bool = False) -> Iterator[None]:
        """Wait for the lock, and hold it."""
        with self._opened() as file:
            _wait(file, shared)
            yield

    @contextmanager
    def tried(self) -> Iterator[bool]:
        """Hold the lock if it is free now, and say whether it was."""
        with self._opened() as file:
            yield try_lock(file)

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            where = display(self._path)
            raise UnseenError(f"{where}: cannot be locked ({error.strerror}); check its folder") from error
        with os.fdopen(handle, "r+b", buffering=0) as file:
            yield file


def _wait(file: IO[bytes], shared: bool) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(_FAR)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]  # absent off Windows
            except OSError:
                continue
            return
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def try_lock(file: IO[bytes]) -> bool:
    """Lock an open file, until it is closed, if nobody else did, and say whether it is; its position may change.

    Raises OSError where the file's system knows no locks.
    """
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # absent off Windows
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
