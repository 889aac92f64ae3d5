"""The ledger of budgets in a database: SQLite in a file, or PostgreSQL by its URL."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

from unseen.adapters.databases import SINGLE, Database, open_database
from unseen.core.privacy import Account, Charge, Cost, Limit, Part, Per, Reserved, Unit
from unseen.dp.budget import overspent, total
from unseen.errors import BudgetSpent, UnseenError

__all__ = ["SqlLedger", "open_ledger"]

#: Executes a statement within the transaction that is open.
Run = Callable[..., list[tuple[Any, ...]]]
_VERSION = 1
#: Limits are added, never changed: the newest counts, and the older ones show how it came to be.
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS unseen_budget_version (version INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS unseen_account (id TEXT PRIMARY KEY, dataset TEXT NOT NULL, unit TEXT NOT NULL, "
    "purpose TEXT NOT NULL, UNIQUE (dataset, unit, purpose))",
    "CREATE TABLE IF NOT EXISTS unseen_limit (account TEXT NOT NULL REFERENCES unseen_account (id), "
    "number INTEGER NOT NULL, epsilon TEXT NOT NULL, delta TEXT NOT NULL, rho TEXT NOT NULL, per TEXT NOT NULL, "
    "at TEXT NOT NULL, PRIMARY KEY (account, number))",
    "CREATE TABLE IF NOT EXISTS unseen_charge (account TEXT NOT NULL REFERENCES unseen_account (id), "
    "reservation TEXT NOT NULL, period TEXT NOT NULL, parts TEXT NOT NULL, committed INTEGER NOT NULL, "
    "at TEXT NOT NULL, PRIMARY KEY (account, reservation, period))",
)


def open_ledger(where: str, clock: Callable[[], datetime]) -> SqlLedger:
    """Open a ledger, made if need be: a file, or postgresql://USER@HOST/DATABASE; raises UsageError or UnseenError."""
    return SqlLedger(open_database(where, SINGLE), clock)


