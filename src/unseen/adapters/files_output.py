"""The output folder: one run at a time, staging under names that tell nothing, release by atomic rename."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO

from unseen.core.names import display
from unseen.errors import OutputFailed, UsageError

__all__ = ["OWN", "OutputFolder", "discard", "stage"]

#: The folder inside the output that holds the journal, the lock and what is being written.
OWN = ".unseen"


class OutputFolder:
    """A folder that one run holds at a time; a context manager.

    Entering makes it, takes its lock and deletes what a killed run left staged. Raises OutputFailed if it cannot be
    made and UsageError if another run holds it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / OWN / "journal.jsonl"
        self.staging = root / OWN / "staging"
        self.was_ours = self.journal.exists()
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> OutputFolder:
        try:
            (self.root / OWN).mkdir(parents=True, exist_ok=True)
            self._lock = (self.root / OWN / "lock").open("ab")
        except OSError as error:
            raise OutputFailed(
                f"{display(self.root)}: cannot write there ({error.strerror}); choose another -o"
            ) from error
        if not _try_lock(self._lock):
            self._lock.close()
            raise UsageError(f"{display(self.root)}: another run is writing there; wait for it or choose another -o")
        shutil.rmtree(self.staging, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def release(self, staged: Path, final: Path) -> None:
        """Give a staged file its final name in one step; raises OutputFailed and deletes it if that cannot be."""
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(final)
            _sync_folder(final.parent)
        except OSError as error:
            discard(staged)
            raise OutputFailed(f"{display(final)}: cannot be written ({error.strerror}); check the folder") from error


def stage(data: bytes, folder: Path, name: str) -> Path:
    """Write bytes to disk under a random name in `folder` and return the path; `name` is for the error message.

    Raises OutputFailed, and leaves nothing, when the disk is full or the folder cannot be written.
    """
    path = folder / f"{secrets.token_hex(16)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        discard(path)
        raise OutputFailed(
            f"{name}: cannot be written ({error.strerror}); free some space or choose another -o"
        ) from error
    return path


def discard(path: Path) -> None:
    """Delete a staged file; one that is gone already is fine."""
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Force a rename to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _try_lock(file: IO[bytes]) -> bool:
    """Take an advisory lock that the system drops when the process dies, however it dies."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # absent off Windows
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
