"""The file with what was hidden in each frame of the videos of a run: JSON, one line a frame."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from unseen.adapters.files_output import OutputFolder, append_lines, write_bytes

__all__ = ["RegionsFile"]

_AT_ONCE = 1 << 20


class RegionsFile:
    """Collects lines in the staging of `folder`, and writes the file from them; without a path it does nothing."""

    def __init__(self, path: Path | None, folder: OutputFolder) -> None:
        self._path, self._tracks = path, folder.tracks
        self._part = folder.staging / f"{secrets.token_hex(16)}.jsonl"

    def add_new(self, name: str, work: Path) -> None:
        """Take in all lines of a video whose parts are in `work`, or none; raises OutputFailed."""
        if self._path is not None:
            from unseen.engine.film.store import FilmStore  # here and below: photos would wait for it in vain

            self._add(name, FilmStore.lines_in(work))

    def add_kept(self, name: str, tag: str) -> None:
        """Take in all lines of a video that an earlier run released, or none, by the commitment to its output's path.

        Raises OutputFailed where they are damaged, too.
        """
        if self._path is not None:
            from unseen.engine.film.tracks import kept_lines, tracks_path

            self._add(name, kept_lines(tracks_path(self._tracks, tag)))

    def _add(self, name: str, lines: Iterable[str]) -> None:
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
