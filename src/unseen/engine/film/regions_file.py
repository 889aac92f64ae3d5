"""The file with what was hidden in each frame of the videos of a run: JSON, one line a frame."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from unseen.adapters.files_output import append_lines, write_bytes

__all__ = ["RegionsFile"]

_AT_ONCE = 1 << 20


class RegionsFile:
    """Collects lines in the folder `staging`, and writes the file from them; without a path it does nothing."""

    def __init__(self, path: Path | None, staging: Path) -> None:
        self._path = path
        self._part = staging / f"{secrets.token_hex(16)}.jsonl"

    def add(self, name: str, lines: Iterable[str]) -> None:
        """Take in the lines of a video, called `name`, all or none; raises OutputFailed and what `lines` does."""
        if self._path is not None:
            named = (json.dumps({"input": name, **json.loads(line)}) for line in lines)
            append_lines(self._part, named, "the file of regions")

    def finish(self) -> None:
        """Write the file, before the folder is deleted; raises OutputFailed or UsageError."""
        if self._path is not None:
            append_lines(self._part, (), "the file of regions")
            write_bytes(self._path, self._pieces(), "the file of regions")

    def _pieces(self) -> Iterator[bytes]:
        with self._part.open("rb") as file:
            while piece := file.read(_AT_ONCE):
                yield piece
