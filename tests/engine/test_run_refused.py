"""Calls that are refused or wrong: nothing is done, the exit code and one line say why."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine_fakes import Command, FakeStore, fake_engine, fake_tools, make_photo, no_tools
from unseen.cli.main import main
from unseen.core.jobs import Job
from unseen.core.looks import Look
from unseen.core.receipts import FileReceipt, FrameNote
from unseen.core.recipe import Recipe
from unseen.engine.report import Report
from unseen.engine.run import run
from unseen.errors import UsageError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one photo."""
    return make_photo(tmp_path / "in" / "a.png").parent


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def _line(err: str) -> str:
    (line,) = err.splitlines()
    assert line.startswith("unseen: error: ")
    return line


@pytest.mark.parametrize("output", ["in", "in/out", "in/sub/../out", "link/out", "in/./"])
def test_output_inside_the_input_is_refused(unseen: Command, tmp_path: Path, photos: Path, output: str) -> None:
    (tmp_path / "link").symlink_to(photos)
    before = _tree(photos)
    done = unseen(photos, "-o", tmp_path / output)
    assert done.code == 3
    assert "lies inside the input" in _line(done.err)
    assert _tree(photos) == before


def test_output_inside_a_linked_input_is_refused(unseen: Command, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "link").symlink_to(photos)
    assert unseen(tmp_path / "link", "-o", photos / "out").code == 3


def test_input_is_the_folder_we_stand_in(unseen: Command, photos: Path) -> None:
    with contextlib.chdir(photos):
        assert unseen(".", "-o", "out").code == 3
        assert unseen(".", "-o", ".").code == 3
        assert unseen(".", "-o", "../out").code == 0


