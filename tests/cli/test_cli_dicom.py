"""unseen dicom: its words become a job, its questions are answered, and messages name nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dicom.objects import as_file, scan
from unseen.cli.dicom import job_from
from unseen.cli.main import build_parser, main
from unseen.core.dicom import DicomRecipe
from unseen.errors import UsageError


def _job(*words: str) -> Any:
    return job_from(build_parser().parse_args(["dicom", *words]))


def _scan(folder: Path) -> Path:
    path = folder / "Quimby.dcm"
    path.write_bytes(as_file(scan()))
    return path


def test_words_become_a_job() -> None:
    job = _job("a", "b.zip", "-o", "out", "--options", "retain-uids, clean-descriptors", "--keep-face", "--jobs", "2")
    assert job.sources == (Path("a"), Path("b.zip"))
    assert job.recipe == DicomRecipe(frozenset(("retain-uids", "clean-descriptors")), keep_face=True)
    assert (job.workers, job.key_file, job.show_names) == (2, None, False)


@pytest.mark.parametrize(
    "words",
    [("in",), ("-o", "out"), ("in", "-o", "out", "--options", "keep-all")],
)
def test_words_that_are_wrong_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        _job(*words)


def test_a_file_is_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["dicom", str(_scan(tmp_path)), "-o", str(tmp_path / "out"), "--jobs", "1"])
    told = capsys.readouterr()
    assert code == 0
    assert "verified against their originals: 1 of 1 released" in told.out
    assert "Quimby" not in told.out + told.err


def test_a_file_that_fails_is_named_by_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _scan(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    code = main(["dicom", str(path), "-o", str(tmp_path / "out"), "--jobs", "1"])
    assert code == 1
    assert capsys.readouterr().err.startswith("failed: file 1: is cut")


def test_the_plan_shows_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dicom", str(_scan(tmp_path)), "--what-if"]) == 0
    told = capsys.readouterr().out
    assert "(0010,0010) PN Patient's Name: replaced by a keyed code" in told
    assert "(0028,0010) US Rows: stays" in told
    assert "Erasmus" not in told
    assert not list(tmp_path.glob("out"))


def test_gaps_of_the_installed_dictionary_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dicom", "--check-table"]) == 0
    assert "PS3.15 2026d" in capsys.readouterr().out


def test_a_code_is_revealed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    kept = ["--key", str(key), "--vault", str(tmp_path / "vault")]
    main(["dicom", str(_scan(tmp_path)), "-o", str(tmp_path / "out"), "--jobs", "1", "--quiet", *kept])
    code = next(p.name for p in (tmp_path / "out").iterdir() if p.name != ".unseen")
    capsys.readouterr()
    assert main(["dicom", "--reveal", code, *kept]) == 0
    assert "patient: PX-556677" in capsys.readouterr().out
    assert main(["dicom", "--reveal", "nobody", *kept]) == 1
    assert main(["dicom", "--reveal", code]) == 2
