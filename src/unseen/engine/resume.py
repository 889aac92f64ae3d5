"""What an earlier run left behind, and which files it need not do again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from unseen.core.ports import Journal
from unseen.core.receipts import FileReceipt
from unseen.engine.hashing import Hasher

__all__ = ["Past", "entry_for", "past_of", "path_tag", "resume_note", "unchanged"]

#: The last journal entry of each file, by the commitment to its path.
Past = Mapping[str, Mapping[str, object]]


def past_of(journal: Journal, context: Mapping[str, object], hasher: Hasher) -> Past:
    """Return what earlier runs with the same recipe, models, policy and key released; later entries win."""
    found: dict[str, Mapping[str, object]] = {}
    comparable = False
    for entry in journal.entries():
        if entry.get("event") == "run":
            comparable = all(entry.get(k) == v for k, v in context.items())
        elif entry.get("event") == "file" and entry.get("key") == hasher.identity:
            path = str(entry.get("path"))
            found.pop(path, None)
            if comparable:
                found[path] = entry
    return found


def unchanged(past: Mapping[str, object], final: Path, input_hash: str, hasher: Hasher) -> bool:
    """Whether the journal's hashes of input and output are those of the files as they are now."""
    if past.get("input") != input_hash:
        return False
    try:
        return past.get("output") == hasher.of("output", final.read_bytes())
    except OSError:
        return False


def resume_note(journal: Journal, hasher: Hasher) -> str:
    """Say what a run over an earlier one's output cannot compare, and why."""
    others = {str(e.get("key")) for e in journal.entries() if e.get("event") == "file"} - {hasher.identity}
    if not others:
        return ""
    return (
        "earlier results in this folder were hashed with another key and cannot be compared: every file is done again; "
        "use the same --key FILE in each run to resume"
    )


def entry_for(below: Path, receipt: FileReceipt, hasher: Hasher) -> dict[str, object]:
    """Return the journal's entry of a released file."""
    return {
        "event": "file",
        "key": hasher.identity,
        "path": path_tag(hasher, below),
        "input": receipt.input_hash,
        "output": receipt.output_hash,
        "verdict": receipt.verdict.outcome if receipt.verdict else None,
    }


def path_tag(hasher: Hasher, below: Path) -> str:
    """Return the commitment to a path below the output."""
    return hasher.of("path", os.fsencode(below.as_posix()))
