"""A script whose processes spend a budget as fast as they can."""

from __future__ import annotations

__all__ = ["SPENDERS"]

#: So many processes, that spend a tenth of epsilon as often as they can, and say so each time they have. They are
#: forked
#: from one that has loaded all it needs, so that they begin together.
SPENDERS = """
import os, sys, time
from datetime import UTC, datetime
from fractions import Fraction
from unseen.adapters.budget_sql import open_ledger
from unseen.core.privacy import Account
from unseen.dp.budget import cost_of, limit_of
from unseen.errors import BudgetSpent

def spend(where, times):
    ledger = open_ledger(where, lambda: datetime.now(UTC))
    for _ in range(times):
        try:
            done = ledger.reserve(Account("junction", "person-day", "publication"), ["ever"], cost)
        except BudgetSpent:
            return 3
        os.write(1, f"{done.reservation}\\n".encode())
        time.sleep(0.002)
    return 0

cost, = cost_of(limit_of(Fraction(1, 10), Fraction(), "ever"), [Fraction(1)])
where, processes, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if where.startswith("postgres"):
    import psycopg
for _ in range(processes):
    if os.fork() == 0:
        os._exit(spend(where, times))
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(processes)]
os.write(1, " ".join(map(str, sorted(codes))).encode())
"""
