"""A small ledger in memory, as rows and as the lines of its export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from unseen.core.ledger import Event, Head, Row
from unseen.crypto.signing import SigningKey
from unseen.ledger.merkle import Frontier, leaf_hash, root_of
from unseen.ledger.notes import PublicKey
from unseen.ledger.rows import export_lines, next_row

__all__ = ["KEY", "PUBLIC", "exported", "head_of", "rows_of"]

KEY = SigningKey(b"k" * 32)
PUBLIC = PublicKey("unseen-ledger/0123456789abcdef", KEY.public)
_START = datetime(2026, 5, 4, 12, tzinfo=UTC)


def rows_of(count: int, *, key: SigningKey = KEY, origin: str = PUBLIC.origin, word: str = "pass") -> list[Row]:
    """Return signed rows of a city that counts cars."""
    frontier = Frontier()
    return [
        next_row(
            frontier,
            Event(
                "count.released",
                _START + timedelta(seconds=i),
                actor=f"{i:064x}",
                purpose="road-safety",
                items=(f"{i + 1:064x}",),
                details={"number": i, "verdict": word},
            ).encoded(),
            origin,
            key.sign,
        )
        for i in range(count)
    ]


def head_of(rows: Sequence[Row]) -> Head:
    """Return the head over rows."""
    return Head(PUBLIC.origin, len(rows), root_of(leaf_hash(row.event) for row in rows))


def exported(rows: Sequence[Row]) -> list[bytes]:
    """Return the lines of an export."""
    return list(export_lines(rows, PUBLIC, KEY.sign))
