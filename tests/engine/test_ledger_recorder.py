"""The recorder: names go in as commitments, and the ledger can prove them without ever having held them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from unseen.core.ledger import event_from
from unseen.engine.ledger import LedgerPlaces, Recorder, check_ledger, ledger_places, open_ledger, open_recorder
from unseen.errors import UnseenError, UsageError

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def _places(folder: Path) -> LedgerPlaces:
    return ledger_places(str(folder / "ledger.db"), environ={})


def _recorder(folder: Path) -> AbstractContextManager[Recorder]:
    return open_recorder(_places(folder), lambda: NOW, "dr-grey")


def test_a_name_is_found_by_its_opening_and_is_nowhere_in_the_ledger(tmp_path: Path) -> None:
    words: dict[str, Any] = {"items": ["ward.jpg"], "subjects": ["alice", "bob"], "details": {"n": 2}}
    with _recorder(tmp_path) as recorder, closing(open_ledger(_places(tmp_path))) as ledger:
        recorder.record("subject.accessed", purpose="care", **words)
        (row,) = ledger.rows()
        event = event_from(row.event)
        assert check_ledger(ledger, every_signature=True).findings == ()
        opened = recorder.openings.opened
        assert [opened(each) for each in event.subjects] == [("subject", "alice"), ("subject", "bob")]
        assert [opened(each) for each in event.items] == [("item", "ward.jpg")]
        assert opened(event.actor) == ("actor", "dr-grey")
        assert recorder.openings.commitments("subject", "alice") == [event.subjects[0]]
    data = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert [name for name in (b"alice", b"bob", b"ward", b"grey") if name in data] == []


def test_the_same_name_looks_different_in_each_event(tmp_path: Path) -> None:
    with _recorder(tmp_path) as recorder:
        for _ in range(3):
            recorder.record("subject.accessed", subjects=["alice"])
    with closing(open_ledger(_places(tmp_path))) as ledger:
        events = [event_from(row.event) for row in ledger.rows()]
    assert len({event.subjects for event in events}) == len({event.actor for event in events}) == 3


def test_what_was_forgotten_leaves_the_proofs_as_they_were(tmp_path: Path) -> None:
    with _recorder(tmp_path) as recorder, closing(open_ledger(_places(tmp_path))) as ledger:
        recorder.record("subject.accessed", subjects=["alice"])
        before = ledger.head()
        assert recorder.openings.forget("subject", "alice") == 1
        assert ledger.head() == before
        assert check_ledger(ledger, every_signature=True).findings == ()


def test_many_who_come_at_once_make_one_ledger(tmp_path: Path) -> None:
    places, problems = _places(tmp_path), []

    def begin(number: int) -> None:
        try:
            with _recorder(tmp_path) as recorder:
                recorder.record("test.made", details={"number": number})
        except UnseenError as error:
            problems.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with closing(open_ledger(places)) as ledger:
        assert ledger.head().size == 8
        assert check_ledger(ledger, every_signature=True).findings == ()


def test_places_come_from_words_then_from_the_environment(tmp_path: Path) -> None:
    environ = {"UNSEEN_LEDGER": "a/b.db"}
    assert ledger_places(None, environ=environ) == LedgerPlaces("a/b.db", Path("a/b.key"), "a/b-openings.db")
    assert ledger_places("c.db", environ=environ).key == Path("c.key")
    named = ledger_places("postgresql://h/d", Path("k"), {"UNSEEN_OPENINGS": "o.db"})
    assert named == LedgerPlaces("postgresql://h/d", Path("k"), "o.db")
    assert ledger_places("postgresql://h/d", environ={}).openings == "postgresql://h/d"
    assert ledger_places(environ={}).ledger.endswith("ledger.db")
    (tmp_path / "url").write_text("postgresql://h/secret\n")
    assert ledger_places(f"@{tmp_path}/url", environ={}).ledger == "postgresql://h/secret"
    with pytest.raises(UsageError, match="missing: cannot be read; it must hold the URL"):
        ledger_places("@missing", environ={})
    with pytest.raises(UsageError, match="postgresql:// URL"):
        ledger_places("mysql://h/d", environ={})
