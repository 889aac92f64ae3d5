"""What an earlier run left behind, and which files it need not do again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unseen.core.edits import Edits
from unseen.core.ports import Journal
from unseen.core.receipts import FileReceipt
from unseen.engine.hashing import Hasher
from unseen.engine.remembered import remembered

__all__ = ["Past", "entry_for", "past_of", "path_tag", "preview_entry", "program_version", "unchanged"]

_Entry = Mapping[str, object]
_NOTE = (
    "earlier results in this folder were hashed with another key and cannot be compared: every file is done again; "
    "use the same --key FILE in each run to resume"
)


@dataclass(frozen=True, slots=True)
class Past:
    """What the journal knows of earlier runs.

    `done` has the last entry of each file that was released under the same recipe, models, policy and key, by the
    commitment to its path; `paths` those commitments for every recipe; `marks` size and time of every file that was
    ever written here, which tell it from a file that somebody else put there. `note` says what cannot be compared,
    `previews` has the commitments to the paths of previews.
    """

    done: Mapping[str, _Entry]
    paths: frozenset[str]
    marks: frozenset[tuple[int, int]]
    note: str = ""
    previews: frozenset[str] = frozenset()

    def owns(self, final: Path, tag: str) -> bool:
        """Whether the file at an output path is one that Unseen wrote; a link never is."""
        try:
            return tag in self.paths or _mark(final) in self.marks
        except OSError:
            return False


def past_of(journal: Journal, context: Mapping[str, object], hasher: Hasher) -> Past:
    """Read the journal: what was done under this context (recipe, models, policy) and key; later entries win."""
    done: dict[str, _Entry] = {}
    paths: set[str] = set()
    previews: set[str] = set()
    marks: set[tuple[int, int]] = set()
    comparable = others = False
    for entry in journal.entries():
        if entry.get("event") == "run":
            comparable = all(entry.get(name) == value for name, value in context.items())
        if entry.get("event") not in ("file", "preview"):
            continue
        size, time = entry.get("size"), entry.get("time")
        if isinstance(size, int) and isinstance(time, int):
            marks.add((size, time))
        if entry.get("key") != hasher.identity:
            others = True
            continue
        path = str(entry.get("path"))
        paths.add(path)
        (previews.add if entry.get("event") == "preview" else previews.discard)(path)
        if comparable and entry.get("event") == "file":
            done[path] = entry
    return Past(done, frozenset(paths), frozenset(marks), _NOTE if others else "", frozenset(previews))


def unchanged(past: _Entry, final: Path, input_hash: str, hasher: Hasher) -> bool:
    """Whether the journal's hashes of input and output are those of the files as they are now."""
    if past.get("input") != input_hash:
        return False
    try:
        return past.get("output") == hasher.of_file("output", final)
    except OSError:
        return False


def entry_for(
    below: Path, receipt: FileReceipt, staged: Path, hasher: Hasher, edits: Edits | None = None
) -> dict[str, object]:
    """Return the journal's entry of a file that is about to get its name; raises OSError if it is gone."""
    size, time = _mark(staged)
    edited = {} if edits is None else {"edits": edits.digest()}
    # Without a key nothing is resumed, so that nobody would ask.
    said = {"said": remembered(receipt)} if hasher.comparable else {}
    return {
        "event": "file",
        "key": hasher.identity,
        "path": path_tag(hasher, below),
        "input": receipt.input_hash,
        "output": receipt.output_hash,
        "size": size,
        "time": time,
        "verdict": receipt.verdict.outcome if receipt.verdict else None,
        **edited,
        **said,
    }


def preview_entry(below: Path, staged: Path, hasher: Hasher) -> dict[str, object]:
    """Return the journal's entry of a preview that is about to get its name; raises OSError if it is gone."""
    size, time = _mark(staged)
    return {
        "event": "preview",
        "key": hasher.identity,
        "path": path_tag(hasher, below),
        "size": size,
        "time": time,
    }


def path_tag(hasher: Hasher, below: Path) -> str:
    """Return the commitment to a path below the output."""
    return hasher.of("path", os.fsencode(below.as_posix()))


def _mark(path: Path) -> tuple[int, int]:
    """Return size and time of last change (ns), both of which a file keeps when it is renamed."""
    facts = path.lstat()
    return facts.st_size, facts.st_mtime_ns


@cache
def program_version() -> str:
    """Return this program's version: what another one wrote is done again."""
    # Here, because workers have no use for it and would pay for the import.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("unseen")
    except PackageNotFoundError:
        return "unknown"
