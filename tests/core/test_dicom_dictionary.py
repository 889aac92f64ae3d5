"""The standard's dictionary is pydicom's, entry by entry, though pydicom is not loaded for it."""

from __future__ import annotations

import random
import sys

import pytest
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag, dictionary_VR, repeater_has_tag

from unseen.core import dicom_dictionary
from unseen.verify.dicom.standard import is_standard, vr_of


def _expected(tag: int) -> bytes:
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b"UN"


def test_tables_are_the_same_whether_pydicom_is_loaded_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pydicom._dicom_dict", "pydicom._uid_dict"):
        monkeypatch.delitem(sys.modules, name)
    dicom_dictionary._table.cache_clear()  # as in a process that has just begun
    # Libraries that are loaded may have added to pydicom's own.
    assert dicom_dictionary.attributes().items() <= DicomDictionary.items()
    assert dicom_dictionary.attributes() is not DicomDictionary
    assert dicom_dictionary.repeating_attributes().items() <= RepeatersDictionary.items()
    assert dicom_dictionary.registered_uids().items() <= UID_dictionary.items()
    assert len(dicom_dictionary.attributes()) > 5000
    assert "pydicom._dicom_dict" not in sys.modules


def test_checks_know_each_tag_as_pydicom_does() -> None:
    draw = random.Random(7)
    repeating = [int(digits.replace("x", free), 16) for digits in RepeatersDictionary for free in "02e"]
    for tag in [*DicomDictionary, *repeating, *(draw.randrange(1 << 32) for _ in range(2000))]:
        assert vr_of(tag) == _expected(tag), hex(tag)
        if not tag >> 16 & 1:
            assert is_standard(tag) == (not tag & 0xFFFF or dictionary_has_tag(tag) or repeater_has_tag(tag)), hex(tag)


def test_without_pydicom_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "pydicom"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    dicom_dictionary._table.cache_clear()
    with pytest.raises(ModuleNotFoundError) as raised:
        dicom_dictionary.attributes()
    assert raised.value.name == "pydicom"
