"""A table is released: read, plan, reserve, draw noise once, stage, verify, name, commit. Nothing else orders these."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from unseen.adapters.chart_release import draw_release
from unseen.adapters.dp_opendp import OpenDpNoise
from unseen.adapters.files_output import check_writable, discard
from unseen.adapters.files_pair import Staged, name_all, refuse_taken, stage_with
from unseen.adapters.tables_polars import PolarsTables
from unseen.core.access import Access
from unseen.core.names import display
from unseen.core.ports import BudgetLedger, NoiseSource, Tables
from unseen.core.privacy import EVER, Account, Limit, Per, Unit
from unseen.core.receipts import Verdict
from unseen.core.releases import ReleaseJob
from unseen.core.tabulation import Tallied, Whole
from unseen.dp.budget import left, limit_of
from unseen.engine.admission import Admission, admit
from unseen.engine.budgets import ledger_at
from unseen.engine.policies import is_toml, policy_for
from unseen.errors import Denied, Refused, UnreadableInput, UsageError, VerificationFailed
from unseen.policy.charter import Kept
from unseen.policy.minimise import kept_fields
from unseen.stats.counts import KEY, spec_of_counts
from unseen.stats.declaration import spec_of_declaration
from unseen.stats.measures import Columns
from unseen.stats.plan import Plan, columns_of, plan_release, vectors_of
from unseen.stats.spec import Spec
from unseen.stats.words import about_text, facts_of, guarantee, sentence
from unseen.verify.published import published_findings

__all__ = [
    "RELEASE_KEY", "Desk", "Published", "account_of", "admitted", "desk_for", "label", "opening", "periods_of",
    "publish", "put_out", "refuse_columns", "spec_of",
]  # fmt: skip

#: The key of the metadata under which a release says what it is.
RELEASE_KEY = "unseen.release"


@dataclass(frozen=True, slots=True)
class Desk:
    """What releases are made with: tables, noise, the ledger of budgets."""

    tables: Tables
    noise: NoiseSource
    ledger: BudgetLedger


@dataclass(frozen=True, slots=True)
class Published:
    """What is told of a release that is out; `opened` says that it opened its budget, `left` what that has left."""

    sentence: str
    guarantee: str
    facts: Mapping[str, Any]
    files: tuple[Path, ...]
    cells: int
    opened: bool
    left: Fraction
    ledger: str
    cumulative: str = ""


@contextmanager
def desk_for(job: ReleaseJob) -> Iterator[Desk]:
    """Yield the desk with the real things on it."""
    with closing(ledger_at(job.ledger)) as ledger:
        yield Desk(PolarsTables(), OpenDpNoise(), ledger)


def account_of(job: ReleaseJob) -> Account:
    """Return the account that a job is charged to."""
    return Account(job.dataset, job.unit, job.purpose)


def spec_of(table: Path, declare: Path | None, unit: Unit, per: Per, tables: Tables) -> Spec:
    """Return what is released of a table, by its own metadata or by a declaration; no row is read.

    Raises Refused for a table that says nothing, UsageError for a declaration that cannot be.
    """
    name = display(table.name)
    if declare is None:
        return spec_of_counts(tables.metadata(table, KEY), name, unit, per)
    try:
        found = tomllib.loads(declare.read_text("utf-8"))
    except OSError as error:
        raise UnreadableInput(f"{display(declare)}: cannot be read ({error.strerror}); check the name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{display(declare)}: is no TOML ({error})") from None
    spec = spec_of_declaration(found, display(declare))
    if spec.unit != unit:
        raise Refused(f"{display(declare)}: bounds the unit {spec.unit}, not {unit}; say --unit {spec.unit}")
    if per == "day" and not spec.days:
        raise UsageError(f"{display(declare)}: does not say first_day, which --per day needs; or say --per ever")
    return spec


def periods_of(per: Per, days: Sequence[str]) -> tuple[str, ...]:
    """Return the periods that a release is charged to."""
    return tuple(days) if per == "day" else (EVER,)


def publish(job: ReleaseJob, desk: Desk | None = None) -> Published:
    """Release a table once; raises UnseenError, and leaves no table then.

    Everything that can fail without noise is done before the budget is reserved. From then on it is spent, whatever
    happens.
    """
    if desk is None:
        with desk_for(job) as real:
            return publish(job, real)
    with admitted(job) as admission:
        done = _publish(job, desk, opening(job, desk.ledger, admission), admission.kept)
        label(job, admission)
        return done


def admitted(job: ReleaseJob) -> Admission:
    """Pass the gate with the table; raises Refused. The purpose of a budget is the policy's where there is one."""
    if not job.table.is_file():
        raise UnreadableInput(f"{display(job.table)}: is not there; check the name")
    policy = policy_for([job.table], job.policy_file)
    purpose = None if policy is None or is_toml(policy) else job.purpose
    admission = admit("release", None, [job.table], Access(purpose, job.actor, job.policy_file))
    try:
        admission.check(job.table, output="table")
    except BaseException:
        admission.__exit__(None, None, None)
        raise
    return admission


