"""unseen release: publish a table with differential privacy, out of a budget."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.cli.access import add_policy
from unseen.core.names import display
from unseen.core.privacy import PERS, UNITS, parse_delta, parse_epsilon
from unseen.core.releases import ReleaseJob
from unseen.errors import UsageError

if TYPE_CHECKING:
    from unseen.engine.publish import Published

__all__ = ["ReleaseEngine", "add_parser", "job_from", "run"]

#: What does a job: `unseen.engine.publish.publish`, its continual sister, or a stand-in.
ReleaseEngine = Callable[[ReleaseJob], "Published"]

_DESCRIPTION = """Publish a table of counts, or another table that is declared, with differential privacy.

Noise is drawn once, from OpenDP, and goes onto a fixed grid of cells. What it costs is taken from a budget first:
a spent budget refuses with exit code 3. The first release of a data set opens its budget with the epsilon that it
asks for.

units:  event        one counted event; nothing is promised for several events of one person
        vehicle-day  everything that one vehicle does on one day
        person-day   everything that one person does on one day
        person-ever  everything that one person ever does
"""


def add_parser(verbs: Any, text: str, engine: ReleaseEngine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` does its jobs in place of the real one."""
    parser = verbs.add_parser(
        "release",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "table", metavar="TABLE", type=Path, help="a .parquet or .csv file, as unseen count writes them"
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the file to publish, .csv or .parquet")
    _add_guarantee(parser.add_argument_group("guarantee"))
    _add_budget(parser.add_argument_group("budget"))
    _add_files(parser.add_argument_group("what is published"))
    _add_continual(parser.add_argument_group("running counts"))
    add_policy(parser.add_argument_group("policy"))
    parser.set_defaults(run=partial(run, engine=engine))


def _add_guarantee(group: Any) -> None:
    group.add_argument("--epsilon", metavar="E", help="what the release may cost one unit; smaller is safer")
    group.add_argument(
        "--delta",
        metavar="D",
        default="0",
        help="chance that epsilon does not hold; above 0, noise is Gaussian (default: 0)",
    )
    group.add_argument("--unit", choices=tuple(UNITS), required=True, help="what is protected")
    group.add_argument(
        "--per",
        choices=PERS,
        default="ever",
        help="day: epsilon is for each UTC day of the table, and days have budgets apart; ever: one budget (default)",
    )
    group.add_argument(
        "--preview", action="store_true", help="print the error to expect for several epsilons; no row is read"
    )


def _add_budget(group: Any) -> None:
    group.add_argument("--dataset", metavar="NAME", help="whose budget it is (default: TABLE without its ending)")
    group.add_argument(
        "--purpose",
        metavar="NAME",
        default="publication",
        help="what for; a policy with purposes has to know it (default: publication)",
    )
    group.add_argument(
        "--budgets",
        metavar="WHERE",
        help="the ledger of budgets: a file, postgresql://USER@HOST/DATABASE, or @FILE that holds such a URL "
        "(default: $UNSEEN_BUDGETS, or a file among your data)",
    )


def _add_files(group: Any) -> None:
    group.add_argument(
        "--declare", metavar="FILE.toml", type=Path, help="what to release of a table that is no count of traffic"
    )
    group.add_argument(
        "--nonnegative", action="store_true", help="add counts without negative numbers, marked as post-processing"
    )
    group.add_argument(
        "--chart", metavar="FILE.png", type=Path, help="draw the release with its intervals, .png or .svg"
    )
    group.add_argument(
        "--internal", metavar="FILE.json", type=Path, help="write how much the bound left out; not for publication"
    )
    group.add_argument("--overwrite", action="store_true", help="replace files that are there already")


def _add_continual(group: Any) -> None:
    group.add_argument(
        "--continual",
        metavar="STATE",
        type=Path,
        help="publish running counts; STATE is a file that remembers what was drawn, for the next call",
    )
    group.add_argument(
        "--horizon",
        metavar="N",
        type=int,
        help="the most intervals there will be; with --delta it makes running counts much more exact",
    )


def job_from(args: argparse.Namespace) -> ReleaseJob:
    """Build the job from parsed words; raises UsageError."""
    if args.output is None or args.epsilon is None:
        raise UsageError("say what to publish with -o FILE, and at what cost with --epsilon E; or ask with --preview")
    return ReleaseJob(
        table=args.table,
        output=args.output,
        epsilon=parse_epsilon(args.epsilon),
        delta=parse_delta(args.delta),
        unit=args.unit,
        per=args.per,
        ledger=_ledger(args),
        dataset=args.dataset or args.table.stem,
        purpose=args.purpose,
        declare=args.declare,
        nonnegative=args.nonnegative,
        overwrite=args.overwrite,
        chart=args.chart,
        internal=args.internal,
        continual=args.continual,
        horizon=args.horizon,
        policy_file=args.policy,
        actor=args.actor,
    )


def _ledger(args: argparse.Namespace) -> str:
    if args.budgets:
        return str(args.budgets)
    from unseen.engine.budgets import default_ledger

    return default_ledger(os.environ)


def run(args: argparse.Namespace, engine: ReleaseEngine | None = None) -> int:
    """Do the job and print what was released, and return 0; raises UnseenError."""
    if args.preview:
        return _preview(args)
    job = job_from(args)
    done = (engine or _real_engine(job))(job)
    print(f"unit: {done.guarantee}")
    print(done.sentence)
    for line in done.facts["assumptions"]:
        print(f"stands on: {line}")
    print(f"left out: {done.facts['truncation']}")
    if done.cumulative:
        print(done.cumulative)
    name = "epsilon" if job.delta == 0 else "rho"
    if done.opened:
        print(
            f"note: opened the budget {job.dataset} / {job.unit} / {job.purpose} with this epsilon in {done.ledger}; "
            "set another with: unseen budget set"
        )
    print(f"budget: {name} {float(done.left):.6g} is left{' on each day' if job.per == 'day' else ''}")
    print(f"{done.cells} cells -> {', '.join(display(file) for file in done.files)}")
    return 0


def _real_engine(job: ReleaseJob) -> ReleaseEngine:
    if job.continual is not None:
        from unseen.engine.continual import publish_running

        return publish_running
    from unseen.engine.publish import publish

    return publish


def _preview(args: argparse.Namespace) -> int:
    from unseen.engine.preview import preview

    epsilon = parse_epsilon(args.epsilon) if args.epsilon is not None else None
    for line in preview(args.table, args.declare, args.unit, args.per, epsilon, parse_delta(args.delta), args.horizon):
        print(line)
    return 0
