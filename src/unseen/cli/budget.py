"""unseen budget: show what is spent of the budgets of data sets, and set them."""

from __future__ import annotations

import argparse
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from unseen.core.privacy import PERS, UNITS, Account, parse_delta, parse_epsilon
from unseen.errors import UsageError

__all__ = ["add_parser", "run"]

_DESCRIPTION = """A budget is what all releases of a data set together may cost one unit, for one purpose.

What is charged to it is never given back: a release whose process died may have been seen.
"""


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, to the command line."""
    parser = verbs.add_parser(
        "budget",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = parser.add_subparsers(dest="budget_word", metavar="WORD", required=True)
    show = words.add_parser("show", help="show what is spent, what is left, and what it means in (epsilon, delta)")
    _add_ledger(show)
    show.add_argument("--dataset", metavar="NAME", help="this data set only")
    show.add_argument(
        "--delta", metavar="D", default="1e-6", help="the delta at which sums are converted to epsilon (default: 1e-6)"
    )
    show.add_argument("--json", action="store_true", help="print everything, every charge too, as JSON")
    setting = words.add_parser("set", help="set a budget; what is spent already counts")
    _add_ledger(setting)
    setting.add_argument("--dataset", metavar="NAME", required=True, help="the data set")
    setting.add_argument("--unit", choices=tuple(UNITS), required=True, help="what is protected")
    setting.add_argument("--purpose", metavar="NAME", default="publication", help="what for (default: publication)")
    setting.add_argument("--epsilon", metavar="E", required=True, help="the most that all releases together may cost")
    setting.add_argument(
        "--delta",
        metavar="D",
        default="0",
        help="0 (default) adds up pure epsilons; above 0, rhos of zCDP are added up",
    )
    setting.add_argument("--per", choices=PERS, default="ever", help="day: for each day apart; ever: in all (default)")
    parser.set_defaults(run=run)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ledger",
        metavar="WHERE",
        help="a file, postgresql://USER@HOST/DATABASE, or @FILE (default: $UNSEEN_LEDGER, or a file among your data)",
    )


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return 0; raises UnseenError."""
    from unseen.engine.budgets import default_ledger

    where = args.ledger or default_ledger(os.environ)
    return _set(args, where) if args.budget_word == "set" else _show(args, where)


def _set(args: argparse.Namespace, where: str) -> int:
    from unseen.engine.budgets import ledger_at, set_budget

    account = Account(args.dataset, args.unit, args.purpose)
    epsilon, delta = parse_epsilon(args.epsilon), parse_delta(args.delta)
    with closing(ledger_at(where)) as ledger:
        limit = set_budget(ledger, account, epsilon, delta, args.per)
    also = "" if limit.pure else f", delta {float(limit.delta):.3g} (rho {float(limit.rho):.6g})"
    print(f"{account}: epsilon {float(limit.epsilon):.6g}{also} {'a day' if limit.per == 'day' else 'in all'}")
    return 0


def _show(args: argparse.Namespace, where: str) -> int:
    from unseen.engine.budgets import ledger_at, statements

    delta = parse_delta(args.delta)
    if delta == 0:
        raise UsageError("--delta must be above 0 here: it is the chance at which sums are converted to epsilon")
    if "://" not in where and not where.startswith("@") and not Path(where).exists():
        print(f"no budget yet: {where} is made by the first release, or by unseen budget set")
        return 0
    with closing(ledger_at(where)) as ledger:
        found = [entry for entry in statements(ledger, float(delta)) if args.dataset in (None, entry.account.dataset)]
    if args.json:
        print(json.dumps([entry.as_dict() for entry in found], indent=2))
        return 0
    print(f"ledger: {ledger.name}")
    for entry in found:
        print()
        for line in entry.lines():
            print(line)
    return 0
