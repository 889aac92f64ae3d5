"""The output folder: its lock, its staging, and the one step that gives a file its name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.small_disk import files_of_at_most
from unseen.adapters.files_output import OutputFolder, append_lines, check_writable, discard, stage, write_whole
from unseen.adapters.files_pair import name_all, stage_with
from unseen.errors import OutputFailed, UsageError

_LOCKED = """
import sys
from pathlib import Path
from unseen.adapters.files_output import OutputFolder
from unseen.errors import UsageError
try:
    with OutputFolder(Path(sys.argv[1])):
        print("mine")
except UsageError:
    print("taken")
"""


def _other_process(root: Path) -> str:
    done = subprocess.run([sys.executable, "-c", _LOCKED, root], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out"):
        assert _other_process(tmp_path / "out") == "taken"
        with pytest.raises(UsageError, match="another run is writing there"), OutputFolder(tmp_path / "out"):
            pytest.fail("two runs hold one folder")
        assert _other_process(tmp_path / "other") == "mine"
    assert _other_process(tmp_path / "out") == "mine"


def test_what_a_killed_run_left_is_deleted_at_the_start(tmp_path: Path) -> None:
    staging = tmp_path / ".unseen" / "staging"
    staging.mkdir(parents=True)
    (staging / "x.part").write_bytes(b"half")
    with OutputFolder(tmp_path) as folder:
        assert not folder.staging.exists()
        stage(b"data", folder.staging, "a.jpg")
    assert not staging.exists()


def test_staging_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a.txt").write_text("mine")
    (tmp_path / "out" / ".unseen").mkdir(parents=True)
    (tmp_path / "out" / ".unseen" / "staging").symlink_to(precious)
    with OutputFolder(tmp_path / "out"):
        pass
    assert (precious / "a.txt").read_text() == "mine"


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="cannot write there"), OutputFolder(tmp_path / "file" / "out"):
        pytest.fail("a folder below a file")


def test_release_is_one_step_into_folders_that_are_made(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as folder:
        staged = stage(b"data", folder.staging, "a.jpg")
        assert staged.read_bytes() == b"data"
        assert not list((tmp_path / "out").glob("*"))[1:]
        final = tmp_path / "out" / "x" / "y" / "a.jpg"
        folder.release(staged, final)
        assert final.read_bytes() == b"data"
        assert not staged.exists()
        again = stage(b"new", folder.staging, "a.jpg")
        folder.release(again, final)
        assert final.read_bytes() == b"new"


def test_staged_names_tell_nothing(tmp_path: Path) -> None:
    paths = {stage(b"", tmp_path / "s", "anna.jpg").name for _ in range(3)}
    assert len(paths) == 3
    assert not [name for name in paths if "anna" in name]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[OutputFolder]:
    """An output folder that is held."""
    with OutputFolder(tmp_path / "out") as held:
        yield held


def test_release_over_a_folder_fails_and_deletes_the_staged_file(folder: OutputFolder) -> None:
    (folder.root / "a.jpg" / "b").mkdir(parents=True)
    staged = stage(b"data", folder.staging, "a.jpg")
    with pytest.raises(OutputFailed, match="cannot be written"):
        folder.release(staged, folder.root / "a.jpg")
    assert not staged.exists()


def test_release_below_a_file_fails(folder: OutputFolder) -> None:
    (folder.root / "a").touch()
    staged = stage(b"data", folder.staging, "a.jpg")
    with pytest.raises(OutputFailed, match="cannot be written"):
        folder.release(staged, folder.root / "a" / "b.jpg")
    assert not staged.exists()


def test_release_under_a_name_that_is_too_long_fails(folder: OutputFolder) -> None:
    staged = stage(b"data", folder.staging, "a.jpg")
    with pytest.raises(OutputFailed, match="cannot be written"):
        folder.release(staged, folder.root / ("x" * 300 + ".jpg"))
    assert not staged.exists()


def test_release_does_not_follow_a_link_out_of_the_folder(folder: OutputFolder, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (folder.root / "sub").symlink_to(tmp_path / "in")
    staged = stage(b"data", folder.staging, "a.jpg")
    with pytest.raises(OutputFailed, match="a link leads out of the output folder"):
        folder.release(staged, folder.root / "sub" / "deeper" / "a.jpg")
    assert list((tmp_path / "in").iterdir()) == []


def test_output_folder_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with OutputFolder(tmp_path / "out") as folder:
        folder.release(stage(b"data", folder.staging, "a.jpg"), tmp_path / "out" / "sub" / "a.jpg")
    assert (tmp_path / "real" / "sub" / "a.jpg").read_bytes() == b"data"


def test_release_replaces_a_link_and_not_what_it_leads_to(folder: OutputFolder, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (folder.root / "a.jpg").symlink_to(tmp_path / "precious")
    folder.release(stage(b"data", folder.staging, "a.jpg"), folder.root / "a.jpg")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (folder.root / "a.jpg").read_bytes() == b"data"


def test_staging_that_cannot_be_written_is_told_with_the_name_of_the_photo(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match=r"^a\.jpg: cannot be written \("):
        stage(b"data", tmp_path / "file" / "staging", "a.jpg")


def test_discarding_what_is_gone_is_fine(tmp_path: Path) -> None:
    discard(tmp_path / "nothing")


def test_record_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.json"
    write_whole(path, ["one\n", "zwei ö\n"], "the report")
    assert path.read_text("utf-8") == "one\nzwei ö\n"
    assert list(path.parent.iterdir()) == [path]


def test_record_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")

    def parts() -> Iterator[str]:
        yield "half of the new"
        raise KeyError("no more")

    with pytest.raises(KeyError):
        write_whole(path, parts(), "the report")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_added_all_or_none(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines.jsonl"

    def breaking() -> Iterator[str]:
        yield from ["x" * 9000] * 9
        raise KeyError("no more")

    for before in ("", "one\n"):
        with pytest.raises(KeyError):
            append_lines(path, breaking(), "the lines")
        with pytest.raises(OutputFailed, match="cannot write the lines"), files_of_at_most(20_000):
            append_lines(path, ["x" * 9000] * 9, "the lines")
        assert path.read_text() == before
        append_lines(path, ["one"], "the lines")
    assert path.read_text() == "one\none\n"


def test_record_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for tell in (check_writable, lambda path, what: write_whole(path, [], what)):
        with pytest.raises(OutputFailed, match=r"r\.json: cannot write the report \(.*\); choose another place"):
            tell(tmp_path / "file" / "r.json", "the report")
    check_writable(tmp_path / "x" / "r.json", "the report")
    assert os.listdir(tmp_path / "x") == []  # noqa: PTH208


@pytest.mark.parametrize("place", ["pipe", "link to pipe", "folder", "link to nothing", "link to itself"])
def test_what_is_no_regular_file_is_never_replaced_by_a_record(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for link, goal in (("pipe", "pipe"), ("nothing", "nothing"), ("itself", "link to itself")):
        (tmp_path / f"link to {link}").symlink_to(tmp_path / goal)
    before = {path: path.lstat() for path in tmp_path.iterdir()}
    tells: list[Callable[[Path, str], None]] = [
        check_writable,
        lambda path, what: write_whole(path, ["text"], what),
        lambda path, _: name_all([stage_with(path, Path.touch)]),
    ]
    for tell in tells:
        with pytest.raises(UsageError, match="no regular file, nor a link to one; name another file"):
            tell(tmp_path / place, "the report")
    assert {path: path.lstat().st_ino for path in tmp_path.iterdir()} == {p: s.st_ino for p, s in before.items()}


def test_record_is_written_to_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "r.json").write_text("old")
    (tmp_path / "r.json").symlink_to(tmp_path / "far" / "r.json")
    check_writable(tmp_path / "r.json", "the report")
    write_whole(tmp_path / "r.json", ["new"], "the report")
    assert (tmp_path / "r.json").is_symlink()
    assert (tmp_path / "far" / "r.json").read_text() == "new"
    assert len(list(tmp_path.rglob("*"))) == 3


def test_files_that_belong_together_are_staged_where_their_links_lead_and_named_if_all_can_be(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "t.csv").write_text("old")
    (tmp_path / "t.csv").symlink_to(tmp_path / "far" / "t.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "too long").symlink_to("x" * 300)
    staged = stage_with(tmp_path / "t.csv", lambda path: path.write_text("new"))
    # On the disk of the goal: nothing can be moved from another one in a single step.
    assert (staged.part.parent, staged.part.suffix) == (tmp_path / "far", ".csv")
    with pytest.raises(UsageError, match="no regular file"):
        stage_with(tmp_path / "folder", Path.touch)
    with pytest.raises(OutputFailed, match="too long: cannot be written"):
        stage_with(tmp_path / "too long", Path.touch)
    assert (tmp_path / "far" / "t.csv").read_text() == "old"
    name_all([staged])
    assert (tmp_path / "t.csv").is_symlink()
    assert (tmp_path / "far" / "t.csv").read_text() == "new"
    assert len(list(tmp_path.rglob("*"))) == 5


def test_record_with_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("r" * 250 + ".json")
    write_whole(path, ["{}"], "the report")
    assert path.read_text() == "{}"
