"""A run from the command line to the report: what is released, what is not, and what is said of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.engine_fakes import RAISE, SECRET, Command, FakeStore, fake_tools, make_photo, shows_face
from unseen.adapters.files_pillow import PillowCodec
from unseen.core.formats import Limits
from unseen.core.jobs import Job
from unseen.core.photos import Photo
from unseen.core.receipts import FileReceipt, FrameNote
from unseen.engine.run import run
from unseen.engine.work import Setup, Tools


def _outputs(folder: Path) -> list[str]:
    """Names of all files below a folder, without Unseen's own."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".unseen" not in path.relative_to(folder).parts
    )


def _digest(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _outputs(folder)}


def test_tree_is_mirrored_with_every_face_hidden_and_the_input_as_it_was(unseen: Command, tmp_path: Path) -> None:
    names = ["a.png", "sub/b.jpg", "sub/deep/c.webp", "sub/deep/d.tif", "e.gif", "f.bmp"]
    for seed, name in enumerate(names):
        make_photo(tmp_path / "in" / name, seed=seed)
    before = _digest(tmp_path / "in")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 0
    assert _outputs(tmp_path / "out") == sorted(names)
    assert [name for name in names if shows_face(tmp_path / "out" / name)] == []
    assert all(shows_face(tmp_path / "in" / name) for name in names)
    assert _digest(tmp_path / "in") == before
    assert not (tmp_path / "out" / ".unseen" / "staging").exists()


