"""What ties the files of a run together: one patient stays one patient, one UID becomes one other."""

from __future__ import annotations

from pydicom.dataset import Dataset

from tests.verify.dicom_pairs import NEW, cleaned, original, saved
from unseen.verify.dicom.check import Checked, check
from unseen.verify.dicom.study import Consistency

SALT = b"of this run"


def checked(before: Dataset, after: Dataset, kept: tuple[str, ...] = ()) -> Checked:
    return check(saved(before), saved(after), kept, salt=SALT)


def test_same_values_become_the_same_in_every_file() -> None:
    run = Consistency()
    for _ in range(3):
        assert run.add(checked(original(), cleaned()).links) == ()


def test_uid_that_became_two_is_a_contradiction() -> None:
    run, other = Consistency(), cleaned()
    run.add(checked(original(), cleaned()).links)
    other.StudyInstanceUID = NEW[3] + "9"
    assert {f.kind for f in run.add(checked(original(), other).links)} == {"uid-consistent"}


def test_two_uids_that_became_one_are_a_contradiction() -> None:
    run, other = Consistency(), original()
    run.add(checked(original(), cleaned()).links)
    other.StudyInstanceUID = "1.2.826.0.1.3680043.10.77.4711.99"
    assert {f.kind for f in run.add(checked(other, cleaned()).links)} == {"uid-consistent"}


def test_patient_who_became_two_is_a_contradiction() -> None:
    run, other = Consistency(), cleaned()
    run.add(checked(original(), cleaned()).links)
    other.PatientID = "P0000002"
    assert {f.kind for f in run.add(checked(original(), other).links)} == {"patient-consistent"}


def test_dates_of_a_patient_are_shifted_by_the_same_days_in_all_files() -> None:
    run, kept = Consistency(), ("retain-modified-dates",)
    first, second = cleaned(), cleaned()
    first.StudyDate, second.StudyDate = "20180101", "20180102"
    assert run.add(checked(original(), first, kept).links) == ()
    assert {f.kind for f in run.add(checked(original(), second, kept).links)} == {"interval"}


def test_links_hold_no_values() -> None:
    links = checked(original(), cleaned()).links
    assert links
    assert not any(b"4711" in part or b"Torv" in part for link in links for part in (link.before, link.after))
    assert set(links).isdisjoint(check(saved(original()), saved(cleaned()), salt=b"of another run").links)
