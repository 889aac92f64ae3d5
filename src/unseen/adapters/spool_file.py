"""Cleaned objects that wait to be forwarded, as files that survive a crash: one an object, by its new UID."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from unseen.core.names import display
from unseen.errors import OutputFailed, UsageError

__all__ = ["Spool"]

_UID = re.compile(r"[0-9.]{1,64}")


class Spool:
    """A folder of objects that wait, and one of those that the target refused.

    What is put is on disk when `put` returns, and stays until `done` or `refused`. Putting a UID again replaces it: the
    same object, which a sender sent twice because it saw no answer, waits once. One process at a time may hold it;
    entering raises UsageError when another one does.
    """

    def __init__(self, folder: Path) -> None:
        self._waiting, self._refused, self._lock_file = folder / "waiting", folder / "refused", folder / "lock"
        self._lock: int | None = None
        self._count = 0
        self._counting = threading.Lock()

    def __enter__(self) -> Spool:
        try:
            for folder in (self._waiting, self._refused):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(self._lock_file)
            for torn in self._waiting.glob("*.part"):
                torn.unlink(missing_ok=True)
            self._count = sum(1 for _ in self._files())
        except BlockingIOError as error:
            raise UsageError(f"{display(self._waiting.parent)}: another node works there; stop it first") from error
        except OSError as error:
            raise OutputFailed(f"{display(self._waiting.parent)}: {error.strerror}; choose another --spool") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def __len__(self) -> int:
        return self._count

    def put(self, uid: str, data: bytes) -> None:
        """Write an object and force it to disk, name and all; raises OSError, and ValueError for what is no UID."""
        if not _UID.fullmatch(uid):
            raise ValueError("an object needs a UID of digits and dots")
        final, part = self._waiting / f"{uid}.dcm", self._waiting / f"{secrets.token_hex(8)}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with self._counting:
                self._count += not final.exists()
                part.replace(final)
            _sync_folder(self._waiting)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def waiting(self, most: int) -> list[Path]:
        """Return the objects that wait longest, `most` of them at most."""
        found = sorted(self._files(), key=_age)
        return found[:most]

    def _files(self) -> Iterator[Path]:
        return self._waiting.glob("*.dcm")

    def done(self, path: Path) -> None:
        """Forget an object that the target holds."""
        with self._counting:
            path.unlink(missing_ok=True)
            self._count -= 1

    def refused(self, path: Path) -> None:
        """Set aside an object that will not be sent, for somebody to look at; it is a cleaned one."""
        with self._counting:
            path.replace(self._refused / path.name)
            self._count -= 1


def _locked(path: Path) -> int:
    """Return the descriptor of a file that this process alone holds; raises BlockingIOError."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except FileNotFoundError:
        return 0, path.name


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
