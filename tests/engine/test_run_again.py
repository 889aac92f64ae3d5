"""A second run over the output of a first: what is skipped, what is done again, and what is said of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine_fakes import Command, FakeStore, fake_engine, make_photo, shows_face

_NAMES = ["a.png", "b.png", "sub/c.png"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three photos."""
    for seed, name in enumerate(_NAMES):
        make_photo(tmp_path / "in" / name, seed=seed)
    return tmp_path / "in"


def _times(output: Path) -> dict[str, int]:
    return {name: (output / name).stat().st_mtime_ns for name in _NAMES}


def _rewritten(output: Path, before: dict[str, int]) -> list[str]:
    return [name for name, time in _times(output).items() if time != before[name]]


def test_nothing_is_done_again_under_the_same_key(unseen: Command, tmp_path: Path, photos: Path, key: Path) -> None:
    output = tmp_path / "out"
    first = unseen(photos, "-o", output, "--key", key)
    before = _times(output)
    done = unseen(photos, "-o", output, "--key", key, "--sheet", tmp_path / "s.html")
    assert done.code == 0
    assert done.report["totals"]["files"] == {"released": 0, "resumed": 3, "failed": 0, "skipped": 0}
    assert _rewritten(output, before) == []
    assert "note:" not in done.out
    for name in _NAMES:
        for field in ("input", "output", "input_hash", "output_hash"):
            assert done.files[name][field] == first.files[name][field]
    assert (tmp_path / "s.html").read_text("utf-8").count("1 face; as an earlier run left it") == 3


def _touch_input(tmp_path: Path) -> tuple[list[str], Any]:
    make_photo(tmp_path / "in" / "a.png", seed=99)
    return [], None


def _change_output(tmp_path: Path) -> tuple[list[str], Any]:
    with (tmp_path / "out" / "a.png").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0")
    return [], None


def _delete_output(tmp_path: Path) -> tuple[list[str], Any]:
    (tmp_path / "out" / "a.png").unlink()
    return [], None


@pytest.mark.parametrize("change", [_touch_input, _change_output, _delete_output])
def test_file_that_changed_is_done_again_alone(
    unseen: Command, tmp_path: Path, photos: Path, key: Path, change: Callable[[Path], tuple[list[str], Any]]
) -> None:
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    change(tmp_path)
    done = unseen(photos, "-o", tmp_path / "out", "--key", key)
    assert done.code == 0
    assert [done.status(name) for name in _NAMES] == ["released", "resumed", "resumed"]
    assert not shows_face(tmp_path / "out" / "a.png")


_OTHER_MODEL = fake_engine(store=FakeStore({"centerface": "1" * 64}))


@pytest.mark.parametrize(
    ("words", "engine"),
    [
        (["--hide", "face=solid"], None),
        (["--classes", "face"], None),
        (["--margin", "0.2"], None),
        (["--recall", "fast"], None),
        (["--verify", "sample"], None),
        (["--keep-metadata", "none"], None),
        (["--policy", "POLICY"], None),
        ([], _OTHER_MODEL),
    ],
)
def test_everything_is_done_again_under_another_recipe_policy_or_model(
    unseen: Command, tmp_path: Path, photos: Path, key: Path, words: list[str], engine: Any
) -> None:
    (tmp_path / "policy.toml").write_text("refuse_unsafe = true")
    words = [str(tmp_path / "policy.toml") if word == "POLICY" else word for word in words]
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    done = unseen(photos, "-o", tmp_path / "out", "--key", key, *words, engine=engine)
    assert done.code == 0
    assert done.report["totals"]["files"]["released"] == 3
    again = unseen(photos, "-o", tmp_path / "out", "--key", key, *words, engine=engine)
    assert again.report["totals"]["files"]["resumed"] == 3
    # What lies there now was made by the other recipe: going back means doing it again.
    assert unseen(photos, "-o", tmp_path / "out", "--key", key).report["totals"]["files"]["released"] == 3


