"""Budgets as people see them: where they are kept, setting one, and what is spent of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import platformdirs

from unseen.adapters.budget_sql import SqlLedger, open_ledger
from unseen.adapters.dp_pld import pld_epsilon
from unseen.core.names import display
from unseen.core.privacy import EVER, Account, Charge, Limit, Per
from unseen.dp.budget import left, limit_of, loss_of, spent, worst_period
from unseen.errors import UsageError

__all__ = ["Statement", "default_ledger", "ledger_at", "set_budget", "statements"]


def default_ledger(environ: Mapping[str, str]) -> str:
    """Return where budgets are kept: what UNSEEN_LEDGER says, or a file among the user's data."""
    return environ.get("UNSEEN_LEDGER") or str(Path(platformdirs.user_data_dir("unseen")) / "budget.sqlite")


def ledger_at(where: str, clock: Callable[[], datetime] | None = None) -> SqlLedger:
    """Open a ledger: a file, a postgresql:// URL, or @FILE, a file that holds the URL."""
    if where.startswith("@"):
        try:
            where = Path(where[1:]).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{display(where[1:])}: cannot be read; it must hold the URL of the ledger") from None
    return open_ledger(where, clock or (lambda: datetime.now(UTC)))


def set_budget(ledger: SqlLedger, account: Account, epsilon: Fraction, delta: Fraction, per: Per) -> Limit:
    """Set a budget, and open the account if need be; raises UsageError for a period that cannot be."""
    if per == "day" and account.unit == "person-ever":
        raise UsageError("all that one person ever does cannot be kept apart by days; say --per ever")
    before = ledger.limit(account)
    if before is not None and before.per != per and ledger.charges(account):
        raise UsageError(
            f"{account}: is kept per {before.per}, and charges are there; take another --purpose or --dataset"
        )
    limit = limit_of(epsilon, delta, per)
    ledger.set_limit(account, limit)
    return limit


@dataclass(frozen=True, slots=True)
class Statement:
    """An account with its charges, and its losses at a delta, by loss distributions and by the analytic bound.

    `worst` is the period in which most is spent; `all_days` is for a unit's person or vehicle who is there in all
    periods.
    """

    account: Account
    limit: Limit
    limits: int
    charges: tuple[Charge, ...]
    delta: float
    worst: str
    epsilon: float
    epsilon_bound: float
    all_days: float

    @property
    def left(self) -> Fraction:
        """What is left in the worst period."""
        return left(self.charges, self.limit, self.worst)

    def lines(self) -> Iterator[str]:
        """Yield what is printed."""
        limit, name = self.limit, "epsilon" if self.limit.pure else "rho"
        per = "a day" if limit.per == "day" else "in all"
        delta = "" if limit.pure else f" at delta {float(limit.delta):.3g}"
        raised = f", set {self.limits} times" if self.limits > 1 else ""
        yield f"{self.account}"
        yield f"  budget: epsilon {float(limit.epsilon):.6g}{delta} {per} (rho {limit.rho}){raised}"
        gone = spent(self.charges, limit, self.worst)
        when = "" if self.worst == EVER else f" on {self.worst}, the day with most"
        yield f"  spent: {name} {float(gone):.6g} of {float(limit.most):.6g}{when}; {float(self.left):.6g} is left"
        yield (
            f"  means: epsilon {self.epsilon:.4g} at delta {self.delta:.3g} by loss distributions, "
            f"at most {self.epsilon_bound:.4g} by zCDP or by adding up"
        )
        periods = len({charge.period for charge in self.charges})
        if periods > 1:
            yield f"  for who is there on each of {periods} days: epsilon {self.all_days:.4g} at delta {self.delta:.3g}"
        open_ = len({charge.reservation for charge in self.charges if not charge.committed})
        count = len({charge.reservation for charge in self.charges})
        yield f"  releases: {count}" + (
            f"; {open_} of them were begun and not finished, and count as spent" if open_ else ""
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "dataset": self.account.dataset,
            "unit": self.account.unit,
            "purpose": self.account.purpose,
            "per": self.limit.per,
            "limit": {"epsilon": str(self.limit.epsilon), "delta": str(self.limit.delta), "rho": str(self.limit.rho)},
            "worst_period": self.worst,
            "left": str(self.left),
            "at_delta": self.delta,
            "epsilon_by_loss_distributions": self.epsilon,
            "epsilon_bound": self.epsilon_bound,
            "epsilon_in_all_periods": self.all_days,
            "charges": [
                {
                    "reservation": charge.reservation,
                    "period": charge.period,
                    "rho": str(charge.cost.rho),
                    "epsilon": None if charge.cost.epsilon is None else str(charge.cost.epsilon),
                    "committed": charge.committed,
                    "at": charge.at,
                }
                for charge in self.charges
            ],
        }


def statements(ledger: SqlLedger, delta: float) -> Iterator[Statement]:
    """Yield a statement of each account that has a limit."""
    for account in ledger.accounts():
        limits = ledger.limits(account)
        if not limits:
            continue
        limit, charges = limits[-1][1], tuple(ledger.charges(account))
        worst = worst_period(charges, limit)
        costs = [charge.cost for charge in charges if charge.period == worst]
        every = [charge.cost for charge in charges]
        yield Statement(
            account,
            limit,
            len(limits),
            charges,
            delta,
            worst,
            pld_epsilon(costs, delta),
            loss_of(costs, delta),
            pld_epsilon(every, delta),
        )
