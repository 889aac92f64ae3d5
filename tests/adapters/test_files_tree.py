"""The walk over sources: every entry is told once, in order, with what becomes of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from unseen.adapters.files_sniff import Held, held, sniff_all
from unseen.adapters.files_tree import Item, inputs_below, refuse_overlap, refuse_records, walk
from unseen.errors import Refused, UsageError


def _sniff(data: bytes) -> Held | None:
    return held("png") if data.startswith(b"PNG") else None


def _make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PNG")
    return folder


def _told(*sources: Path) -> list[tuple[str, str]]:
    return [(item.relative.as_posix(), item.fate) for item in walk(sources, _sniff)]


def test_entries_come_in_the_order_of_their_names_depth_first(tmp_path: Path) -> None:
    _make(tmp_path, "b/z.jpg", "b/a.jpg", "a.jpg", "c.jpg", "b/m/x.jpg", "B.jpg")
    assert [name for name, _ in _told(tmp_path)] == ["B.jpg", "a.jpg", "b/a.jpg", "b/m/x.jpg", "b/z.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("a.jpg", "redact"),
        ("a.JPEG", "redact"),
        ("a.HeIc", "redact"),
        ("a.jpg.txt", "fail"),
        ("a", "fail"),
        ("a.", "fail"),
        (".a.jpg", "skip"),
        ("a.jpg ", "fail"),
    ],
)
def test_fate_of_a_photo_by_its_name(tmp_path: Path, name: str, fate: str) -> None:
    assert _told(_make(tmp_path, name)) == [(name, fate)]


def test_file_without_a_photo_in_it_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "empty").touch()
    assert _told(tmp_path) == [("a.txt", "skip"), ("empty", "skip")]


@pytest.mark.parametrize("ending", ["m4a", "M4R", "aax", "aaxc", "3ga"])
def test_what_is_named_as_sound_is_skipped_whatever_its_container_may_hold(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"book.{ending}").write_bytes(b"\0\0\0\x20ftypisom\0\0\0\0")
    (item,) = walk([tmp_path], sniff_all)
    assert (item.fate, item.note) == ("skip", "named as sound; if it is a video, rename it")


def test_hidden_folder_is_told_once_and_not_entered(tmp_path: Path) -> None:
    assert _told(_make(tmp_path, ".git/a.jpg", ".git/b.jpg")) == [(".git", "skip")]


def test_hidden_source_is_taken_because_it_was_named(tmp_path: Path) -> None:
    _make(tmp_path, ".photos/a.jpg", ".b.jpg")
    assert _told(tmp_path / ".photos") == [("a.jpg", "redact")]
    assert _told(tmp_path / ".b.jpg") == [(".b.jpg", "redact")]


def test_link_is_never_followed(tmp_path: Path) -> None:
    _make(tmp_path / "outside", "a.jpg", "plain")
    top = tmp_path / "in"
    top.mkdir()
    (top / "photo.jpg").symlink_to(tmp_path / "outside" / "a.jpg")
    (top / "folder").symlink_to(tmp_path / "outside")
    (top / "plain").symlink_to(tmp_path / "outside" / "plain")
    (top / "self").symlink_to(top / "self")
    told = {item.relative.name: item for item in walk([top], _sniff)}
    assert {name: item.fate for name, item in told.items()} == {
        "photo.jpg": "fail",
        "folder": "fail",
        "plain": "skip",
        "self": "skip",
    }
    assert all("link" in item.note for item in told.values())


def test_several_folders_keep_their_names(tmp_path: Path) -> None:
    _make(tmp_path, "x/a.jpg", "y/b.jpg", "c.jpg")
    assert [name for name, _ in _told(tmp_path / "x", tmp_path / "y", tmp_path / "c.jpg")] == [
        "x/a.jpg",
        "y/b.jpg",
        "c.jpg",
    ]
    assert [name for name, _ in _told(tmp_path / "x" / ".." / "x", tmp_path / "y")] == ["x/a.jpg", "y/b.jpg"]


def test_source_that_is_no_file_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nothing")
    assert _told(tmp_path / "dangling.jpg") == [("dangling.jpg", "fail")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    os.mkfifo(tmp_path / "a.jpg")
    assert _told(tmp_path) == [("a", "skip"), ("a.jpg", "fail")]
    assert _told(tmp_path / "a.jpg") == [("a.jpg", "fail")]


def test_file_that_vanishes_under_the_walk_is_a_failure(tmp_path: Path) -> None:
    _make(tmp_path, "a", "b")
    items = walk([tmp_path], _sniff)
    assert next(items).relative == Path("a")
    (tmp_path / "b").unlink()
    assert [(item.fate, item.note.split(" (")[0]) for item in items] == [("fail", "cannot be read")]


def test_folder_that_vanishes_under_the_walk_is_a_failure(tmp_path: Path) -> None:
    _make(tmp_path, "a", "b/c")
    items = walk([tmp_path], _sniff)
    next(items)
    (tmp_path / "b" / "c").unlink()
    (tmp_path / "b").rmdir()
    assert [(item.relative, item.fate) for item in items] == [(Path("b"), "fail")]


def test_item_is_to_be_redacted_unless_it_says_otherwise() -> None:
    assert Item(Path("a.jpg"), Path("a.jpg")).fate == "redact"


def test_output_beside_or_above_the_input_is_fine(tmp_path: Path) -> None:
    _make(tmp_path, "in/a.jpg", "input2/a.jpg")
    for output in ("out", "in2", "."):
        refuse_overlap([tmp_path / "in", tmp_path / "input2"], tmp_path / output)


@pytest.mark.parametrize("output", ["in", "in/x/y/z", "in/../in/x"])
def test_output_in_any_of_the_inputs_is_refused(tmp_path: Path, output: str) -> None:
    _make(tmp_path, "in/a.jpg", "other/a.jpg")
    with pytest.raises(Refused, match="lies inside the input"):
        refuse_overlap([tmp_path / "other", tmp_path / "in"], tmp_path / output)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="this system has no links of that kind")
def test_output_that_leads_into_the_input_by_a_link_of_the_system_is_refused(tmp_path: Path) -> None:
    _make(tmp_path, "in/sub/a.jpg")
    with contextlib.chdir(tmp_path), pytest.raises(Refused):
        refuse_overlap([tmp_path / "in"], Path("/proc/self/cwd/in/out"))


def test_inputs_below_the_output_are_known(tmp_path: Path) -> None:
    _make(tmp_path, "out/x/in/a.jpg", "out/b.jpg", "in/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "out" / "x")
    sources = [tmp_path / name for name in ("out/x/in", "out/b.jpg", "in", "link/in", "link")]
    assert inputs_below(sources, tmp_path / "out") == [Path("x/in"), Path("x/in"), Path("x")]


def test_record_may_lie_anywhere_else(tmp_path: Path) -> None:
    _make(tmp_path, "in/a.jpg")
    refuse_records([tmp_path / "r.json", tmp_path / "out" / "s.html"], [tmp_path / "in"], tmp_path / "out" / ".unseen")


def test_record_that_is_a_hard_link_to_an_input_is_refused(tmp_path: Path) -> None:
    _make(tmp_path, "in/a.jpg")
    os.link(tmp_path / "in" / "a.jpg", tmp_path / "r.json")
    with pytest.raises(Refused, match="would change the input"):
        refuse_records([tmp_path / "r.json"], [tmp_path / "in" / "a.jpg"], tmp_path / "out")


def test_record_that_is_a_link_to_a_photo_is_a_wrong_call(tmp_path: Path) -> None:
    _make(tmp_path, "out/a.jpg")
    (tmp_path / "r.json").symlink_to(tmp_path / "out" / "a.jpg")
    with pytest.raises(UsageError, match="is a folder, a photo or Unseen's own"):
        refuse_records([tmp_path / "r.json"], [], tmp_path / "out" / ".unseen")


def test_two_records_at_one_place_are_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="named twice"):
        refuse_records([tmp_path / "r", tmp_path / "x" / ".." / "r"], [], tmp_path / "out")
