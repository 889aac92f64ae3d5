"""Head scans through a whole run: refused, or released without a face, series by series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.dicom.heads.head_scenes import head, series, turned
from tests.dicom.heads.test_head_nifti import nifti
from tests.dicom.pixels.pixel_scenes import image
from unseen.core.dicom import DicomJob, DicomRecipe
from unseen.dicom.heads.face import deface
from unseen.engine.dicom.dicom import run_dicom
from unseen.engine.dicom.report import DicomReport
from unseen.errors import UsageError

AFFINE, SHAPE = turned("SPR", (8.0, 4.0, 4.0))
VOLUME = head(AFFINE, SHAPE)
FRAME = "1.2.3.4.99"


def save(files: list[Dataset], folder: Path, number: int, **header: Any) -> None:
    folder.mkdir(exist_ok=True)
    for i, one in enumerate(files):
        one.SOPInstanceUID = f"1.2.3.4.{number}.{i + 1}"
        one.StudyInstanceUID, one.SeriesInstanceUID = "1.2.3.4.1", f"1.2.3.4.{number}"
        one.FrameOfReferenceUID, one.PatientName, one.PatientID = FRAME, "Quimby^Erasmus", "PX-556677"
        one.BodyPartExamined, one.InstanceNumber = "HEAD", i + 1
        one.ImageType = ["ORIGINAL", "PRIMARY"]
        for keyword, value in header.items():
            setattr(one, keyword, value)
        one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        pydicom.dcmwrite(folder / f"{number}-{i}.dcm", one, enforce_file_format=True)


def run(folder: Path, **recipe: Any) -> DicomReport:
    job = DicomJob((folder,), folder.with_name("out"), recipe=DicomRecipe(**recipe), workers=1)
    return run_dicom(job)


def written(folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.with_name("out").rglob("*.dcm"))]


def test_heads_are_refused_unless_somebody_says_what_becomes_of_the_face(tmp_path: Path) -> None:
    save(series(VOLUME, AFFINE)[:2], tmp_path / "in", 7)
    report = run(tmp_path / "in")
    assert [receipt.status for receipt in report.receipts] == ["failed", "failed"]
    assert "--deface" in (report.receipts[0].error or "")
    assert written(tmp_path / "in") == []


def test_a_series_is_released_without_its_face_and_its_scout_too(tmp_path: Path) -> None:
    save(series(VOLUME, AFFINE), tmp_path / "in", 7)
    (scout,) = [
        one for i, one in enumerate(series(VOLUME.transpose(2, 0, 1), AFFINE[:, [2, 0, 1, 3]])) if i == SHAPE[2] // 2
    ]
    save([scout], tmp_path / "in", 8, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    report = run(tmp_path / "in", deface=True)
    assert {(receipt.status, receipt.error) for receipt in report.receipts} == {("released", None)}
    mask, _, _ = deface(VOLUME, AFFINE)
    fill = VOLUME[~mask].min()
    files = written(tmp_path / "in")
    slices = sorted((one for one in files if one.Rows == SHAPE[1]), key=lambda one: int(one.InstanceNumber))
    after = np.stack([one.pixel_array for one in slices])
    assert np.array_equal(after, np.where(mask, fill, VOLUME))
    (flat,) = [one for one in files if one.Rows != SHAPE[1]]
    middle = SHAPE[2] // 2
    assert np.array_equal(flat.pixel_array, np.where(mask[:, :, middle], fill, VOLUME[:, :, middle]))
    for one in files:
        assert one.RecognizableVisualFeatures == "NO"
        assert "113102" in [code.CodeValue for code in one.DeidentificationMethodCodeSequence]
        assert one.PatientName != "Quimby^Erasmus"


def test_a_head_in_which_no_face_is_found_is_not_released(tmp_path: Path) -> None:
    files = [
        image(np.random.default_rng(i).integers(0, 900, (40, 40)).astype(np.int16), Modality="MR") for i in range(12)
    ]
    for i, one in enumerate(files):
        one.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        one.PixelSpacing, one.ImageOrientationPatient = [4, 4], [1, 0, 0, 0, 1, 0]
        one.ImagePositionPatient = [0, 0, 8 * i]
    save(files, tmp_path / "in", 7)
    report = run(tmp_path / "in", deface=True)
    assert {receipt.status for receipt in report.receipts} == {"failed"}
    assert "face cannot be removed" in (report.receipts[0].error or "")
    assert "Quimby" not in str(report.receipts)


def test_both_answers_at_once_are_none() -> None:
    with pytest.raises(UsageError):
        DicomRecipe(deface=True, keep_face=True)


def test_nifti_heads_are_released_without_face_words_and_names(tmp_path: Path) -> None:
    affine, shape = turned("RAS", (4.0, 4.0, 4.0))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Quimby_head.nii").write_bytes(nifti(head(affine, shape), affine))
    assert "--deface" in (run(folder).receipts[0].error or "")
    report = run(folder, deface=True)
    assert [receipt.status for receipt in report.receipts] == ["released"]
    (path,) = (tmp_path / "out").rglob("*.nii")
    assert "Quimby" not in str(path)
    assert b"Quimby" not in path.read_bytes()
    assert run(folder, keep_face=True).receipts[0].status == "released"


def test_a_nifti_volume_that_is_no_head_is_not_released(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 90, (40, 40, 40)).astype(np.int16)
    (folder / "a.nii").write_bytes(nifti(noise, np.diag([4.0, 4.0, 4.0, 1.0])))
    (folder / "b.nii").write_bytes(b"no volume")
    report = run(folder, deface=True)
    assert [receipt.status for receipt in report.receipts] == ["failed", "skipped"]
    assert list((tmp_path / "out").rglob("*.nii")) == []