class SqlLedger:
    """Accounts, their limits, and charges that are reserved before noise is drawn; see `core.ports.BudgetLedger`.

    Every change is one transaction that holds the account's lock from reading what is spent to writing what is spent
    more, so that processes cannot overspend together. What is reserved counts as spent, whatever becomes of the
    process: from outside it cannot be told whether its noise was seen.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        try:
            self._prepare()
        except BaseException:
            database.close()
            raise

    def _prepare(self) -> None:
        """Make the tables that are not there; raises UnseenError for those of another version."""
        with self._change() as run:
            for statement in _SCHEMA:
                run(statement)
            run("INSERT INTO unseen_budget_version VALUES (?) ON CONFLICT DO NOTHING", _VERSION)
            versions = {int(row[0]) for row in run("SELECT version FROM unseen_budget_version")}
        if versions != {_VERSION}:
            raise UnseenError(f"{self.name}: is a ledger of another version of Unseen; use that version")

    @property
    def name(self) -> str:
        """Where the ledger is, without a password."""
        return self._database.name

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def _change(self) -> Iterator[Run]:
        with self._database.transaction():
            yield self._database.run

    def limit(self, account: Account) -> Limit | None:
        """Return the limit of an account, None where it has none yet."""
        with self._change() as run:
            return self._limit(run, _find(run, account))

    def set_limit(self, account: Account, limit: Limit) -> None:
        """Set the limit of an account, and open the account if need be; earlier limits stay on record."""
        with self._change() as run:
            self._add_limit(run, _open(run, account), limit)

    def accounts(self) -> list[Account]:
        """Return all accounts."""
        with self._change() as run:
            rows = run("SELECT dataset, unit, purpose FROM unseen_account ORDER BY dataset, unit, purpose")
        return [Account(str(dataset), cast(Unit, unit), str(purpose)) for dataset, unit, purpose in rows]

    def limits(self, account: Account) -> list[tuple[str, Limit]]:
        """Return when each limit was set, oldest first."""
        with self._change() as run:
            rows = run(
                "SELECT at, epsilon, delta, rho, per FROM unseen_limit WHERE account = ? ORDER BY number",
                _find(run, account),
            )
        return [(str(at), _limit_from(row)) for at, *row in rows]

    def charges(self, account: Account) -> list[Charge]:
        """Return all charges of an account, oldest first."""
        with self._change() as run:
            return self._charges(run, _find(run, account))

    def reserve(
        self,
        account: Account,
        periods: Sequence[str],
        cost: Cost,
        *,
        opening: Limit | None = None,
        name: str | None = None,
    ) -> Reserved:
        """Charge a cost to each of the periods, or to none, and return the reservation.

        An account that has no limit is opened with `opening`. A reservation of this `name` that is there already is
        returned as it is: what it stands for is drawn once. Raises BudgetSpent, and charges nothing, when a period
        has too little left, when there is no limit, and when the account is kept by other periods.
        """
        reservation = name or secrets.token_hex(16)
        with self._change() as run:
            key = _open(run, account)
            limit, opened = self._limit(run, key), False
            if limit is None:
                if opening is None:
                    raise BudgetSpent(f"{account}: has no budget; set one with: unseen budget set")
                self._add_limit(run, key, opening)
                limit, opened = opening, True
            before = run("SELECT period FROM unseen_charge WHERE account = ? AND reservation = ?", key, reservation)
            wanted = [period for period in dict.fromkeys(periods) if (period,) not in before]
            why = overspent(_spent_in(run, key, wanted, limit), limit, cost)
            if why is not None:
                raise BudgetSpent(f"{account}: {why}; see: unseen budget show")
            for period in wanted:
                run(
                    "INSERT INTO unseen_charge VALUES (?, ?, ?, ?, 0, ?)",
                    *(key, reservation, period, _parts_text(cost), self._now()),
                )
        return Reserved(reservation, opened)

    def commit(self, reservation: str) -> None:
        """Note that what was reserved for is out."""
        with self._change() as run:
            run("UPDATE unseen_charge SET committed = 1 WHERE reservation = ?", reservation)

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")

    def _limit(self, run: Run, key: str) -> Limit | None:
        rows = run(
            "SELECT epsilon, delta, rho, per FROM unseen_limit WHERE account = ? ORDER BY number DESC LIMIT 1", key
        )
        return _limit_from(rows[0]) if rows else None

    def _add_limit(self, run: Run, key: str, limit: Limit) -> None:
        count = run("SELECT COUNT(*) FROM unseen_limit WHERE account = ?", key)[0][0]
        words = (str(limit.epsilon), str(limit.delta), str(limit.rho), limit.per, self._now())
        run("INSERT INTO unseen_limit VALUES (?, ?, ?, ?, ?, ?, ?)", key, int(count) + 1, *words)

    def _charges(self, run: Run, key: str) -> list[Charge]:
        rows = run(
            "SELECT reservation, period, parts, committed, at FROM unseen_charge WHERE account = ? "
            "ORDER BY at, period, reservation",
            key,
        )
        return [
            Charge(str(name), str(period), _cost_from(parts), bool(committed), str(at))
            for name, period, parts, committed, at in rows
        ]


def _find(run: Run, account: Account) -> str:
    """Return the key of an account, "" if it is not there."""
    rows = run(
        "SELECT id FROM unseen_account WHERE dataset = ? AND unit = ? AND purpose = ?",
        *(account.dataset, account.unit, account.purpose),
    )
    return str(rows[0][0]) if rows else ""


def _open(run: Run, account: Account) -> str:
    """Return the key of an account, made if need be, and hold its lock to the end of the transaction."""
    run(
        "INSERT INTO unseen_account VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        *(secrets.token_hex(8), account.dataset, account.unit, account.purpose),
    )
    key = _find(run, account)
    # An update takes the row's lock in every database; whoever comes second waits here, and reads what the first wrote.
    run("UPDATE unseen_account SET purpose = purpose WHERE id = ?", key)
    return key


def _spent_in(run: Run, key: str, periods: Sequence[str], limit: Limit) -> dict[str, Fraction]:
    """Return what is spent in each of the periods: equal charges are counted there, and added up exactly here."""
    found: dict[str, list[tuple[Cost, int]]] = {period: [] for period in periods}
    rows = run("SELECT period, parts, COUNT(*) FROM unseen_charge WHERE account = ? GROUP BY period, parts", key)
    for period, parts, times in rows:
        if period in found:
            found[period].append((_cost_from(parts), int(times)))
    return {period: total(costs, limit) for period, costs in found.items()}


def _limit_from(row: Sequence[Any]) -> Limit:
    epsilon, delta, rho, per = row
    return Limit(Fraction(epsilon), Fraction(delta), Fraction(rho), cast(Per, per))


def _parts_text(cost: Cost) -> str:
    parts = [
        {"kind": part.kind, "rho": str(part.rho)} | ({} if part.epsilon is None else {"epsilon": str(part.epsilon)})
        for part in cost.parts
    ]
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def _cost_from(text: Any) -> Cost:
    parts = json.loads(str(text))
    return Cost(
        tuple(
            Part(part["kind"], Fraction(part["rho"]), Fraction(part["epsilon"]) if "epsilon" in part else None)
            for part in parts
        )
    )
