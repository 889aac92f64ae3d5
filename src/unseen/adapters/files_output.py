"""The output folder: one run at a time, staging under names that tell nothing, release by atomic rename."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from unseen.adapters.private_files import place_new, stage_private
from unseen.core.names import display
from unseen.errors import OutputFailed, OutputTaken, UsageError

__all__ = [
    "OWN", "OutputFolder", "append_lines", "check_writable", "discard", "force", "goal_of",
    "replace_file", "replacing", "stage", "write_bytes", "write_new", "write_private", "write_whole",
]  # fmt: skip

#: The folder inside the output that holds the journal, the lock and what is being written.
OWN = ".unseen"


class OutputFolder:
    """A folder that one run holds at a time; a context manager.

    Entering makes it, takes its lock and deletes what a killed run left staged; `work` has parts of videos with which a
    later run can go on, and stays. Raises OutputFailed if it cannot be made and UsageError if another run holds it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own = root / OWN
        self.journal = self.own / "journal.jsonl"
        self.staging = self.own / "staging"
        self.work = self.own / "work"
        self.tracks = self.own / "tracks"
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> OutputFolder:
        try:
            self.own.mkdir(parents=True, exist_ok=True)
            self._lock = (self.own / "lock").open("ab")
            free = _try_lock(self._lock)
        except OSError as error:
            self._unlock()
            raise OutputFailed(
                f"{display(self.root)}: cannot write there ({error.strerror}); choose another -o"
            ) from error
        if not free:
            self._unlock()
            raise UsageError(f"{display(self.root)}: another run is writing there; wait for it or choose another -o")
        shutil.rmtree(self.staging, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def release(self, staged: Path, final: Path, *, forced: bool = False, seen: set[Path] | None = None) -> None:
        """Force a staged file to disk, unless that was done, and give it its final name in one step.

        `seen` are folders that were looked after a moment ago, and need not be again; it gets this one. Raises
        OutputFailed and deletes the file if that cannot be.
        """
        try:
            if seen is None or final.parent not in seen:
                self._refuse_way_out(final)
                _make_folders(final.parent)
                (set() if seen is None else seen).add(final.parent)
            if not forced:
                force(staged)
            staged.replace(final)
        except OSError as error:
            discard(staged)
            raise OutputFailed(f"{display(final)}: cannot be written ({error.strerror}); check the folder") from error
        # The folder is not forced to disk: a name lost with the power is done again, as the journal's hashes tell.

    def _refuse_way_out(self, final: Path) -> None:
        """Raise OSError if a link on the way to the final name leads out of this folder, perhaps into the input."""
        if not final.parent.resolve().is_relative_to(self.root.resolve()):
            raise OSError(0, "a link leads out of the output folder")


def stage(data: bytes, folder: Path, name: str) -> Path:
    """Write bytes to a file of a random name in `folder` and return the path; `name` is for the error message.

    They are forced to disk at its release, by a process that has time to wait for it. Raises OutputFailed, and leaves
    nothing, when the disk is full or the folder cannot be written.
    """
    path = folder / f"{secrets.token_hex(16)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
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


def goal_of(path: Path) -> Path:
    """Return the file that a name leads to, which may be made or replaced.

    Raises UsageError for what is there and no regular file: in place of a device, a pipe, a folder or a link to one
    there would be a file, and nobody could write to it any more. Raises OSError.
    """
    if os.path.lexists(path) and not path.is_file():
        raise UsageError(f"{display(path)}: is no regular file, nor a link to one; name another file")
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def write_whole(path: Path, parts: Iterable[str], what: str) -> None:
    """Write text to a file, whole or not at all; `what` names it in the error. Raises OutputFailed or UsageError."""
    write_bytes(path, (text.encode("utf-8") for text in parts), what)


def write_bytes(path: Path, parts: bytes | Iterable[bytes], what: str) -> None:
    """Write bytes to a file, whole or not at all; `what` names it in the error. Raises OutputFailed or UsageError."""
    try:
        replace_file(goal_of(path), [parts] if isinstance(parts, bytes) else parts)
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot write {what} ({error.strerror}); choose another place") from error


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Put a file in the place of what is at `path`, whole or not at all; raises OSError and what `parts` does."""
    with replacing(path) as part, part.open("xb") as file:
        file.writelines(parts)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a free name beside `path`; what the block writes there is forced to disk and takes the place of `path`.

    Nothing is left of it where the block raises. Raises OSError.
    """
    part = _part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        force(part)
        part.replace(path)
    finally:
        discard(part)


def write_private(path: Path, parts: Iterable[bytes], what: str) -> None:
    """Write bytes to a new file that only its owner can read, whole or not at all; `what` names it in the error.

    Raises OutputTaken if there is a file of this name, OutputFailed if it cannot be written; errors of `parts` pass.
    """
    try:
        place_new(stage_private(path, parts), path)
    except FileExistsError as error:
        raise OutputTaken(f"{display(path)}: is there already; choose another name for {what}") from error
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot write {what} ({error.strerror}); choose another place") from error


def write_new(files: Sequence[tuple[Path, bytes]], what: str) -> None:
    """Write new files, all of them or none, each whole; `what` names them in the error.

    Raises OutputTaken if there is a file of one of the names, OutputFailed if one cannot be written.
    """
    staged: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    try:
        for path, data in files:
            staged.append((stage(data, path.parent, display(path)), path))
            force(staged[-1][0])
        for part, path in staged:
            place_new(part, path)
            placed.append(path)
    except BaseException as error:
        for each in (*placed, *(part for part, _ in staged)):
            discard(each)
        if isinstance(error, FileExistsError):
            taken = display(staged[len(placed)][1])
            raise OutputTaken(f"{taken}: is there already; choose another name for {what}") from error
        if isinstance(error, OSError):
            raise OutputFailed(f"cannot write {what} ({error.strerror}); choose another place") from error
        raise


def append_lines(path: Path, lines: Iterable[str], what: str) -> None:
    """Add lines to a file, all or none, and force them to disk; `what` names it in the error.

    Raises OutputFailed and what `lines` does.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _as_it_was(path), path.open("ab") as file:
            file.writelines(f"{line}\n".encode() for line in lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot write {what} ({error.strerror}); choose another place") from error


@contextlib.contextmanager
def _as_it_was(path: Path) -> Iterator[None]:
    """Cut a file to the length that it has now, if the block raises; raises OSError."""
    length = path.stat().st_size if path.exists() else 0
    try:
        yield
    except BaseException:
        # Closed by now: what waited in its buffer must not appear later.
        if path.exists():
            os.truncate(path, length)
        raise


def check_writable(path: Path, what: str) -> None:
    """Raise OutputFailed or UsageError if a file could not be written at `path`, so that it is known before the work is
    done."""
    try:
        part = _part_of(goal_of(path))
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.touch(exist_ok=False)
        finally:
            discard(part)
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot write {what} ({error.strerror}); choose another place") from error


def force(path: Path) -> None:
    """Force a file to disk; raises OSError."""
    # For writing, as Windows forces no other handles to disk.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, one by one: the standard library calls itself for each, and trees are deep."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")


def _try_lock(file: IO[bytes]) -> bool:
    """Take an advisory lock that the system drops when the process dies, however it dies; False if it is held.

    Raises OSError where the file system knows no locks.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # absent off Windows
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
