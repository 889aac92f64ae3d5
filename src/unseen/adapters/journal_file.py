"""The journal as a file of JSON lines, forced to disk line by line."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

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
            self._mend()
            self._file = path.open("ab")
        except OSError as error:
            raise OutputFailed(f"{path}: cannot keep a journal there ({error.strerror}); choose another -o") from error

    def _mend(self) -> None:
        """Cut off a torn last line, so that the next entry starts on a line of its own."""
        with contextlib.suppress(FileNotFoundError):
            data = self._path.read_bytes()
            if data and not data.endswith(b"\n"):
                os.truncate(self._path, data.rfind(b"\n") + 1)

    def entries(self) -> Iterator[dict[str, object]]:
        """Yield the entries, oldest first; lines that are no JSON object are passed over."""
        with self._path.open("rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    entry = json.loads(line)
                    if isinstance(entry, dict):
                        yield entry

    def append(self, entry: dict[str, object]) -> None:
        """Write one entry and force it to disk."""
        try:
            self._file.write(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputFailed(f"{self._path}: cannot write the journal ({error.strerror}); free some space") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