def opening(job: ReleaseJob, ledger: BudgetLedger, admission: Admission) -> Limit | None:
    """Return the budget that the policy gives, None where it gives none; raises Refused if the ledger allows more."""
    if admission.budget is None:
        return None
    epsilon, delta = Fraction(str(admission.budget.epsilon)), Fraction(str(admission.budget.delta))
    allowed, kept = limit_of(epsilon, delta, "ever"), ledger.limit(account_of(job))
    if kept is not None and (kept.per != "ever" or kept.epsilon > allowed.epsilon or kept.delta > allowed.delta):
        raise Refused(
            f"{account_of(job)}: has a larger budget than the policy's epsilon {float(epsilon):.6g} in all; "
            "set it with: unseen budget set"
        )
    return allowed


def refuse_columns(keys: Sequence[str], values: Sequence[str], kept: Kept) -> None:
    """Raise Denied for a release by keys that its purpose does not keep, or of no value that it keeps: before noise is
    drawn, as rows cannot be put together afterwards without making it larger."""
    if len(kept_fields(keys, kept)) < len(keys):
        gone = ", ".join(key for key in keys if key not in kept_fields(keys, kept))
        raise Denied(f"refused: the purpose keeps no column called {gone}; count for this purpose, which leaves it out")
    if not kept_fields(values, kept):
        raise Denied(
            f"refused: the purpose keeps none of {', '.join(values)}; name what is released under keep, fields"
        )


def label(job: ReleaseJob, admission: Admission) -> None:
    """Label what is published; it was read back, and is made of sums with noise alone."""
    verdict = Verdict("pass", checked=("grid",), detail="read back and compared with the public grid")
    admission.made(job.output, [job.table], "table", state="aggregated", verdict=verdict)


def _publish(job: ReleaseJob, desk: Desk, allowed: Limit | None, kept: Kept) -> Published:
    spec = spec_of(job.table, job.declare, job.unit, job.per, desk.tables)
    refuse_columns([key.name for key in spec.grid.keys], [name for m in spec.measures for name in m.names], kept)
    plan = plan_release(spec, job.epsilon, job.delta, job.per)
    counts = _without_negatives(job, spec)
    _check_places(job)
    exact = _read(job.table, spec, desk.tables)
    account = account_of(job)
    reserved = desk.ledger.reserve(account, periods_of(job.per, spec.days), plan.cost, opening=allowed or plan.limit)
    noisy = _draw(plan, vectors_of(plan, exact), desk.noise)
    columns, bias = columns_of(plan, noisy)
    more = {"reservation": reserved.reservation, "post_processing": _post_process(counts, columns)}
    columns = {name: columns[name] for name in kept_fields(tuple(columns), kept)}
    facts = facts_of(plan, account, bias, more)
    cells = list(spec.grid.cells())
    keys = [key.name for key in spec.grid.keys]
    files = put_out(job, desk.tables, keys, cells, columns, facts)
    desk.ledger.commit(reserved.reservation)
    if job.internal is not None:
        _write_internal(job.internal, spec, exact)
    periods = periods_of(job.per, spec.days)
    charges, limit = desk.ledger.charges(account), desk.ledger.limit(account) or plan.limit
    rest = min(left(charges, limit, period) for period in periods)
    return Published(
        sentence(plan), guarantee(plan), facts, files, spec.grid.size, reserved.opened, rest, desk.ledger.name
    )


