"""Deletes items wherever they are: their keys in a vault, their files, and all that their labels allowed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from unseen.adapters.file_lock import FileLock
from unseen.adapters.files_output import OWN
from unseen.adapters.private_files import force_names
from unseen.core.labels import Label
from unseen.core.names import display
from unseen.core.ports import KeyRing
from unseen.crypto.labels import check_label, sign_label
from unseen.engine.governance import Governance
from unseen.engine.survey import Survey, delete_file
from unseen.errors import FileError, UsageError
from unseen.govern.retention import Graph, Known
from unseen.policy.labels import is_tombstone, tombstone

__all__ = [
    "BATCH",
    "Deleted",
    "bury",
    "delete_items",
    "in_batches",
    "known_items",
    "label_now",
    "lineage",
    "one_answer",
    "one_at_a_time",
]

#: Items named in one event of the ledger, which holds 64 KiB.
BATCH = 500
_ANSWERING = "answering-lock"


@dataclass(slots=True)
class Deleted:
    """What was deleted: items, files, items of a vault; and what was not, a line each."""

    items: list[str] = field(default_factory=list)
    files: int = 0
    sealed: int = 0
    problems: list[str] = field(default_factory=list)


@contextmanager
def one_at_a_time(governance: Governance) -> Iterator[None]:
    """Hold the lock of whoever deletes under this policy; raises UsageError if somebody else does."""
    with FileLock(governance.root / OWN / "deletion-lock").tried() as free:
        if not free:
            raise UsageError("another process is deleting under this policy; wait for it")
        with FileLock(governance.root / OWN / _ANSWERING).tried() as idle:
            if idle:  # what was taken out of a vault for an answer that was killed
                shutil.rmtree(governance.root / OWN / "answering", ignore_errors=True)
        yield


@contextmanager
def one_answer(governance: Governance) -> Iterator[Path]:
    """Give an empty folder for work on an answer to a person, and delete it afterwards; one process at a time.

    It lies in Unseen's own folder, where what a killed process leaves is swept up by the next one that answers or
    deletes. Raises UsageError if somebody else answers.
    """
    with FileLock(governance.root / OWN / _ANSWERING).tried() as free:
        if not free:
            raise UsageError("another process is answering a person under this policy; wait for it")
        folder = governance.root / OWN / "answering"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def in_batches(items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield items in parts that one event of the ledger can name."""
    for start in range(0, len(items), BATCH):
        yield tuple(items[start : start + BATCH])


def known_items(governance: Governance) -> dict[str, Known]:
    """Return what is known of every item on record; raises LabelInvalid if a label was changed."""
    found = {}
    for signed, kind, at in governance.records.items():
        label = check_label(signed, governance.key, signed.label.item)
        found[label.item] = Known(label.item, kind, label.retain_until, label.subjects, at, is_tombstone(label))
    return found


def lineage(governance: Governance) -> Graph:
    """Return what was made from what."""
    return Graph(governance.records.edges())


def label_now(governance: Governance, item: str) -> Label | None:
    """Return the label that is on record for an item, checked; raises LabelInvalid."""
    signed = governance.records.label(item)
    return None if signed is None else check_label(signed, governance.key, item)


def bury(governance: Governance, item: str) -> None:
    """Leave a label for what was deleted that names nobody and allows nothing."""
    label = label_now(governance, item)
    if label is not None and not is_tombstone(label):
        governance.records.relabel(sign_label(tombstone(label, governance.clock()), governance.key))


def delete_items(
    governance: Governance,
    items: Sequence[str],
    found: Survey,
    vault: KeyRing | None,
    *,
    kind: str,
    run: str,
    actor: str,
) -> Deleted:
    """Delete items: their keys first, for that is final, then files that still are what the lineage says, then labels.

    The ledger has what is to be deleted before, and what was deleted after, as events `kind`.deleting and
    `kind`.deleted. What was cut short is done by the next call. Raises UnseenError where nothing can be written down.
    """
    done = Deleted()
    for some in in_batches(items):
        governance.note(f"{kind}.deleting", actor=actor, items=some, run=run, count=len(some))
    sealed = [item for item in items if vault is not None and vault.holds(item)]
    if vault is not None and sealed:
        done.sealed = vault.erase(sealed)
    for some in in_batches(items):
        gone = [item for item in some if _delete_files(governance, item, found, done)]
        _force({path.parent for item in gone for path in found.files.get(item, ())}, done)
        with governance.records.together():
            for item in gone:
                bury(governance, item)
        done.items += gone
        if gone:
            governance.note(f"{kind}.deleted", actor=actor, items=tuple(gone), run=run, count=len(gone))
    return done


def _delete_files(governance: Governance, item: str, found: Survey, done: Deleted) -> bool:
    """Delete the files of one item; False if one could not be."""
    whole = True
    for path in found.files.get(item, ()):
        try:
            delete_file(governance, path, item)
            done.files += 1
        except FileError as error:
            done.problems.append(str(error))
            whole = False
    for path in found.labels.get(item, ()):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            done.problems.append(f"{display(path)}: cannot be deleted ({error.strerror}); check its rights")
    for path in found.changed.get(item, ()):
        done.problems.append(f"{_below(governance, path)}: was changed since it was labelled, and stays; look at it")
        whole = False  # it may still show who is in the item, which is not buried before somebody looked
    return whole


def _force(folders: set[Path], done: Deleted) -> None:
    """Force to disk that names are gone, before it is said."""
    for folder in sorted(folders):
        try:
            force_names(folder)
        except OSError as error:
            done.problems.append(f"{display(folder)}: may show deleted files after a power cut ({error.strerror})")


def _below(governance: Governance, path: Path) -> str:
    root = governance.root.resolve()
    return display(path.relative_to(root) if path.is_relative_to(root) else path)
