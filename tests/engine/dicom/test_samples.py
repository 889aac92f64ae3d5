"""Real DICOM files of many kinds: all are handled, and results are as valid as their inputs."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from unseen.core.dicom import DicomJob, DicomReceipt, DicomRecipe
from unseen.engine.dicom.dicom import run_dicom
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup, DicomTools

_RESEARCH = "clean-descriptors,clean-structured-content,retain-modified-dates,retain-patient-characteristics"
_DEVICES = "retain-device-identity,retain-institution-identity,retain-safe-private,retain-full-dates"
#: What the manifest calls malformed, in its words.
_MALFORMED = re.compile("truncated|malformed|invalid")


def _without_pixels(setup: DicomSetup) -> DicomTools:
    return replace(open_dicom_tools(setup), pixels=None)


def _released(samples: Path, out: Path, options: str) -> tuple[dict[str, Path], dict[str, DicomReceipt]]:
    """Return results by the name of their input, and all receipts by it; pixels are looked at by other tests."""
    recipe = DicomRecipe(frozenset(filter(None, options.split(","))), unsafe_keep_pixels=True)
    job = DicomJob((samples,), out, recipe, workers=1)
    report = run_dicom(job, make_tools=_without_pixels)
    names = sorted(path.name for path in samples.iterdir())
    receipts = {names[receipt.number - 1]: receipt for receipt in report.receipts}
    return {name: out / r.output for name, r in receipts.items() if r.output is not None}, receipts


@pytest.fixture(scope="module")
def samples(test_data: Path) -> Path:
    """The folder of real DICOM files."""
    return test_data / "samples" / "dicom"


@pytest.fixture(scope="module", params=["", _RESEARCH, _DEVICES], ids=["basic", "research", "devices"])
def results(
    request: pytest.FixtureRequest, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], dict[str, DicomReceipt]]:
    """What a run under some options made of them."""
    return _released(samples, tmp_path_factory.mktemp("out"), request.param)


def test_all_but_malformed_files_are_handled(
    samples: Path, results: tuple[Mapping[str, Path], Mapping[str, DicomReceipt]]
) -> None:
    _, receipts = results
    with (samples / "manifest.csv").open(encoding="utf-8", newline="") as file:
        malformed = {row["file"] for row in csv.DictReader(file) if _MALFORMED.search(row["why_useful"])}
    failed = {name: r.error for name, r in receipts.items() if r.status == "failed" and name not in malformed}
    assert failed == {}
    skipped = {name: r.error or "" for name, r in receipts.items() if r.status == "skipped"}
    assert skipped.keys() == {"manifest.csv", "no_file_meta.dcm"}
    assert "the same object" in skipped["no_file_meta.dcm"]


def test_results_open_and_keep_their_pixels(
    samples: Path, results: tuple[Mapping[str, Path], Mapping[str, DicomReceipt]]
) -> None:
    files, _ = results
    assert len(files) > 35
    for name, path in files.items():
        before, after = pydicom.dcmread(samples / name, force=True), pydicom.dcmread(path)
        assert [each.tag for each in after.iterall() if each.tag.group & 0xFF00 in (0x5000, 0x6000)] == []
        assert after.PatientIdentityRemoved == "YES"
        if "PixelData" in before and "Rows" in before:
            kept = min(len(before.PixelData), len(after.PixelData))
            assert after.PixelData[:kept] == before.PixelData[:kept], name
            assert before.file_meta.TransferSyntaxUID == after.file_meta.TransferSyntaxUID, name


def _errors(path: Path) -> set[str]:
    """Return the errors that dciodvfy finds in a file, without UIDs."""
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return {re.sub(r"UID [0-9.]+|[0-9.]{9,}", "UID", line) for line in lines if line.startswith("Error")}


def test_results_bring_no_error_that_the_input_did_not_have(
    samples: Path, results: tuple[Mapping[str, Path], Mapping[str, DicomReceipt]]
) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed; see tools/install_peers.sh")
    files, _ = results
    broken = _errors(samples / "nested_private_sequence.dcm")  # is given up at once, so that all else is new
    new = {name: _errors(path) - _errors(samples / name) for name, path in files.items()}
    assert any("out of order" in error for error in broken)
    assert {name: errors for name, errors in new.items() if errors and name != "nested_private_sequence.dcm"} == {}
