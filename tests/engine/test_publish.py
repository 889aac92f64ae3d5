"""Tables are released: once for what they cost, whole or not at all, with words and facts that are true."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.engine.release_scenes import TIME, Scripted, counts_table, desk, job, trips
from unseen.adapters import files_pair
from unseen.adapters.budget_sql import open_ledger
from unseen.core.privacy import Account, Cost, Distances, Noise
from unseen.core.tabulation import Whole
from unseen.engine.publish import publish
from unseen.errors import (
    BudgetSpent,
    DamagedInput,
    OutputTaken,
    Refused,
    UnreadableInput,
    UsageError,
    VerificationFailed,
)

_ACCOUNT = Account("junction", "person-day", "publication")


def _spent(folder: Path) -> int:
    ledger = open_ledger(str(folder / "budget.sqlite"), lambda: TIME)
    try:
        return len(ledger.charges(_ACCOUNT))
    finally:
        ledger.close()


@pytest.mark.parametrize("table", ["counts.parquet", "counts.csv"])
@pytest.mark.parametrize("output", ["public.csv", "public.parquet"])
def test_counts_are_released_on_the_whole_grid_with_words_and_facts(tmp_path: Path, table: str, output: str) -> None:
    path = counts_table(tmp_path / table)
    done = publish(job(tmp_path, path, output=tmp_path / output))
    read = pl.read_csv if output.endswith("csv") else pl.read_parquet
    frame = read(tmp_path / output)
    assert frame.columns == [
        *("interval_start", "line", "class", "count"),
        *("count_noise_low", "count_noise_high", "count_low", "count_high"),
    ]
    assert frame.height == done.cells == 96
    true = pl.read_parquet(path)["count"] if table.endswith("parquet") else pl.read_csv(path)["count"]
    error = (frame["count"] - true).to_numpy()
    # Laplace noise of scale 2, standard deviation 2.8: all 96 within 40, and not all 0.
    assert 0 < np.abs(error).max() < 40
    assert abs(error.mean()) < 2
    facts = json.loads((tmp_path / "public.meta.json").read_text())["unseen.release"]
    assert (facts["epsilon"], facts["unit"], facts["days"]) == ("1", "person-day", ["2026-11-25"])
    about = (tmp_path / "public.about.txt").read_text()
    assert facts["sentence"] in about
    assert "at most 2.7 times as likely" in about
    assert "at most 2 tracks on one day: assumed, not measured" in about
    assert "rate of identity switches is assumed to be 0.2" in about
    assert "kept internal" in about
    if output.endswith("parquet"):
        assert json.loads(pl.read_parquet_metadata(tmp_path / output)["unseen.release"]) == facts


def test_a_second_release_of_the_day_is_refused_and_another_day_is_not(tmp_path: Path) -> None:
    today = counts_table(tmp_path / "today.parquet")
    publish(job(tmp_path, today))
    with pytest.raises(BudgetSpent, match="for 2026-11-25"):
        publish(job(tmp_path, today, output=tmp_path / "again.csv"))
    assert not (tmp_path / "again.csv").exists()
    tomorrow = counts_table(tmp_path / "tomorrow.parquet", first=24)
    assert publish(job(tmp_path, tomorrow, output=tmp_path / "next.csv")).opened is False


def test_nothing_is_spent_by_what_fails_before_noise(tmp_path: Path) -> None:
    good = counts_table(tmp_path / "counts.parquet")
    unbounded = counts_table(tmp_path / "unbounded.parquet", bound=None)
    short = tmp_path / "short.parquet"
    pl.read_parquet(good).head(5).write_parquet(short, metadata=pl.read_parquet_metadata(good))
    (tmp_path / "taken.csv").write_text("mine")
    with pytest.raises(Refused, match="not bounded"):
        publish(job(tmp_path, unbounded))
    with pytest.raises(DamagedInput, match="exactly one count for each declared cell"):
        publish(job(tmp_path, short))
    with pytest.raises(OutputTaken):
        publish(job(tmp_path, good, output=tmp_path / "taken.csv"))
    with pytest.raises(UsageError, match="one name"):
        publish(job(tmp_path, good, chart=tmp_path / "x.png", internal=tmp_path / "x.png"))
    table, declaration = trips(tmp_path)
    text = declaration.read_text()
    declaration.write_text(text.replace('kind = "count"', 'kind = "sum"\ncolumn = "speed"\nlower = 0\nupper = 100'))
    with pytest.raises(UsageError, match="--nonnegative is for counts"):
        publish(job(tmp_path, table, declare=declaration, unit="person-ever", per="ever", nonnegative=True))
    with pytest.raises(UnreadableInput, match="is not there"):
        publish(job(tmp_path, tmp_path / "none.parquet"))
    assert (tmp_path / "taken.csv").read_text() == "mine"
    assert _spent(tmp_path) == 0
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_stages_come_in_their_order_and_noise_is_drawn_once(tmp_path: Path) -> None:
    seen: list[str] = []
    scripted = Scripted(str(tmp_path / "budget.sqlite"), seen.append)
    publish(job(tmp_path, counts_table(tmp_path / "counts.parquet")), desk(scripted))
    scripted.close()
    assert seen == ["read", "reserve", "reserved", "draw", "drawn", "write", "written", "commit"]


@pytest.mark.parametrize("stop", ["reserved", "draw", "drawn", "write", "written", "commit"])
def test_whatever_stops_a_release_what_was_reserved_stays_spent(tmp_path: Path, stop: str) -> None:
    def at(word: str) -> None:
        if word == stop:
            raise KeyboardInterrupt

    path = counts_table(tmp_path / "counts.parquet")
    scripted = Scripted(str(tmp_path / "budget.sqlite"), at)
    with pytest.raises(KeyboardInterrupt):
        publish(job(tmp_path, path), desk(scripted))
    scripted.close()
    assert _spent(tmp_path) == 1
    assert (tmp_path / "public.csv").exists() == (stop == "commit")
    assert [path.name for path in tmp_path.glob(".*")] == []
    with pytest.raises(BudgetSpent):
        publish(job(tmp_path, path, output=tmp_path / "again.csv"))


def test_a_table_that_is_not_what_it_should_be_is_not_published(tmp_path: Path) -> None:
    class Careless(Scripted):
        def write(self, path: Path, columns: Any, metadata: Any) -> None:
            super().write(path, {name: list(values)[:-1] for name, values in columns.items()}, metadata)

    scripted = Careless(str(tmp_path / "budget.sqlite"), lambda word: None)
    with pytest.raises(VerificationFailed, match="other cells than declared"):
        publish(job(tmp_path, counts_table(tmp_path / "counts.parquet")), desk(scripted))
    scripted.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["budget.sqlite", "counts.parquet"]


def test_nonnegative_counts_are_added_and_marked(tmp_path: Path) -> None:
    path = counts_table(tmp_path / "counts.parquet", tracks_per_unit=300)
    publish(job(tmp_path, path, nonnegative=True))
    frame = pl.read_csv(tmp_path / "public.csv")
    assert frame["count"].to_numpy().min() < 0
    assert (frame["count_nonnegative"] == frame["count"].clip(0)).all()
    assert "too high on average" in (tmp_path / "public.about.txt").read_text()


def test_what_is_internal_is_its_owners_alone_from_the_first_byte_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = dict[str, int]()

    def noted(part: Path) -> None:
        modes[part.suffix] = part.stat().st_mode & 0o777

    monkeypatch.setattr(files_pair, "force", noted)
    publish(job(tmp_path, counts_table(tmp_path / "counts.parquet"), internal=tmp_path / "kept.internal"))
    assert modes[".internal"] == 0o600


def test_a_declared_table_pays_for_the_estimate_of_its_bias(tmp_path: Path) -> None:
    table, declaration = trips(tmp_path)
    words = {"declare": declaration, "unit": "person-ever", "per": "ever", "epsilon": Fraction(8)}
    done = publish(job(tmp_path, table, internal=tmp_path / "internal.json", **words))
    frame = pl.read_csv(tmp_path / "public.csv")
    true = pl.read_csv(table).group_by("street", "hour").agg(n=pl.len(), speed=pl.col("speed").mean())
    both = frame.join(true, on=["street", "hour"])
    assert both.height == frame.height == 8
    inside = (both["count_low"] <= both["n"]) & (both["n"] <= both["count_high"])
    # Each holds in more than 95 of 100 cases: three that do not are one in thousands.
    assert inside.sum() >= 6
    assert (both["count"] < both["n"]).all()
    internal = json.loads((tmp_path / "internal.json").read_text())
    assert (tmp_path / "internal.json").stat().st_mode & 0o777 == 0o600
    estimated = float((frame["count_bias"] / frame["count"]).to_numpy().mean())
    assert -estimated == pytest.approx(internal["left_out"] / internal["kept"], abs=0.08)
    assert ((both["speed_mean"] - both["speed"]).abs() < 6).all()
    assert ((both["speed_quantile_50"] - 50).abs() < 12).all()
    assert "an estimated" in done.facts["truncation"]
    assert "person" in done.facts["assumptions"][0]


def test_a_declaration_for_another_unit_is_refused(tmp_path: Path) -> None:
    table, declaration = trips(tmp_path)
    with pytest.raises(Refused, match="bounds the unit person-ever, not person-day"):
        publish(job(tmp_path, table, declare=declaration, per="ever"))
    with pytest.raises(UsageError, match="say --per ever"):
        job(tmp_path, table, declare=declaration, unit="person-ever", per="day")


def test_stated_error_is_the_error_that_comes(tmp_path: Path) -> None:
    errors: list[Whole] = []

    class Recorder(Scripted):
        def add(self, values: Whole, noise: Noise, most: Distances, cost: Cost) -> Whole:
            drawn = super().add(values, noise, most, cost)
            errors.append(drawn - values)
            return drawn

    path = counts_table(tmp_path / "counts.parquet", hours=24 * 50, tracks_per_unit=5, bound=2)
    recorder = Recorder(str(tmp_path / "budget.sqlite"), lambda word: None)
    done = publish(job(tmp_path, path, epsilon=Fraction(1, 2)), desk(recorder))
    recorder.close()
    frame, true = pl.read_csv(tmp_path / "public.csv"), pl.read_parquet(path)["count"]
    error = (frame["count"] - true).to_numpy()
    inside = ((frame["count_low"] <= true) & (true <= frame["count_high"])).mean()
    assert inside == pytest.approx(0.95, abs=0.016)
    assert error.std() == pytest.approx(done.facts["noise"][0]["scale"] * 2**0.5, rel=0.08)
    assert (np.concatenate(errors) == error).all()


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_chart_goes_with_it(tmp_path: Path, ending: str) -> None:
    publish(job(tmp_path, counts_table(tmp_path / "counts.parquet"), chart=tmp_path / f"public{ending}"))
    data = (tmp_path / f"public{ending}").read_bytes()
    assert data.startswith(b"\x89PNG" if ending == ".png" else b"<?xml")
    assert len(data) > 5000


def test_a_chart_of_a_declared_table(tmp_path: Path) -> None:
    table, declaration = trips(tmp_path)
    words = {"declare": declaration, "unit": "person-ever", "per": "ever", "epsilon": Fraction(8)}
    publish(job(tmp_path, table, chart=tmp_path / "public.png", **words))
    assert (tmp_path / "public.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"output": Path("public.xlsx")}, "ends in .csv or .parquet"),
        ({"chart": Path("public.jpg")}, "ends in .png or .svg"),
        ({"horizon": 5}, "say --continual too"),
        ({"continual": Path("s"), "unit": "person-ever", "per": "ever"}, "units of a day"),
        ({"continual": Path("s"), "horizon": 0}, "--horizon must be from 1"),
        ({"unit": "household"}, "unknown unit"),
    ],
)
def test_jobs_that_make_no_sense_are_refused(tmp_path: Path, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        job(tmp_path, tmp_path / "counts.parquet", **changed)