@pytest.mark.parametrize("name", ["photo.jpg", "PHOTO.PNG", "x/photo.heic"])
def test_output_that_looks_like_a_photo_is_a_wrong_call(
    unseen: Command, tmp_path: Path, photos: Path, name: str
) -> None:
    done = unseen(photos, "-o", tmp_path / "out" / name)
    assert done.code == 2
    assert "-o names a folder" in _line(done.err)
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file_is_a_wrong_call(unseen: Command, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("taken", "dangling"):
        assert unseen(photos, "-o", tmp_path / name).code == 2
    assert (tmp_path / "taken").read_text() == "mine"
    assert not (tmp_path / "nothing").exists()


def test_output_below_a_file_cannot_be_written(unseen: Command, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = unseen(photos, "-o", tmp_path / "file" / "out")
    assert done.code == 1
    assert "cannot write there" in _line(done.err)


def test_missing_source_is_a_wrong_call(unseen: Command, tmp_path: Path, photos: Path) -> None:
    done = unseen(photos, tmp_path / "no\nsuch", "-o", tmp_path / "out")
    assert done.code == 2
    assert "no\\nsuch: no such file or folder" in _line(done.err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--hide", "face=mosaic:9"], 3, "--unsafe-strength"),
        (["--hide", "plate=mosaic:6"], 3, "at most 5"),
        (["--hide", "face=blur:0.49"], 3, "at least 0.5"),
        (["--hide", "face=pixels"], 2, "unknown hiding method"),
        (["--hide", "face"], 2, "CLASS=METHOD"),
        (["--hide", "face=fill,face=solid"], 2, "named twice"),
        (["--hide", "face=mosaic:many"], 2, "cannot read the strength"),
        (["--hide", "face=solid:3"], 2, "has no strength"),
        (["--hide", "face=none,plate=none"], 2, "nothing is to be hidden"),
        (["--classes", ""], 2, "nothing would be hidden"),
        (["--classes", "hat"], 2, "unknown class"),
        (["--classes", "person"], 2, "yolo26n is not here"),
        (["--classes", "head"], 2, "name face, too"),
        (["--classes", "plate,head"], 2, "name face, too"),
        (["--hide", "face=none,plate=none,head=solid"], 2, "name face, too"),
        (["--classes", "face,head"], 2, "yolo26n is not here"),
        (["--hide", "head=solid"], 2, "yolo26n is not here"),
        (["--classes", "face,head", "--recall", "fast"], 2, "leave out --recall fast"),
        (["--classes", "plate", "--audio", "mute-when-person"], 2, "say --audio drop"),
        (["--keep-metadata", "gps"], 2, "unknown metadata"),
        (["--margin", "-1"], 2, "margin must be"),
        (["--margin", "nan"], 2, "margin must be"),
        (["--sample-share", "0"], 2, "share to verify"),
        (["--max-megapixels", "nan"], 2, "--max-megapixels"),
        (["--max-megapixels", "inf"], 2, "--max-megapixels"),
        (["--max-megapixels", "0"], 2, "--max-megapixels"),
        (["--jobs", "0"], 2, "--jobs must be at least 1"),
    ],
)
def test_wrong_and_refused_words(
    unseen: Command, tmp_path: Path, photos: Path, words: list[str], code: int, says: str
) -> None:
    done = unseen(photos, "-o", tmp_path / "out", *words)
    assert done.code == code
    assert says in _line(re.sub("unseen: note: told to stay visible: .*\n", "", done.err))
    assert not (tmp_path / "out").exists()


def test_weak_strength_runs_where_the_words_say_unsafe(unseen: Command, tmp_path: Path, photos: Path) -> None:
    done = unseen(photos, "-o", tmp_path / "out", "--hide", "face=mosaic:9", "--unsafe-strength")
    assert (done.code, done.report["unsafe"]) == (0, ["--unsafe-strength"])


def test_job_that_hides_nothing_is_refused_by_the_engine_too(tmp_path: Path, photos: Path) -> None:
    recipe = Recipe(looks={"face": Look("none")})
    with pytest.raises(UsageError, match="nothing is to be hidden"):
        run(Job((photos,), tmp_path / "out", recipe), store=FakeStore())


@pytest.mark.parametrize("workers", [1, 2])
def test_device_that_is_not_there_ends_the_run(unseen: Command, tmp_path: Path, photos: Path, workers: int) -> None:
    done = unseen(photos, "-o", tmp_path / "out", "--jobs", str(workers), engine=fake_engine(no_tools))
    assert done.code == 2
    assert "no such device" in _line(done.err)
    assert [path for path in (tmp_path / "out").rglob("*") if path.suffix == ".png"] == []


# Policies


def _policy(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        ('refuse_methods = ["mosaic"]', ["--hide", "face=mosaic"], "policy refuses the method mosaic"),
        ('require_hidden = ["face", "plate"]', ["--classes", "face"], "policy requires plate to be hidden"),
        ('require_hidden = ["face"]', ["--hide", "face=none"], "policy requires face to be hidden"),
        ("refuse_unsafe = true", ["--unsafe-skip-verify"], "refuses every --unsafe"),
        ("refuse_unsafe = true", ["--unsafe-strength"], "refuses every --unsafe"),
        ('allow_metadata = ["icc"]', ["--keep-metadata", "icc,datetime"], "does not allow to keep datetime"),
    ],
)
def test_policy_refuses(unseen: Command, tmp_path: Path, photos: Path, text: str, words: list[str], says: str) -> None:
    done = unseen(photos, "-o", tmp_path / "out", "--policy", _policy(tmp_path, text), *words)
    assert done.code == 3
    assert says in done.err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_policy_raises_what_is_too_low(unseen: Command, tmp_path: Path, photos: Path) -> None:
    policy = _policy(tmp_path, 'require_verify = "full"\nrequire_recall = "high"')
    words = ("--recall", "fast", "--unsafe-skip-verify")
    done = unseen(photos, "-o", tmp_path / "out", "--policy", policy, *words)
    assert done.code == 0
    told = ["verify raised to full", "recall raised to high", "heads looked for in videos"]
    assert done.report["raised_by_policy"] == told
    assert (done.report["recipe"]["verify"], done.report["recipe"]["recall"]) == ("full", "high")
    assert done.report["unsafe"] == []
    assert done.files["a.png"]["verdict"]["outcome"] == "pass"
    assert "note: the policy decided: verify raised to full" in done.out


