"""`unseen retain`, `hold` and `subject` as people type them: what is printed, and the exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest

from tests.adapters.vault_scenes import SOURCES, keep
from tests.engine.governed import CITY, NOW, Clock, found_city, govern
from unseen.adapters.master_keys import VARIABLE
from unseen.cli.main import main
from unseen.engine.labelling import label_of
from unseen.engine.vault import make_vault, vault_places

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a city's folder, and return its code and what it printed."""
    found_city(tmp_path / "city")
    monkeypatch.chdir(tmp_path / "city")
    for name in ("archive/a.png", "archive/b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(name.encode())

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_retention_is_shown_held_and_carried_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "07" * 32)
    with (
        govern(Path(), Clock(NOW)) as city,  # years ago
        closing(make_vault(vault_places(Path("../safe")), "environment", SOURCES)) as vault,
    ):
        for name in ("archive/a.png", "archive/b.png"):
            keep(vault, label_of(city, Path(name)).item, "care")
    Path("archive/c.png").write_bytes(b"c")
    assert run("label", "tighten", "archive/c.png", "--actor", "dora")[0] == 0
    assert run("hold", "set", "archive/b.png", "--reason", "case 7", "--actor", "dora")[0] == 0
    code, out, _ = run("hold", "list", "--actor", "ada")
    hold = out.split()[0]
    assert (code, "case 7" in out, "1 holds" in out) == (0, True, True)
    code, out, _ = run("retain", "--dry-run", "--actor", "ada")
    assert (code, "archive/a.png" in out, "kept: held: case 7" in out) == (0, True, True)
    assert out.endswith("1 items to delete: 1 files, 0 in the vault; 1 kept; nothing was touched: --apply deletes\n")
    assert run("retain", "--at", "2099-01-01", "--actor", "ada")[1].splitlines()[-1].startswith("2 items to delete")
    assert ", vault\n" in run("retain", "--vault", "../safe", "--actor", "ada")[1]
    with monkeypatch.context() as named:
        named.setenv("UNSEEN_VAULT", "../safe")
        assert ", vault\n" in run("retain", "--actor", "ada")[1]
    monkeypatch.setenv(VARIABLE, "08" * 32)
    assert run("retain", "--apply", "--vault", "../safe", "--actor", "dora")[0] == 2
    monkeypatch.setenv(VARIABLE, "07" * 32)
    assert run("retain", "--apply", "--at", "2099-01-01", "--actor", "dora")[0] == 2
    code, _, err = run("retain", "--apply", "--actor", "ada")
    assert (code, err) == (3, "unseen: error: ada may not apply retention; the policy's people say who may\n")
    code, _, err = run("retain", "--in", "nowhere", "--actor", "ada")
    assert (code, "no such folder" in err) == (2, True)
    assert run("hold", "lift", hold, "--reason", "closed", "--actor", "dora")[0] == 0
    assert run("hold", "lift", hold, "--reason", "closed", "--actor", "dora")[0] == 2
    Path("archive/a.png").write_bytes(b"changed")
    Path("archive/b.png").write_bytes(b"changed, too")
    code, out, err = run("retain", "--apply", "--vault", "../safe", "--actor", "dora")
    assert (code, out, err) == (0, "2 items deleted: 0 files, 2 in the vault\n", "")
    assert sorted(path.name for path in Path("archive").iterdir()) == ["a.png", "b.png", "c.png"]


def test_a_person_is_answered(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("label", "tighten", "archive/a.png", "--subject", "Mia", "--actor", "dora")[0] == 0
    Path("m.onnx").write_bytes(b"weights")
    code, out, _ = run("label", "made", "m.onnx", "--from", "archive/a.png", "--kind", "model", "--actor", "olga")
    assert (code, out) == (0, "m.onnx: raw, for care, research.road-safety, 1 people\n")
    monkeypatch.setattr(sys, "stdin", StringIO("Mia\n"))
    code, out, _ = run("subject", "find", "-", "--actor", "dora")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["photo", "model", "2"]
    monkeypatch.setenv("UNSEEN_MODELS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    code, _, err = run("subject", "find", "Mia", "--match-faces-of", "archive/a.png", "--actor", "dora")
    assert (code, "has not the permission match-faces" in err) == (3, True)
    text = CITY.replace("permissions: [export, view-raw]", "permissions: [match-faces]")
    found_city(Path(), text)
    code, _, err = run("subject", "find", "Mia", "--match-faces-of", "archive/a.png", "--actor", "dora")
    assert (code, len(err.splitlines()), "unseen models add FILE --as sface" in err) == (2, 1, True)
    with pytest.raises(SystemExit):
        run("subject", "access", "Mia", "-o", "../mia", "--show", "archive/a.png=1,2,3", "--actor", "dora")
    for words in (("subject", "restrict", "Mai"), ("hold", "set", "--subject", "Mai")):
        code, out, err = run(*words, "--reason", "disputed", "--actor", "dora")
        assert (code, "0 items now" in out, "check the name" in err) == (0, True, True)
    code, out, err = run("subject", "restrict", "Mia", "--reason", "disputed", "--actor", "dora")
    assert (code, "; 2 items now" in out, err) == (0, True, "")
    code, out, _ = run("policy", "explain", "redact", "--purpose", "care", "--actor", "olga", "--item", "archive/a.png")
    assert (code, "restricted: a person in it" in out) == (3, True)
    assert run("subject", "restrict", "Mia", "--lift", "--reason", "settled", "--actor", "dora")[0] == 0
    code, out, _ = run("subject", "erase", "Mia", "-o", "mia.json", "--actor", "dora")
    assert code == 0
    assert "to be trained again: model" in out
    assert "1 items deleted, in 0 everybody hidden; 1 files" in out
    assert not Path("archive/a.png").exists()
    assert run("lineage", "flagged", "--actor", "dora")[1].endswith("1 models have to be trained again\n")
    code, out, _ = run("subject", "verify", "mia.json", "--public-key", ".unseen/ledger.pub")
    assert (code, out.startswith("signed by unseen-ledger/")) == (0, True)
    assert "1 model flagged to be trained again" in out
    code, _, err = run("subject", "verify", "m.onnx", "--public-key", ".unseen/ledger.pub")
    assert (code, "is no certificate" in err) == (1, True)
    assert run("ledger", "verify", "--ledger", ".unseen/ledger.db")[0] == 0
