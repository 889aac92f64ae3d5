"""The file with what was hidden in each frame of the videos of a run: JSON, one line a frame."""

from __future__ import annotations

import json
from pathlib import Path

from unseen.adapters.files_output import append_lines, discard

__all__ = ["RegionsFile"]


class RegionsFile:
    """Collects lines beside the file, which gets its name when the run is over; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._part = None if path is None else path.with_name(f".{path.name}.part")
        if self._part is not None:
            discard(self._part)

    def add(self, name: str, work: Path) -> None:
        """Take in the lines of a video, which is called `name`, from the folder with its parts."""
        if self._part is not None:
            from unseen.engine.film.store import FilmStore  # photos would wait for it in vain

            lines = (json.dumps({"input": name, **json.loads(line)}) for line in FilmStore.lines_in(work))
            append_lines(self._part, lines, "the file of regions")

    def finish(self) -> None:
        """Give the file its name; raises OutputFailed."""
        if self._part is not None and self._path is not None:
            append_lines(self._part, (), "the file of regions")
            self._part.replace(self._path)
