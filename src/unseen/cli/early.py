"""Starts what takes longest before anything else is loaded: the process that workers are forked from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["PRELOADED", "start"]

#: What workers need, in the order that it is loaded in.
PRELOADED = ("unseen.adapters.preload", "unseen.engine.run", "unseen.cli.redact")
#: Options of `redact` whose next word may be a folder, but none to redact.
_ELSEWHERE = {"-o", "--output"}


def start(words: Sequence[str]) -> None:
    """Make workers ready if these words of a command line look as if several will redact; a guess costs no more."""
    if not words or words[0] != "redact" or not {"-h", "--help", "--jobs"}.isdisjoint(words):
        return
    sources = [word for before, word in pairwise(words) if before not in _ELSEWHERE]
    if any(os.path.isdir(word) for word in sources):  # noqa: PTH112  # pathlib would be loaded for this alone
        from unseen.engine.local import nursery

        nursery(PRELOADED)
