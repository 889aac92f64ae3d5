"""`unseen report`: who may write documents, of what, to where; nothing is written where anything is wrong."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.engine.engine_fakes import ROOT
from tests.engine.governed import NOW, Clock, agree, govern, put, remembered
from tests.govern.document_scenes import CARD, redaction_values, study_values
from unseen.cli.main import main
from unseen.core.access import Access
from unseen.core.documents import KINDS, DocumentJob
from unseen.core.labels import Label
from unseen.crypto.labels import sign_label
from unseen.engine.documents import write_documents
from unseen.errors import (
    DamagedInput,
    Denied,
    LabelInvalid,
    LedgerBroken,
    OutputFailed,
    OutputTaken,
    Refused,
    UnreadableInput,
    UnseenError,
    UsageError,
)  # fmt: skip


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A city with a labelled item, a consent, decisions in its ledger, and two reports; the working folder."""
    root = tmp_path / "city"
    with govern(root) as governance:
        label = put(governance, Label("a" * 64, "raw", frozenset({"research"})))
        put(governance, Label("b" * 64, "raw", frozenset({"research"}), retain_until=NOW - 1))
        agree(governance, "Mia Example", "care")
        for action in ("redact", "train"):
            decided = governance.gate.decide(governance.request(action, "research", "olga", label.item))
            governance.gate._write_down(decided, label)
        signed = sign_label(Label("c" * 64, "contextual", frozenset({"research"})), governance.key).as_dict()
    (root / "report.json").write_text(json.dumps(redaction_values(**signed)), "utf-8")
    (root / "dicom.json").write_text(json.dumps(study_values()), "utf-8")
    monkeypatch.chdir(root)
    return root


def _job(kind: str = "ropa", output: str = "out.json", actor: str = "dora", **more: Any) -> DocumentJob:
    reports = (Path("report.json"), Path("dicom.json"))
    return DocumentJob(kind, (Path(output),), **{"reports": reports, "access": Access(actor=actor), **more})


def _decide(answers: dict[str, Any]) -> Path:
    values = {"decided_by": "Dora Example", "decided_on": "2026-11-26", "answers": answers}
    Path("decisions.yaml").write_text(json.dumps(values), "utf-8")
    return Path("decisions.yaml")