@pytest.mark.parametrize(
    "text",
    [
        'refuse_method = ["mosaic"]',
        'refuse_methods = ["mosaik"]',
        'refuse_methods = "mosaic"',
        'require_verify = "ful"',
        'require_hidden = ["faces"]',
        "refuse_unsafe = 1",
        "refuse_unsafe = ",
        "[[[",
        'allow_metadata = "none"',
        "\udcff",
    ],
)
def test_policy_that_cannot_be_understood_allows_nothing(
    unseen: Command, tmp_path: Path, photos: Path, text: str
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = unseen(photos, "-o", tmp_path / "out", "--policy", policy)
    assert done.code == 2
    _line(done.err)
    assert not (tmp_path / "out").exists()


def test_policy_that_is_not_there_allows_nothing(unseen: Command, tmp_path: Path, photos: Path) -> None:
    assert unseen(photos, "-o", tmp_path / "out", "--policy", tmp_path / "none.toml").code == 2
    assert unseen(photos, "-o", tmp_path / "out", "--policy", tmp_path).code == 2


# Keys


def test_key_that_cannot_be_used_is_a_wrong_call(unseen: Command, tmp_path: Path, photos: Path, key: Path) -> None:
    short, open_to_all = tmp_path / "short", tmp_path / "open"
    short.write_bytes(b"x" * 31)
    short.chmod(0o600)
    open_to_all.write_bytes(b"x" * 32)
    open_to_all.chmod(0o644)
    for path, says in ((short, "31 bytes"), (open_to_all, "chmod 600"), (tmp_path / "no", "cannot read the key")):
        done = unseen(photos, "-o", tmp_path / "out", "--key", path)
        assert done.code == 2
        assert says in _line(done.err)
    assert not (tmp_path / "out").exists()
    assert unseen(photos, "-o", tmp_path / "out", "--key", key).code == 0


# What is written beside the photos


@pytest.mark.parametrize("option", ["--report", "--sheet"])
@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("in/new.json", 3),
        ("in/notes.txt", 3),
        ("unseen.key", 3),
        ("policy.toml", 3),
        ("in/a.png", 2),
        ("out/a.png", 2),
        ("out", 2),
        ("out/.unseen/journal.jsonl", 2),
        ("in/notes.txt/below", 3),
        ("policy.toml/below", 1),
    ],
)
def test_records_never_change_what_the_run_reads(
    unseen: Command, tmp_path: Path, photos: Path, key: Path, option: str, place: str, code: int
) -> None:
    (photos / "notes.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    policy = _policy(tmp_path, "refuse_unsafe = true")
    before = _tree(tmp_path)
    words = (photos, "-o", tmp_path / "out", "--key", key, "--policy", policy)
    if option == "--sheet":
        done = unseen(*words, "--sheet", tmp_path / place)
    else:
        done = unseen(*words, report=tmp_path / place)
    assert done.code == code
    _line(done.err)
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("option", ["--report", "--sheet", "--regions"])
@pytest.mark.parametrize("place", ["pipe", "link"])
def test_records_never_take_the_place_of_a_device_a_pipe_or_a_link(
    unseen: Command, tmp_path: Path, photos: Path, option: str, place: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    before = _tree(tmp_path)
    words = (photos, "-o", tmp_path / "out")
    asked = tmp_path / place
    done = unseen(*words, report=asked) if option == "--report" else unseen(*words, option, asked)
    assert done.code == 2
    assert _line(done.err).endswith(f"{place}: is no regular file, nor a link to one; name another file")
    assert _tree(tmp_path) == before
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_two_records_cannot_be_one_file(unseen: Command, tmp_path: Path, photos: Path) -> None:
    done = unseen(photos, "-o", tmp_path / "out", "--sheet", tmp_path / "x.html", report=tmp_path / "y/../x.html")
    assert done.code == 2
    assert "named twice" in _line(done.err)


def test_records_that_cannot_be_written_in_the_end_are_told_and_the_photos_stay(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = tmp_path / "records"

    def engine(job: Job, listen: Any) -> Report:
        def spoil(event: int | FileReceipt | FrameNote) -> None:
            if isinstance(event, FileReceipt):
                places.rmdir()
                places.write_text("in the way")

        return run(job, spoil, store=FakeStore(), make_tools=fake_tools)

    words = ["--report", str(places / "r.json"), "--sheet", str(places / "s.html")]
    assert main(["redact", str(photos), "-o", str(tmp_path / "out"), *words], engine=engine) == 1
    err = capsys.readouterr().err.splitlines()
    assert [line.split("(")[0] for line in err] == [
        f"unseen: error: {places}/r.json: cannot write the report ",
        f"unseen: error: {places}/s.html: cannot write the contact sheet ",
    ]
    assert (tmp_path / "out" / "a.png").exists()
