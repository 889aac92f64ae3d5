"""Running counts are published: noise is drawn once for each interval, kept on disk, and only then used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from unseen.adapters.running_sqlite import RunningState
from unseen.core.names import display
from unseen.core.ports import NoiseSource
from unseen.core.privacy import Limit
from unseen.core.releases import ReleaseJob
from unseen.core.tabulation import Whole
from unseen.dp.budget import left
from unseen.engine.publish import (
    Desk,
    Published,
    account_of,
    admitted,
    desk_for,
    label,
    opening,
    periods_of,
    put_out,
    refuse_columns,
    spec_of,
)
from unseen.errors import OutputTaken, UsageError
from unseen.policy.charter import Kept
from unseen.policy.minimise import kept_fields
from unseen.stats.plan import Plan, plan_release
from unseen.stats.running import TIME, Stream, cumulative_epsilon, increments_of, running_columns, stream_of
from unseen.stats.words import facts_of, guarantee, sentence

__all__ = ["publish_running"]


def publish_running(job: ReleaseJob, desk: Desk | None = None) -> Published:
    """Go on with running counts by the intervals of a table that are new, and publish all of them; raises UnseenError.

    The state's lock is held throughout. A call that is killed before the new steps are on disk has published nothing of
    them, and the next one draws again; one that is killed later publishes the same figures at the next call.
    """
    if desk is None:
        with desk_for(job) as real:
            return publish_running(job, real)
    with admitted(job) as admission:
        done = _publish_running(job, desk, opening(job, desk.ledger, admission), admission.kept)
        label(job, admission)
        return done


def _publish_running(job: ReleaseJob, desk: Desk, allowed: Limit | None, kept: Kept) -> Published:
    if job.continual is None:
        raise UsageError("running counts need a file for their state; say --continual STATE")
    spec = spec_of(job.table, None, job.unit, job.per, desk.tables)
    plan = plan_release(spec, job.epsilon, job.delta, job.per)
    stream = stream_of(spec, job.horizon, plan.limit)
    refuse_columns([TIME, *(key.name for key in stream.grid.keys)], [f"{stream.column}_total"], kept)
    counts = desk.tables.counts(job.table, spec.grid, stream.column)
    times, increments = increments_of(spec, stream, counts)
    with RunningState(job.continual) as state:
        opened = _go_on(job, desk, plan, stream, state, times, increments, allowed)
        _, measured = state.steps(stream.grid.size)
        start = datetime.fromisoformat(state.facts({})["start"])
        return _publish(job, desk, plan, stream, state, measured, start, opened, kept)


def _go_on(
    job: ReleaseJob,
    desk: Desk,
    plan: Plan,
    stream: Stream,
    state: RunningState,
    times: list[datetime],
    increments: Whole,
    allowed: Limit | None,
) -> bool:
    """Reserve, draw and keep what is new; return whether the budget was opened."""
    account = account_of(job)
    expected = stream.as_dict() | {"account": str(account)}
    facts = state.facts(expected | {"start": times[0].isoformat() if times else ""})
    before, _ = state.steps(stream.grid.size)
    length = timedelta(seconds=stream.interval_s)
    due = datetime.fromisoformat(facts["start"]) + len(before) * length if facts["start"] else datetime.now(UTC)
    skipped = sum(time < due for time in times)
    new_times, new = times[skipped:], increments[skipped:]
    if not times and not len(before):
        raise UsageError(f"{display(job.table)}: no interval is over yet; nothing was published")
    if new_times and new_times[0] != due:
        raise UsageError(
            f"{display(job.table)}: begins at {new_times[0]:%Y-%m-%d %H:%M}, but {due:%Y-%m-%d %H:%M} is next"
        )
    if stream.horizon is not None and len(before) + len(new) > stream.horizon:
        raise UsageError(
            f"the horizon of {stream.horizon} intervals is over; begin another state, with a budget of its own"
        )
    state.keep()
    opened = False
    for period in periods_of(job.per, sorted({f"{time:%Y-%m-%d}" for time in new_times})) if new_times else ():
        name = state.reservation(period)
        reserved = desk.ledger.reserve(account, [period], plan.cost, opening=allowed or plan.limit, name=name)
        opened = opened or reserved.opened
    if new_times:
        measured = _measure(stream, np.concatenate([before, new]), len(before), desk.noise)
        state.add(len(before), new, measured)
        state.keep()
    return opened


def _measure(stream: Stream, increments: Whole, first: int, source: NoiseSource) -> Whole:
    """Return what is measured at the steps from `first` on, with noise that is drawn here and nowhere else.

    Steps with the same noise are drawn together.
    """
    exact = np.stack([stream.scheme.measure(increments[: step + 1]) for step in range(first, len(increments))])
    noisy = np.empty_like(exact)
    distances = [stream.scheme.distances(step) for step in range(first, len(increments))]
    for most in dict.fromkeys(distances):
        rows = [i for i, other in enumerate(distances) if other == most]
        noisy[rows] = source.add(exact[rows], stream.noise(first + rows[0]), most, stream.cost)
    return noisy


def _publish(
    job: ReleaseJob,
    desk: Desk,
    plan: Plan,
    stream: Stream,
    state: RunningState,
    measured: Whole,
    start: datetime,
    opened: bool,
    kept: Kept,
) -> Published:
    """Compute running counts from what is on disk, and put them out in place of those before."""
    name = f"{stream.column}_total"
    columns = running_columns(stream, measured, name)
    if job.nonnegative:
        columns[f"{name}_nonnegative"] = np.maximum(columns[name], 0).tolist()
    columns = {each: columns[each] for each in kept_fields(tuple(columns), kept)}
    length = timedelta(seconds=stream.interval_s)
    starts = [start + i * length for i in range(len(measured))]
    cells = [(f"{time:%Y-%m-%dT%H:%M:%SZ}", *cell) for time in starts for cell in stream.grid.cells()]
    keys = [TIME, *(key.name for key in stream.grid.keys)]
    days = sorted({f"{time:%Y-%m-%d}" for time in starts})
    told = _cumulative(stream, len(days))
    account = account_of(job)
    facts = facts_of(plan, account, None, _more(job, stream, name, days, told, state))
    facts["keys"] = {TIME: [starts[0].isoformat(), starts[-1].isoformat()], **stream.as_dict()["keys"]}
    _refuse_foreign(job, desk, state)
    files = put_out(job, desk.tables, keys, cells, columns, facts)
    for reservation in state.reservations():
        desk.ledger.commit(reservation)
    charges, limit = desk.ledger.charges(account), desk.ledger.limit(account) or plan.limit
    rest = min(left(charges, limit, period) for period in periods_of(job.per, days))
    return Published(sentence(plan), guarantee(plan), facts, files, len(cells), opened, rest, desk.ledger.name, told)


def _cumulative(stream: Stream, days: int) -> str:
    at = "" if stream.limit.pure else f" at delta {float(stream.limit.delta):.3g}"
    return (
        f"epsilon for one day: {float(stream.limit.epsilon):.6g}{at}; who is there on each of the {days} days so far: "
        f"{cumulative_epsilon(stream, days):.4g}{at}"
    )


def _more(
    job: ReleaseJob, stream: Stream, name: str, days: list[str], told: str, state: RunningState
) -> dict[str, Any]:
    processed = ["running counts are rounded to whole numbers"]
    if job.nonnegative:
        processed.append(f"{name}_nonnegative is {name} with 0 in place of numbers below it, made from it alone")
    return {
        "days": days,
        "continual": {key: value for key, value in stream.as_dict().items() if key != "keys"},
        "cumulative": told,
        "stream": state.reservations()[0],
        "noise": [
            {"kind": stream.noise(0).kind, "scale": stream.noise(0).scale, "of": "what is measured at the first step"}
        ],
        "post_processing": processed,
    }


def _refuse_foreign(job: ReleaseJob, desk: Desk, state: RunningState) -> None:
    """Raise OutputTaken if the output is there and was not written of this stream, unless told to replace it."""
    if job.overwrite or not job.output.exists():
        return
    found = desk.tables.metadata(job.output, "unseen.release") or {}
    if found.get("stream") not in state.reservations():
        raise OutputTaken(
            f"{display(job.output)}: is there already, of something else; choose another name, or say --overwrite"
        )