def test_another_version_of_the_program_does_everything_again(
    unseen: Command, tmp_path: Path, photos: Path, key: Path
) -> None:
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    journal = tmp_path / "out" / ".unseen" / "journal.jsonl"
    entries = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    assert entries[0]["unseen"] == version("unseen")
    entries[0]["unseen"] = "0.0.1"
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert unseen(photos, "-o", tmp_path / "out", "--key", key).report["totals"]["files"]["released"] == 3


@pytest.mark.parametrize("words", [[], ["--key", "OTHER"], ["--plain-hashes"]])
def test_results_under_another_key_cannot_be_compared(
    unseen: Command, tmp_path: Path, photos: Path, key: Path, words: list[str]
) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(b"o" * 32)
    other.chmod(0o600)
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    before = _times(tmp_path / "out")
    done = unseen(photos, "-o", tmp_path / "out", *[str(other) if w == "OTHER" else w for w in words])
    assert done.code == 0
    assert done.report["totals"]["files"]["released"] == 3
    assert _rewritten(tmp_path / "out", before) == _NAMES
    assert "note: earlier results in this folder were hashed with another key" in done.out


def test_plain_hashes_can_be_compared_without_a_key(unseen: Command, tmp_path: Path, photos: Path) -> None:
    unseen(photos, "-o", tmp_path / "out", "--plain-hashes")
    done = unseen(photos, "-o", tmp_path / "out", "--plain-hashes")
    assert done.report["totals"]["files"]["resumed"] == 3


