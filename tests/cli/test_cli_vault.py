"""`unseen vault` and `unseen ledger` as a hospital uses them: in, out for a purpose, withdrawn, erased, and proved."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from unseen.cli.main import main
from unseen.crypto.labels import sign_label
from unseen.engine.governance import open_governance
from unseen.engine.labelling import label_of

Run = Callable[..., tuple[int, str, str]]

_POLICY = """\
unseen: 1
controller: {name: Hospital, contact: privacy@hospital.example}
people:
  dr-grey: {roles: [operator], permissions: [view-raw]}
  viktor: {roles: [viewer]}
  olga: {roles: [operator]}
sources:
  ward: {paths: ["*.jpg"], purposes: [care, teaching, advertising]}
purposes:
  care: {basis: contract, actions: [store, view, view-raw], who: [operator]}
  teaching: {basis: contract, actions: [store, view], who: [operator]}
  advertising: {basis: contract, actions: [view-raw], who: [operator]}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder that holds a photo and a policy, and return its code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNSEEN_VAULT", str(tmp_path / "safe" / "vault"))
    # The policy's own ledger.
    monkeypatch.setenv("UNSEEN_LEDGER", str(tmp_path / ".unseen" / "ledger.db"))
    monkeypatch.setenv("UNSEEN_VAULT_KEY", "0f" * 32)
    monkeypatch.setenv("LOGNAME", "dr-grey")
    (tmp_path / "unseen.yaml").write_text(_POLICY, "utf-8")
    (tmp_path / "ward.jpg").write_bytes(b"a photo of the ward")
    (tmp_path / "bed.jpg").write_bytes(b"a photo of a bed")

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
    # The policy allows it, and there is no wrap.
    code, _, err = run(*take, "--purpose", "advertising", "--unsafe-view-raw")
    assert (code, "ward.jpg: nothing opens it for advertising" in err) == (3, True), err
    # There is a wrap, and the policy does not allow it.
    code, _, err = run(*take, "--purpose", "teaching", "--unsafe-view-raw")
    assert (code, "teaching allows store, view, not view-raw" in err) == (3, True), err
    for actor, told in (("viktor", "viktor has viewer"), ("olga", "has not the permission view-raw")):
        code, _, err = run(*take, "--purpose", "care", "--unsafe-view-raw", "--actor", actor)
        assert (code, told in err) == (3, True), err
    assert not (tmp_path / "out.jpg").exists()
    assert run(*take, "--purpose", "care", "--unsafe-view-raw")[0] == 0
    assert (tmp_path / "out.jpg").read_bytes() == b"a photo of the ward"
    assert (tmp_path / "out.jpg").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "out.jpg.label.json").read_text())["state"] == "raw"
    code, _, err = run(*take, "--purpose", "care", "--unsafe-view-raw")
    assert (code, "is there already" in err) == (1, True)
    code, _, err = run("vault", "get", "other", "-o", "x", "--purpose", "care")
    assert (code, "other: is not in the vault" in err) == (3, True)
    kinds = _kinds(run)
    assert kinds[:5] == ["vault.made", "label.issued", "access.allowed", "access.allowed", "vault.sealed"]
    assert kinds[-3:] == ["access.allowed", "vault.unsafe-view-raw", "access.denied"]
    assert kinds.count("access.denied") == 5


def test_a_mode_that_only_tells_lets_nothing_raw_out_and_says_what_else_it_lets_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "unseen.yaml").write_text(f"mode: warn\n{_POLICY}", "utf-8")
    assert run("vault", "init", "--unlock", "environment")[0] == 0
    assert run("vault", "put", "ward.jpg", "--purpose", "care")[0] == 0
    take = ("vault", "get", "ward.jpg", "-o", "out.jpg", "--purpose", "care", "--actor", "viktor")
    code, _, err = run(*take, "--unsafe-view-raw")
    assert (code, "viktor has viewer" in err, (tmp_path / "out.jpg").exists()) == (3, True, False), err
    with open_governance(tmp_path / "unseen.yaml") as office:
        label = label_of(office, tmp_path / "ward.jpg")
        office.records.relabel(sign_label(replace(label, state="contextual"), office.key))
    code, _, err = run(*take)
    assert (code, "ward.jpg: the policy would refuse it: viktor has viewer" in err) == (0, True), err


