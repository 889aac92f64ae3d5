"""Pictures of DICOM objects before release: read again by others, hidden again, bounded; marks say what was done."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from tests.dicom.objects import as_file, scan
from unseen.core.dicom import DicomJob, DicomRecipe, PixelOutcome, PixelResidue
from unseen.core.regions import Box
from unseen.engine.dicom.dicom import run_dicom
from unseen.engine.dicom.pixels import Cleaner
from unseen.engine.dicom.report import DicomReport
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup, DicomTools

_CAPTURE, _RADIOGRAPH = UID("1.2.840.10008.5.1.4.1.1.7"), UID("1.2.840.10008.5.1.4.1.1.1.1")
_TEXT = Box(10, 20, 50, 28)


class Blind:
    """A cleaner that looks and sees nothing, and hides what it is told to."""

    def clean(self, dataset: Any, known: Sequence[str]) -> PixelOutcome:
        return PixelOutcome(applied=frozenset(("clean-pixel-data",)), burned_in="NO")

    def hide(self, dataset: Any, residues: Sequence[PixelResidue]) -> PixelOutcome:
        return Cleaner(DicomRecipe()).hide(dataset, residues)


class Sharp:
    """A reader that sees text as long as the picture is white there; `always` wherever it is told to."""

    def __init__(self, always: bool = False) -> None:
        self.always, self.looks = always, 0

    def carries_text(self, modality: str, sop_class: str) -> bool:
        return modality != "CT"

    def look(self, original: bytes, written: bytes, recipe: DicomRecipe) -> list[PixelResidue] | None:
        self.looks += 1
        values = pydicom.dcmread(io.BytesIO(written)).pixel_array
        shows = self.always or int(values[22, 30]) == 255
        return [PixelResidue(0, _TEXT, "identifier")] if shows else []


def _picture(folder: Path, **more: Any) -> Path:
    values = np.full((64, 64), 40, np.uint8)
    values[20:28, 10:50] = 255
    form = {"Rows": 64, "Columns": 64, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    told = {"SOPClassUID": _CAPTURE, "Modality": "OT", "ConversionType": "WSD", **more}
    one = scan(**told, **form, PixelData=values.tobytes())
    one["PixelData"].VR = "OB"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "picture.dcm").write_bytes(as_file(one))
    return folder


def _run(tmp_path: Path, reader: Sharp, source: Path, **recipe: Any) -> DicomReport:
    def tools(setup: DicomSetup) -> DicomTools:
        return replace(open_dicom_tools(setup), pixels=Blind(), reader=reader)

    job = DicomJob((source,), tmp_path / "out", DicomRecipe(**recipe), workers=1, report=tmp_path / "report.json")
    return run_dicom(job, make_tools=tools)


def _released(tmp_path: Path) -> Any:
    (path,) = (tmp_path / "out").rglob("*.dcm")
    return pydicom.dcmread(path)


@pytest.mark.parametrize(
    ("kind", "told"),
    [({}, "cleaned"), ({"SOPClassUID": _RADIOGRAPH, "Modality": "DX", "BurnedInAnnotation": "NO"}, "a second reader")],
)
def test_what_a_second_reader_sees_is_hidden_and_read_again(tmp_path: Path, kind: dict[str, Any], told: str) -> None:
    reader = Sharp()
    report = _run(tmp_path, reader, _picture(tmp_path / "in", **kind))
    values = _released(tmp_path).pixel_array
    assert set(np.unique(values[20:28, 10:50])) == {40}
    assert (_released(tmp_path).BurnedInAnnotation, reader.looks) == ("NO", 2)
    (receipt,) = report.receipts
    assert (receipt.pixels_verified, receipt.hidden_again) == (True, 1)
    assert told in receipt.pixels
    totals = report.totals()
    assert (totals["pixels_verified"], totals["hidden_again"]) == (1, 1)
    assert totals["seconds"]["verify pixels"] > 0


def test_what_still_shows_after_some_tries_is_not_released(tmp_path: Path) -> None:
    reader = Sharp(always=True)
    report = _run(tmp_path, reader, _picture(tmp_path / "in"))
    assert "still sees text in 1 frames after 3 more tries" in str(report.receipts[0].error)
    assert reader.looks == 4
    assert list((tmp_path / "out").rglob("*.dcm")) == []


def test_nothing_is_claimed_of_pictures_that_were_not_read_again(tmp_path: Path) -> None:
    reader = Sharp()
    _run(tmp_path, reader, _picture(tmp_path / "in", BurnedInAnnotation="YES"), verify="skip")
    assert (reader.looks, _released(tmp_path).BurnedInAnnotation) == (0, "YES")
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["unsafe"] == ["--unsafe-skip-verify"]


@pytest.mark.parametrize(("share", "looks"), [(1.0, 2), (1e-12, 0)])
def test_a_share_is_drawn_by_the_key(tmp_path: Path, share: float, looks: int) -> None:
    reader = Sharp()
    _run(tmp_path, reader, _picture(tmp_path / "in"), verify="sample", sample_share=share)
    assert reader.looks == looks


def test_scans_and_what_is_kept_unseen_are_not_read(tmp_path: Path) -> None:
    reader = Sharp()
    _run(tmp_path, reader, _picture(tmp_path / "in"), unsafe_keep_pixels=True)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "1.dcm").write_bytes(as_file(scan()))
    report = _run(tmp_path / "two", reader, tmp_path / "scans")
    assert (reader.looks, report.exit_code) == (0, 0)