def test_without_a_key_an_output_that_somebody_changed_is_not_replaced(
    unseen: Command, tmp_path: Path, photos: Path
) -> None:
    unseen(photos, "-o", tmp_path / "out")
    _change_output(tmp_path)
    changed = (tmp_path / "out" / "a.png").read_bytes()
    done = unseen(photos, "-o", tmp_path / "out")
    assert [done.status(name) for name in _NAMES] == ["failed", "released", "released"]
    assert (tmp_path / "out" / "a.png").read_bytes() == changed


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]],
        lambda lines: [*lines[:-1], lines[-1][:-1]],
        lambda lines: [*lines[:-1], b"\xff\xfe\0 no json\n"],
        lambda lines: [*lines[:-1], b"[" * 100_000 + b"\n"],
        lambda lines: [*lines[:-1], b'"a string"\n'],
        lambda lines: [*lines[:-1], b'{"event": "file"}\n'],
        lambda lines: [*lines[:-1], b'{"event": "file", "key": 7, "path": [], "size": "x", "time": null}\n'],
    ],
    ids=["half a line", "no line end", "no text", "nested", "no object", "no fields", "other types"],
)
def test_journal_with_a_damaged_last_line_costs_that_file_only(
    unseen: Command, tmp_path: Path, photos: Path, key: Path, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    journal = tmp_path / "out" / ".unseen" / "journal.jsonl"
    journal.write_bytes(b"".join(spoil(journal.read_bytes().splitlines(keepends=True))))
    # The file whose entry is lost is there, under a name that the journal does not know any more.
    (tmp_path / "out" / "sub" / "c.png").unlink()
    done = unseen(photos, "-o", tmp_path / "out", "--key", key)
    assert done.code == 0
    assert [done.status(name) for name in _NAMES] == ["resumed", "resumed", "released"]
    again = unseen(photos, "-o", tmp_path / "out", "--key", key)
    assert again.report["totals"]["files"]["resumed"] == 3


def test_lost_journal_means_that_nothing_there_is_ours(
    unseen: Command, tmp_path: Path, photos: Path, key: Path
) -> None:
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    (tmp_path / "out" / ".unseen" / "journal.jsonl").unlink()
    before = _times(tmp_path / "out")
    done = unseen(photos, "-o", tmp_path / "out", "--key", key)
    assert (done.code, done.report["totals"]["files"]["failed"]) == (1, 3)
    assert _rewritten(tmp_path / "out", before) == []


def test_output_that_was_moved_to_another_name_is_not_taken_for_it(
    unseen: Command, tmp_path: Path, photos: Path, key: Path
) -> None:
    unseen(photos, "-o", tmp_path / "out", "--key", key)
    (tmp_path / "out" / "a.png").rename(tmp_path / "out" / "b.png")
    done = unseen(photos, "-o", tmp_path / "out", "--key", key)
    assert [done.status(name) for name in _NAMES] == ["released", "released", "resumed"]


# Pseudonyms

_PERSONAL = ["Anna", "Beispiel", "geheim", "notizen", "brief"]


@pytest.fixture
def personal(tmp_path: Path) -> Path:
    """A folder in which every name tells something, and not every file can be released."""
    folder = tmp_path / "in"
    photo = make_photo(folder / "Anna Beispiel" / "Anna.png", seed=1)
    make_photo(folder / "Anna Beispiel" / "zwei.Anna.JPG", seed=2)
    (folder / "geheim.jpg").write_bytes(photo.read_bytes())
    (folder / "cut Anna.png").write_bytes(photo.read_bytes()[:200])
    (folder / "notizen.Anna Beispiel").write_text("no photo")
    (folder / "brief Anna").write_bytes(photo.read_bytes())
    (folder / "link Anna.png").symlink_to(photo)
    return folder


def test_pseudonyms_are_stable_under_a_key_and_others_under_another(
    unseen: Command, tmp_path: Path, personal: Path, key: Path
) -> None:
    words = (personal, "-o", tmp_path / "out", "--rename", "pseudonym")
    first = unseen(*words, "--key", key)
    names = {path.name for path in (tmp_path / "out").glob("*.*g")}
    assert len(names) == 2
    assert {Path(name).suffix for name in names} == {".png", ".jpg"}
    assert all(len(Path(name).stem) == 32 for name in names)
    again = unseen(*words, "--key", key)
    assert {e["output"] for e in again.report["files"]} == {e["output"] for e in first.report["files"]}
    assert again.report["totals"]["files"]["resumed"] == 2
    unseen(*words)
    assert len(list((tmp_path / "out").glob("*.*g"))) == 4


def test_names_are_told_at_the_terminal_and_kept_nowhere(
    unseen: Command, tmp_path: Path, personal: Path, key: Path
) -> None:
    kept = tmp_path / "kept"
    words = (personal, "-o", kept / "out", "--rename", "pseudonym", "--key", key, "--sheet", kept / "s.html")
    done = unseen(*words, report=kept / "r.json")
    assert done.code == 1
    assert done.report["totals"]["files"] == {"released": 2, "resumed": 0, "failed": 4, "skipped": 1}
    for name in ("geheim.jpg", "cut Anna.png", "brief Anna", "link Anna.png"):
        assert f"failed: {name}: " in done.err
    assert "skipped: notizen.Anna Beispiel: neither photo nor video" in done.err
    everything = [path for path in kept.rglob("*") if path.is_file()]
    assert len(everything) == 6
    text = b"\n".join(os.fsencode(path.relative_to(kept)) + b"\n" + path.read_bytes() for path in everything).lower()
    assert [word for word in _PERSONAL if word.lower().encode() in text] == []
    assert len({each["input"] for each in done.report["files"]}) == 7


def test_pseudonyms_follow_another_format(unseen: Command, tmp_path: Path, personal: Path, key: Path) -> None:
    words = ("--rename", "pseudonym", "--key", key, "--format", "webp")
    done = unseen(personal / "Anna Beispiel", "-o", tmp_path / "out", *words)
    assert done.code == 0
    assert sorted(Path(e["output"]).suffix for e in done.report["files"]) == [".webp", ".webp"]
    assert sorted(Path(e["input"]).suffix for e in done.report["files"]) == [".jpg", ".png"]