def _check_places(job: ReleaseJob) -> None:
    places = [job.output, *job.beside, *([job.chart] if job.chart is not None else [])]
    places += [job.internal] if job.internal is not None else []
    beside_table = {
        job.table.with_name(f"{job.table.stem}.meta.json"),
        job.table.with_name(f"{job.table.name}.meta.json"),
    }
    if len(set(places)) != len(places) or {job.table, *beside_table} & set(places):
        raise UsageError("two files would have one name; choose other names")
    if not job.overwrite:
        refuse_taken(places)
    for place in places:
        check_writable(place, "the release")


def _read(table: Path, spec: Spec, tables: Tables) -> Tallied:
    if spec.facts is None:
        return tables.tally(table, spec.request)
    counts = tables.counts(table, spec.grid, spec.facts.column)
    return Tallied((counts,), int(counts.sum()))


def _draw(plan: Plan, vectors: Sequence[Whole], source: NoiseSource) -> list[Whole]:
    return [
        source.add(values, noise, query.most, cost)
        for values, noise, query, cost in zip(vectors, plan.noises, plan.queries, plan.costs, strict=True)
    ]


def _without_negatives(job: ReleaseJob, spec: Spec) -> list[str]:
    """Return the counts for which numbers of 0 and more are asked for; raises UsageError if there are no counts."""
    counts = [measure.name for measure in spec.measures if measure.as_dict()["kind"] == "count"]
    if job.nonnegative and not counts:
        raise UsageError("--nonnegative is for counts, and none is released")
    return counts if job.nonnegative else []


def _post_process(counts: Sequence[str], columns: Columns) -> list[str]:
    """Add whole numbers of 0 and more beside signed counts, and say so."""
    for name in counts:
        columns[f"{name}_nonnegative"] = np.maximum(columns[name], 0).tolist()
    return [
        f"{name}_nonnegative is {name} with 0 in place of numbers below it: made from the published figures alone, "
        "and too high on average where counts are small"
        for name in counts
    ]


def put_out(
    job: ReleaseJob,
    tables: Tables,
    keys: Sequence[str],
    cells: Sequence[Sequence[str]],
    columns: Columns,
    facts: dict[str, Any],
) -> tuple[Path, ...]:
    """Stage table, facts, words and chart, verify the table, and give them their names, the table's last."""
    document = json.dumps({RELEASE_KEY: facts}, indent=1, ensure_ascii=False) + "\n"
    table = {key: [cell[i] for cell in cells] for i, key in enumerate(keys)} | columns
    metadata = {RELEASE_KEY: json.dumps(facts, ensure_ascii=False)}
    machines, people = job.beside
    staged: list[Staged] = []

    def stage(final: Path, write: Callable[[Path], object]) -> Path:
        staged.append(stage_with(final, write))
        return staged[-1].part

    try:
        stage(machines, lambda path: path.write_text(document, "utf-8"))
        stage(people, lambda path: path.write_text(about_text(facts, facts["post_processing"]), "utf-8"))
        if job.chart is not None:
            values = [name for name in columns if f"{name}_low" in columns and not name.endswith("_noise")]
            picture = draw_release(table, keys, values, facts["sentence"], job.chart.suffix.lower())
            stage(job.chart, lambda path: path.write_bytes(picture))
        part = stage(job.output, lambda path: tables.write(path, table, metadata))
        wrong = published_findings(tables.read_back(part), keys, cells, list(columns))
        if wrong:
            raise VerificationFailed(f"{display(job.output)}: would hold {wrong[0]}; nothing was written, report this")
    except BaseException:
        for each in staged:
            discard(each.part)
        raise
    name_all(staged)
    return tuple(each.path for each in staged)


def _write_internal(path: Path, spec: Spec, exact: Tallied) -> None:
    """Write what the publisher may know of the truncation, readable by its owner alone."""
    left_out = exact.left_out_in_all if spec.facts is None else spec.facts.left_out
    known: dict[str, Any] = {"not_for_publication": True, "kept": exact.rows, "left_out": left_out}
    if left_out is not None:
        known["left_out_of_all"] = left_out / max(1, left_out + exact.rows)

    def write(place: Path) -> None:
        place.touch(0o600, exist_ok=False)  # before there is anything to read in it
        place.write_text(json.dumps(known, indent=1) + "\n", "utf-8")

    name_all([stage_with(path, write)])
