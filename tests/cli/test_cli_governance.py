"""The commands about policies, consents, labels and lineage, as a user runs them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.governed import CITY, found_city
from unseen.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder under a policy, in which the commands are run."""
    root = tmp_path / "city"
    found_city(root)
    (root / "archive").mkdir()
    (root / "archive" / "a.png").write_bytes(b"a")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def unseen(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def test_a_policy_is_begun_checked_and_faults_are_told_with_lines(unseen: Run, tmp_path: Path) -> None:
    path = tmp_path / "new" / "unseen.yaml"
    assert unseen("policy", "init", tmp_path / "new", "--actor", "ann")[0] == 0
    code, out, _ = unseen("policy", "check", path)
    assert (code, out.startswith(f"{path}: 1 purposes, 1 sources, 1 people, mode enforce")) == (0, True)
    path.write_text(path.read_text("utf-8").replace("[operator]", "[operater]").replace("90 days", "long"), "utf-8")
    code, out, err = unseen("policy", "check", path)
    assert (code, out.count("\n"), "2 faults in all" in err) == (2, 1, True)
    assert f"{path}:24: purposes.research.retention" in out + err


def test_old_rules_in_toml_are_checked_too(unseen: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('require_verify = "full"\n')
    assert unseen("policy", "check", tmp_path / "p.toml")[:2] == (
        0, f"{tmp_path / 'p.toml'}: rules on recipes, and no purposes\n",
    )  # fmt: skip


def test_rules_are_checked_with_the_policy(unseen: Run, city: Path) -> None:
    found_city(city, f"rules: [r.cedar]\n{CITY}")
    assert "cannot read the rules" in unseen("policy", "check", "unseen.yaml")[2]
    (city / "r.cedar").write_text("forbid (principal, action, resource) when { resource.x };")
    assert "does not fit the schema" in unseen("policy", "check", "unseen.yaml")[2]


def test_explain_says_what_would_be_and_why(unseen: Run, city: Path) -> None:
    words = ("policy", "explain", "redact", "--purpose", "research.road-safety")
    code, out, _ = unseen(*words, "--actor", "olga", "--item", "archive/a.png")
    assert (code, out.splitlines()[0]) == (0, "label: raw, for care, research.road-safety")
    assert "  must verify: full" in out.splitlines()
    code, out, _ = unseen(*words, "--actor", "viktor")
    assert (code, out.splitlines()[-2:]) == (
        3,
        ["refused:", "  role: viktor has viewer, and redact for research.road-safety is for operator"],
    )  # fmt: skip


def test_diff_says_what_is_wider(unseen: Run, city: Path, tmp_path: Path) -> None:
    text = CITY.replace("retention: 90 days", "retention: 2 years").replace("view-raw, export]", "view-raw]")
    new = tmp_path / "new.yaml"
    new.write_text(f"mode: warn\n{text}", "utf-8")
    code, out, _ = unseen("policy", "diff", "unseen.yaml", new)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["wider", "mode:"], ["wider", "purposes:"], ["narrower", "purposes:"], ["wider", "purposes:"],
        ["narrower", "purposes:"],
    ]  # fmt: skip
    assert "wider     purposes: research: retention: 90 days -> 730.5 days" in out.splitlines()
    assert unseen("policy", "diff", "unseen.yaml", new, "--refuse-wider")[0] == 3
    assert unseen("policy", "diff", "unseen.yaml", "unseen.yaml", "--refuse-wider")[:2] == (0, "the two decide alike\n")


def test_simulate_tries_a_new_policy_on_what_is_on_record(unseen: Run, city: Path, tmp_path: Path) -> None:
    unseen("label", "show", "archive/a.png", "--actor", "dora")
    new = tmp_path / "new.yaml"
    new.write_text(CITY.replace("actions: [redact, view]", "actions: [view]"), "utf-8")
    code, out, _ = unseen("policy", "simulate", new)
    assert code == 0
    assert "redact for research.road-safety by olga: 1 items would be refused (research.road-safety allows view" in out
    assert out.splitlines()[-1].endswith("decisions tried, 2 would be others")
    assert unseen("label", "tighten", "archive/a.png", "--subject", "Mia", "--actor", "dora")[0] == 0
    assert unseen("subject", "restrict", "Mia", "--reason", "disputed", "--actor", "dora")[0] == 0
    assert unseen("policy", "simulate", new)[1].splitlines()[-1].endswith("0 would be others"), "neither uses it"


def test_a_persons_consent_from_the_first_form_to_the_withdrawal(
    unseen: Run, city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (city / "form.pdf").write_bytes(b"signed")
    words = ("--purpose", "care", "--actor", "dora")
    proof = ("--notice", "v3", "--language", "de", "--method", "paper-form", "--proof", "form.pdf")
    assert unseen("consent", "add", "--subject", "Mia", *words)[0] == 2
    code, out, _ = unseen(
        "consent", "add", "--subject", "Mia", *words, *proof, "--at", "2026-01-01", "--until", "2026-02-01"
    )
    assert (code, out.startswith("given for care: record ")) == (0, True)
    assert ": expired since 2026-01-01T00:00:00Z, until 2026-02-01" in unseen("consent", "list", "--actor", "ada")[1]
    assert unseen("consent", "add", "--subject", "Mia", *words, *proof, "--renewed")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("Mia\n"))
    code, out, _ = unseen("consent", "withdraw", "--subject", "-", *words)
    assert (code, out) == (0, "withdrawn for care, from the next decision on; 0 items are about this person\n")
    (record,) = json.loads(unseen("consent", "list", "--subject", "Mia", "--json", "--actor", "ada")[1])
    assert [event["event_state"] for event in record["events"]] == ["given", "renewed", "withdrawn"]
    assert record["status_term"] == "https://w3id.org/dpv#ConsentWithdrawn"
    assert len(record["events"][0]["proof_sha256"]) == 64
    receipt = json.loads(unseen("consent", "receipt", "--subject", "mia", "--purpose", "care", "--actor", "dora")[1])
    assert receipt["record"] == record
    assert receipt["purpose"]["lawful_basis"] == "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a"
    assert receipt["purpose"]["term"] == "https://w3id.org/dpv#ImproveHealthcare"
    assert receipt["withdrawal"] == "privacy@city.example"
    assert unseen("consent", "receipt", "--subject", "Noah", "--purpose", "care", "--actor", "dora")[0] == 2
    assert unseen("consent", "export", "c.csv", "--actor", "ada")[1] == "1 records -> c.csv\n"
    assert unseen("consent", "import", "c.csv", "--actor", "dora")[1] == "1 records taken in\n"
    assert unseen("consent", "add", "--subject", "Noah", "--refused", *words)[0] == 0


def test_labels_and_lineage_on_the_command_line(unseen: Run, city: Path) -> None:
    code, out, _ = unseen("label", "show", "archive/a.png", "--actor", "ada")
    assert (code, json.loads(out)["state"]) == (0, "raw")
    assert unseen("label", "show", "archive/a.png", "--actor", "viktor")[0] == 3
    code, out, _ = unseen(
        "label", "tighten", "archive/a.png", "--subject", "Mia", "--prohibit", "export", "--actor", "dora"
    )
    assert (code, out) == (0, "a.png: 1 people, export prohibited; 0 items made from it, too\n")
    words = ("label", "override", "archive/a.png", "--state", "contextual", "--reason", "an empty road")
    assert "proposed" in unseen(*words, "--actor", "dora")[1]
    assert "is contextual now" in unseen(*words, "--actor", "anton")[1]
    assert unseen("lineage", "made-from", "archive/a.png", "--actor", "ada")[1] == "0 items were made from it\n"
    out = unseen("lineage", "models-of", "Mia", "--actor", "ada")[1]
    assert out == "0 models were trained on what this person is in\n"
    assert unseen("lineage", "models-of", "Mia", "--actor", "olga")[0] == 3


def test_without_a_policy_these_commands_say_how_to_begin(
    unseen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = unseen("consent", "list")
    assert (code, "unseen policy init" in err) == (2, True)
