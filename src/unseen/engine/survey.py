"""Finds files by what is in them: which of the items on record lie below a folder, and where."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unseen.adapters.files_output import OWN
from unseen.core.formats import LABEL_ENDING
from unseen.core.names import display
from unseen.engine.governance import Governance, label_path
from unseen.errors import LabelInvalid, OutputFailed, UnreadableInput, UsageError

__all__ = ["Survey", "delete_file", "files_below", "survey"]


@dataclass(frozen=True, slots=True)
class Survey:
    """Where items were found.

    `files` has the files of each item; `changed` files whose label names an item that they no longer are; `labels`
    labels without their file; `problems` tells what could not be looked at.
    """

    files: dict[str, list[Path]] = field(default_factory=dict)
    changed: dict[str, list[Path]] = field(default_factory=dict)
    labels: dict[str, list[Path]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def survey(governance: Governance, items: Collection[str], folders: Sequence[Path] = ()) -> Survey:
    """Look for items below the policy's folder and other `folders`, by the commitment to each file's content.

    Names, dates and places say nothing; links are not followed; Unseen's own folders are left out. Raises UsageError
    for a folder that is none.
    """
    wanted, found = frozenset(items), Survey()
    if not wanted:
        return found
    for path in files_below([governance.root, *folders], found.problems):
        try:
            if path.name.endswith(LABEL_ENDING):
                _look_at_label(governance, path, wanted, found)
                continue
            item = governance.item(path)
            if item in wanted:
                found.files.setdefault(item, []).append(path)
                continue
            named = _named(governance, path)
        except UnreadableInput as error:
            found.problems.append(str(error))
            continue
        if named in wanted:
            found.changed.setdefault(named, []).append(path)
    return found


def _named(governance: Governance, path: Path) -> str:
    """Return the item that the label beside a file names, "" without one."""
    try:
        beside = governance.beside(path)
    except LabelInvalid:
        return ""
    return "" if beside is None else beside.label.item


def _look_at_label(governance: Governance, path: Path, wanted: frozenset[str], found: Survey) -> None:
    owner = path.with_name(path.name.removesuffix(LABEL_ENDING))
    named = "" if os.path.lexists(owner) else _named(governance, owner)
    if named in wanted:
        found.labels.setdefault(named, []).append(path)


def files_below(folders: Sequence[Path], problems: list[str]) -> Iterator[Path]:
    """Yield every regular file below the folders once; what cannot be listed is added to the problems."""

    def note(error: OSError) -> None:
        problems.append(f"{display(str(error.filename))}: cannot be listed ({error.strerror}); give yourself access")

    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{display(folder)}: no such folder; name one that holds files")
        for where, below, names in os.walk(folder.resolve(), onerror=note):
            below[:] = sorted(name for name in below if name != OWN)
            if Path(where) in seen:
                below.clear()
                continue
            seen.add(Path(where))
            paths = (Path(where, name) for name in sorted(names))
            yield from (path for path in paths if path.is_file() and not path.is_symlink())


def delete_file(governance: Governance, path: Path, item: str) -> None:
    """Delete a file, and the label beside it, if it still is this item; raises OutputFailed if not."""
    try:
        same = governance.item(path) == item
    except UnreadableInput as error:
        if os.path.lexists(path):
            raise OutputFailed(str(error)) from error
        same = True  # gone meanwhile: only its label may be left
    if not same:
        raise OutputFailed(f"{display(path)}: was changed since it was labelled, and stays; look at it yourself")
    label = label_path(path)
    try:
        path.unlink(missing_ok=True)
        if _named(governance, path) == item:
            label.unlink(missing_ok=True)
    except OSError as error:
        raise OutputFailed(f"{display(path)}: cannot be deleted ({error.strerror}); check its rights") from error
