"""The node under a policy: each object is decided on when it comes, by the policy and the consents of that moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bench.node_peers import until
from tests.dicom.objects import as_file, scan
from tests.engine.governed import agree, found_city, remembered
from unseen.adapters.node_dimse import REFUSED, STORED, UNREADABLE
from unseen.adapters.spool_file import Spool
from unseen.core.access import Access
from unseen.core.consents import ConsentEvent
from unseen.core.dicom import DicomRecipe, parse_options
from unseen.core.dicom_node import Fate
from unseen.core.rights import Restriction
from unseen.crypto.keys import Key
from unseen.crypto.labels import sign_label
from unseen.engine.deletion import label_now
from unseen.engine.dicom.node import Forwarder, Reception
from unseen.engine.dicom.node_gate import open_node_gate
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup
from unseen.engine.governance import open_governance
from unseen.engine.hashing import Hasher
from unseen.errors import Denied

HOSPITAL = """\
unseen: 1
controller: {name: Hospital, contact: privacy@hospital.example}
people:
  olga: {roles: [operator]}
  viktor: {roles: [viewer]}
sources:
  scanners: {senders: [CT1, MR ROOM 2], purposes: [research, care]}
purposes:
  research: {basis: public-task, actions: [dicom], outputs: [dicom], who: [operator]}
  care: {basis: consent, actions: [dicom], outputs: [dicom], who: [operator]}
"""
FILE = as_file(scan())
PATIENT = "PX-556677"


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    return found_city(tmp_path / "hospital", HOSPITAL)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def _node(hospital: Path, stack: ExitStack, purpose: str, options: str = "") -> tuple[Reception, Spool]:
    folder = hospital.parent / "spool"
    kept, gate = open_node_gate(folder, Access(purpose, "olga"), DicomRecipe(parse_options(options)), stack)
    assert gate is not None
    spool = stack.enter_context(Spool(folder))
    tools = open_dicom_tools(DicomSetup(kept, Hasher(Key(b"k" * 32)), folder, folder))
    return Reception(tools, spool, 9, lambda: None, gate), spool


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (Access(), "no purpose is said"),
        (Access("research", "viktor"), "viktor has viewer"),
        (Access("spying", "olga"), "no purpose spying"),
    ],
)
def test_a_node_that_the_policy_does_not_allow_does_not_start(
    hospital: Path, stack: ExitStack, access: Access, told: str
) -> None:
    with pytest.raises(Denied, match=told):
        open_node_gate(hospital.parent / "spool", access, DicomRecipe(), stack)


def test_without_a_policy_nothing_is_asked(tmp_path: Path, stack: ExitStack) -> None:
    assert open_node_gate(tmp_path / "spool", Access(), DicomRecipe(), stack) == (DicomRecipe(), None)


def test_every_object_is_decided_on_when_it_comes(hospital: Path, stack: ExitStack) -> None:
    node, spool = _node(hospital, stack, "research")
    assert node(FILE, "CT1") == STORED
    assert node(as_file(scan(SOPInstanceUID="1.2.3.4.77")), "MR ROOM 2 ") == STORED
    assert len(spool) == 2
    # A sender that no source has, though the node's lists let it in.
    assert node(FILE, "XA9") == REFUSED
    assert node(b"no DICOM", "CT1") == UNREADABLE
    office = stack.enter_context(open_governance(hospital))
    patient = office.subject(PATIENT)
    assert {(made.kind, made.state) for made in office.records.items_of(patient)} == {("dicom", "pseudonymised")}
    # The patient withdraws: the next object is refused, and so is it in every mode.
    record = agree(office, PATIENT, "research")
    office.records.put_consents([record.with_event(ConsentEvent("withdrawn", office.clock()))])
    assert node(FILE, "CT1") == REFUSED
    assert node(as_file(scan(PatientID="OTHER")), "CT1") == STORED
    # The policy is changed, broken and mended while the node runs.
    for text, status in (
        (HOSPITAL.replace("actions: [dicom]", "actions: []"), REFUSED),
        ("purposes: [", REFUSED),
        (HOSPITAL.replace("senders: [CT1, ", "senders: ["), REFUSED),
        (HOSPITAL.replace("who: [operator]}", "who: [operator], keep: {fields: []}}"), REFUSED),
        (HOSPITAL, STORED),
    ):
        hospital.write_text(text, "utf-8")
        assert node(as_file(scan(PatientID="OTHER")), "CT1") == status, text
    assert (node.received, node.denied, node.not_released) == (4, 6, 1)
    events = remembered(hospital.parent)
    cleaned = [event for event in events if event.kind == "dicom.cleaned"]
    assert len(cleaned) == 4
    assert {event.details["policy"] for event in cleaned} == {office.charter.digest()}
    assert PATIENT.encode() not in b"".join(event.encoded() for event in events)
    written = [path.read_bytes() for path in hospital.parent.rglob("*") if path.is_file()]
    assert not any(b"Quimby" in data or b"PX-556677" in data for data in written), "nothing raw is on disk"


def test_consent_is_the_patients(hospital: Path, stack: ExitStack) -> None:
    node, spool = _node(hospital, stack, "care", "retain-patient-characteristics")
    office = stack.enter_context(open_governance(hospital))
    assert node(FILE, "CT1") == REFUSED
    agree(office, PATIENT, "care")
    assert node(FILE, "CT1") == STORED
    (made,) = office.records.items_of(office.subject(PATIENT))
    first = label_now(office, made.item)
    assert first is not None
    tight = replace(first, prohibitions=frozenset({"view"}))
    office.records.relabel(sign_label(tight, office.key))
    assert node(FILE, "CT1") == STORED
    assert label_now(office, made.item) == tight, "the same object made once more has the label that it had"
    assert node(as_file(scan(PatientID="")), "CT1") == REFUSED, "nobody knows whose it is"
    assert len(spool) == 1


def test_what_waits_is_not_sent_once_its_patient_restricts_processing(hospital: Path, stack: ExitStack) -> None:
    folder = hospital.parent / "spool"
    kept, gate = open_node_gate(folder, Access("research", "olga"), DicomRecipe(), stack)
    assert gate is not None
    spool = stack.enter_context(Spool(folder))
    tools = open_dicom_tools(DicomSetup(kept, Hasher(Key(b"k" * 32)), folder, folder))
    node = Reception(tools, spool, 9, lambda: None, gate)
    assert [node(FILE, "CT1"), node(as_file(scan(PatientID="OTHER", SOPInstanceUID="1.2.3.9")), "CT1")] == [STORED] * 2
    office = stack.enter_context(open_governance(hospital))
    office.records.rights.restrict(Restriction(office.subject(PATIENT), "disputed", "0" * 64, 0.0))
    sent: list[Path] = []

    class Target:
        def send(self, files: Sequence[Path]) -> Iterator[tuple[Path, Fate]]:
            sent.extend(files)
            yield from ((file, "stored") for file in files)

    hospital.write_text("purposes: [", "utf-8")
    with Forwarder(spool, Target(), gate, first_wait=0.001) as forwarder:
        until(lambda: bool(forwarder.trouble))
        assert (sent, len(spool)) == ([], 2), "all waits while nobody can decide"
        hospital.write_text(HOSPITAL, "utf-8")
        until(lambda: len(spool) == 0)
    assert (forwarder.forwarded, forwarder.denied, forwarder.refused, len(sent)) == (1, 1, 0, 1)
    assert len([*(folder / "refused").iterdir()]) == 1
    denied = [event for event in remembered(hospital.parent) if event.kind == "access.denied"]
    assert ["restricted" in event.details["reasons"] for event in denied] == [True]  # type: ignore[operator]