def test_every_kind_is_written_in_every_format_and_the_ledger_says_so(
    city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for kind in KINDS:
        names = [f"docs/{kind}{ending}" for ending in (".html", ".md", ".json")]
        names = names[:2] if kind == "dataset-card" else names
        outputs = [word for name in names for word in ("-o", name)]
        code = main(["report", kind, *outputs, "--from", "report.json", "--from", "dicom.json", "--actor", "ada"])
        printed = capsys.readouterr().out
        assert code == 0
        assert printed.startswith(f"{kind}: ")
        assert " MISSING -> " in printed
        files.append([Path(name).read_bytes() for name in names])
    schema = json.loads((ROOT / "docs" / "document.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for kind in schema["properties"]["kind"]["enum"]:
        jsonschema.Draft202012Validator(schema).validate(json.loads(Path(f"docs/{kind}.json").read_text("utf-8")))
    written = [event for event in remembered(city) if event.kind == "document.written"]
    assert [event.details["document"] for event in written] == list(KINDS)
    assert [event.details["sha256"] for event in written] == [
        ",".join(hashlib.sha256(data).hexdigest() for data in each) for each in files
    ]
    assert {len(event.actor) for event in written} == {64}


def test_a_document_tells_what_records_and_ledger_hold(city: Path) -> None:
    write_documents(_job(), Clock())
    text = Path("out.json").read_text("utf-8")
    for told in (
        "1 allowed (redact 1)", "1 refused (train 1)", "2 items: 2 raw", "2 on record", "1 are past the end",
        "On record: 1 given", "Obtained by web-form", "1 labels in it are genuine", "made under other rules",
        "1 results carry them, signed with certificate dddddddddddddddd",
    ):  # fmt: skip
        assert told in text
    assert "Mia" not in text
    values = json.loads(text)
    assert [each["name"] for each in values["inputs"]] == ["unseen.yaml", "ledger", "report.json", "dicom.json"]
    for each in values["inputs"]:
        if each["name"] != "ledger":
            assert each["digest"] == hashlib.sha256(Path(each["name"]).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"actor": "olga"}, Denied, "olga may not write documents"),
        ({"actor": "nobody"}, Denied, "nobody may not"),
        ({"output": "street/a.html"}, Refused, "among the policy's sources"),
        ({"output": "report.json"}, OutputTaken, "is there already"),
        ({"output": "out.pdf"}, UsageError, ".html, .md, .json"),
        ({"outputs": ()}, UsageError, "say where"),
        ({"outputs": (Path("a.md"), Path("./a.md"))}, UsageError, "one name"),
        ({"reports": (Path("nothing.json"),)}, UnreadableInput, "cannot be read"),
        ({"reports": (Path("unseen.yaml"),)}, DamagedInput, "is no JSON"),
        ({"reports": (Path("decisions.yaml"),)}, UsageError, "is no report"),
        ({"decisions": Path("report.json")}, UsageError, "decisions have decided_by"),
        ({"access": Access("trade", "dora")}, UsageError, "no purpose trade"),
        ({"kind": "notice", "language": "xx"}, UsageError, "choose from en"),
        ({"complete": True}, Refused, "MISSING: controller-address, joint-controllers"),
        ({"kind": "safe-harbor", "reports": ()}, UsageError, "is made of reports"),
        ({"kind": "dataset-card"}, Refused, "license: is missing"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    city: Path, more: dict[str, Any], error: type[UnseenError], told: str
) -> None:
    _decide({})
    job = _job(**{key: value for key, value in more.items() if key != "outputs"})
    if "outputs" in more:
        job = DocumentJob(job.kind, more["outputs"], job.reports, access=job.access)
    before = {path: path.read_bytes() for path in city.iterdir() if path.is_file()}
    with pytest.raises(error, match=told):
        write_documents(job, Clock())
    assert {path: path.read_bytes() for path in city.iterdir() if path.is_file()} == before
    assert not [event for event in remembered(city) if event.kind == "document.written"]


def test_without_a_policy_reports_alone_make_what_needs_no_more(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "dicom.json").write_bytes(Path("dicom.json").read_bytes())
    monkeypatch.chdir(alone)
    done = write_documents(_job("safe-harbor", reports=(Path("dicom.json"),)))
    assert "safe-harbor-p" in done.missing
    with pytest.raises(UsageError, match="is made of a policy"):
        write_documents(_job("ropa", "other.json", reports=(Path("dicom.json"),)))


def test_a_whole_card_is_written_and_so_is_what_is_complete(city: Path) -> None:
    unsure = write_documents(_job("dataset-card", "unsure.json", decisions=_decide(CARD)), Clock())
    assert "card-use" in unsure.missing
    done = write_documents(_job("dataset-card", decisions=_decide(CARD), access=Access("research", "dora")), Clock())
    card = json.loads(Path("out.json").read_text("utf-8"))
    assert card["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    # Some results have labels, DICOM objects have none in reports: what they may be used for is said by the purpose.
    assert {each["name"] for each in card["usageInfo"]} == {"research", "research.road-safety"}
    assert set(done.missing) == {
        "card-version", "card-collection", "card-biases", "card-social-impact", "card-maintenance",
        "research.road-safety/purpose",
    }  # fmt: skip
    decided = _decide({"notice-url": "https://city.example/cameras"})
    sign = _job("sign", "sign.html", decisions=decided, complete=True, access=Access("research", "anton"))
    assert write_documents(sign, Clock()).missing == ()


def test_reports_of_one_name_are_told_apart(city: Path) -> None:
    Path("again").mkdir()
    Path("again/report.json").write_text(json.dumps(redaction_values()), "utf-8")
    write_documents(_job("dpia", "out.md", reports=(Path("report.json"), Path("again/report.json"))), Clock())
    text = Path("out.md").read_text("utf-8")
    assert "report.json (2)#/totals/files" in text
    assert "again/" not in text


def test_a_label_that_was_changed_in_a_report_is_found(city: Path) -> None:
    values = json.loads(Path("report.json").read_text("utf-8"))
    values["files"][0]["label"]["state"] = "aggregated"
    Path("report.json").write_text(json.dumps(values), "utf-8")
    with pytest.raises(LabelInvalid, match=r"report\.json#/files/0/label: the label was changed"):
        write_documents(_job(), Clock())


def test_a_changed_ledger_makes_no_document(city: Path) -> None:
    with closing(sqlite3.connect(".unseen/ledger.db")) as database, database:
        database.execute("DROP TRIGGER IF EXISTS unseen_event_update")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE unseen_event SET event = replace(event, 'train', 'trade')")
    with pytest.raises(LedgerBroken, match="was changed"):
        write_documents(_job(), Clock())
    assert not Path("out.json").exists()


def test_all_formats_are_written_or_none(city: Path) -> None:
    Path("there").write_text("a file, not a folder", "utf-8")
    job = DocumentJob("ropa", (Path("a.html"), Path("there/b.md")), access=Access(actor="dora"))
    with pytest.raises(OutputFailed):
        write_documents(job, Clock())
    assert sorted(path.name for path in Path().iterdir() if path.suffix in (".html", ".md", ".part")) == []
