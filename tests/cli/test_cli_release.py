"""unseen release and unseen budget on the command line: what is printed, exit codes, one line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.engine.release_scenes import counts_table, trips
from unseen.cli.main import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table of counts and a ledger of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNSEEN_LEDGER", str(tmp_path / "budget.sqlite"))
    counts_table(Path("counts.parquet"))
    return tmp_path


def _release(*words: str, table: str = "counts.parquet", unit: str = "person-day") -> int:
    return main(["release", table, "-o", "public.csv", "--unit", unit, "--per", "day", *words])


def test_a_release_names_its_unit_what_it_stands_on_and_what_is_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _release("--epsilon", "1") == 0
    said = capsys.readouterr()
    assert "unit: epsilon 1 for the unit person-day on each day" in said.out
    assert "at most 2 tracks on one day: assumed, not measured" in said.out
    assert "left out: what the bound on contributions left out is kept internal" in said.out
    assert "budget: epsilon 0 is left on each day" in said.out
    assert "opened the budget counts / person-day / publication" in said.out
    assert pl.read_csv("public.csv").height == 96


def test_a_spent_budget_is_exit_code_3_and_a_wider_one_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _release("--epsilon", "1") == 0
    assert _release("--epsilon", "1", "--overwrite") == 3
    assert "epsilon 1 of 1 is spent for 2026-11-25" in capsys.readouterr().err
    wider = ["--dataset", "counts", "--unit", "person-day", "--epsilon", "1.5", "--per", "day"]
    assert main(["budget", "set", *wider]) == 0
    assert _release("--epsilon", "1", "--overwrite") == 3
    assert _release("--epsilon", "1/2", "--overwrite") == 0
    capsys.readouterr()
    assert main(["budget", "show"]) == 0
    said = capsys.readouterr().out
    assert "budget: epsilon 1.5 a day (rho 9/8), set 2 times" in said
    assert "spent: epsilon 1.5 of 1.5 on 2026-11-25, the day with most; 0 is left" in said
    assert "releases: 2" in said


def test_budgets_as_json_name_every_charge_in_exact_fractions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _release("--epsilon", "0.3", "--delta", "1e-6") == 0
    capsys.readouterr()
    assert main(["budget", "show", "--json", "--dataset", "counts", "--delta", "1e-6"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    (charge,) = found["charges"]
    assert charge["rho"] == found["limit"]["rho"]
    assert charge["committed"] is True
    assert found["epsilon_by_loss_distributions"] <= found["epsilon_bound"] <= 0.3 + 1e-6


def test_a_budget_that_is_not_there_yet_is_said_and_not_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["budget", "show"]) == 0
    assert "no budget yet" in capsys.readouterr().out
    assert not (folder / "budget.sqlite").exists()


def test_a_preview_reads_no_row_and_spends_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # With its rows gone a CSV still has its facts beside it.
    counts_table(Path("rows.csv"))
    Path("rows.csv").unlink()
    words = ["--unit", "person-day", "--preview", "--epsilon", "3", "--horizon", "720", "--delta", "1e-6"]
    assert main(["release", "rows.csv", *words]) == 0
    said = capsys.readouterr().out
    rows = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in said.splitlines()[-7:]}
    assert set(rows) == {"0.1", "0.25", "0.5", "1", "2", "3", "4"}
    assert rows["0.1"][0] > 3 * rows["0.5"][0] > rows["4"][0]
    assert all(running > once for once, running in rows.values())
    assert "nothing is spent" in said
    assert not (folder / "budget.sqlite").exists()


def test_a_preview_of_a_declared_table_needs_the_declaration_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, _ = trips(folder)
    table.unlink()
    assert main(["release", "trips.csv", "--declare", "trips.toml", "--unit", "person-ever", "--preview"]) == 0
    assert "speed_quantile" in capsys.readouterr().out


def test_running_counts_from_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--epsilon", "1", "--delta", "1e-6", "--continual", "state", "--horizon", "8760")
    assert _release(*words) == 0
    assert "who is there on each of the 1 days so far" in capsys.readouterr().out
    before = Path("public.csv").read_bytes()
    assert _release(*words) == 0
    assert Path("public.csv").read_bytes() == before


def test_a_ledger_may_be_named_in_a_file(folder: Path) -> None:
    Path("where.txt").write_text("elsewhere.sqlite\n")
    assert _release("--epsilon", "1", "--ledger", "@where.txt") == 0
    assert Path("elsewhere.sqlite").exists()
    assert _release("--epsilon", "1", "--overwrite", "--ledger", "@nowhere.txt") == 2


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--epsilon", "-1"), 2, "epsilon must be from"),
        (("--epsilon", "0"), 2, "epsilon must be from"),
        (("--epsilon", "nan"), 2, "epsilon must be a number"),
        (("--epsilon", "inf"), 2, "epsilon must be a number"),
        (("--epsilon", "1e999999999"), 2, "epsilon must be a number"),
        (("--epsilon", "1/0"), 2, "epsilon must be a number"),
        (("--epsilon", "much"), 2, "epsilon must be a number"),
        (("--epsilon", "1", "--delta", "1"), 2, "delta must be 0, or"),
        (("--epsilon", "1", "--delta=-1e-6"), 2, "delta must be 0, or"),
        ((), 2, "at what cost with --epsilon E"),
        (("--epsilon", "1", "--dataset", "a\nb"), 2, "printable characters"),
        (("--epsilon", "1", "--horizon", "9"), 2, "say --continual too"),
        (("--epsilon", "1", "--declare", "none.toml"), 1, "none.toml: cannot be read"),
        (("--epsilon", "1", "--ledger", "mysql://x/y"), 2, "a file or a postgresql:// URL"),
        (("--epsilon", "1", "--chart", "x.jpg"), 2, "ends in .png or .svg"),
    ],
)
def test_wrong_words_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, why: str
) -> None:
    assert _release(*words) == code
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert not Path("public.csv").exists()


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ('unit = "person-ever"\n[[measures]]\nkind = "count"', 2, "unit_columns must name"),
        ('unit = "event"\n[[measures]]\nkind = "sum"\ncolumn = "speed"', 2, "needs lower and upper"),
        (
            'unit = "event"\n[[measures]]\nkind = "sum"\ncolumn = "weight"\nlower = 0\nupper = 1',
            2,
            "no column 'weight'",
        ),
        ('unit = "event"\n[keys]\nstreet = ["east"]\n[[measures]]\nkind = "count"', 1, "values that are not declared"),
        ("unit = event", 2, "is no TOML"),
    ],
)
def test_wrong_declarations_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, why: str
) -> None:
    trips(folder)
    Path("wrong.toml").write_text(text)
    unit = "person-ever" if "person-ever" in text else "event"
    words = ["--unit", unit, "--declare", "wrong.toml", "--epsilon", "1"]
    assert main(["release", "trips.csv", "-o", "public.csv", *words]) == code
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert main(["budget", "show"]) == 0
    assert "releases: 1" not in capsys.readouterr().out


def test_nan_is_refused_unless_it_is_declared_to_be_dropped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"speed": [1.0, float("nan"), 3.0]}).write_parquet("speeds.parquet")
    text = 'unit = "event"\n[[measures]]\nkind = "sum"\ncolumn = "speed"\nlower = 0\nupper = 10\n'
    Path("speeds.toml").write_text(text)
    words = [
        "release",
        "speeds.parquet",
        "-o",
        "sum.csv",
        "--unit",
        "event",
        "--epsilon",
        "1",
        "--declare",
        "speeds.toml",
    ]
    assert main(words) == 1
    assert 'say missing = "drop"' in capsys.readouterr().err
    Path("speeds.toml").write_text(f'missing = "drop"\n{text}')
    assert main(words) == 0


def test_budgets_cannot_change_how_they_are_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _release("--epsilon", "1") == 0
    words = ["budget", "set", "--dataset", "counts", "--unit", "person-day", "--epsilon", "5"]
    assert main(words) == 2
    assert "is kept per day" in capsys.readouterr().err
    assert main(["release", "counts.parquet", "-o", "x.csv", "--unit", "person-day", "--epsilon", "1"]) == 3
    assert "it is a budget for each day: say --per day" in capsys.readouterr().err
