"""A table and the files that go with it: written under names that tell nothing, and named one after another."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from unseen.adapters.files_output import discard, goal_of
from unseen.core.names import display
from unseen.errors import OutputFailed, OutputTaken

__all__ = ["name_all", "refuse_taken", "stage_with"]


def refuse_taken(paths: Sequence[Path]) -> None:
    """Raise OutputTaken if one of the files is there already."""
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None:
        raise OutputTaken(f"{display(taken)}: is there already; choose another name, or say --overwrite")


def stage_with(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` make a file under a random name beside `path`, force it to disk, and return that name.

    Raises OutputFailed, and leaves nothing, where that cannot be.
    """
    staged = path.with_name(f".{secrets.token_hex(16)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(staged)
        with staged.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        discard(staged)
        raise OutputFailed(f"{display(path)}: cannot be written ({error.strerror}); choose another place") from error
    except BaseException:
        discard(staged)
        raise
    return staged


def name_all(staged: Sequence[tuple[Path, Path]]) -> None:
    """Give staged files their names, in order, and force their folders to disk; the last one is the one that counts.

    Raises OutputFailed, and UsageError where something else than a file has a name; deletes what has no name yet.
    """
    try:
        for part, final in staged:
            part.replace(goal_of(final))
        for folder in {final.parent for _, final in staged}:
            _sync(folder)
    except OSError as error:
        raise OutputFailed(f"{display(final)}: cannot be written ({error.strerror}); check the folder") from error
    finally:
        for part, _ in staged:
            discard(part)


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
