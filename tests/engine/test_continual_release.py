"""Running counts go on where they were, and noise is drawn once for each interval, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.engine.release_scenes import TIME, Scripted, counts_table, desk, job
from unseen.adapters.budget_sql import open_ledger
from unseen.core.privacy import Account
from unseen.core.releases import ReleaseJob
from unseen.engine.continual import publish_running
from unseen.errors import BudgetSpent, OutputTaken, UnseenError, UsageError

_KINDS = pytest.mark.parametrize(
    ("delta", "horizon"),
    [(Fraction(1, 10**6), 100), (Fraction(), 100), (Fraction(), None), (Fraction(1, 10**6), None)],
    ids=["root", "tree", "open", "open gaussian"],
)


def _job(folder: Path, table: Path, **changed: Any) -> ReleaseJob:
    words = {"continual": folder / "state", "delta": Fraction(1, 10**6), "horizon": 100, **changed}
    return job(folder, table, **words)


def _published(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "public.csv")


@_KINDS
def test_running_counts_go_on_and_what_was_published_does_not_change(
    tmp_path: Path, delta: Fraction, horizon: int | None
) -> None:
    frames = []
    for hours in (5, 5, 24, 30):
        table = counts_table(tmp_path / "counts.parquet", hours)
        publish_running(_job(tmp_path, table, delta=delta, horizon=horizon))
        frames.append(_published(tmp_path))
    assert [frame.height for frame in frames] == [20, 20, 96, 120]
    for before, after in pairwise(frames):
        assert after.head(before.height).equals(before)


@_KINDS
def test_running_counts_lie_within_their_intervals(tmp_path: Path, delta: Fraction, horizon: int | None) -> None:
    table = counts_table(tmp_path / "counts.parquet", 96)
    publish_running(_job(tmp_path, table, delta=delta, horizon=horizon))
    true = pl.read_parquet(table).with_columns(total=pl.col("count").cum_sum().over("line", "class"))["total"]
    frame = _published(tmp_path)
    inside = ((frame["count_total_low"] <= true) & (true <= frame["count_total_high"])).to_numpy().mean()
    # Errors of one stream hang together, so that the share varies more than that of as many counts apart.
    assert inside > 0.5
    assert (frame["count_total"] != true).any()


def test_only_what_is_new_is_drawn_and_each_day_is_charged_once(tmp_path: Path) -> None:
    drawn: list[int] = []

    class Counting(Scripted):
        def add(self, values: Any, *words: Any) -> Any:
            drawn.append(len(values))
            return super().add(values, *words)

    for hours in (5, 5, 23, 30):
        scripted = Counting(str(tmp_path / "budget.sqlite"), lambda word: None)
        told = publish_running(_job(tmp_path, counts_table(tmp_path / "counts.parquet", hours)), desk(scripted))
        scripted.close()
    assert drawn == [5, 18, 7]
    ledger = open_ledger(str(tmp_path / "budget.sqlite"), lambda: TIME)
    charges = ledger.charges(Account("junction", "person-day", "publication"))
    ledger.close()
    assert [(charge.period, charge.committed) for charge in charges] == [("2026-11-25", True), ("2026-11-26", True)]
    assert "epsilon for one day: 1 at delta 1e-06" in told.cumulative
    assert "on each of the 2 days" in told.cumulative
    assert told.left == 0


def test_rolling_tables_may_begin_anywhere_that_leaves_no_gap(tmp_path: Path) -> None:
    publish_running(_job(tmp_path, counts_table(tmp_path / "a.parquet", 6)))
    publish_running(_job(tmp_path, counts_table(tmp_path / "b.parquet", 6, first=4)))
    assert _published(tmp_path).height == 40
    with pytest.raises(UsageError, match="begins at 2026-11-25 12:00, but 2026-11-25 10:00 is next"):
        publish_running(_job(tmp_path, counts_table(tmp_path / "c.parquet", 6, first=12)))


def test_an_interval_that_is_not_over_waits(tmp_path: Path) -> None:
    publish_running(_job(tmp_path, counts_table(tmp_path / "a.parquet", 6, end="2026-11-25T05:30:00Z")))
    assert _published(tmp_path).height == 20


@pytest.mark.parametrize("stop", ["reserved", "draw", "drawn", "write", "written", "commit"])
def test_whatever_stops_a_call_the_next_one_goes_on_and_draws_nothing_twice(tmp_path: Path, stop: str) -> None:
    seen: list[str] = []

    def at(word: str) -> None:
        seen.append(word)
        if word == stop:
            raise KeyboardInterrupt

    table = counts_table(tmp_path / "counts.parquet", 24)
    scripted = Scripted(str(tmp_path / "budget.sqlite"), at)
    with pytest.raises(KeyboardInterrupt):
        publish_running(_job(tmp_path, table), desk(scripted))
    scripted.close()
    published = (tmp_path / "public.csv").read_bytes() if (tmp_path / "public.csv").exists() else None
    again: list[str] = []
    second = Scripted(str(tmp_path / "budget.sqlite"), again.append)
    publish_running(_job(tmp_path, table), desk(second))
    second.close()
    # Noise that reached the disk is used; what did not was seen by nobody.
    assert ("draw" in again) == (stop in ("reserved", "draw", "drawn"))
    assert published in (None, (tmp_path / "public.csv").read_bytes())
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_killed_call_publishes_the_same_figures_when_it_goes_on(tmp_path: Path) -> None:
    # Killed for real, when all is on disk and nothing is published yet.
    counts_table(tmp_path / "counts.parquet", 24)
    words = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from tests.engine.release_scenes import Scripted, desk\n"
        "from tests.engine.test_continual_release import _job\n"
        "from unseen.engine.continual import publish_running\n"
        "folder = Path(sys.argv[1])\n"
        "kill = lambda word: os.kill(os.getpid(), signal.SIGKILL) if word == 'write' else None\n"
        "scripted = Scripted(str(folder / 'budget.sqlite'), kill)\n"
        "publish_running(_job(folder, folder / 'counts.parquet'), desk(scripted))\n"
    )
    root = Path(__file__).parents[2]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", words, str(tmp_path)], cwd=root, env=environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "public.csv").exists()
    publish_running(_job(tmp_path, tmp_path / "counts.parquet"))
    first = _published(tmp_path)
    publish_running(_job(tmp_path, tmp_path / "counts.parquet"))
    assert _published(tmp_path).equals(first)


def test_a_state_that_was_put_back_is_charged_again_and_refused(tmp_path: Path) -> None:
    table = counts_table(tmp_path / "counts.parquet", 24)
    publish_running(_job(tmp_path, table))
    (tmp_path / "state").unlink()
    with pytest.raises(BudgetSpent):
        publish_running(_job(tmp_path, table))


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"epsilon": Fraction(2)}, "epsilon"), ({"horizon": 99}, "horizon"), ({"purpose": "other"}, "account")],
)
def test_a_stream_goes_on_as_it_was_begun(tmp_path: Path, changed: dict[str, Any], what: str) -> None:
    table = counts_table(tmp_path / "counts.parquet", 24)
    publish_running(_job(tmp_path, table))
    with pytest.raises(UsageError, match=f"was begun with another {what}"):
        publish_running(_job(tmp_path, table, **changed))


def test_the_horizon_is_the_end(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="horizon of 10 intervals is over"):
        publish_running(_job(tmp_path, counts_table(tmp_path / "counts.parquet", 11), horizon=10))


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    table = counts_table(tmp_path / "counts.parquet", 24)
    (tmp_path / "public.csv").write_text("mine")
    with pytest.raises(OutputTaken):
        publish_running(_job(tmp_path, table))
    assert (tmp_path / "public.csv").read_text() == "mine"
    (tmp_path / "notes").write_text("these are notes, and no state of running counts " * 9)
    with pytest.raises(UnseenError, match="cannot be used as the state"):
        publish_running(_job(tmp_path, table, continual=tmp_path / "notes"))


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    publish_running(_job(tmp_path, counts_table(tmp_path / "counts.parquet", 3)))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600


def test_nonnegative_running_counts_are_marked(tmp_path: Path) -> None:
    publish_running(_job(tmp_path, counts_table(tmp_path / "counts.parquet", 3), nonnegative=True))
    assert int(np.min(_published(tmp_path)["count_total_nonnegative"].to_numpy())) >= 0
    assert "made from it alone" in (tmp_path / "public.about.txt").read_text()
