"""Encrypted files in a local folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from unseen.adapters.private_files import force_names, stage_private
from unseen.core.names import display
from unseen.errors import OutputFailed, UnreadableInput

__all__ = ["FolderBlobs"]


class FolderBlobs:
    """Files below `root`, in folders by the first two letters of their names; see `core.ports.BlobStore`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Write under a temporary name, force it to disk, and give it its name in one step."""
        path = self._path(name)
        try:
            stage_private(path, parts).replace(path)
            force_names(path.parent)
        except OSError as error:
            raise OutputFailed(
                f"{display(self._root)}: cannot write there ({error.strerror}); free some space"
            ) from error

    def open(self, name: str) -> IO[bytes]:
        """Open a file."""
        try:
            return self._path(name).open("rb")
        except OSError as error:
            raise UnreadableInput(f"{display(self._path(name))}: cannot be read ({error.strerror})") from error

    def delete(self, name: str) -> None:
        """Delete a file."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputFailed(f"{display(self._path(name))}: cannot be deleted ({error.strerror})") from error

    def names(self) -> Iterator[str]:
        """Yield the names of the files."""
        for path in self._root.glob("*/*"):
            yield path.name if not path.name.endswith(".part") else f"{path.parent.name}/{path.name}"

    def _path(self, name: str) -> Path:
        return self._root / (name if "/" in name else f"{name[:2]}/{name}")
