"""Files that lie open, as the gate gives them out: only what was named, and only as it was when it was decided on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from unseen.core.names import display
from unseen.core.ports import Opener
from unseen.crypto.keys import Key
from unseen.errors import Refused, UnreadableInput

__all__ = ["PlainFiles", "commitment", "opened"]

_PART = 1 << 20


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for as long as the block lasts; raises UnreadableInput, also for what fails while it is read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise UnreadableInput(f"{display(path.name)}: cannot be read ({error.strerror}); check its rights") from error


def commitment(key: Key, file: IO[bytes]) -> str:
    """Return the commitment to what is left to read of a file; raises OSError."""
    return key.tag_of("item", iter(lambda: file.read(_PART), b""))


@dataclass(slots=True)
class PlainFiles:
    """An `Opener` for files that lie open: it gives only those that were named to it, if they are what they were.

    `vaulted` has those that lie in a vault, each with what opens it; an open file of the same content is no way around.
    """

    key: Key
    paths: dict[str, Path] = field(default_factory=dict)
    vaulted: dict[str, Opener] = field(default_factory=dict)

    def open(self, item: str, purpose: str) -> IO[bytes]:
        """Return the file of an item; raises UnreadableInput, or Refused for one that was not named or was swapped.

        What is compared is the opened file, so that another one in its place changes nothing afterwards.
        """
        if item in self.vaulted:
            return self.vaulted[item].open(item, purpose)
        path = self.paths.get(item)
        if path is None:
            raise Refused(f"no file was named for this item, under {purpose}; name its path")
        try:
            file = path.open("rb")
            try:
                if commitment(self.key, file) != item:
                    raise Refused(f"{display(path.name)}: changed after it was decided on; ask again")
                file.seek(0)
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise UnreadableInput(
                f"{display(path.name)}: cannot be read ({error.strerror}); check its rights"
            ) from error
        return file
