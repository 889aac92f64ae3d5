"""The report: totals, the interval of a share, the exit code, and the file that holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.catalogue import entry_named
from unseen.core.looks import Look
from unseen.core.models import ModelFile
from unseen.core.receipts import FileReceipt, Status, Verdict
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.engine.report import Report, wilson
from unseen.errors import OutputFailed


def _report(*files: FileReceipt, recipe: Recipe | None = None) -> Report:
    model = ModelFile(entry_named("centerface"), Path("x"), "a" * 64, "catalogue")
    report = Report(recipe or Recipe(), [model], "b" * 64, (), False, "", started=0.0, ended=61.5)
    for file in files:
        report.add(file, Path(file.output or "x"))
    return report


def _file(status: Status = "released", **more: Any) -> FileReceipt:
    return FileReceipt("a.jpg", status, **more)


@pytest.mark.parametrize(
    ("found", "looked", "low", "high"),
    # Brown, Cai and DasGupta 2001, and exact arithmetic: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_interval_is_wilsons(found: int, looked: int, low: float, high: float) -> None:
    assert wilson(found, looked) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(min_value=1, max_value=10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share_and_lies_in_0_to_1(pair: tuple[int, int]) -> None:
    found, looked = pair
    low, high = wilson(found, looked)
    assert 0 <= low <= found / looked + 1e-12
    assert found / looked - 1e-12 <= high <= 1
    assert high > low


def test_totals_add_up() -> None:
    region = Region("face", Box(0, 0, 9, 9), Look("fill"))
    plate = Region("plate", Box(0, 0, 9, 9), Look("solid"), reason="verification")
    totals = _report(
        _file(
            output="a", regions=((region, region), (plate,)), verdict=Verdict("pass", rounds=1), seconds={"hide": 1.5}
        ),
        _file(output="b", regions=((region,),), verdict=Verdict("not-verified"), seconds={"hide": 0.25, "read": 1.0}),
        _file("failed", error="x", verdict=Verdict("fail", rounds=3)),
        _file("failed", error="y"),
        _file("skipped", error="z"),
        _file("resumed", output="c"),
    ).totals()
    assert totals["files"] == {"released": 2, "resumed": 1, "failed": 2, "skipped": 1}
    assert totals["regions"] == {"face": 3, "plate": 1}
    assert totals["reasons"] == {"detected": 3, "verification": 1}
    assert (totals["verified"], totals["files_with_residues"]) == (1, 2)
    assert totals["second_look"] == {
        "looked_at": 2,
        "with_residues": 2,
        "share": 1.0,
        "interval_95": [pytest.approx(0.3424, abs=1e-4), 1.0],
    }
    assert totals["seconds"] == {"hide": 1.75, "read": 1.0}
    assert totals["wall_seconds"] == 61.5


def test_clock_that_was_set_back_gives_no_negative_time(schema: dict[str, Any]) -> None:
    report = _report()
    report.started, report.ended = 100.0, 50.0
    jsonschema.Draft202012Validator(schema).validate(report.as_dict())
    assert report.totals()["wall_seconds"] == 0.0


@pytest.mark.parametrize(
    ("files", "problems", "code"),
    [
        ([], [], 0),
        ([_file(), _file("resumed"), _file("skipped")], [], 0),
        ([_file(), _file("failed")], [], 1),
        ([_file()], ["the sheet cannot be written"], 1),
    ],
)
def test_exit_code(files: list[FileReceipt], problems: list[str], code: int) -> None:
    report = _report(*files)
    report.problems += problems
    assert report.exit_code == code


def test_file_is_what_the_schema_says(tmp_path: Path, schema: dict[str, Any]) -> None:
    recipe = Recipe(looks={"face": Look("mosaic", 6), "person": Look("none")}, verify="sample", margin=0.1)
    region = Region("face", Box(0, 0, 9, 9), recipe.looks["face"], 0.5, "centerface")
    report = _report(_file(output="ö 👪.jpg", regions=((region,),), verdict=Verdict("pass")), recipe=recipe)
    report.ran_on({"centerface": "onnxruntime:CPU"})
    report.write(tmp_path / "new" / "r.json")
    written = json.loads((tmp_path / "new" / "r.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(written)
    assert (written["started"], written["ended"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:01:01Z")
    assert written["models"][0]["device"] == "onnxruntime:CPU"
    assert written["visible_by_choice"] == ["person"]
    assert written["files"][0]["output"] == "ö 👪.jpg"
    assert list(written["leaks"]) == ["mosaic"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_report_has_a_line_for_each_file(tmp_path: Path, count: int) -> None:
    report = _report(*(_file(output=f"{i}\n.jpg") for i in range(count)))
    report.write(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text("utf-8")
    assert json.loads(text) == json.loads(json.dumps(report.as_dict()))
    lines = text.splitlines()
    assert [json.loads(line.rstrip(","))["output"] for line in lines[lines.index('  "files": [') + 1 : -2] if line] == [
        f"{i}\n.jpg" for i in range(count)
    ]


def test_schema_refuses_what_it_does_not_know(schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    for path in ((), ("totals",), ("recipe",), ("totals", "second_look")):
        plain = _report(_file(output="a")).as_dict()
        inner = plain
        for word in path:
            inner = inner[word]
        inner["surplus"] = 1
        assert not validator.is_valid(plain)


def test_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="cannot write the report"):
        _report().write(tmp_path / "file" / "r.json")
