"""Structured reports: replaced as a whole by the Basic Profile, item by item with Clean Structured Content."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID
from pydicom.valuerep import DA

from tests.dicom.objects import as_file, clean, opened

_SR = UID("1.2.840.10008.5.1.4.1.1.88.22")


def _item(kind: str, code: str, scheme: str = "DCM", **values: Any) -> Dataset:
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = code, scheme, "a concept"
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", kind, Sequence([concept])
    for name, value in values.items():
        setattr(item, name, value)
    return item


def _report() -> Dataset:
    measured = Dataset()
    measured.NumericValue = "12.5"
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = _SR, UID("1.2.3.4.5.6.7.20.1")
    data.StudyInstanceUID, data.SeriesInstanceUID = UID("1.2.3.4.5.6.7.20.2"), UID("1.2.3.4.5.6.7.20.3")
    data.PatientName, data.PatientID, data.Modality = "Quimby^Erasmus", "PX-556677", "SR"
    data.ContentDate, data.ContentTime, data.ValueType = "20190304", "101112", "CONTAINER"
    data.ContentSequence = Sequence(
        [
            _item("PNAME", "121008", PersonName="Okafor^Wanda"),
            _item("TEXT", "121022", TextValue="ACC77123"),
            _item("TEXT", "121071", TextValue="Liver lesion of Quimby, 3 cm"),
            _item("TEXT", "99999", "99ACME", TextValue="mass in liver, seen by Okafor"),
            _item("NUM", "121206", MeasuredValueSequence=Sequence([measured])),
            _item("UIDREF", "112040", UID="1.2.3.4.5.6.7.20.99"),
            _item("DATE", "126201", Date="20190301"),
            _item("DATE", "99998", "99ACME", Date="20190304"),
            _item("CONTAINER", "111", ContentSequence=Sequence([_item("TEXT", "121106", TextValue="Quimby moved")])),
        ]
    )
    return data


def test_basic_profile_leaves_one_item_that_says_so() -> None:
    data = opened(clean(as_file(_report())))
    (item,) = data.ContentSequence
    assert (item.ValueType, item.TextValue) == ("TEXT", "REMOVED")


def test_clean_structured_content_goes_item_by_item() -> None:
    made = clean(as_file(_report()), "clean-structured-content,clean-descriptors,retain-modified-dates")
    assert [word for word in (b"Quimby", b"Okafor", b"ACC77123", b"20190304", b"20.99") if word in made.data] == []
    items = {item.ConceptNameCodeSequence[0].CodeValue: item for item in opened(made).ContentSequence}
    assert list(items) == ["121008", "121071", "99999", "121206", "112040", "126201", "99998", "111"]
    assert items["121008"].PersonName == "REMOVED"
    assert items["121071"].TextValue == "Liver lesion of , 3 cm"
    assert items["99999"].TextValue == "mass in liver, seen by"
    assert items["121206"].MeasuredValueSequence[0].NumericValue == 12.5
    assert items["112040"].UID.startswith("2.25.")
    assert items["111"].ContentSequence[0].TextValue == "REMOVED"


def test_dates_in_reports_keep_their_distance() -> None:
    options = "clean-structured-content,retain-modified-dates"
    items = opened(clean(as_file(_report()), options)).ContentSequence
    first, second = (DA(item.Date) for item in items if "Date" in item)
    assert (second - first).days == 3
