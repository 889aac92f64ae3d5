"""The ledger in a database, appended to by threads and processes, many events in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from unseen.adapters.databases import Database, is_url, open_database
from unseen.adapters.file_lock import FileLock
from unseen.adapters.group_commit import GroupCommit
from unseen.adapters.ledger_key import LedgerKey
from unseen.adapters.ledger_spool import Spool
from unseen.core.ledger import Entry, Event, Head, Row
from unseen.errors import KeyUnusable, LedgerBroken
from unseen.ledger.merkle import Frontier, leaf_hash
from unseen.ledger.rows import next_row

__all__ = ["SqlEventLedger", "open_event_ledger"]

_VERSION = 1
_PEAK = 32
_COLUMNS = "number, event, root, signature"


def open_event_ledger(where: str, key: LedgerKey, *, new: bool = False) -> SqlEventLedger:
    """Open the ledger in a file or at a postgresql:// URL; `new` makes one under this key where there is none.

    Raises UsageError, KeyUnusable if it is kept under another key, LedgerBroken if there is none or it cannot be used.
    """
    if is_url(where):
        return SqlEventLedger(open_database(where), key, new=new)
    path = Path(where)
    if not new and not path.is_file():
        raise LedgerBroken(f"{where}: the ledger is gone, and its key is there; restore the ledger from a backup")
    path.parent.mkdir(parents=True, exist_ok=True)
    turn = FileLock(Path(f"{path}-turn"))
    with turn.held():
        database = open_database(where)
        return SqlEventLedger(database, key, new=new, turn=turn, spool=Spool(Path(f"{path}-waiting"), key.spool_key))


class SqlEventLedger:
    """Events as rows, each with the signed root of the tree that ends with it; see `core.ports.EventLedger`.

    Appends are grouped: while one transaction is forced to disk, those who come lay their events down, and the next
    transaction takes them all; threads do so in a list, processes, with SQLite, in a file beside the database. Writers
    exclude each other (a lock file and SQLite's own; an advisory lock in PostgreSQL), and read what the tree is in the
    transaction that adds to it, so there is no gap and no fork.
    """

    def __init__(
        self,
        database: Database,
        key: LedgerKey,
        *,
        new: bool = False,
        turn: FileLock | None = None,
        spool: Spool | None = None,
    ) -> None:
        self._database, self._key = database, key
        self._across, self._spool = turn, spool
        self._group = GroupCommit(self._append)
        try:
            if new:
                self._make()
            self._check_key()
        except BaseException:
            database.close()
            raise

    def _make(self) -> None:
        bytes_ = self._database.binary
        with self._database.transaction():
            for statement in (
                "CREATE TABLE IF NOT EXISTS unseen_ledger (version INTEGER PRIMARY KEY, origin TEXT NOT NULL, "
                f"public_key {bytes_} NOT NULL, size BIGINT NOT NULL, peaks {bytes_} NOT NULL)",
                f"CREATE TABLE IF NOT EXISTS unseen_event (number BIGINT PRIMARY KEY, event {bytes_} NOT NULL, "
                f"root {bytes_} NOT NULL, signature {bytes_} NOT NULL, ticket {bytes_})",
                "CREATE UNIQUE INDEX IF NOT EXISTS unseen_ticket ON unseen_event (ticket) WHERE ticket IS NOT NULL",
                *self._database.guard("unseen_event"),
            ):
                self._database.run(statement)
            if not self._database.run("SELECT version FROM unseen_ledger"):
                public = self._key.public
                self._database.run(
                    "INSERT INTO unseen_ledger VALUES (?, ?, ?, 0, ?)", _VERSION, public.origin, public.key, b""
                )

    def _check_key(self) -> None:
        rows = list(self._database.stream("SELECT version, origin, public_key FROM unseen_ledger"))
        if [row[0] for row in rows] != [_VERSION]:
            raise LedgerBroken(f"{self.name}: is a ledger of another version of Unseen; use that version")
        _, origin, public = rows[0]
        if (origin, bytes(public)) != (self._key.public.origin, self._key.public.key):
            raise KeyUnusable(f"{self.name}: is kept under another key; name the key of ledger {origin}")

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        return self._database.name

    @property
    def key(self) -> LedgerKey:
        """What it is signed with."""
        return self._key

    def append(self, event: Event) -> Entry:
        """Add one event, durably."""
        return self.append_all([event])[0]

    def append_all(self, events: Sequence[Event]) -> list[Entry]:
        """Add events one after another, all or none, durably; raises UnseenError if they cannot be written."""
        data = [event.encoded() for event in events]
        return self._group.do(data) if data else []

    def _append(self, batch: Sequence[list[bytes]]) -> list[list[Entry]]:
        """Write what threads wait for, and return each one's entries."""
        try:
            first = self._stored([event for events in batch for event in events])
        except Exception as error:
            raise LedgerBroken(f"{self.name}: the event could not be written ({error})") from error
        entries = []
        for events in batch:
            entries.append([Entry(first + i, leaf_hash(event), first + i + 1) for i, event in enumerate(events)])
            first += len(events)
        return entries

    def _stored(self, events: Sequence[bytes]) -> int:
        """Write events, and those that other processes wait for; return the first one's number."""
        if self._across is None or self._spool is None:
            return self._write([(None, events)])
        with self._across.tried() as free:
            if free:
                return self._write([(None, events), *self._spool.take()])
        ticket = self._spool.submit(events)
        with self._across.held():
            found = self._database.run("SELECT number FROM unseen_event WHERE ticket = ?", ticket)
            if found:
                return int(found[0][0])
            others = [(other, theirs) for other, theirs in self._spool.take() if other != ticket]
            return self._write([(ticket, events), *others])

    def _write(self, batches: Sequence[tuple[bytes | None, Sequence[bytes]]]) -> int:
        origin, sign = self._key.public.origin, self._key.signer.sign
        with self._database.transaction():
            frontier = self._frontier()
            first = frontier.size
            rows = []
            for ticket, events in batches:
                for i, event in enumerate(events):
                    row = next_row(frontier, event, origin, sign)
                    mark = ticket if i == 0 else None
                    rows.append((row.index, row.event, row.root, row.signature, mark))
            self._database.run_many(f"INSERT INTO unseen_event ({_COLUMNS}, ticket) VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608  # a constant
            self._database.run("UPDATE unseen_ledger SET size = ?, peaks = ?", frontier.size, b"".join(frontier.peaks))
        return first

    def _frontier(self) -> Frontier:
        size, peaks = self._database.run("SELECT size, peaks FROM unseen_ledger")[0]
        return self._tree(size, peaks)

    def _tree(self, size: int, peaks: bytes) -> Frontier:
        data = bytes(peaks)
        try:
            return Frontier(size, [data[i : i + _PEAK] for i in range(0, len(data), _PEAK)])
        except ValueError as error:
            raise LedgerBroken(f"{self.name}: its tree is damaged ({error}); say: unseen ledger verify") from error

    def rows(self, start: int = 0) -> Iterator[Row]:
        """Yield the rows from a number on, as they are when this begins; raises LedgerBroken for one that is none."""
        for row in self.raw_rows(start):
            if row is None:
                raise LedgerBroken(f"{self.name}: a row is damaged; say: unseen ledger verify")
            yield row

    def raw_rows(self, start: int = 0) -> Iterator[Row | None]:
        """Yield the rows from a number on as somebody may have left them; None for what cannot be one."""
        query = f"SELECT {_COLUMNS} FROM unseen_event WHERE number >= ? ORDER BY number"  # noqa: S608  # a constant
        for number, event, root, signature in self._database.stream(query, start):
            whole = isinstance(number, int) and all(isinstance(each, bytes) for each in (event, root, signature))
            yield Row(number, event, root, signature) if whole else None

    def head(self) -> Head:
        """Return the head now, as the ledger keeps it; `unseen.ledger.check` says whether its rows have it."""
        ((size, peaks),) = self._database.stream("SELECT size, peaks FROM unseen_ledger")
        return Head(self._key.public.origin, size, self._tree(size, peaks).root())

    def close(self) -> None:
        """Close the database."""
        self._database.close()
