"""`unseen vault` and `unseen ledger` as a hospital uses them: in, out for a purpose, withdrawn, erased, and proved."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from unseen.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder that holds a photo, and return its code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNSEEN_VAULT", str(tmp_path / "safe" / "vault"))
    monkeypatch.setenv("UNSEEN_LEDGER", str(tmp_path / "record" / "ledger.db"))
    monkeypatch.setenv("UNSEEN_VAULT_KEY", "0f" * 32)
    monkeypatch.setenv("LOGNAME", "dr-grey")
    (tmp_path / "ward.jpg").write_bytes(b"a photo of the ward")

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def _kinds(run: Run) -> list[str]:
    _, out, _ = run("ledger", "show", "--json")
    return [json.loads(line)["kind"] for line in out.splitlines()]


def test_an_item_goes_in_and_comes_out_only_for_its_purpose(run: Run, tmp_path: Path) -> None:
    assert run("vault", "init", "--unlock", "environment")[0] == 0
    assert run("vault", "put", "ward.jpg", "--purpose", "care", "--purpose", "teaching")[0] == 0
    take = ("vault", "get", "ward.jpg", "-o", "out.jpg")
    code, _, err = run(*take, "--purpose", "care")
    assert (code, "--unsafe-view-raw" in err) == (3, True)
    code, _, err = run(*take, "--purpose", "advertising", "--unsafe-view-raw")
    assert (code, err) == (3, "unseen: error: ward.jpg: nothing opens it for advertising\n")
    assert not (tmp_path / "out.jpg").exists()
    assert run(*take, "--purpose", "care", "--unsafe-view-raw")[0] == 0
    assert (tmp_path / "out.jpg").read_bytes() == b"a photo of the ward"
    assert (tmp_path / "out.jpg").stat().st_mode & 0o077 == 0
    code, _, err = run(*take, "--purpose", "care", "--unsafe-view-raw")
    assert (code, "is there already" in err) == (1, True)
    assert _kinds(run)[:5] == ["vault.made", "vault.sealed", "vault.refused", "vault.refused", "vault.opened"]


def test_what_is_withdrawn_rotated_and_erased_is_said_and_recorded(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    run("vault", "put", "ward.jpg", "--purpose", "care", "--purpose", "teaching")
    run("vault", "put", "ward.jpg", "--as", "other", "--purpose", "care")
    assert (
        run("vault", "withdraw", "ward.jpg", "--purpose", "teaching")[1] == "ward.jpg: opens no longer for teaching\n"
    )
    assert run("vault", "withdraw", "ward.jpg", "--purpose", "teaching")[1] == "ward.jpg: did not open for teaching\n"
    assert run("vault", "rotate")[1].startswith("2 wraps made under a new key")
    assert run("vault", "erase", "ward.jpg", "never")[1].startswith("1 of 2 items erased")
    assert run("vault", "get", "ward.jpg", "-o", "x", "--purpose", "care", "--unsafe-view-raw")[0] == 3
    assert run("vault", "get", "other", "-o", "x", "--purpose", "care", "--unsafe-view-raw")[0] == 0
    _, out, _ = run("ledger", "show", "--reveal")
    lines = out.splitlines()
    assert "actor=dr-grey" in lines[0]
    assert "item=other" in lines[2]
    assert ["ward.jpg" in line for line in lines[:8]] == [False] * 8, "the salts of what was erased are gone"
    assert "item=(forgotten)" in lines[1]


def test_a_passphrase_comes_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("correct house\n")
    assert run("vault", "init", "--passphrase-file", "words")[0] == 0
    put = ("vault", "put", "ward.jpg", "--purpose", "care")
    code, _, err = run(*put, "--passphrase-file", "wrong")
    assert (code, "the passphrase or master key is another one" in err) == (2, True)
    assert run(*put, "--passphrase-file", "words")[0] == 0
    code, _, err = run(*put, "--passphrase-file", "missing")
    assert (code, "cannot read the passphrase" in err) == (2, True)


def test_without_a_terminal_a_passphrase_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    code, _, err = run("vault", "init")
    assert (code, "--passphrase-file" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("vault", "put", "ward.jpg", "--purpose", "care"), 2, "make one with: unseen vault init"),
        (("ledger", "verify"), 2, "there is no ledger at"),
        (("ledger", "head"), 2, "there is no ledger at"),
        (("ledger", "verify", "export.jsonl"), 2, "name it with --public-key"),
        (("ledger", "show", "--ledger", "mysql://x/y"), 2, "postgresql:// URL"),
    ],
)
def test_what_is_not_there_is_told(run: Run, words: tuple[str, ...], code: int, why: str) -> None:
    found, _, err = run(*words)
    assert (found, why in err) == (code, True), err


def test_a_vault_is_not_made_twice(run: Run) -> None:
    run("vault", "init", "--unlock", "environment")
    code, _, err = run("vault", "init", "--unlock", "environment")
    assert (code, "is a vault already" in err) == (2, True)


def test_several_files_cannot_have_one_name(run: Run) -> None:
    run("vault", "init", "--unlock", "environment")
    assert run("vault", "put", "ward.jpg", "ward.jpg", "--as", "x", "--purpose", "care")[0] == 2
    code, _, err = run("vault", "put", "missing.jpg", "--purpose", "care")
    assert (code, "missing.jpg: cannot be read" in err) == (1, True)


def test_others_check_an_export_a_head_and_a_proof_without_the_ledger(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    run("vault", "put", "ward.jpg", "--purpose", "care")
    (tmp_path / "head.txt").write_text(run("ledger", "head")[1])
    run("vault", "rotate")
    assert run("ledger", "export", "-o", "export.jsonl")[0] == 0
    assert run("ledger", "prove", "1", "-o", "proof.json")[0] == 0
    public = ("--public-key", "record/ledger.pub")
    code, out, _ = run("ledger", "verify", "export.jsonl", *public, "--head", "head.txt")
    assert (code, out.startswith("3 events of unseen-ledger/"), "of 2 events, is in its past" in out) == (0, True, True)
    assert run("ledger", "verify", "export.jsonl", *public, "--every-signature")[0] == 0
    code, out, _ = run("ledger", "verify", "proof.json", *public)
    assert (code, out.startswith("event 1 is in the ledger"), "vault.sealed" in out) == (0, True, True)
    assert run("ledger", "prove", "--head", "head.txt", "-o", "growth.json")[0] == 0
    code, out, _ = run("ledger", "verify", "growth.json", *public)
    assert (code, "of 3 events, grew out of the head of 2" in out) == (0, True)
    assert (
        run("ledger", "prove", "-o", "other.json")[0]
        == run("ledger", "prove", "1", "--head", "head.txt", "-o", "x")[0]
        == 2
    )
    export = (tmp_path / "export.jsonl").read_bytes()
    (tmp_path / "export.jsonl").write_bytes(export.replace(b"care", b"cars"))
    code, out, err = run("ledger", "verify", "export.jsonl", *public)
    assert (code, "row 1: was changed" in out, "not the ledger that was signed" in err) == (1, True, True)
    proof = (tmp_path / "proof.json").read_bytes()
    (tmp_path / "proof.json").write_bytes(proof.replace(b"care", b"cars"))
    code, _, err = run("ledger", "verify", "proof.json", *public)
    assert (code, "does not lead from this event to the head" in err) == (1, True)
    assert run("ledger", "prove", "99", "-o", "other.json")[0] == 2


def test_items_may_lie_elsewhere(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / ("ab" * 16)).write_bytes(b"somebody else's")
    assert run("vault", "init", "--unlock", "environment", "--items", f"file://{tmp_path}/bucket/")[0] == 0
    run("vault", "put", "ward.jpg", "--purpose", "care")
    run("vault", "put", "ward.jpg", "--as", "other", "--purpose", "care")
    run("vault", "erase", "other")
    assert run("vault", "get", "ward.jpg", "-o", "out.jpg", "--purpose", "care", "--unsafe-view-raw")[0] == 0
    assert (tmp_path / "out.jpg").read_bytes() == b"a photo of the ward"
    assert not (tmp_path / "safe" / "vault" / "items").exists()
    assert len([path for path in (tmp_path / "bucket").rglob("*") if path.is_file()]) == 2
    code, _, err = run("vault", "init", "--vault", "v2", "--unlock", "environment", "--items", "nosuch://x")
    assert (code, "cannot be used as a store of files" in err, (tmp_path / "v2.key").exists()) == (2, True, False)


def test_a_ledger_that_was_cut_is_found_by_the_head_that_was_kept(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    saved = {path.name: path.read_bytes() for path in (tmp_path / "record").iterdir()}
    run("vault", "put", "ward.jpg", "--purpose", "care")
    (tmp_path / "head.txt").write_text(run("ledger", "head")[1])
    assert run("ledger", "verify", "--head", "head.txt")[0] == 0
    for path in (tmp_path / "record").iterdir():
        path.unlink()
    for name, data in saved.items():
        (tmp_path / "record" / name).write_bytes(data)
        (tmp_path / "record" / name).chmod(0o600)
    assert run("ledger", "verify")[0] == 0
    code, out, _ = run("ledger", "verify", "--head", "head.txt")
    assert (code, "row 1: is missing: the tail was cut off" in out) == (1, True)


def test_a_ledger_that_was_deleted_is_not_begun_anew(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    (tmp_path / "record" / "ledger.db").unlink()
    code, _, err = run("vault", "put", "ward.jpg", "--purpose", "care")
    assert (code, "the ledger is gone, and its key is there" in err) == (1, True)
    (tmp_path / "record" / "ledger.key").unlink()
    (tmp_path / "record" / "ledger.db").write_bytes(b"")
    code, _, err = run("ledger", "verify")
    assert (code, "cannot read the ledger's key" in err) == (2, True)


def test_rows_that_somebody_damaged_are_told_in_one_line(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    with closing(sqlite3.connect(tmp_path / "record" / "ledger.db")) as thief, thief:
        thief.execute("DROP TRIGGER unseen_event_no_update")
        thief.execute("UPDATE unseen_event SET event = x'7b7d'")
    for words in (("show",), ("prove", "0", "-o", "proof.json"), ("verify",)):
        code, out, err = run("ledger", *words)
        assert (code, err.count("\n"), err.startswith("unseen: error: ")) == (1, 1, True)
    assert out == "row 0: was changed (line 1 of the rows)\n"


def test_a_password_in_a_url_is_not_shown(run: Run) -> None:
    code, _, err = run("ledger", "head", "--ledger", "postgresql://u:s3cret@host/db", "--key", "missing.key")
    assert (code, "there is no ledger at postgresql://host/db" in err, "s3cret" in err) == (2, True, False)
