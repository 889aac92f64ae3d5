"""A release: which table, under which guarantee, out of which budget, to where."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from unseen.core.privacy import PERS, UNITS, Per, Unit
from unseen.errors import UsageError

__all__ = ["CHART_ENDINGS", "TABLE_ENDINGS", "ReleaseJob"]

TABLE_ENDINGS = (".csv", ".parquet")
CHART_ENDINGS = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class ReleaseJob:
    """One call of `unseen release`.

    `epsilon` and `delta` are what the release may cost one `unit`, in each period that `per` names. `dataset` and
    `purpose` name the budget; `ledger` says where it is kept. `declare` is a file for tables that are no counts of
    traffic. `continual` is a file that holds the state of running counts, `horizon` the most intervals they will have.
    `internal` is a file for what must not be published. `policy_file` and `actor` say under which policy, and by whom,
    it is done. Raises UsageError for values that make no sense.
    """

    table: Path
    output: Path
    epsilon: Fraction
    delta: Fraction
    unit: Unit
    per: Per
    ledger: str
    dataset: str
    purpose: str = "publication"
    declare: Path | None = None
    nonnegative: bool = False
    overwrite: bool = False
    chart: Path | None = None
    internal: Path | None = None
    continual: Path | None = None
    horizon: int | None = None
    policy_file: Path | None = None
    actor: str | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise UsageError(f"unknown unit {self.unit!r}; choose from {', '.join(UNITS)}")
        if self.per not in PERS:
            raise UsageError(f"unknown period {self.per!r}; choose from {', '.join(PERS)}")
        if self.per == "day" and self.unit == "person-ever":
            raise UsageError("all that one person ever does cannot be kept apart by days; say --per ever")
        if self.output.suffix.lower() not in TABLE_ENDINGS:
            raise UsageError(f"a release is a file that ends in {' or '.join(TABLE_ENDINGS)}, got {self.output.name!r}")
        if self.chart is not None and self.chart.suffix.lower() not in CHART_ENDINGS:
            raise UsageError(f"a chart is a file that ends in {' or '.join(CHART_ENDINGS)}, got {self.chart.name!r}")
        if self.continual is None and self.horizon is not None:
            raise UsageError("--horizon is of running counts; say --continual too")
        if self.continual is not None and self.declare is not None:
            raise UsageError("running counts are made of tables of counts; leave --declare out")
        if self.continual is not None and self.internal is not None:
            raise UsageError("running counts have no report of what must not be published; leave --internal out")
        if self.continual is not None and self.unit == "person-ever":
            raise UsageError("running counts are for units of a day and for events; say --unit person-day")
        if self.horizon is not None and not 1 <= self.horizon <= 100_000:
            raise UsageError(f"--horizon must be from 1 to 100000 intervals, got {self.horizon}")

    @property
    def beside(self) -> tuple[Path, Path]:
        """Where the facts for machines and the words for people lie, beside the table."""
        return self.output.with_name(f"{self.output.stem}.meta.json"), self.output.with_name(
            f"{self.output.stem}.about.txt"
        )
