"""A run over DICOM objects: folders, archives and media in; verified files under new names out, or none."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from tests.dicom.objects import as_file, scan
from unseen.core.dicom import DicomChecked, DicomJob, DicomReceipt, DicomRecipe, PixelOutcome, PixelResidue
from unseen.engine.dicom.dicom import run_dicom
from unseen.engine.dicom.report import DicomReport
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup, DicomTools
from unseen.errors import KeyUnusable, UnsupportedInput, UsageError

_SECONDARY = UID("1.2.840.10008.5.1.4.1.1.7")


class Pixels:
    """A pixel cleaner that does what a function says."""

    def __init__(self, does: Any) -> None:
        self.does, self.known = does, list[str]()

    def clean(self, dataset: Any, known: Sequence[str]) -> PixelOutcome:
        self.known += known
        outcome: PixelOutcome = self.does(dataset)
        return outcome

    def hide(self, dataset: Any, residues: Sequence[PixelResidue]) -> PixelOutcome:
        raise AssertionError("nothing is left to hide")


class Suspicious:
    """A verifier that finds something in every file."""

    def check(
        self, original: bytes, written: bytes, options: frozenset[str], *, edited: bool, salt: bytes
    ) -> DicomChecked:
        return DicomChecked(("identifier at (0018,1020): holds the original's name of a person",))


class Confused:
    """A verifier that sees one patient become another with each file, or `once` one other in all but the first."""

    def __init__(self, *, once: bool = False) -> None:
        self._files, self._once = 0, once

    def check(
        self, original: bytes, written: bytes, options: frozenset[str], *, edited: bool, salt: bytes
    ) -> DicomChecked:
        self._files += 1
        other = min(self._files, 2) if self._once else self._files
        return DicomChecked(links=(("patient", b"one", str(other).encode()),))


def _without_pixels(setup: DicomSetup) -> DicomTools:
    return replace(open_dicom_tools(setup), pixels=None)


def _key(folder: Path) -> Path:
    path = folder / "unseen.key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    return path


def _slices(folder: Path, count: int = 3, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        data = scan(SOPInstanceUID=UID(f"1.2.3.4.5.6.7.10.{n}"), InstanceNumber=str(n + 1), **more)
        (folder / f"Quimby_{n}").write_bytes(as_file(data))
    return folder


def _run(tmp_path: Path, *sources: Path, make_tools: Any = _without_pixels, **more: Any) -> DicomReport:
    job = DicomJob(sources=sources, output=tmp_path / "out", workers=more.pop("workers", 1), **more)
    return run_dicom(job, make_tools=make_tools)


def _files(tmp_path: Path) -> list[Path]:
    return sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file() and ".unseen" not in p.parts)


def test_every_file_that_contradicts_an_earlier_one_fails(tmp_path: Path) -> None:
    report = _run(
        tmp_path,
        _slices(tmp_path / "in"),
        make_tools=lambda s: replace(_without_pixels(s), verifier=Confused(once=True)),
    )
    assert [receipt.status for receipt in report.receipts] == ["released", "failed", "failed"]


def test_a_file_that_comes_later_with_the_same_uid_takes_no_place_of_an_earlier_run(tmp_path: Path) -> None:
    folder, key = tmp_path / "in", _key(tmp_path)
    folder.mkdir()
    for name, number in (("b.dcm", 1), ("a.dcm", 2)):
        (folder / name).write_bytes(as_file(scan(SOPInstanceUID=UID("1.2.3.4"), InstanceNumber=str(number))))
        report = _run(tmp_path, folder, key_file=key)
    assert sorted(receipt.status for receipt in report.receipts) == ["released", "resumed"]
    numbers = {
        receipt.status: pydicom.dcmread(tmp_path / "out" / (receipt.output or "")) for receipt in report.receipts
    }
    assert {status: str(data.InstanceNumber) for status, data in numbers.items()} == {"resumed": "1", "released": "2"}


def test_folder_is_released_under_new_names(tmp_path: Path) -> None:
    report = _run(tmp_path, _slices(tmp_path / "Quimby Erasmus"))
    assert report.exit_code == 0
    assert report.totals()["objects"] == {"released": 3, "resumed": 0, "failed": 0, "skipped": 0}
    files = _files(tmp_path)
    assert len({file.parent for file in files}) == 1
    for file in files:
        data = pydicom.dcmread(file)
        assert file.relative_to(tmp_path / "out").parts == (
            data.PatientID,
            data.StudyInstanceUID,
            data.SeriesInstanceUID,
            f"{data.SOPInstanceUID}.dcm",
        )
    assert not list((tmp_path / "out" / ".unseen").glob("staging/*"))


def test_nothing_that_is_left_behind_names_anybody(tmp_path: Path) -> None:
    source = _slices(tmp_path / "Quimby Erasmus")
    (source / "broken Quimby.dcm").write_bytes(as_file(scan())[:700])
    report = _run(tmp_path, source, report=tmp_path / "report.json", vault=tmp_path / "v", key_file=_key(tmp_path))
    assert report.exit_code == 1
    left = [p for p in tmp_path.rglob("*") if p.is_file() and source not in p.parents]
    assert [p for p in left if b"quimby" in p.read_bytes().lower() or b"PX-556677" in p.read_bytes()] == []
    assert [p for p in left if "quimby" in str(p.relative_to(tmp_path)).lower()] == []


def test_report_has_a_section_for_each_study(tmp_path: Path) -> None:
    _slices(tmp_path / "in" / "a")
    other = scan(StudyInstanceUID=UID("1.2.3.4.5.6.7.11"), SOPInstanceUID=UID("1.2.3.4.5.6.7.12"))
    (tmp_path / "in" / "b.dcm").write_bytes(as_file(other))
    (tmp_path / "in" / "readme.txt").write_text("Quimby's disc")
    _run(tmp_path, tmp_path / "in", report=tmp_path / "report.json")
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [(len(study["objects"]), study["modalities"]) for study in told["studies"]] == [(1, ["CT"]), (3, ["CT"])]
    assert [each["error"] for each in told["not_released"]] == ["file 2: is no DICOM file"]
    assert told["totals"]["verified"] == 4


def test_archive_stands_for_its_members(tmp_path: Path) -> None:
    source = _slices(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "Quimby.zip", "w") as archive:
        for file in sorted(source.iterdir()):
            archive.write(file, f"Quimby/{file.name}")
        archive.writestr("Quimby/DICOMDIR", b"index")
        archive.writestr("Quimby/inner.zip", b"PK")
    report = _run(tmp_path, tmp_path / "Quimby.zip")
    assert report.totals()["objects"] == {"released": 3, "resumed": 0, "failed": 1, "skipped": 1}
    assert not [p for p in _files(tmp_path) if "quimby" in str(p.relative_to(tmp_path)).lower()]


def test_index_names_the_files_to_read(tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    _slices(medium / "IMG", 2)
    for n, file in enumerate(sorted((medium / "IMG").iterdir())):
        file.rename(medium / "IMG" / f"IM{n}")
    (medium / "other").write_bytes(as_file(scan()))
    index = Dataset()
    index.DirectoryRecordSequence = Items([])
    for name in ("IM0", "IM1", "GONE"):
        record = Dataset()
        record.ReferencedFileID = ["IMG", name]
        index.DirectoryRecordSequence.append(record)
    index.SOPClassUID, index.SOPInstanceUID = UID("1.2.840.10008.1.3.10"), UID("1.2.3.4.5.6.7.13")
    (medium / "DICOMDIR").write_bytes(as_file(index))
    report = _run(tmp_path, medium / "DICOMDIR")
    assert report.totals()["objects"] == {"released": 2, "resumed": 0, "failed": 1, "skipped": 0}
    assert "listed in the index" in str([r.error for r in report.receipts if r.status == "failed"])


def test_index_is_never_copied_whatever_it_is_called(tmp_path: Path) -> None:
    index = Dataset()
    index.SOPClassUID, index.SOPInstanceUID = UID("1.2.840.10008.1.3.10"), UID("1.2.3.4.5.6.7.13")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "IM1").write_bytes(as_file(index))
    report = _run(tmp_path, tmp_path / "in")
    assert report.totals()["objects"]["skipped"] == 1
    assert _files(tmp_path) == []


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    source, key = _slices(tmp_path / "in", 12), _key(tmp_path)
    _run(tmp_path, source, key_file=key)
    alone = {p.relative_to(tmp_path): p.read_bytes() for p in _files(tmp_path)}
    for path in _files(tmp_path):
        path.unlink()
    _run(tmp_path, source, key_file=key, workers=2)
    assert {p.relative_to(tmp_path): p.read_bytes() for p in _files(tmp_path)} == alone


def test_run_with_a_key_goes_on_where_it_was(tmp_path: Path) -> None:
    source, key = _slices(tmp_path / "in"), _key(tmp_path)
    first = _run(tmp_path, source, key_file=key)
    _files(tmp_path)[0].unlink()
    again = _run(tmp_path, source, key_file=key)
    assert first.totals()["objects"]["released"] == 3
    assert (again.totals()["objects"]["released"], again.totals()["objects"]["resumed"]) == (1, 2)
    other = _run(tmp_path, source, key_file=key, recipe=DicomRecipe(frozenset(("retain-modified-dates",))))
    assert other.totals()["objects"]["released"] == 3


def test_what_fails_verification_leaves_nothing(tmp_path: Path) -> None:
    def tools(setup: DicomSetup) -> DicomTools:
        return replace(_without_pixels(setup), verifier=Suspicious())

    report = _run(tmp_path, _slices(tmp_path / "in", 1), make_tools=tools)
    assert report.exit_code == 1
    assert "does not pass verification" in (report.receipts[0].error or "")
    assert _files(tmp_path) == []


def _screenshot(folder: Path) -> Path:
    return _slices(folder, 1, SOPClassUID=_SECONDARY, ConversionType="WSD")


def test_picture_that_may_show_text_needs_a_pixel_cleaner(tmp_path: Path) -> None:
    report = _run(tmp_path, _screenshot(tmp_path / "in"))
    assert "may show text" in (report.receipts[0].error or "")
    assert _files(tmp_path) == []


def test_picture_is_released_unseen_where_that_is_said(tmp_path: Path) -> None:
    recipe = DicomRecipe(unsafe_keep_pixels=True)
    report = _run(tmp_path, _screenshot(tmp_path / "in"), recipe=recipe, report=tmp_path / "r.json")
    assert report.exit_code == 0
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["unsafe"] == ["--unsafe-keep-pixels"]
    assert "BurnedInAnnotation" not in pydicom.dcmread(_files(tmp_path)[0])


def test_pixel_cleaner_gets_what_the_header_names_and_its_work_is_told(tmp_path: Path) -> None:
    def black(dataset: Any) -> PixelOutcome:
        dataset.PixelData = bytes(32)
        return PixelOutcome(True, 2, frozenset(("clean-pixel-data",)), "NO", notes=("2 of text hidden",))

    pixels = Pixels(black)
    report = _run(
        tmp_path, _screenshot(tmp_path / "in"), make_tools=lambda s: replace(_without_pixels(s), pixels=pixels)
    )
    assert {"quimby", "erasmus", "px-556677"} <= set(pixels.known)
    data = pydicom.dcmread(_files(tmp_path)[0])
    assert data.PixelData == bytes(32)
    assert "BurnedInAnnotation" not in data  # of a picture this small nobody can read whether something is left
    assert "113101" in [code.CodeValue for code in data.DeidentificationMethodCodeSequence]
    assert report.totals()["regions_hidden"] == 2


def test_pixels_that_cannot_be_looked_at_are_not_released(tmp_path: Path) -> None:
    def fails(_: Any) -> PixelOutcome:
        raise UnsupportedInput("frame 1 cannot be decoded")

    report = _run(
        tmp_path, _screenshot(tmp_path / "in"), make_tools=lambda s: replace(_without_pixels(s), pixels=Pixels(fails))
    )
    assert report.exit_code == 1
    assert _files(tmp_path) == []


def test_head_is_released_only_with_its_face_by_choice(tmp_path: Path) -> None:
    source = _slices(tmp_path / "in", 1, BodyPartExamined="HEAD")
    assert "--keep-face" in (_run(tmp_path, source).receipts[0].error or "")
    report = _run(tmp_path, source, recipe=DicomRecipe(keep_face=True))
    assert report.exit_code == 0
    assert pydicom.dcmread(_files(tmp_path)[0]).RecognizableVisualFeatures == "YES"


def test_same_object_twice_is_told_and_another_with_its_uid_is_kept(tmp_path: Path) -> None:
    source = _slices(tmp_path / "in", 1)
    (source / "copy").write_bytes((source / "Quimby_0").read_bytes())
    (source / "other").write_bytes(as_file(scan(SOPInstanceUID=UID("1.2.3.4.5.6.7.10.0"), SliceThickness="9")))
    report = _run(tmp_path, source)
    assert report.totals()["objects"] == {"released": 2, "resumed": 0, "failed": 0, "skipped": 1}
    assert len(_files(tmp_path)) == 2


def test_file_that_somebody_else_put_there_is_not_replaced(tmp_path: Path) -> None:
    source, key = _slices(tmp_path / "in", 1), _key(tmp_path)
    _run(tmp_path, source, key_file=key)
    (tmp_path / "out" / ".unseen" / "journal.jsonl").unlink()
    _files(tmp_path)[0].write_bytes(b"somebody else's")
    report = _run(tmp_path, source, key_file=key)
    assert "--overwrite" in (report.receipts[0].error or "")
    assert _files(tmp_path)[0].read_bytes() == b"somebody else's"
    assert _run(tmp_path, source, key_file=key, overwrite=True).exit_code == 0


def test_names_are_told_only_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Quimby.dcm").write_bytes(as_file(scan())[:600])
    told = [_run(tmp_path, tmp_path / "in", show_names=show).receipts[0].error or "" for show in (False, True)]
    assert ["Quimby" in text for text in told] == [False, True]


def test_vault_needs_a_key_that_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--key"):
        _run(tmp_path, _slices(tmp_path / "in"), vault=tmp_path / "vault")


def test_listener_hears_of_every_object(tmp_path: Path) -> None:
    heard: list[int | DicomReceipt] = []
    job = DicomJob((_slices(tmp_path / "in"),), tmp_path / "out", workers=1)
    run_dicom(job, heard.append, make_tools=_without_pixels)
    assert heard[0] == 3
    assert [r.status for r in heard[1:] if isinstance(r, DicomReceipt)] == ["released"] * 3


def test_key_of_another_run_is_not_taken_for_the_vault(tmp_path: Path) -> None:
    source, key = _slices(tmp_path / "in"), _key(tmp_path)
    _run(tmp_path, source, key_file=key, vault=tmp_path / "vault")
    key.write_bytes(bytes(32))
    with pytest.raises(KeyUnusable):
        _run(tmp_path, source, key_file=key, vault=tmp_path / "vault")


def test_a_file_that_contradicts_an_earlier_one_is_not_released(tmp_path: Path) -> None:
    confused = Confused()

    def tools(setup: DicomSetup) -> DicomTools:
        return replace(_without_pixels(setup), verifier=confused)

    report = _run(tmp_path, _slices(tmp_path / "in"), make_tools=tools)
    assert [each.status for each in report.receipts] == ["released", "failed", "failed"]
    assert "patient-consistent" in str(report.receipts[1].error)
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1
