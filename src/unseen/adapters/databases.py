"""The databases that records lie in: SQLite in a file, or PostgreSQL by its URL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from unseen.core.names import display
from unseen.errors import UnseenError, UsageError

__all__ = ["LOGGED", "SINGLE", "Database", "PostgresDatabase", "SqliteDatabase", "is_url", "open_database"]

#: How long a process waits for others to finish their transactions, in seconds.
_WAIT_S = 120.0
#: Any number that others will not use: whoever holds it writes.
_LOCK = 6_306_401_882_643
_BATCH = 2_000
#: Settings of SQLite for many writers: a log beside the file; what is deleted is overwritten with zeros.
LOGGED = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")
#: Settings for few writes in one file, with references that are held to.
SINGLE = ("synchronous = EXTRA", "foreign_keys = ON")


class Database(Protocol):
    """An open database: one thread writes at a time, any may read."""

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        ...

    @property
    def binary(self) -> str:
        """The name of its type for bytes."""
        ...

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Do what is in the block whole, durably, and apart from other writers, or not at all."""
        ...

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement and return its rows."""
        ...

    def run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement for each row of values."""
        ...

    def stream(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as they were when it began, a few at a time, beside all writers."""
        ...

    def guard(self, table: str) -> Iterable[str]:
        """Return the statements that make a table refuse changes to rows that are there."""
        ...

    def forget_deleted(self) -> None:
        """Overwrite what was deleted, as far as the database lets one."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def is_url(where: str) -> bool:
    """Whether a ledger's place is a URL, and not a file; raises UsageError for a scheme that is not known."""
    scheme = urlsplit(where).scheme if "://" in where else ""
    if scheme and scheme not in ("postgresql", "postgres"):
        raise UsageError(f"a ledger is a file or a postgresql:// URL, not {scheme}://")
    return bool(scheme)


def open_database(where: str, settings: Sequence[str] = LOGGED) -> Database:
    """Open a file with SQLite and these settings, or what a postgresql:// URL names; raises UsageError, UnseenError."""
    return PostgresDatabase(where) if is_url(where) else SqliteDatabase(Path(where), settings)


class SqliteDatabase:
    """A file; with either set of settings each commit is forced to disk before it returns."""

    binary = "BLOB"

    def __init__(self, path: Path, settings: Sequence[str] = LOGGED) -> None:
        self._path, self._settings = path, settings
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.touch(0o600)
        except OSError as error:
            raise UsageError(f"{self.name}: cannot be made ({error.strerror}); choose another place") from error
        self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        with self._mapped():
            # Threads take turns by a lock of the ledger's, so the check that they do not share may be off.
            connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            try:
                for setting in self._settings:
                    connection.execute(f"PRAGMA {setting}")
            except BaseException:
                connection.close()
                raise
            return connection

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
        with self._mapped():
            return list(self._connection.execute(statement, cast(Any, values)))

    def run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement for each row."""
        self._connection.executemany(statement, cast(Any, rows))

    def stream(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Read with a connection of its own."""
        with contextlib.closing(self._connect()) as connection, self._mapped():
            yield from connection.execute(statement, cast(Any, values))

    def guard(self, table: str) -> Iterable[str]:
        """Return triggers; the statements say so when they have been made already."""
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END"
            )

    def forget_deleted(self) -> None:
        """Write what was deleted over in the log beside the file too."""
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UnseenError(f"{self.name}: cannot be used as a database ({error}); check file and disk") from error


class PostgresDatabase:
    """A server. The password comes from where its own programs take it too: PGPASSWORD, ~/.pgpass, a service file."""

    binary = "BYTEA"

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise UsageError('PostgreSQL needs psycopg: pip install "unseen[postgres]"') from error
        self._url, self._library = url, psycopg
        self._connection = self._connect()

    def _connect(self) -> Any:
        with self._mapped():
            connection = self._library.connect(self._url, autocommit=True, application_name="unseen")
            # Stricter levels look at the data as it was before the lock came, and so past what others wrote meanwhile.
            connection.isolation_level = self._library.IsolationLevel.READ_COMMITTED
            return connection

    @property
    def name(self) -> str:
        """Host and database."""
        parts = urlsplit(self._url)
        return display(f"postgresql://{parts.hostname or ''}{parts.path}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin, and hold a lock of the whole ledger."""
        with self._mapped(), self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit = on")
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement."""
        with self._mapped():
            # Statements are this package's own; values travel apart from them.
            done = self._connection.execute(_dialect(statement), cast(Any, values) or None)
            return list(done.fetchall()) if done.description is not None else []

    def run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement for each row, without waiting for each answer."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_dialect(statement), rows)

    def stream(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Read with a connection and a cursor of its own."""
        with (
            self._mapped(),
            contextlib.closing(self._connect()) as connection,
            connection.transaction(),
            connection.cursor(name="unseen") as cursor,
        ):
            cursor.itersize = _BATCH
            cursor.execute(_dialect(statement), cast(Any, values) or None)
            yield from cursor

    def guard(self, table: str) -> Iterable[str]:
        """Return a trigger and its function."""
        yield (
            f"CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'a ledger is only added to'; END $$"
        )
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"EXECUTE FUNCTION {table}_guard()"
        )

    def forget_deleted(self) -> None:
        """Leave it to the server, which reuses the space of what was deleted in its own time."""

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except self._library.Error as error:
            # The library's message may hold the words of the URL.
            kind = type(error).__name__
            raise UnseenError(f"{self.name}: the database failed ({kind}); check URL and server") from error


def _dialect(statement: str) -> str:
    return statement.replace("?", "%s")
