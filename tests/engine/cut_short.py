"""A process that ends in the middle of something, as by kill -9, told by a ledger that ends it."""

from __future__ import annotations

from typing import Any

from unseen.core.ledger import Entry, Event
from unseen.engine.governance import CommittedLedger

__all__ = ["CutShort", "EndingLedger"]


class CutShort(BaseException):
    """The end of the process: nothing on the way catches it."""


class EndingLedger:
    """A ledger whose process ends at the n-th append from now, before it is written or after."""

    def __init__(self, inner: CommittedLedger, left: int, *, after: bool) -> None:
        self.ledger, self.openings, self._left, self._after = inner.ledger, inner.openings, left, after
        self._inner: Any = inner

    def append(self, event: Event) -> Entry:
        self._left -= 1
        if self._left < 0 and not self._after:
            raise CutShort
        entry: Entry = self._inner.append(event)
        if self._left < 0:
            raise CutShort
        return entry
