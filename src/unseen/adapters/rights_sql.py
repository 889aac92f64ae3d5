"""Holds, restrictions and flags in the file of the records; every row has a tag, so that a changed one is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from unseen.core.rights import Flag, Hold, Restriction
from unseen.crypto.keys import Key
from unseen.errors import LabelInvalid

if TYPE_CHECKING:
    import sqlite3

__all__ = ["TABLES", "SqlRights"]

TABLES = """
CREATE TABLE hold (hold TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE restriction (subject TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE flag (item TEXT PRIMARY KEY, body TEXT NOT NULL, tag TEXT NOT NULL) WITHOUT ROWID;
"""
Row = TypeVar("Row", Hold, Restriction, Flag)


class SqlRights:
    """Reads by `rows` and writes inside `writing`, which are those of the records; see `SqlRecords`."""

    def __init__(
        self,
        rows: Callable[..., list[tuple[Any, ...]]],
        writing: Callable[[], AbstractContextManager[sqlite3.Connection]],
        key: Key,
    ) -> None:
        self._rows, self._writing, self._key = rows, writing, key

    # Holds.

    def holds(self) -> tuple[Hold, ...]:
        """Return every hold, oldest first; raises LabelInvalid if one was changed."""
        found = [self._read(Hold, "hold", *row) for row in self._rows("SELECT body, tag FROM hold")]
        return tuple(sorted(found, key=lambda each: (each.at, each.hold)))

    def put_hold(self, hold: Hold) -> None:
        """Store a hold."""
        self._write("INSERT OR REPLACE INTO hold VALUES (?, ?, ?)", "hold", hold.hold, hold)

    def lift_hold(self, hold: str) -> bool:
        """Delete a hold; False if there is none of this name."""
        return self._delete("DELETE FROM hold WHERE hold = ?", hold)

    # Restrictions.

    def restricted(self, subjects: Iterable[str]) -> frozenset[str]:
        """Return those of these people whose data may be stored and nothing else; raises LabelInvalid."""
        query = "SELECT subject, body, tag FROM restriction WHERE subject IN (SELECT value FROM json_each(?))"
        return frozenset(self._restriction(*row).subject for row in self._rows(query, json.dumps(sorted(subjects))))

    def restriction(self, subject: str) -> Restriction | None:
        """Return what restricts the processing of a person's data, None if nothing does; raises LabelInvalid."""
        rows = self._rows("SELECT subject, body, tag FROM restriction WHERE subject = ?", subject)
        return self._restriction(*rows[0]) if rows else None

    def _restriction(self, subject: str, body: str, tag: str) -> Restriction:
        found = self._read(Restriction, "restriction", body, tag)
        if found.subject != subject:
            raise LabelInvalid("a restriction was moved to another person; restore the records from a backup")
        return found

    def restrictions(self) -> tuple[Restriction, ...]:
        """Return every restriction; raises LabelInvalid if one was changed."""
        rows = self._rows("SELECT subject, body, tag FROM restriction ORDER BY subject")
        return tuple(self._restriction(*row) for row in rows)

    def restrict(self, restriction: Restriction) -> None:
        """Store a restriction, which holds from the next decision on."""
        query = "INSERT OR REPLACE INTO restriction VALUES (?, ?, ?)"
        self._write(query, "restriction", restriction.subject, restriction)

    def lift_restriction(self, subject: str) -> bool:
        """Delete a restriction; False if there was none."""
        return self._delete("DELETE FROM restriction WHERE subject = ?", subject)

    # Flags.

    def flag(self, flag: Flag) -> None:
        """Flag a model."""
        self._write("INSERT OR REPLACE INTO flag VALUES (?, ?, ?)", "flag", flag.item, flag)

    def flags(self) -> tuple[Flag, ...]:
        """Return every flag; raises LabelInvalid if one was changed."""
        return tuple(self._read(Flag, "flag", *row) for row in self._rows("SELECT body, tag FROM flag ORDER BY item"))

    def _read(self, kind: type[Row], domain: str, body: str, tag: str) -> Row:
        if not self._key.fits(domain, str(body).encode(), str(tag)):
            raise LabelInvalid(f"a {domain} was changed since it was written; restore the records from a backup")
        return kind(**json.loads(body))

    def _write(self, query: str, domain: str, name: str, row: Hold | Restriction | Flag) -> None:
        body = json.dumps(asdict(row), sort_keys=True, separators=(",", ":"))
        with self._writing() as db:
            db.execute(query, (name, body, self._key.tag(domain, body.encode())))

    def _delete(self, query: str, name: str) -> bool:
        with self._writing() as db:
            return db.execute(query, (name,)).rowcount > 0
