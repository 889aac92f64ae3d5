"""The ledger in SQLite and in PostgreSQL: one contract, whoever writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters import postgres_server
from unseen.adapters.databases import Database, SqliteDatabase, open_database
from unseen.adapters.ledger_key import LedgerKey, load_ledger_key, make_ledger_key
from unseen.adapters.ledger_sql import SqlEventLedger, open_event_ledger
from unseen.core.ledger import Event
from unseen.crypto.signing import verify
from unseen.errors import KeyUnusable, LedgerBroken, UnseenError, UsageError
from unseen.ledger.check import check_rows
from unseen.ledger.merkle import EMPTY_ROOT, leaf_hash

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def _event(number: int = 0) -> Event:
    return Event("count.released", NOW, purpose="road-safety", details={"number": number, "text": "% ? ö"})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    why = postgres_server.missing()
    if why is not None:
        pytest.skip(why)
    with postgres_server.serve() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a ledger that is empty."""
    if request.param == "sqlite":
        yield str(tmp_path / "x" / "ledger.db")
        return
    url: str = request.getfixturevalue("server")
    yield url
    with closing(open_database(url)) as database:
        database.run("DROP TABLE IF EXISTS unseen_event, unseen_ledger")


@pytest.fixture
def key(tmp_path: Path) -> LedgerKey:
    return make_ledger_key(tmp_path / "ledger.key")


def _is_whole(ledger: SqlEventLedger) -> bool:
    head = ledger.head()
    checked = check_rows(ledger.rows, ledger.key.public, verify, size=head.size, every_signature=True)
    return checked.findings == () and checked.head == head


def test_events_come_back_in_order_with_their_places(where: str, key: LedgerKey) -> None:
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        assert (ledger.head().size, ledger.head().root) == (0, EMPTY_ROOT)
        entries = [ledger.append(_event(i)) for i in range(3)] + ledger.append_all([_event(3), _event(4)])
        assert [(entry.index, entry.size) for entry in entries] == [(i, i + 1) for i in range(5)]
        assert [entry.leaf for entry in entries] == [leaf_hash(_event(i).encoded()) for i in range(5)]
        assert [row.event for row in ledger.rows(2)] == [_event(i).encoded() for i in (2, 3, 4)]
        assert ledger.append_all([]) == []
        assert _is_whole(ledger)


def test_a_ledger_goes_on_when_it_is_opened_again(where: str, key: LedgerKey) -> None:
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        ledger.append(_event(0))
    with closing(open_event_ledger(where, key)) as ledger:
        assert ledger.append(_event(1)).index == 1
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        assert ledger.head().size == 2
        assert _is_whole(ledger)


