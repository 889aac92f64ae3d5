"""Starts what takes longest before anything else is loaded: the process that workers are forked from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice, pairwise

__all__ = ["PRELOADED", "start"]

#: What the workers of a verb need, in the order that it is loaded in.
PRELOADED = {
    "redact": (
        "unseen.adapters.preload",
        "unseen.engine.run",
        "unseen.engine.photo",
        "unseen.engine.crew",
        "unseen.cli.redact",
    ),
    "dicom": ("unseen.engine.dicom.tools", "unseen.verify.dicom.check", "unseen.engine.crew", "unseen.cli.main"),
}
#: Options whose next word may be a folder, but none to work on.
_ELSEWHERE = {"-o", "--output"}
#: Words with which nothing is done, or in this process.
_ALONE = {"-h", "--help", "--what-if", "--check-table", "--reveal"}
#: Entries of a folder that are no reason for several processes; engine/local.py decides when it knows all of them.
_FEW = 4


def start(words: Sequence[str]) -> None:
    """Make workers ready if these words of a command line look as if several will be used; a guess costs no more."""
    if not words or words[0] not in PRELOADED or not _ALONE.isdisjoint(words):
        return
    if ("--jobs", "1") in pairwise(words):
        return
    sources = [word for before, word in pairwise(words) if before not in _ELSEWHERE]
    if any(_holds_many(word) for word in sources):
        from unseen.engine.crew import nursery

        nursery(PRELOADED[words[0]])


def _holds_many(word: str) -> bool:
    """Whether a word names a folder with more files than one process does quickest, as far as a look at it tells."""
    try:
        with os.scandir(word) as entries:
            first = list(islice(entries, _FEW + 1))
            return len(first) > _FEW or any(entry.is_dir() for entry in first)
    except (OSError, ValueError):
        return False