def test_what_the_policy_does_not_let_in_is_not_sealed(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    for words, told in (
        (("--purpose", "care", "--purpose", "advertising"), "advertising allows view-raw, not store"),
        (("--purpose", "care", "--actor", "viktor"), "viktor has viewer"),
        (("--purpose", "spying"), "the policy has no purpose spying"),
    ):
        code, _, err = run("vault", "put", "ward.jpg", *words)
        assert (code, told in err) == (3, True), err
    (tmp_path / "found.png").write_bytes(b"from nowhere")
    code, _, err = run("vault", "put", "found.png", "--purpose", "care")
    assert (code, "it has no label" in err) == (3, True)
    assert not list((tmp_path / "safe" / "vault").glob("items/*/*"))


def test_without_a_policy_nothing_goes_in_or_out(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    run("vault", "put", "ward.jpg", "--purpose", "care")
    (tmp_path / "unseen.yaml").unlink()
    for words in (("put", "bed.jpg", "--purpose", "care"), ("erase", "ward.jpg"),
                  ("get", "ward.jpg", "-o", "x", "--purpose", "care", "--unsafe-view-raw")):  # fmt: skip
        code, _, err = run("vault", *words)
        assert (code, "without a policy nothing goes into a vault" in err) == (3, True)
    # Another policy, which allows more, knows no such item.
    other = tmp_path / "elsewhere" / "unseen.yaml"
    other.parent.mkdir()
    other.write_text(_POLICY, "utf-8")
    under = ("--policy", str(other))
    code, _, err = run("vault", "get", "ward.jpg", "-o", "x", "--purpose", "care", "--unsafe-view-raw", *under)
    assert (code, "is not in the vault" in err) == (3, True)


def test_what_is_withdrawn_rotated_and_erased_is_said_and_recorded(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    run("vault", "put", "ward.jpg", "--purpose", "care", "--purpose", "teaching")
    run("vault", "put", "bed.jpg", "--as", "other", "--purpose", "care")
    code, _, err = run("vault", "put", "ward.jpg", "--as", "again", "--purpose", "care")
    assert (code, "again: is in the vault already" in err) == (1, True)
    for words in (("withdraw", "ward.jpg", "--purpose", "care"), ("erase", "ward.jpg"), ("rotate",)):
        code, _, err = run("vault", *words, "--actor", "viktor")
        assert (code, "viktor may not keep vault" in err) == (3, True)
    assert (
        run("vault", "withdraw", "ward.jpg", "--purpose", "teaching")[1] == "ward.jpg: opens no longer for teaching\n"
    )
    assert run("vault", "withdraw", "ward.jpg", "--purpose", "teaching")[1] == "ward.jpg: did not open for teaching\n"
    assert run("vault", "rotate")[1].startswith("2 wraps made under a new key")
    assert run("vault", "erase", "ward.jpg", "never")[1].startswith("1 of 2 items erased")
    assert run("vault", "get", "ward.jpg", "-o", "x", "--purpose", "care", "--unsafe-view-raw")[0] == 3
    assert run("vault", "get", "other", "-o", "x", "--purpose", "care", "--unsafe-view-raw")[0] == 0
    _, out, _ = run("ledger", "show", "--reveal")
    assert out.count("item=(forgotten)") >= 5, "the salts of what was erased are gone"
    assert "dr-grey" in out.splitlines()[0]
    assert not any(name in out for name in ("ward.jpg", "bed.jpg", "other"))
    # What was erased can be put in again.
    assert run("vault", "put", "ward.jpg", "--purpose", "care")[0] == 0


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
    assert run("ledger", "prove", "3", "-o", "proof.json")[0] == 0
    public = ("--public-key", ".unseen/ledger.pub")
    code, out, _ = run("ledger", "verify", "export.jsonl", *public, "--head", "head.txt")
    assert (code, out.startswith("5 events of unseen-ledger/"), "of 4 events, is in its past" in out) == (0, True, True)
    assert run("ledger", "verify", "export.jsonl", *public, "--every-signature")[0] == 0
    code, out, _ = run("ledger", "verify", "proof.json", *public)
    assert (code, out.startswith("event 3 is in the ledger"), "vault.sealed" in out) == (0, True, True)
    assert run("ledger", "prove", "--head", "head.txt", "-o", "growth.json")[0] == 0
    code, out, _ = run("ledger", "verify", "growth.json", *public)
    assert (code, "of 5 events, grew out of the head of 4" in out) == (0, True)
    assert (
        run("ledger", "prove", "-o", "other.json")[0]
        == run("ledger", "prove", "1", "--head", "head.txt", "-o", "x")[0]
        == 2
    )
    export = (tmp_path / "export.jsonl").read_bytes()
    (tmp_path / "export.jsonl").write_bytes(export.replace(b"care", b"cars"))
    code, out, err = run("ledger", "verify", "export.jsonl", *public)
    assert (code, "row 2: was changed" in out, "not the ledger that was signed" in err) == (1, True, True)
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
    run("vault", "put", "bed.jpg", "--as", "other", "--purpose", "care")
    run("vault", "erase", "other")
    assert run("vault", "get", "ward.jpg", "-o", "out.jpg", "--purpose", "care", "--unsafe-view-raw")[0] == 0
    assert (tmp_path / "out.jpg").read_bytes() == b"a photo of the ward"
    assert not (tmp_path / "safe" / "vault" / "items").exists()
    assert len([path for path in (tmp_path / "bucket").rglob("*") if path.is_file()]) == 2
    code, _, err = run("vault", "init", "--vault", "v2", "--unlock", "environment", "--items", "nosuch://x")
    assert (code, "cannot be used as a store of files" in err, (tmp_path / "v2.key").exists()) == (2, True, False)


def test_a_ledger_that_was_cut_is_found_by_the_head_that_was_kept(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    saved = {path.name: path.read_bytes() for path in (tmp_path / ".unseen").iterdir()}
    run("vault", "put", "ward.jpg", "--purpose", "care")
    (tmp_path / "head.txt").write_text(run("ledger", "head")[1])
    assert run("ledger", "verify", "--head", "head.txt")[0] == 0
    for path in (tmp_path / ".unseen").iterdir():
        path.unlink()
    for name, data in saved.items():
        (tmp_path / ".unseen" / name).write_bytes(data)
        (tmp_path / ".unseen" / name).chmod(0o600)
    assert run("ledger", "verify")[0] == 0
    code, out, _ = run("ledger", "verify", "--head", "head.txt")
    assert (code, "rows 1 to 3: are missing: the tail was cut off" in out) == (1, True)


def test_a_ledger_that_was_deleted_is_not_begun_anew(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    (tmp_path / ".unseen" / "ledger.db").unlink()
    code, _, err = run("vault", "put", "ward.jpg", "--purpose", "care")
    assert (code, "the ledger is gone, and its key is there" in err) == (1, True)
    (tmp_path / ".unseen" / "ledger.key").unlink()
    (tmp_path / ".unseen" / "ledger.db").write_bytes(b"")
    code, _, err = run("ledger", "verify")
    assert (code, "cannot read the ledger's key" in err) == (2, True)


def test_rows_that_somebody_damaged_are_told_in_one_line(run: Run, tmp_path: Path) -> None:
    run("vault", "init", "--unlock", "environment")
    with closing(sqlite3.connect(tmp_path / ".unseen" / "ledger.db")) as thief, thief:
        thief.execute("DROP TRIGGER unseen_event_no_update")
        thief.execute("UPDATE unseen_event SET event = x'7b7d'")
    for words in (("show",), ("prove", "0", "-o", "proof.json"), ("verify",)):
        code, out, err = run("ledger", *words)
        assert (code, err.count("\n"), err.startswith("unseen: error: ")) == (1, 1, True)
    assert out == "row 0: was changed (line 1 of the rows)\n"


def test_a_password_in_a_url_is_not_shown(run: Run) -> None:
    code, _, err = run("ledger", "head", "--ledger", "postgresql://u:s3cret@host/db", "--key", "missing.key")
    assert (code, "there is no ledger at postgresql://host/db" in err, "s3cret" in err) == (2, True, False)
