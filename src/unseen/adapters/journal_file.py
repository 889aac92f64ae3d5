"""The journal as a file of JSON lines, forced to disk line by line."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from unseen.core.names import display
from unseen.errors import OutputFailed

__all__ = ["FileJournal"]


class FileJournal:
    """Appends one JSON object a line to `path` and forces it to disk; a torn last line, left by a crash, is dropped.

    Raises OutputFailed when the disk is full or the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what could not be written must not wait in a buffer and appear later.
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise self._failed("keep", error) from error
        try:
            self._mend()
        except OSError as error:
            self._file.close()
            raise self._failed("keep", error) from error

    def _failed(self, verb: str, error: OSError) -> OutputFailed:
        where = display(self._path)
        return OutputFailed(
            f"{where}: cannot {verb} the journal ({error.strerror}); free some space or choose another -o"
        )

    def _mend(self) -> None:
        """Cut off a torn last line, so that the next entry starts on a line of its own."""
        end = self._file.seek(0, os.SEEK_END)
        if end == 0:
            return
        self._file.seek(end - 1)
        if self._file.read(1) != b"\n":
            self._file.truncate(self._path.read_bytes().rfind(b"\n") + 1)

    def entries(self) -> Iterator[dict[str, object]]:
        """Yield the entries, oldest first; lines that are no JSON object are passed over."""
        with self._path.open("rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError, RecursionError):
                    entry = json.loads(line)
                    if isinstance(entry, dict):
                        yield entry

    def append(self, entry: dict[str, object]) -> None:
        """Write one entry, whole or not at all, and force it to disk."""
        self.append_all((entry,))

    def append_all(self, entries: Iterable[dict[str, object]]) -> None:
        """Write entries, all or none, and force them to disk together."""
        line = b"".join(json.dumps(e, sort_keys=True, separators=(",", ":")).encode() + b"\n" for e in entries)
        start = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(start)
            raise self._failed("write", error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
