"""Two databases behind one interface: transactions that exclude each other, and statements with `?` for values."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from unseen.core.names import display
from unseen.errors import UnseenError, UsageError

__all__ = ["Database", "PostgresDatabase", "SqliteDatabase", "open_database"]

#: How long a process waits for others to finish their transactions, in seconds.
_WAIT_S = 120.0
_POSTGRES = ("postgresql", "postgres")
#: Any number that others will not use: it orders those who make the tables at the same time.
_LOCK = 7_305_401_882_641


class Database(Protocol):
    """An open database; one thread uses it at a time."""

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        ...

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Do what is in the block whole, durably, and apart from other writers, or not at all."""
        ...

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement within a transaction and return its rows."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def open_database(where: str) -> Database:
    """Open a file with SQLite, or what a postgresql:// URL names; raises UsageError or UnseenError."""
    scheme = urlsplit(where).scheme if "://" in where else ""
    if scheme in _POSTGRES:
        return PostgresDatabase(where)
    if scheme:
        raise UsageError(f"a ledger is a file or a postgresql:// URL, not {scheme}://")
    return SqliteDatabase(Path(where))


class SqliteDatabase:
    """A file; each commit is forced to disk before it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.name}: cannot make its folder ({error.strerror}); choose another place") from error
        with self._mapped():
            self._connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA foreign_keys = ON")

    @property
    def name(self) -> str:
        """The path."""
        return display(self._path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take the file's write lock at once, before anything is read."""
        with self._mapped():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement."""
        return list(self._connection.execute(statement, cast(Any, values)))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UnseenError(f"{self.name}: cannot be used as a database ({error}); check the file") from error


class PostgresDatabase:
    """A server. The password comes from where its own programs take it too: PGPASSWORD, ~/.pgpass, a service file."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise UsageError('PostgreSQL needs psycopg: pip install "unseen[postgres]"') from error
        self._url, self._error = url, psycopg.Error
        with self._mapped():
            self._connection = psycopg.connect(url, autocommit=True, application_name="unseen")
            # Stricter levels look at the data as it was before the lock came, and so past what others spent meanwhile.
            self._connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED

    @property
    def name(self) -> str:
        """Host and database."""
        parts = urlsplit(self._url)
        return display(f"postgresql://{parts.hostname or ''}{parts.path}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin, and hold a lock of the whole ledger: transactions are short, and there is nothing to think through."""
        with self._mapped(), self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit = on")
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement."""
        # Statements are this package's own; values travel apart from them.
        done = self._connection.execute(statement.replace("?", "%s"), cast(Any, values))
        return list(done.fetchall()) if done.description is not None else []

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            # The library's message may hold the words of the URL.
            kind = type(error).__name__
            raise UnseenError(f"{self.name}: the database failed ({kind}); check URL and server") from error