def test_many_threads_share_few_transactions(where: str, key: LedgerKey) -> None:
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        counted = _counting(ledger)
        entries: list[int] = []

        def write() -> None:
            for i in range(10):
                entries.append(ledger.append(_event(i)).index)

        threads = [threading.Thread(target=write) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(entries) == list(range(160))
        assert counted() <= 130, "threads that wait are written together"
        assert _is_whole(ledger)


def _counting(ledger: SqlEventLedger) -> Callable[[], int]:
    """Count how often rows are written from now on."""
    database: Database = ledger._database
    real, count = database.run_many, [0]

    def run_many(statement: str, rows: object) -> None:
        count[0] += 1
        real(statement, rows)  # type: ignore[arg-type]

    database.run_many = run_many  # type: ignore[method-assign]
    return lambda: count[0]


def test_two_that_have_it_open_never_fork_it(where: str, key: LedgerKey) -> None:
    with (
        closing(open_event_ledger(where, key, new=True)) as one,
        closing(open_event_ledger(where, key)) as two,
    ):
        found = [ledger.append(_event(i)).index for i in range(6) for ledger in (one, two)]
        assert found == list(range(12))
        assert _is_whole(one)


def test_readers_see_the_ledger_as_it_was_when_they_began(where: str, key: LedgerKey) -> None:
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        ledger.append_all([_event(i) for i in range(5)])
        rows = ledger.rows()
        next(rows)
        ledger.append(_event(5))
        assert [row.index for row in rows] == [1, 2, 3, 4]


@pytest.mark.parametrize("statement", ["UPDATE unseen_event SET event = 'x'", "DELETE FROM unseen_event"])
def test_rows_are_neither_changed_nor_deleted_by_accident(where: str, key: LedgerKey, statement: str) -> None:
    with closing(open_event_ledger(where, key, new=True)) as ledger:
        ledger.append(_event())
        with closing(open_database(where)) as database, pytest.raises(UnseenError, match=r"cannot be used|failed"):
            database.run(statement)
        assert _is_whole(ledger)


def test_what_somebody_changed_in_the_database_is_found_and_named(tmp_path: Path, key: LedgerKey) -> None:
    where = tmp_path / "ledger.db"
    with closing(open_event_ledger(str(where), key, new=True)) as ledger:
        ledger.append_all([_event(i) for i in range(20)])
        with closing(sqlite3.connect(where)) as thief, thief:
            thief.execute("DROP TRIGGER unseen_event_no_update")
            thief.execute("DROP TRIGGER unseen_event_no_delete")
            thief.execute(
                "UPDATE unseen_event SET event = CAST(replace(event, 'road', 'rail') AS BLOB) WHERE number = 7"
            )
            thief.execute("UPDATE unseen_event SET event = CAST(event AS TEXT) WHERE number = 3")
            thief.execute("UPDATE unseen_event SET event = x'ff00', root = 5 WHERE number = 4")
            thief.execute("DELETE FROM unseen_event WHERE number IN (11, 18, 19)")
        checked = check_rows(ledger.raw_rows, key.public, verify, size=ledger.head().size)
        with pytest.raises(LedgerBroken, match="a row is damaged; say: unseen ledger verify"):
            list(ledger.rows())
    assert checked.findings == (
        "row 3: was changed (line 4 of the rows)",
        "row 4: was changed (line 5 of the rows)",
        "row 7: was changed (line 8 of the rows)",
        "row 11: is missing: removed",
        "rows 18 to 19: are missing: the tail was cut off",
    )


def test_another_key_is_refused(where: str, key: LedgerKey, tmp_path: Path) -> None:
    open_event_ledger(where, key, new=True).close()
    other = make_ledger_key(tmp_path / "other.key")
    with pytest.raises(KeyUnusable, match=f"kept under another key; name the key of ledger {key.public.origin}"):
        open_event_ledger(where, other)


def test_a_ledger_that_is_gone_is_not_begun_anew(tmp_path: Path, key: LedgerKey) -> None:
    with pytest.raises(LedgerBroken, match="the ledger is gone, and its key is there"):
        open_event_ledger(str(tmp_path / "ledger.db"), key)
    (tmp_path / "empty.db").touch()
    with pytest.raises(UnseenError, match="cannot be used as a database"):
        open_event_ledger(str(tmp_path / "empty.db"), key)


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path, key: LedgerKey) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UnseenError, match="cannot be used as a database") as told:
        open_event_ledger(str(tmp_path / "ledger.db"), key)
    assert "\n" not in str(told.value)


def test_a_tree_that_was_damaged_is_not_gone_on_with(tmp_path: Path, key: LedgerKey) -> None:
    where = tmp_path / "ledger.db"
    with closing(open_event_ledger(str(where), key, new=True)) as ledger:
        ledger.append_all([_event(i) for i in range(3)])
        with closing(sqlite3.connect(where)) as thief, thief:
            thief.execute("UPDATE unseen_ledger SET size = 4")
        with pytest.raises(LedgerBroken, match="its tree is damaged"):
            ledger.append(_event())


def test_an_append_that_fails_says_so_to_each_who_waits(tmp_path: Path, key: LedgerKey) -> None:
    with closing(open_event_ledger(str(tmp_path / "ledger.db"), key, new=True)) as ledger:
        ledger.append(_event())
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as thief, thief:
            thief.execute("DROP TABLE unseen_event")
        for _ in range(2):
            with pytest.raises(LedgerBroken, match="the event could not be written"):
                ledger.append(_event())


def test_each_commit_is_forced_to_disk(tmp_path: Path) -> None:
    with closing(SqliteDatabase(tmp_path / "x.db")) as database:
        assert database.run("PRAGMA journal_mode") == [("wal",)]
        assert database.run("PRAGMA synchronous") == [(2,)]
        assert database.run("PRAGMA secure_delete") == [(1,)]


@pytest.mark.parametrize("where", ["mysql://host/db", "https://x"])
def test_other_databases_are_refused(where: str) -> None:
    with pytest.raises(UsageError, match="a ledger is a file or a postgresql:// URL"):
        open_database(where)


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UnseenError, match=r"postgresql://127\.0\.0\.1/db: the database failed") as told:
        open_database("postgresql://user:s3cret@127.0.0.1:1/db?connect_timeout=2")
    assert "s3cret" not in str(told.value)


def test_a_key_file_is_private_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "x" / "ledger.key"
    made, again = make_ledger_key(path), make_ledger_key(path)
    assert made.public == again.public == load_ledger_key(path).public
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_suffix(".pub").read_text("utf-8") == f"{made.public}\n"
    assert sorted(each.name for each in path.parent.iterdir()) == ["ledger.key", "ledger.pub"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"kind": "unseen ledger key 1", "seed": "00", "origin": "x"}'])
def test_a_damaged_key_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ledger.key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable, match="is no key of a ledger"):
        load_ledger_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyUnusable, match="other users can read the key"):
        load_ledger_key(path)
    path.unlink()
    with pytest.raises(KeyUnusable, match="cannot read the ledger's key"):
        load_ledger_key(path)
