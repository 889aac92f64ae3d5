"""What opens a ledger's commitments, in a database of its own: salts and values, until they are forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from unseen.adapters.databases import Database, open_database
from unseen.adapters.group_commit import GroupCommit
from unseen.ledger.commitments import SALT_BYTES, commitment

__all__ = ["SqlOpenings", "open_openings"]

#: Commitment, field, value, salt.
_Opening = tuple[str, str, str, bytes]


def open_openings(where: str, random: Callable[[int], bytes]) -> SqlOpenings:
    """Open a file or a postgresql:// URL, made if need be; raises UsageError or UnseenError."""
    return SqlOpenings(open_database(where), random)


class SqlOpenings:
    """Field, value and salt of each commitment; see `core.ports.Openings`.

    What is forgotten is overwritten in SQLite's files. Copies that the disk, a journal or a backup made are beyond its
    reach: leave this database out of backups that outlive a person's wish to be forgotten.
    """

    def __init__(self, database: Database, random: Callable[[int], bytes]) -> None:
        self._database, self._random = database, random
        self._turn, self._group = threading.Lock(), GroupCommit(self._keep)
        try:
            self._make()
        except BaseException:
            database.close()
            raise

    def _make(self) -> None:
        with self._database.transaction():
            self._database.run(
                "CREATE TABLE IF NOT EXISTS unseen_opening (made TEXT PRIMARY KEY, field TEXT NOT NULL, "
                f"value TEXT NOT NULL, salt {self._database.binary} NOT NULL)"
            )
            self._database.run("CREATE INDEX IF NOT EXISTS unseen_opening_value ON unseen_opening (field, value)")

    def commit(self, words: Sequence[tuple[str, str]]) -> list[str]:
        """Make commitments, and keep what opens them before they are used."""
        rows = []
        for field, value in words:
            salt = self._random(SALT_BYTES)
            rows.append((commitment(salt, field, value), field, _text(value), salt))
        self._group.do(rows)
        return [row[0] for row in rows]

    def _keep(self, batch: Sequence[list[_Opening]]) -> list[bool]:
        """Write what threads wait for."""
        with self._turn, self._database.transaction():
            self._database.run_many(
                "INSERT INTO unseen_opening VALUES (?, ?, ?, ?)", [row for rows in batch for row in rows]
            )
        return [True] * len(batch)

    def opened(self, commitment: str) -> tuple[str, str] | None:
        """Return field and value."""
        with self._turn:
            rows = self._database.run("SELECT field, value FROM unseen_opening WHERE made = ?", commitment)
        return (str(rows[0][0]), _value(str(rows[0][1]))) if rows else None

    def commitments(self, field: str, value: str) -> list[str]:
        """Return the commitments for a value."""
        with self._turn:
            rows = self._database.run(
                "SELECT made FROM unseen_opening WHERE field = ? AND value = ?", field, _text(value)
            )
        return [str(row[0]) for row in rows]

    def forget(self, field: str, value: str) -> int:
        """Delete the salts for a value."""
        return self.forget_all([(field, value)])

    def forget_all(self, words: Sequence[tuple[str, str]]) -> int:
        """Delete the salts for values, in one go."""
        query, count = "DELETE FROM unseen_opening WHERE field = ? AND value = ? RETURNING made", 0
        with self._turn:
            with self._database.transaction():
                for field, value in words:
                    count += len(self._database.run(query, field, _text(value)))
            self._database.forget_deleted()
        return count

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _text(value: str) -> str:
    """Return a value as databases can hold it: names that are no Unicode, and zero bytes, are escaped."""
    return value.encode("unicode_escape").decode("ascii")


def _value(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")
