"""`unseen release` and `unseen dicom` under a policy: what is not allowed is refused, what comes out is labelled."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.dicom.objects import as_file, scan
from tests.engine.governed import found_city, remembered
from tests.engine.release_scenes import Scripted, counts_table, desk, job
from unseen.core.access import Access
from unseen.core.dicom import DicomJob, DicomRecipe, parse_options
from unseen.core.releases import ReleaseJob
from unseen.core.rights import Restriction
from unseen.crypto.labels import check_label
from unseen.engine.admission import admit
from unseen.engine.budgets import ledger_at, set_budget
from unseen.engine.dicom.dicom import run_dicom
from unseen.engine.dicom.report import DicomReport
from unseen.engine.governance import label_path, open_governance
from unseen.engine.publish import Desk, account_of, publish
from unseen.engine.subjects import dossier
from unseen.errors import BudgetSpent, Denied, OutputFailed, Refused

TOWN = """\
unseen: 1
controller: {name: Town, contact: privacy@town.example}
people:
  olga: {roles: [operator]}
  viktor: {roles: [viewer]}
sources:
  counts: {paths: [counts/], purposes: [statistics]}
  ward: {paths: [ward/], purposes: [research]}
purposes:
  statistics:
    term: dpv:ScientificResearch
    basis: public-task
    actions: [release]
    outputs: [table]
    who: [operator]
    budget: {epsilon: 1.5}
  research:
    term: dpv:ScientificResearch
    basis: public-task
    actions: [dicom]
    outputs: [dicom]
    who: [operator]
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A folder under a policy, with a table of counts and a study."""
    found_city(tmp_path / "town", TOWN)
    for folder in ("counts", "ward", "elsewhere"):
        (tmp_path / "town" / folder).mkdir()
    counts_table(tmp_path / "town" / "counts" / "t.parquet")
    (tmp_path / "town" / "ward" / "Quimby").write_bytes(as_file(scan()))
    return tmp_path / "town"


def _release(town: Path, name: str = "a.csv", **more: Any) -> ReleaseJob:
    said = {"purpose": "statistics", "actor": "olga", "per": "ever", "epsilon": Fraction(1), **more}
    return job(town, town / "counts" / "t.parquet", output=town / name, **said)


def _desk(asked: ReleaseJob) -> Desk:
    return desk(Scripted(asked.ledger, lambda _: None))


def _state(town: Path, path: Path) -> str:
    with open_governance(town / "unseen.yaml") as governance:
        _, signed = governance.take_in(path)
        assert signed is not None
        return check_label(signed, governance.key, governance.item(path)).state


def test_what_is_released_is_labelled_as_an_aggregate(town: Path) -> None:
    asked = _release(town)
    publish(asked, _desk(asked))
    assert _state(town, town / "a.csv") == "aggregated"


@pytest.mark.parametrize(
    ("said", "told"),
    [({"purpose": "publication"}, "no purpose publication"), ({"actor": "viktor"}, "viktor")],
)
def test_a_release_that_the_policy_does_not_allow_costs_nothing(town: Path, said: dict[str, str], told: str) -> None:
    asked = _release(town, **said)
    at = _desk(asked)
    with pytest.raises(Denied, match=told):
        publish(asked, at)
    assert at.ledger.limit(account_of(asked)) is None
    assert not (town / "a.csv").exists()


def test_the_budget_is_the_policys(town: Path) -> None:
    first, second = _release(town), _release(town, "b.csv")
    at = _desk(first)
    publish(first, at)
    limit = at.ledger.limit(account_of(first))
    assert limit is not None
    assert limit.epsilon == Fraction(3, 2)
    with pytest.raises(BudgetSpent, match=r"1 of 1\.5 is spent"):
        publish(second, at)


def test_a_budget_that_is_larger_than_the_policys_is_refused(town: Path) -> None:
    asked = _release(town)
    with closing(ledger_at(asked.ledger)) as ledger:
        set_budget(ledger, account_of(asked), Fraction(9), Fraction(0), "ever")
    with pytest.raises(Refused, match=r"larger budget than the policy's epsilon 1\.5"):
        publish(asked, _desk(asked))


def test_a_release_has_no_column_that_its_purpose_does_not_keep(town: Path) -> None:
    def keeps(fields: str) -> None:
        found_city(
            town, TOWN.replace("budget: {epsilon: 1.5}", f"budget: {{epsilon: 1.5}}\n    keep: {{fields: [{fields}]}}")
        )

    asked = _release(town)
    at = _desk(asked)
    for fields, told in (
        ("interval_start, class, count", "keeps no column called line"),
        ("interval_start, line, class", "keeps none of count"),
    ):
        keeps(fields)
        with pytest.raises(Denied, match=told):
            publish(asked, at)
    assert at.ledger.limit(account_of(asked)) is None, "no budget is touched"
    keeps("interval_start, line, class, count, count_low, count_high")
    publish(asked, at)
    header = (town / "a.csv").read_text("utf-8").partition("\n")[0]
    assert header == "interval_start,line,class,count,count_low,count_high"


def test_a_study_keeps_of_what_options_retain_only_what_its_purpose_needs(town: Path) -> None:
    found_city(town, TOWN.replace("    outputs: [dicom]\n", "    outputs: [dicom]\n    keep: {fields: [PatientSex]}\n"))
    recipe = DicomRecipe(parse_options("retain-patient-characteristics,clean-descriptors"))
    report = _dicom(town, "ward", purpose="research", actor="olga", recipe=recipe)
    (receipt,) = report.receipts
    assert (receipt.status, receipt.error) == ("released", None)
    written = pydicom.dcmread(town.parent / "out" / str(receipt.output))
    assert written.PatientSex == "M"
    assert not written.get("PatientAge")
    assert not written.get("StudyDescription")
    assert report.recipe.as_dict()["fields"] == ["PatientSex"]


def _dicom(town: Path, source: str, **said: Any) -> DicomReport:
    asked = DicomJob(sources=(town / source,), output=town.parent / "out", workers=1, **said)
    return run_dicom(asked)


def test_a_study_is_labelled_when_it_is_clean(town: Path) -> None:
    report = _dicom(town, "ward", purpose="research", actor="olga")
    (receipt,) = report.receipts
    assert (receipt.status, receipt.error) == ("released", None)
    assert _state(town, town.parent / "out" / str(receipt.output)) == "pseudonymised"


def test_a_study_from_nowhere_is_refused_without_its_name(town: Path) -> None:
    (town / "elsewhere" / "Quimby").write_bytes(as_file(scan()))
    report = _dicom(town, "elsewhere", purpose="research", actor="olga")
    (receipt,) = report.receipts
    assert receipt.status == "failed"
    assert "label" in str(receipt.error)
    assert "Quimby" not in str(receipt.error)
    assert list((town.parent / "out").rglob("*.dcm")) == []


def test_a_study_for_another_purpose_is_refused_before_anything_is_read(town: Path) -> None:
    with pytest.raises(Denied, match="statistics"):
        _dicom(town, "ward", purpose="statistics", actor="olga")
    assert not (town.parent / "out").exists()


def test_what_was_made_of_a_file_that_was_swapped_is_not_labelled(town: Path) -> None:
    study, out = town / "ward" / "Quimby", town.parent / "out.bin"
    out.write_bytes(b"made")
    with admit("dicom", None, [study], Access("research", "olga")) as admission:
        admission.check(study, output="dicom")
        study.write_bytes(as_file(scan(PatientID="OTHER")))
        with pytest.raises(OutputFailed, match="changed while it was worked on"):
            admission.made(out, [study], "dicom")
    assert not label_path(out).exists()


def test_a_patient_who_restricted_processing_is_in_no_study(town: Path) -> None:
    for number, patient in enumerate(["RESTRICTED", "AGREES", "RESTRICTED", "AGREES"]):
        study = scan(
            PatientID=patient, StudyInstanceUID=f"1.2.{patient[0] == 'A':d}.9", SOPInstanceUID=f"1.2.3.{number}"
        )
        (town / "ward" / f"{number}.dcm").write_bytes(as_file(study))
    (town / "ward" / "Quimby").unlink()
    with open_governance(town / "unseen.yaml") as office:
        office.records.rights.restrict(Restriction(office.subject("RESTRICTED"), "disputed", "0" * 64, 0.0))
        report = _dicom(town, "ward", purpose="research", actor="olga")
        by_status = [receipt.status for receipt in sorted(report.receipts, key=lambda each: each.number)]
        assert by_status == ["failed", "released", "failed", "released"]
        assert report.exit_code == 1
        refused = {receipt.error for receipt in report.receipts if receipt.error}
        assert all("a person in it has had processing restricted" in str(told) for told in refused)
        out = town.parent / "out"
        assert len([*out.rglob("*.dcm")]) == 2
        assert [*out.rglob("*.part")] == []
        # Whoever asks for what there is of a patient is given what was made of the scans, too.
        found = dossier(office, office.subject("AGREES"), [out], None)
        assert sorted(len(entry.files) for entry in found.entries) == [1, 1, 1, 1]
        assert sum(entry.label.state == "pseudonymised" for entry in found.entries) == 2
        allowed = [event for event in remembered(town) if event.kind == "access.allowed"]
        assert sum(bool(event.subjects) for event in allowed) == 1, "decided once a patient"
