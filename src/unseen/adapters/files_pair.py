"""A table and the files that go with it: written under names that tell nothing, and named one after another."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.adapters.files_output import discard, force, goal_of
from unseen.adapters.private_files import force_names
from unseen.core.names import display
from unseen.errors import OutputFailed, OutputTaken

__all__ = ["Staged", "name_all", "refuse_taken", "stage_with"]


def refuse_taken(paths: Sequence[Path]) -> None:
    """Raise OutputTaken if one of the files is there already."""
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None:
        raise OutputTaken(f"{display(taken)}: is there already; choose another name, or say --overwrite")


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that lies at `part`, beside `goal`, whose place it takes: the file to which the name `path` leads."""

    path: Path
    part: Path
    goal: Path


def stage_with(path: Path, write: Callable[[Path], object]) -> Staged:
    """Let `write` make a file under a random name beside the one that `path` leads to, and force it to disk.

    Raises OutputFailed, and UsageError where something else than a file has the name; leaves nothing then.
    """
    try:
        # Where it is needed at last, which may be another disk than that of a link.
        goal = goal_of(path)
        part = goal.with_name(f".{secrets.token_hex(16)}.part{path.suffix}")
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            force(part)
        except BaseException:
            discard(part)
            raise
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot be written ({error.strerror}); choose another place") from error
    return Staged(path, part, goal)


def name_all(staged: Sequence[Staged]) -> None:
    """Give staged files their names, in order, and force their folders to disk; the last one is the one that counts.

    Raises OutputFailed; deletes what has no name yet.
    """
    try:
        for each in staged:
            each.part.replace(each.goal)
        for folder in {each.goal.parent for each in staged}:
            force_names(folder)
    except OSError as error:
        raise OutputFailed(f"{display(each.path)}: cannot be written ({error.strerror}); check the folder") from error
    finally:
        for each in staged:
            discard(each.part)