def test_report_counts_what_was_done(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.png", face=False)
    (tmp_path / "in" / "cut.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:300])
    (tmp_path / "in" / "notes.txt").write_text("no photo")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 1
    totals = done.report["totals"]
    assert totals["files"] == {"released": 2, "resumed": 0, "failed": 1, "skipped": 1}
    assert totals["regions"] == {"face": 1}
    assert totals["reasons"] == {"detected": 1}
    assert totals["verified"] == 2
    assert totals["second_look"]["looked_at"] == 2
    assert totals["seconds"].keys() == {"read", "decode", "detect", "hide", "encode", "verify"}
    (region,) = done.files["a.png"]["regions"]
    assert (region["class"], region["method"], region["non_interfering"]) == ("face", "fill", True)
    x1, y1, x2, y2 = region["box"]
    assert min(30 - x1, 20 - y1, x2 - 54, y2 - 44) >= 0
    assert done.files["a.png"]["size"] == [96, 64]
    assert done.files["b.png"]["regions"] == []
    assert "2 released, 1 failed, 1 skipped" in done.out.splitlines()[-1]
    assert {m["name"]: m["device"] for m in done.report["models"]}["centerface"] == "fake:CPU"


def test_several_sources_keep_their_names(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "x" / "a.png")
    make_photo(tmp_path / "y" / "sub" / "a.png")
    make_photo(tmp_path / "z.png")
    done = unseen(tmp_path / "x", tmp_path / "y", tmp_path / "z.png", "-o", tmp_path / "out")
    assert done.code == 0
    assert _outputs(tmp_path / "out") == ["x/a.png", "y/sub/a.png", "z.png"]


def test_second_of_two_sources_with_one_name_fails(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "x" / "a.png", seed=1)
    make_photo(tmp_path / "y" / "a.png", seed=2)
    done = unseen(tmp_path / "x" / "a.png", tmp_path / "y" / "a.png", "-o", tmp_path / "out", "--plain-hashes")
    assert done.code == 1
    assert sorted(each["status"] for each in done.report["files"]) == ["failed", "released"]
    (released,) = (each for each in done.report["files"] if each["status"] == "released")
    assert released["input_hash"] == hashlib.sha256((tmp_path / "x" / "a.png").read_bytes()).hexdigest()
    assert "would be written over the output of another input" in done.err


@pytest.mark.parametrize(
    ("first", "second"), [("caf\u00e9.png", "cafe\u0301.png"), ("A.png", "a.png"), ("Stra\u00dfe.png", "STRASSE.png")]
)
def test_names_that_some_file_systems_take_for_one_clash(
    unseen: Command, tmp_path: Path, first: str, second: str
) -> None:
    make_photo(tmp_path / "in" / first)
    make_photo(tmp_path / "in" / second)
    if len(list((tmp_path / "in").iterdir())) == 1:
        return  # this file system is one of them
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 1
    assert sorted(each["status"] for each in done.report["files"]) == ["failed", "released"]
    assert len(_outputs(tmp_path / "out")) == 1


def test_two_inputs_that_a_format_gives_one_name_clash(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.jpg")
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--format", "webp")
    assert done.code == 1
    assert (done.status("a.jpg"), done.status("a.png")) == ("released", "failed")
    assert _outputs(tmp_path / "out") == ["a.webp"]


_ODD_NAMES = [
    "👩‍👩‍👧 семья.png",
    "صورة عائلية.png",
    "写真　２.png",
    "rtl\u202egnp.png",
    "two\nlines.png",
    "tab\tand\x1b[31mred.png",
    'back\\slash & <b>tag "quote".png',
    "-dash.png",
    " spaces .png",
    "n\u0303fd.PNG",
]


def test_names_in_any_script_come_out_as_they_were(unseen: Command, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    names = list(_ODD_NAMES)
    if sys.platform == "linux":
        names.append(os.fsdecode(b"broken \xff\xfe bytes.png"))
    for name in names:
        make_photo(folder / name)
    (folder / "bad\nfile.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    done = unseen(folder, "-o", tmp_path / "out", "--sheet", tmp_path / "sheet.html")
    assert done.code == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".unseen", *names}
    assert not any(shows_face(tmp_path / "out" / name) for name in names)
    (failed,) = done.err.splitlines()
    assert failed == "failed: " + done.files["bad\\nfile.png"]["error"]
    assert failed.startswith("failed: bad\\nfile.png: is ")
    assert "\x1b" not in done.err + (tmp_path / "report.json").read_text("utf-8")
    page = (tmp_path / "sheet.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == len(names)
    assert "<b>tag" not in page


def test_links_are_reported_and_never_followed(unseen: Command, tmp_path: Path) -> None:
    outside = make_photo(tmp_path / "outside" / "private.png")
    folder = tmp_path / "in"
    make_photo(folder / "a.png")
    (folder / "to_file.png").symlink_to(outside)
    (folder / "to_folder").symlink_to(outside.parent)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "up").symlink_to(folder)
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    done = unseen(folder, "-o", tmp_path / "out")
    assert done.code == 1
    assert _outputs(tmp_path / "out") == ["a.png"]
    links = ("to_file.png", "to_folder", "loop.png", "up", "dangling")
    assert [done.status(name) for name in links] == ["failed", "failed", "failed", "failed", "skipped"]
    assert all("link" in done.files[name]["error"] for name in links)


def test_source_that_is_a_link_is_followed_because_it_was_named(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "real" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert unseen(tmp_path / "link", "-o", tmp_path / "out").code == 0
    assert _outputs(tmp_path / "out") == ["a.png"]


def test_hidden_and_unknown_files_are_reported(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / ".hidden.png")
    make_photo(tmp_path / "in" / ".folder" / "b.png")
    (tmp_path / "in" / "readme.txt").write_text("no photo")
    (tmp_path / "in" / "empty").touch()
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 0
    assert {name: each["status"] for name, each in done.files.items()} == {
        "a.png": "released",
        ".hidden.png": "skipped",
        ".folder": "skipped",
        "readme.txt": "skipped",
        "empty": "skipped",
    }
    assert _outputs(tmp_path / "out") == ["a.png"]


def test_photo_under_a_wrong_or_no_ending_fails_and_the_rest_goes_on(unseen: Command, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    photo = make_photo(folder / "a.png").read_bytes()
    for name in ("no_ending", "wrong.jpg", "data.bin", "trick.png.txt"):
        (folder / name).write_bytes(photo)
    (folder / "text.png").write_text("no photo at all")
    done = unseen(folder, "-o", tmp_path / "out")
    assert done.code == 1
    failed = sorted(name for name in done.files if done.status(name) == "failed")
    assert failed == ["data.bin", "no_ending", "text.png", "trick.png.txt", "wrong.jpg"]
    assert all("rename it to end in .png" in done.files[name]["error"] for name in failed if name != "text.png")
    assert _outputs(tmp_path / "out") == ["a.png"]


def _vanish(path: Path) -> None:
    path.unlink()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [_vanish, _loop, _folder])
def test_file_that_cannot_be_read_when_its_turn_comes_fails_alone(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    gone = make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.png")

    def listen(event: int | FileReceipt | FrameNote) -> None:
        if isinstance(event, int):
            spoil(gone)

    report = run(Job((tmp_path / "in",), tmp_path / "out"), listen, store=FakeStore(), make_tools=fake_tools)
    assert report.exit_code == 1
    by_name = {each.input: each for each in report.files}
    assert by_name["a.png"].status == "failed"
    assert str(by_name["a.png"].error).startswith("a.png: ")
    assert by_name["b.png"].status == "released"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_named_like_a_photo_fails_at_once(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    os.mkfifo(tmp_path / "in" / "pipe.png")
    os.mkfifo(tmp_path / "in" / "pipe")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 1
    assert (done.status("pipe.png"), done.status("pipe"), done.status("a.png")) == ("failed", "skipped", "released")
    assert unseen(tmp_path / "in" / "pipe.png", "-o", tmp_path / "out").code == 1


def test_tree_deeper_than_python_calls_itself_is_walked(unseen: Command, tmp_path: Path) -> None:
    depth = sys.getrecursionlimit() + 100
    top = tmp_path / "in"
    make_photo(top / "a.png")
    here = Path.cwd()
    try:
        os.chdir(top)
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        shutil.copy(top / "a.png", "b.png")
        os.chdir(here)
        done = unseen(top, "-o", tmp_path / "out")
        assert done.code == 0
        assert done.report["totals"]["files"]["released"] == 2
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", top, tmp_path / "out"], check=True)


def test_folder_that_cannot_be_listed_is_a_failure(unseen: Command, tmp_path: Path) -> None:
    # A path longer than the system takes cannot be opened, not even by root.
    top, name = tmp_path / "in", "d" * 200
    make_photo(top / "a.png")
    here = Path.cwd()
    try:
        os.chdir(top)
        for _ in range(22):
            Path(name).mkdir()
            os.chdir(name)
        os.chdir(here)
        done = unseen(top, "-o", tmp_path / "out", "--format", "webp")
        assert done.code == 1
        assert [e["status"] for e in done.report["files"]] == ["failed", "released"]
        assert "cannot list the folder" in done.err
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", top], check=True)


def test_file_of_somebody_else_in_the_output_is_not_replaced(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.png")
    foreign = tmp_path / "out" / "a.png"
    foreign.parent.mkdir()
    foreign.write_bytes(b"somebody else's")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert (done.code, done.status("a.png"), done.status("b.png")) == (1, "failed", "released")
    assert "--overwrite" in done.files["a.png"]["error"]
    assert foreign.read_bytes() == b"somebody else's"
    # Having written there before makes the folder ours, but not every file in it.
    assert unseen(tmp_path / "in", "-o", tmp_path / "out").code == 1
    assert foreign.read_bytes() == b"somebody else's"
    assert unseen(tmp_path / "in", "-o", tmp_path / "out", "--overwrite").code == 0
    assert foreign.read_bytes() != b"somebody else's"
    assert not shows_face(foreign)


class _Meanwhile(PillowCodec):
    """Lets somebody else write a file while a photo is read."""

    def __init__(self, name: str, foreign: Path) -> None:
        self._name, self._foreign = name, foreign

    def decode(self, data: bytes, name: str, limits: Limits) -> Photo:
        if name == self._name:
            self._foreign.write_bytes(b"somebody else's")
        return super().decode(data, name, limits)


def test_file_put_there_while_the_run_is_under_way_is_not_replaced(tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.png")
    foreign = tmp_path / "out" / "b.png"

    def make(setup: Setup) -> Tools:
        return replace(fake_tools(setup), codec=_Meanwhile("b.png", foreign))

    report = run(Job((tmp_path / "in",), tmp_path / "out"), store=FakeStore(), make_tools=make)
    assert [each.status for each in report.files] == ["released", "failed"]
    assert foreign.read_bytes() == b"somebody else's"


def test_output_next_to_the_input_never_replaces_it(unseen: Command, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "a.png")
    before = photo.read_bytes()
    for more in ([], ["--overwrite"]):
        done = unseen(photo, "-o", tmp_path, *more)
        assert (done.code, done.status("a.png")) == (1, "failed")
        assert photo.read_bytes() == before


@pytest.mark.parametrize("words", [(), ("--overwrite",), ("--format", "webp"), ("--rename", "pseudonym")])
def test_output_around_the_input_writes_nothing_into_it(
    unseen: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "in" / "b.png")
    make_photo(tmp_path / "other" / "c.png")
    before = _digest(tmp_path / "in")
    for sources in ([tmp_path / "in"], [tmp_path / "in", tmp_path / "other"]):
        done = unseen(*sources, "-o", tmp_path, *words)
        assert _digest(tmp_path / "in") == before
        assert done.code == (0 if "--rename" in words else 1)
        if done.code:
            assert "would be written into the input" in done.err


def test_links_in_the_output_do_not_lead_back_to_the_input(unseen: Command, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "in" / "sub" / "a.png")
    make_photo(tmp_path / "in" / "b.png")
    before = _digest(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "in" / "sub")
    (tmp_path / "out" / "b.webp").symlink_to(photo)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--format", "webp", "--overwrite")
    assert done.code == 1
    assert {done.status("sub/a.png"), done.status("b.png")} == {"failed"}
    assert _digest(tmp_path / "in") == before


def test_folder_in_place_of_an_output_is_a_failure(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--overwrite")
    assert (done.code, done.status("a.png")) == (1, "failed")


def test_source_with_the_name_of_our_own_folder_is_not_written_there(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "x" / ".unseen" / "journal.png")
    make_photo(tmp_path / "y" / "a.png")
    done = unseen(tmp_path / "x" / ".unseen", tmp_path / "y", "-o", tmp_path / "out")
    assert (done.code, done.status("y/a.png"), done.status(".unseen/journal.png")) == (1, "released", "failed")
    assert "own folder" in done.err


def test_error_nobody_planned_for_is_told_without_its_text(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png", act=RAISE)
    make_photo(tmp_path / "in" / "b.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert (done.code, done.status("a.png"), done.status("b.png")) == (1, "failed", "released")
    assert done.files["a.png"]["error"] == "a.png: unexpected RuntimeError; leave the file out and report this"
    assert SECRET not in done.err + done.out + (tmp_path / "report.json").read_text("utf-8")


def test_picture_beyond_the_limit_is_refused(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--max-megapixels", "0.001")
    assert (done.code, done.status("a.png")) == (1, "failed")
    assert "--max-megapixels" in done.files["a.png"]["error"]


def test_failure_says_that_an_earlier_output_is_still_there(unseen: Command, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "in" / "a.png")
    assert unseen(tmp_path / "in", "-o", tmp_path / "out").code == 0
    photo.write_bytes(photo.read_bytes()[:200])
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.files["a.png"]["error"].endswith("; what an earlier run wrote there is still there")


def test_empty_folder_is_no_failure(unseen: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert (done.code, done.report["files"]) == (0, [])
    assert "nothing to run" in done.out


def test_choices_that_lower_protection_are_on_record(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    words = ("--unsafe-strength", "--hide", "face=mosaic:20,plate=none", "--unsafe-skip-verify", "--plain-hashes")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", *words)
    assert done.code == 0
    assert done.report["unsafe"] == ["--unsafe-strength", "--unsafe-skip-verify", "--plain-hashes"]
    assert done.report["visible_by_choice"] == ["plate"]
    assert "91 %" in done.report["leaks"]["mosaic"]
    assert "told to stay visible: plate" in done.err
    assert "mosaic holds information" in done.err
    (region,) = done.files["a.png"]["regions"]
    assert (region["method"], region["strength"], region["non_interfering"]) == ("mosaic", 20.0, False)
    assert "91 %" in region["leaks"]
    assert done.files["a.png"]["verdict"]["outcome"] == "not-verified"


def test_hashes_are_keyed_unless_plain_ones_are_asked_for(unseen: Command, tmp_path: Path, key: Path) -> None:
    photo = make_photo(tmp_path / "in" / "a.png")
    plain = hashlib.sha256(photo.read_bytes()).hexdigest()
    thrown_away = [unseen(photo, "-o", tmp_path / f"out{i}").files["a.png"]["input_hash"] for i in range(2)]
    kept = [unseen(photo, "-o", tmp_path / f"kept{i}", "--key", key).files["a.png"]["input_hash"] for i in range(2)]
    assert len({plain, *thrown_away, *kept}) == 4
    done = unseen(photo, "-o", tmp_path / "plain", "--plain-hashes")
    assert done.report["hashes"] == "sha256"
    assert done.files["a.png"]["input_hash"] == plain
    written = (tmp_path / "plain" / "a.png").read_bytes()
    assert done.files["a.png"]["output_hash"] == hashlib.sha256(written).hexdigest()


def test_journal_holds_nothing_personal(unseen: Command, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "in" / "Anna Beispiel" / "anna.png")
    (tmp_path / "in" / "Anna Beispiel" / "cut.png").write_bytes(photo.read_bytes()[:99])
    unseen(tmp_path / "in", "-o", tmp_path / "out")
    journal = (tmp_path / "out" / ".unseen" / "journal.jsonl").read_text("utf-8")
    output = (tmp_path / "out" / "Anna Beispiel" / "anna.png").read_bytes()
    plain = {hashlib.sha256(data).hexdigest() for data in (photo.read_bytes(), output, b"Anna Beispiel/anna.png")}
    assert not [word for word in {"anna", "beispiel", str(tmp_path), *plain} if word in journal.lower()]
    assert len(journal.splitlines()) == 2
