"""`unseen redact` as a user runs it: real models, real photos, every word of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data

from unseen.adapters.models_store import FileModelStore
from unseen.cli.main import build_parser, main
from unseen.cli.redact import job_from
from unseen.core.jobs import Job
from unseen.core.looks import Look
from unseen.errors import UsageError
from unseen.verify.metadata import scan

_ARTIST, _GPS, _ORIENTATION = 0x013B, 0x8825, 0x0112


@pytest.fixture
def photos(models: FileModelStore, tmp_path: Path) -> Path:
    """A folder with a public-domain portrait by NASA, with a name and a place in its EXIF."""
    exif = Image.Exif()
    exif[_ARTIST] = "A. Photographer"
    exif[_GPS] = {1: "N", 2: (28.0, 31.0, 26.0), 3: "W", 4: (80.0, 39.0, 3.0)}
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    portrait, coffee = data.astronaut(), data.coffee()  # type: ignore[no-untyped-call]
    Image.fromarray(portrait[:256, 96:352]).save(folder / "portrait.jpg", quality=92, exif=exif)
    Image.fromarray(coffee[:120, :160]).save(folder / "sub" / "coffee.png")
    return folder


def _unseen(*words: str | Path) -> int:
    return main(["redact", *map(str, words)])


def _difference(before: Path, after: Path) -> Any:
    with Image.open(before) as one, Image.open(after) as two:
        return np.abs(np.asarray(one.convert("RGB")).astype(int) - np.asarray(two.convert("RGB")))


def test_portrait_comes_out_without_face_name_and_place(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (photos / "portrait.jpg").read_bytes()
    report = tmp_path / "r.json"
    assert _unseen(photos, "-o", tmp_path / "out", "--classes", "face", "--report", report) == 0
    written = tmp_path / "out" / "portrait.jpg"
    difference = _difference(photos / "portrait.jpg", written)
    assert difference[80:150, 95:155].mean() > 20
    assert difference[230:, :40].mean() < 3
    with Image.open(written) as image:
        assert (image.format, dict(image.getexif())) == ("JPEG", {})
    assert scan(written.read_bytes()) == ()
    assert _difference(photos / "sub" / "coffee.png", tmp_path / "out" / "sub" / "coffee.png").max() == 0
    assert (photos / "portrait.jpg").read_bytes() == before
    told = json.loads(report.read_text("utf-8"))
    assert told["totals"]["regions"].keys() == {"face"}
    assert {m["name"]: m["device"] for m in told["models"]}.keys() >= {"centerface", "mediapipe-full-range"}
    assert all(m["device"] for m in told["models"])
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("2 released in ")
    assert "regions hidden: " in printed.out
    assert "verified by a second model: 2 files" in printed.out
    assert "verification apart: " in printed.out
    assert printed.err == ""


def test_default_classes_are_face_and_plate(photos: Path, tmp_path: Path) -> None:
    assert _unseen(photos / "portrait.jpg", "-o", tmp_path / "out", "--report", tmp_path / "r.json") == 0
    (file,) = json.loads((tmp_path / "r.json").read_text("utf-8"))["files"]
    assert file["verdict"]["checked"] == ["face", "plate"]
    assert "face" in {region["class"] for region in file["regions"]}


@pytest.mark.parametrize("look", ["fill", "solid", "stand-in", "mosaic", "blur"])
def test_every_look_runs(photos: Path, tmp_path: Path, look: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--classes", "face", "--hide", f"face={look}", "--recall", "fast", "--face-shape", "ellipse")
    assert _unseen(photos / "portrait.jpg", "-o", tmp_path / "out", *words) == 0
    assert _difference(photos / "portrait.jpg", tmp_path / "out" / "portrait.jpg")[80:150, 95:155].mean() > 5
    assert (f"unseen: note: {look} holds information" in capsys.readouterr().err) == (look in ("mosaic", "blur"))


def test_two_processes_do_what_one_does(photos: Path, tmp_path: Path) -> None:
    words = ("--classes", "face", "--jobs", "2", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "unseen", "redact", photos, "-o", tmp_path / "out", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("2 released in ")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.*g")) == ["coffee.png", "portrait.jpg"]


def test_metadata_that_is_asked_for_stays_and_no_more(photos: Path, tmp_path: Path) -> None:
    path = photos / "portrait.jpg"
    with Image.open(path) as image:
        exif = image.getexif()
        exif[_ORIENTATION] = 6
        exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
        image.save(photos / "turned.jpg", exif=exif, quality=92)
    words = ("--classes", "face", "--keep-metadata", "orientation,datetime")
    assert _unseen(photos / "turned.jpg", "-o", tmp_path / "out", *words) == 0
    with Image.open(tmp_path / "out" / "turned.jpg") as image:
        kept = image.getexif()
        assert kept[_ORIENTATION] == 6
        assert kept.get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
        assert not {_ARTIST, _GPS} & set(kept)


def test_some_that_cannot_be_released_make_exit_code_1(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "cut.jpg").write_bytes((photos / "portrait.jpg").read_bytes()[:3000])
    assert _unseen(photos, "-o", tmp_path / "out", "--classes", "face", "--recall", "fast") == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("failed: cut.jpg: is truncated")
    assert "2 released, 1 failed" in printed.out
    assert not (tmp_path / "out" / "cut.jpg").exists()


def test_quiet_prints_the_last_line_and_errors_only(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (photos / "note.txt").write_text("no photo")
    words = ("--classes", "face", "--hide", "face=mosaic,text=none", "--quiet")
    assert _unseen(photos, "-o", tmp_path / "out", *words) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert [line.split(":")[:2] for line in printed.err.splitlines()] == [["failed", " cut.jpg"]]


@pytest.mark.parametrize("device", ["cpu", "onnxruntime,openvino"])
def test_device_that_is_there(photos: Path, tmp_path: Path, device: str) -> None:
    words = ("--classes", "face", "--device", device)
    assert _unseen(photos / "portrait.jpg", "-o", tmp_path / "out", *words) == 0


def test_device_that_is_not_there_is_an_error(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for jobs in ("1", "2"):
        assert _unseen(photos, "-o", tmp_path / "out", "--device", "abacus", "--jobs", jobs) == 2
        assert capsys.readouterr().err.startswith("unseen: error: unknown device 'abacus'; here are ")
    assert list((tmp_path / "out").glob("*.*")) == [tmp_path / "out" / ".unseen"]


def test_machine_without_models_or_index_says_how_to_get_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "in" / "a.png")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UNSEEN_"))}
    done = subprocess.run(
        [sys.executable, "-m", "unseen", "redact", "in", "-o", "out", "--classes", "face"],
        cwd=tmp_path,
        env={**kept, **offline, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("unseen: error: centerface: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


# Words alone


def _job(*words: str) -> Job:
    return job_from(build_parser().parse_args(["redact", "in", "-o", "out", *words]))


@pytest.mark.parametrize(
    ("words", "heads", "required"),
    [
        ("", False, False),
        ("--recall high", True, False),
        ("--classes face,head", True, True),
        ("--hide head=solid", True, True),
        ("--classes face --hide head=none", False, False),
    ],
)
def test_videos_are_searched_for_heads_where_high_recall_or_heads_are_said(
    words: str, heads: bool, required: bool
) -> None:
    recipe = _job(*words.split()).recipe
    assert (recipe.video.heads, recipe.require_heads) == (heads, required)


def test_words_become_a_job() -> None:
    assert _job() == Job((Path("in"),), Path("out"), _job().recipe)
    words = """--classes face,vehicle --hide plate=mosaic:4,car=none --recall fast --margin 0.2 --face-shape ellipse
        --format webp --keep-metadata none --rename pseudonym --overwrite --max-megapixels 0.5
        --verify sample --sample-share 0.25 --report r.json --sheet s.html --policy p.toml --key k
        --plain-hashes --device cuda,cpu --jobs 3 --quiet --unsafe-strength"""
    job = _job(*words.split())
    recipe = job.recipe
    assert recipe.looks["plate"] == Look("mosaic", 4)
    assert recipe.hidden >= {"face", "head", "plate", "bus", "truck"}
    assert recipe.visible_by_choice == ("car",)
    assert (recipe.recall, recipe.margin, recipe.face_shape, recipe.format) == ("fast", 0.2, "ellipse", "webp")
    assert (recipe.keep, recipe.verify, recipe.sample_share) == (frozenset(), "sample", 0.25)
    assert recipe.unsafe_strength
    assert (recipe.limits.max_pixels, recipe.limits.max_total_pixels) == (500_000, 2_000_000)
    assert (job.rename, job.overwrite, job.plain_hashes) == ("pseudonym", True, True)
    assert (job.report, job.sheet) == (Path("r.json"), Path("s.html"))
    assert (job.policy_file, job.key_file) == (Path("p.toml"), Path("k"))
    assert (job.device, job.workers) == ("cuda,cpu", 3)


def test_skipping_verification_wins_over_its_mode() -> None:
    assert _job("--unsafe-skip-verify", "--verify", "full").recipe.verify == "skip"


@pytest.mark.parametrize("words", [["--max-megapixels", "-1"], ["--max-megapixels", "1e-9"], ["--margin", "inf"]])
def test_numbers_out_of_range_are_wrong_words(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _job(*words)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["redact"],
        ["redact", "in"],
        ["redact", "-o", "out"],
        ["redact", "in", "-o", "out", "--recall", "medium"],
        ["redact", "in", "-o", "out", "--verify", "skip"],
        ["redact", "in", "-o", "out", "--jobs", "many"],
        ["redact", "in", "-o", "out", "--format", "pdf"],
        ["redact", "in", "-o", "out", "--surplus"],
        ["hide", "in"],
    ],
)
def test_words_that_nobody_knows_end_with_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["redact", "--help"], ["--version"]])
def test_help_ends_well(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    if "redact" in words:
        for text in ("91 %", "97 %", "nothing of the inside survives", "stays visible, and the report says so"):
            assert text in printed
    if words == ["--help"]:
        assert "3 refused by a policy, a safety floor or a spent budget" in printed.replace("\n", " ")
