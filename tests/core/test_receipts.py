"""Receipts: plain values that say what leaks and hold nothing that JSON cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unseen.core.catalogue import CATALOGUE
from unseen.core.jobs import Job
from unseen.core.looks import LEAKS, METHODS, Look
from unseen.core.models import ModelFile
from unseen.core.receipts import FileReceipt, Verdict, model_record, region_record, time_code
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region


def region(method: Any = "fill", cls: str = "face") -> Region:
    return Region(cls, Box(1.0, 2.0, 30.0, 40.0), Look(method), 0.87654321, "centerface")


@pytest.mark.parametrize("method", METHODS)
def test_a_region_says_whether_it_holds_information_and_how_much(method: Any) -> None:
    record = region_record(region(method), 2)
    assert record["non_interfering"] == (method in {"fill", "solid", "stand-in"})
    assert record["leaks"] == LEAKS.get(method)
    assert (record["frame"], record["box"], record["score"]) == (2, [1, 2, 30, 40], 0.8765)


def test_a_region_names_the_strength_that_was_applied() -> None:
    assert region_record(region("mosaic", "plate"), 0)["strength"] == 5
    assert region_record(region("fill"), 0)["strength"] is None


def test_a_receipt_is_plain_json_with_the_regions_of_every_frame() -> None:
    verdict = Verdict("pass", checked=("face",), unchecked=("person",), residues=1, rounds=1)
    receipt = FileReceipt(
        "a.jpg",
        "released",
        "a.jpg",
        regions=((region(),), (), (region("mosaic"),)),
        verdict=verdict,
        seconds={"hide": 1 / 3},
    )
    values = json.loads(json.dumps(receipt.as_dict(), allow_nan=False))
    assert [r["frame"] for r in values["regions"]] == [0, 2]
    assert values["verdict"]["residues_hidden"] == 1
    assert values["seconds"] == {"hide": 0.3333}


def test_a_failed_receipt_holds_no_hash_and_no_verdict() -> None:
    values = FileReceipt("a.jpg", "failed", error="a.jpg: truncated").as_dict()
    assert (values["output"], values["input_hash"], values["output_hash"], values["verdict"]) == (None,) * 4


def test_models_are_listed_by_name_with_hash_and_licence(tmp_path: Path) -> None:
    files = [ModelFile(CATALOGUE[name], tmp_path / "m", "ab" * 32, "user") for name in ("yolo26n", "centerface")]
    records = model_record(files, {"centerface": "openvino:CPU"})
    assert [(r["name"], r["family"], r["licence"], r["device"]) for r in records] == [
        ("centerface", "centerface", "MIT", "openvino:CPU"),
        ("yolo26n", "yolo", "AGPL-3.0", None),
    ]
    assert {(r["sha256"], r["origin"]) for r in records} == {("ab" * 32, "user")}


def test_a_job_is_safe_unless_told_otherwise() -> None:
    job = Job((Path("a"),), Path("out"))
    assert (job.recipe, job.overwrite, job.plain_hashes, job.rename) == (Recipe(), False, False, "keep")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "00:00:00.000"),
        (-1.0, "00:00:00.000"),
        (0.0004, "00:00:00.000"),
        (1.9996, "00:00:02.000"),
        (61.25, "00:01:01.250"),
        (3599.9999, "01:00:00.000"),
        (360_000.5, "100:00:00.500"),
    ],
)
def test_a_time_code_carries_over_and_is_never_negative(seconds: float, told: str) -> None:
    assert time_code(seconds) == told
