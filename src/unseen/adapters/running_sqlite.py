"""The state of running counts in a file: what was measured, on disk for good before anything is published."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unseen.core.names import display
from unseen.core.tabulation import Whole
from unseen.errors import UnseenError, UsageError

__all__ = ["RunningState"]

_WAIT_S = 120.0
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, reservation TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS steps (step INTEGER PRIMARY KEY, increments BLOB NOT NULL, measured BLOB NOT NULL)",
)


class RunningState:
    """An SQLite file, readable by its owner alone, because it holds exact counts beside those with noise.

    A context manager that holds the file's lock from entering to leaving, so that two calls never draw noise for
    one step. `keep` and what is added before it are on disk when it returns. Raises UsageError for a file of other use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> RunningState:
        with self._mapped():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                self._connection.execute(statement)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            # What was not kept is gone, as if it had not been drawn: nobody saw it.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.close()

    def keep(self) -> None:
        """Force all that was added to disk, and go on holding the lock."""
        with self._mapped():
            self._open.execute("COMMIT")
            self._open.execute("BEGIN IMMEDIATE")

    def facts(self, expected: dict[str, Any]) -> dict[str, Any]:
        """Return the facts of the stream; at the first call these are the `expected` ones.

        Raises UsageError if the stream was begun with other ones.
        """
        with self._mapped():
            found = {name: json.loads(value) for name, value in self._open.execute("SELECT name, value FROM facts")}
            if not found:
                rows = [(name, json.dumps(value)) for name, value in expected.items()]
                self._open.executemany("INSERT INTO facts VALUES (?, ?)", rows)
                return dict(expected)
        differ = [name for name in expected if found.get(name) != expected[name] and name != "start"]
        if differ:
            raise UsageError(
                f"{display(self._path)}: was begun with another {differ[0]}; say what was said then, or name a new file"
            )
        return found

    def reservation(self, day: str) -> str:
        """Return the name under which the budget is charged for a day, made at the first call and on disk then.

        A state that was put back to an earlier one makes other names, is charged again, and is refused.
        """
        with self._mapped():
            rows = list(self._open.execute("SELECT reservation FROM days WHERE day = ?", (day,)))
            if rows:
                return str(rows[0][0])
            name = secrets.token_hex(16)
            self._open.execute("INSERT INTO days VALUES (?, ?)", (day, name))
        self.keep()
        return name

    def reservations(self) -> list[str]:
        """Return all names under which the budget was charged."""
        with self._mapped():
            return [str(row[0]) for row in self._open.execute("SELECT reservation FROM days ORDER BY day")]

    def steps(self, streams: int) -> tuple[Whole, Whole]:
        """Return the exact increments and what was measured at all steps so far, each of shape (steps, streams)."""
        with self._mapped():
            rows = list(self._open.execute("SELECT increments, measured FROM steps ORDER BY step"))
        both = [
            np.frombuffer(b"".join(row[i] for row in rows), dtype="<i8").reshape(len(rows), streams) for i in (0, 1)
        ]
        return both[0].astype(np.int64), both[1].astype(np.int64)

    def add(self, first: int, increments: Whole, measured: Whole) -> None:
        """Add steps from number `first` on; a step that is there already is an error."""
        rows: Sequence[tuple[int, bytes, bytes]] = [
            (first + i, increments[i].astype("<i8").tobytes(), measured[i].astype("<i8").tobytes())
            for i in range(len(increments))
        ]
        with self._mapped():
            self._open.executemany("INSERT INTO steps VALUES (?, ?, ?)", rows)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the state is not open")
        return self._connection

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            what = f"{display(self._path)}: cannot be used as the state of running counts"
            raise UnseenError(f"{what} ({error}); name another file") from error
        except OSError as error:
            raise UsageError(
                f"{display(self._path)}: cannot be made ({error.strerror}); choose another place"
            ) from error
