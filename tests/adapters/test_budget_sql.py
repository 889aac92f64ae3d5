"""One suite that the ledger passes on every database: exact sums, nothing given back, no overspending together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from tests.adapters import postgres_server
from tests.adapters.budget_spenders import SPENDERS
from unseen.adapters.budget_sql import SqlLedger, open_ledger
from unseen.core.privacy import EVER, Account, Cost, Limit, Part
from unseen.dp.budget import cost_of, limit_of
from unseen.errors import BudgetSpent, UnseenError, UsageError

_ACCOUNT = Account("junction", "person-day", "publication")
_TIME = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    why = postgres_server.missing()
    if why is not None:
        pytest.skip(why)
    with postgres_server.serve() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "budget.sqlite")
    url: str = request.getfixturevalue("postgres")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("charge", "limit", "account", "budget_version"):
            connection.execute(f"DROP TABLE IF EXISTS unseen_{table}")
    return url


@pytest.fixture
def ledger(where: str) -> Iterator[SqlLedger]:
    opened = open_ledger(where, lambda: _TIME)
    yield opened
    opened.close()


def _limit(epsilon: str, per: str = "ever") -> Limit:
    return limit_of(Fraction(epsilon), Fraction(), "day" if per == "day" else "ever")


def _cost(epsilon: str) -> Cost:
    return cost_of(_limit(epsilon), [Fraction(1)])[0]


def _total(ledger: SqlLedger) -> Fraction:
    return sum((charge.cost.epsilon or Fraction() for charge in ledger.charges(_ACCOUNT)), Fraction())


def test_tenths_add_up_to_one_exactly(ledger: SqlLedger) -> None:
    ledger.set_limit(_ACCOUNT, _limit("1"))
    for _ in range(10):
        ledger.reserve(_ACCOUNT, [EVER], _cost("0.1"))
    with pytest.raises(BudgetSpent, match=r"epsilon 1 of 1 is spent, 1e-06 is asked for"):
        ledger.reserve(_ACCOUNT, [EVER], _cost("1e-6"))
    assert _total(ledger) == 1


def test_days_have_budgets_apart_and_are_charged_all_or_none(ledger: SqlLedger) -> None:
    ledger.set_limit(_ACCOUNT, _limit("1", per="day"))
    ledger.reserve(_ACCOUNT, ["2026-11-24", "2026-11-25"], _cost("0.6"))
    ledger.reserve(_ACCOUNT, ["2026-11-26"], _cost("0.6"))
    with pytest.raises(BudgetSpent, match="for 2026-11-26"):
        ledger.reserve(_ACCOUNT, ["2026-11-27", "2026-11-26"], _cost("0.6"))
    assert [charge.period for charge in ledger.charges(_ACCOUNT)].count("2026-11-27") == 0


def test_a_budget_is_kept_in_one_way(ledger: SqlLedger) -> None:
    # Charges by day would not add up with those in all, and the other way round.
    ledger.set_limit(_ACCOUNT, _limit("1", per="day"))
    with pytest.raises(BudgetSpent, match="say --per day"):
        ledger.reserve(_ACCOUNT, [EVER], _cost("0.1"))
    ledger.set_limit(_ACCOUNT, _limit("1"))
    with pytest.raises(BudgetSpent, match="say --per ever"):
        ledger.reserve(_ACCOUNT, ["2026-11-25"], _cost("0.1"))


def test_without_a_budget_nothing_is_spent(ledger: SqlLedger) -> None:
    with pytest.raises(BudgetSpent, match="has no budget"):
        ledger.reserve(_ACCOUNT, [EVER], _cost("1"))
    assert ledger.charges(_ACCOUNT) == []


def test_the_first_release_opens_the_budget_that_it_asks_for_and_no_later_one_widens_it(ledger: SqlLedger) -> None:
    assert ledger.reserve(_ACCOUNT, [EVER], _cost("1"), opening=_limit("1")).opened
    with pytest.raises(BudgetSpent):
        ledger.reserve(_ACCOUNT, [EVER], _cost("1"), opening=_limit("5"))
    assert ledger.limit(_ACCOUNT) == _limit("1")


def test_accounts_do_not_share_what_is_theirs(ledger: SqlLedger) -> None:
    other = Account("junction", "person-day", "research")
    ledger.reserve(_ACCOUNT, [EVER], _cost("1"), opening=_limit("1"))
    ledger.reserve(other, [EVER], _cost("1"), opening=_limit("1"))
    assert ledger.accounts() == [_ACCOUNT, other]


def test_what_is_reserved_counts_before_and_after_it_is_committed(ledger: SqlLedger) -> None:
    reserved = ledger.reserve(_ACCOUNT, [EVER], _cost("1"), opening=_limit("1"))
    assert [charge.committed for charge in ledger.charges(_ACCOUNT)] == [False]
    ledger.commit(reserved.reservation)
    assert [charge.committed for charge in ledger.charges(_ACCOUNT)] == [True]
    with pytest.raises(BudgetSpent):
        ledger.reserve(_ACCOUNT, [EVER], _cost("0.1"))


def test_a_named_reservation_is_charged_once(ledger: SqlLedger) -> None:
    ledger.set_limit(_ACCOUNT, _limit("1"))
    for _ in range(3):
        ledger.reserve(_ACCOUNT, [EVER], _cost("1"), name="stream")
    assert _total(ledger) == 1


def test_gaussian_noise_is_not_charged_to_a_budget_of_pure_epsilon(ledger: SqlLedger) -> None:
    ledger.set_limit(_ACCOUNT, _limit("1"))
    with pytest.raises(BudgetSpent, match="pure epsilon"):
        ledger.reserve(_ACCOUNT, [EVER], Cost((Part("gaussian", Fraction(1, 1000)),)))


def test_a_budget_in_rho_takes_both_kinds_and_is_exact(ledger: SqlLedger) -> None:
    limit = limit_of(Fraction(1), Fraction(1, 10**6), "ever")
    ledger.set_limit(_ACCOUNT, limit)
    pure = _cost("0.1")
    ledger.reserve(_ACCOUNT, [EVER], pure)
    ledger.reserve(_ACCOUNT, [EVER], Cost((Part("gaussian", limit.rho - pure.rho),)))
    with pytest.raises(BudgetSpent):
        ledger.reserve(_ACCOUNT, [EVER], Cost((Part("gaussian", Fraction(1, 10**30)),)))


def test_earlier_limits_stay_on_record(ledger: SqlLedger) -> None:
    for epsilon in ("1", "3", "2"):
        ledger.set_limit(_ACCOUNT, _limit(epsilon))
    assert [limit.epsilon for _, limit in ledger.limits(_ACCOUNT)] == [1, 3, 2]
    assert ledger.limit(_ACCOUNT) == _limit("2")


def test_words_of_an_account_are_data_and_not_statements(ledger: SqlLedger) -> None:
    odd = Account("'; DROP TABLE unseen_charge; --%s?", "event", 'a"b')
    ledger.reserve(odd, [EVER], _cost("1"), opening=_limit("1"))
    assert ledger.accounts() == [odd]


def _start(where: str, processes: int, times: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SPENDERS, where, str(processes), str(times)]
    # A session of its own can be killed whole.
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_fifty_processes_spend_exactly_the_budget(ledger: SqlLedger, where: str) -> None:
    ledger.set_limit(_ACCOUNT, _limit("2"))
    *names, codes = _start(where, 50, 1).communicate(timeout=120)[0].splitlines()
    assert codes.split() == ["0"] * 20 + ["3"] * 30
    assert _total(ledger) == 2
    assert len(names) == 20
    assert set(names) == {charge.reservation for charge in ledger.charges(_ACCOUNT)}


@pytest.mark.parametrize("after", [1, 9])
def test_killed_processes_leave_a_ledger_that_is_right(ledger: SqlLedger, where: str, after: int) -> None:
    ledger.set_limit(_ACCOUNT, _limit("100"))
    spenders = _start(where, 4, 10_000)
    assert spenders.stdout is not None
    acknowledged = [spenders.stdout.readline() for _ in range(after)]
    # Each at whatever point of a transaction it is just now.
    os.killpg(spenders.pid, signal.SIGKILL)
    acknowledged += spenders.stdout.readlines()
    spenders.stdout.close()
    spenders.wait(60)
    charged = {charge.reservation for charge in ledger.charges(_ACCOUNT)}
    assert {line.strip() for line in acknowledged} <= charged
    # One may have been killed when its charge was on disk, before it could say so: that one counts, too.
    assert len(charged) <= len(acknowledged) + 4
    ledger.set_limit(_ACCOUNT, limit_of(_total(ledger) + Fraction(1, 10), Fraction(), "ever"))
    ledger.reserve(_ACCOUNT, [EVER], _cost("0.1"))
    with pytest.raises(BudgetSpent):
        ledger.reserve(_ACCOUNT, [EVER], _cost("0.1"))


def test_many_may_make_one_ledger_at_the_same_time(where: str) -> None:
    words = "import sys; from unseen.adapters.budget_sql import open_ledger; open_ledger(sys.argv[1], lambda: None)"
    started = [subprocess.Popen([sys.executable, "-c", words, where]) for _ in range(6)]
    assert [process.wait(60) for process in started] == [0] * 6


def test_a_ledger_of_another_version_is_refused(where: str, ledger: SqlLedger) -> None:
    with ledger._database.transaction():
        ledger._database.run("INSERT INTO unseen_budget_version VALUES (2)")
    with pytest.raises(UnseenError, match="another version"):
        open_ledger(where, lambda: _TIME)


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are no budgets, and there are more than a hundred bytes of them" * 3)
    before = path.read_bytes()
    with pytest.raises(UnseenError, match=r"notes\.txt: cannot be used as a database"):
        open_ledger(str(path), lambda: _TIME)
    assert path.read_bytes() == before


def test_a_server_that_is_not_there_is_one_line_without_the_password() -> None:
    with pytest.raises(UnseenError) as caught:
        open_ledger("postgresql://city:secret@127.0.0.1:9/budgets", lambda: _TIME)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_other_urls_are_refused() -> None:
    with pytest.raises(UsageError, match="a file or a postgresql:// URL"):
        open_ledger("mysql://localhost/x", lambda: _TIME)


def test_waiting_for_another_is_not_failing(tmp_path: Path) -> None:
    where = str(tmp_path / "budget.sqlite")
    first = open_ledger(where, lambda: _TIME)
    with first._database.transaction():
        waiting = _start(where, 1, 1)
        time.sleep(0.3)
        assert waiting.poll() is None
    assert waiting.communicate(timeout=60)[0] == "3"
    assert first.accounts() == []
    first.close()
