"""What error to expect, before any row is read and anything is spent."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from unseen.adapters.tables_polars import PolarsTables
from unseen.core.ports import Tables
from unseen.core.privacy import Per, Unit
from unseen.engine.publish import spec_of
from unseen.stats.plan import expected_errors, plan_release
from unseen.stats.running import expected_running_error, stream_of
from unseen.stats.spec import Spec
from unseen.stats.words import assumptions, guarantee

__all__ = ["preview"]

_EPSILONS = tuple(map(Fraction, ("0.1", "0.25", "0.5", "1", "2", "4")))
#: Errors of means and quantiles depend on the rows of a cell; they are told for so many.
_ROWS = 1000


def preview(
    table: Path,
    declare: Path | None,
    unit: Unit,
    per: Per,
    epsilon: Fraction | None,
    delta: Fraction,
    horizon: int | None,
    tables: Tables | None = None,
) -> Iterator[str]:
    """Yield lines that say what error each epsilon means; a table of counts is asked for its metadata alone."""
    spec = spec_of(table, declare, unit, per, tables or PolarsTables())
    epsilons = sorted({*_EPSILONS, *([epsilon] if epsilon is not None else [])})
    yield f"unit: {guarantee(plan_release(spec, epsilon or Fraction(1), delta, per))}"
    for line in assumptions(spec):
        yield f"stands on: {line}"
    yield f"{spec.grid.size} cells; half widths of 95 % intervals of the noise in each"
    yield "no row was read, nothing is spent"
    needs_rows = any(measure.as_dict()["kind"] in ("mean", "quantile") for measure in spec.measures)
    if needs_rows:
        yield f"means and quantiles: in a cell of {_ROWS} rows"
    yield from _table(spec, epsilons, delta, per, horizon)


def _table(spec: Spec, epsilons: list[Fraction], delta: Fraction, per: Per, horizon: int | None) -> Iterator[str]:
    names = [measure.name for measure in spec.measures]
    running = horizon is not None and spec.facts is not None
    yield "  ".join(f"{word:>12}" for word in ("epsilon", *names, *(["running, end"] if running else [])))
    for epsilon in epsilons:
        plan = plan_release(spec, epsilon, delta, per)
        errors = list(expected_errors(plan, _ROWS).values())
        if running:
            errors.append(expected_running_error(stream_of(spec, horizon, plan.limit), horizon or 1))
        yield "  ".join(f"{word:>12}" for word in (f"{float(epsilon):g}", *(f"{error:.4g}" for error in errors)))
