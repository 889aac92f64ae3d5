"""Overspending: 50 processes want more than there is, and others are killed, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from bench.release_figures import Line, at_least, at_most
from bench.wanted import Figure
from tests.adapters import postgres_server
from tests.adapters.budget_spenders import SPENDERS
from unseen.adapters.budget_sql import SqlLedger, open_ledger
from unseen.core.privacy import Account
from unseen.dp.budget import limit_of

__all__ = ["budget_rows"]

_ACCOUNT = Account("junction", "person-day", "publication")
_KILLS = 20


def budget_rows(folder: Path) -> list[Line]:
    """Return what was spent of the budget, on every database that is here."""
    lines = _on("SQLite", str(folder / "budget.sqlite"))
    why = postgres_server.missing()
    with postgres_server.serve() if why is None else nullcontext() as url:
        return lines + (_on("PostgreSQL", url) if url is not None else [])


def _on(name: str, where: str) -> list[Line]:
    ledger = open_ledger(where, lambda: datetime.now(UTC))
    ledger.set_limit(_ACCOUNT, limit_of(Fraction(2), Fraction(), "ever"))
    started = time.perf_counter()
    process = _start(where, 50, 1)
    process.communicate()
    seconds = time.perf_counter() - started
    spent = _spent(ledger)
    lost = over = 0.0
    for _ in range(_KILLS):
        lost += _killed(ledger, where)
        over = max(over, float(_spent(ledger) - _limit(ledger)))
    ledger.close()
    return [
        Line(f"{name}: 50 processes want 5, epsilon spent of 2", at_least(float(spent), 2.0)),
        Line(f"{name}: and no more", at_most(float(spent), 2.0)),
        Line(f"{name}: seconds of these 50 processes", Figure(seconds), "s", ".2f"),
        Line(
            f"{name}: {_KILLS} times 8 processes killed (-9): charges that were told and are not there",
            at_most(lost, 0),
        ),
        Line(f"{name}: epsilon overspent then", at_most(over, 0.0)),
    ]


def _limit(ledger: SqlLedger) -> Fraction:
    limit = ledger.limit(_ACCOUNT)
    return limit.epsilon if limit is not None else Fraction()


def _killed(ledger: SqlLedger, where: str) -> int:
    """Let 8 processes spend, kill them at any time, and return how many charges they were told of are not there."""
    before = _spent(ledger)
    ledger.set_limit(_ACCOUNT, limit_of(before + 1, Fraction(), "ever"))
    process = _start(where, 8, 1000)
    assert process.stdout is not None
    told = [process.stdout.readline()]
    time.sleep(random.random() * 0.05)
    os.killpg(process.pid, signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    there = {charge.reservation for charge in ledger.charges(_ACCOUNT)}
    return sum(len(line.strip()) == 32 and line.strip() not in there for line in told)


def _start(where: str, processes: int, times: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SPENDERS, where, str(processes), str(times)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _spent(ledger: SqlLedger) -> Fraction:
    return sum((charge.cost.epsilon or Fraction() for charge in ledger.charges(_ACCOUNT)), Fraction())
