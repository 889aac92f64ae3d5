"""Data sets are read as they lie in files, and damage is seen, wherever it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.dicom.objects import as_file, clean, scan
from tests.effort import examples
from unseen.dicom import stream
from unseen.dicom.part10 import Instance, looks_like_dicom, read_instance
from unseen.dicom.stream import Element
from unseen.dicom.table import load_table
from unseen.errors import FileError, UnseenError

_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_MOST = 1 << 24


def _deep() -> Dataset:
    inner = Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = "T-D3000", "SRT", "Chest"
    outer = Dataset()
    outer.AnatomicRegionSequence = Sequence([inner, inner])
    data = scan()
    data.RelatedSeriesSequence = Sequence([outer, Dataset()])
    data["RelatedSeriesSequence"].is_undefined_length = True
    return data


_FILE = as_file(_deep())


def _flat(elements: list[Element]) -> list[int]:
    found = []
    for each in elements:
        found.append(each.tag)
        for item in each.items or []:
            found += _flat(item)
    return found


@pytest.mark.parametrize("syntax", _SYNTAXES, ids=lambda s: s.name)
def test_elements_are_those_that_pydicom_sees(syntax: Any) -> None:
    file = as_file(_deep(), syntax)
    instance = read_instance(file, load_table(), _MOST)
    wanted = pydicom.dcmread(io.BytesIO(file))
    assert _flat(instance.elements) == [int(each.tag) for each in wanted.iterall()]
    assert instance.trailing == 0
    for each in instance.elements:
        if each.items is None and each.vr not in ("US", "SQ", "OW"):
            value = instance.data[each.value : each.stop].decode("latin-1").strip(" \0")
            told = wanted[each.tag].value
            assert value == ("\\".join(told) if each.tag == 0x00080008 else str(told if told is not None else ""))


def test_bytes_after_the_pixels_are_counted() -> None:
    assert read_instance(_FILE + b"Quimby", load_table(), _MOST).trailing == 6


def test_data_set_without_a_head_is_read() -> None:
    start = _FILE.index(b"\x08\x00\x05\x00CS")
    for before in (b"", b" "):
        instance = read_instance(before + _FILE[start:], load_table(), _MOST)
        assert (len(instance.elements) > 30, instance.leading) == (True, len(before))


def test_other_files_do_not_look_like_dicom() -> None:
    assert not looks_like_dicom(b"%PDF-1.7" + bytes(300))
    assert not looks_like_dicom(b"\x89PNG\r\n\x1a\n" + bytes(300))
    assert not looks_like_dicom(b"")


@given(st.integers(0, len(_FILE) - 1))
@examples(1.5)
def test_every_cut_is_refused(length: int) -> None:
    with pytest.raises(FileError):
        clean(_FILE[:length])


@given(st.integers(132, len(_FILE) - 1), st.binary(min_size=1, max_size=6))
@examples(2.5)
def test_damage_ends_in_a_result_or_in_an_error_of_ours(place: int, damage: bytes) -> None:
    told = ""
    try:
        clean(_FILE[:place] + damage + _FILE[place + len(damage) :])
    except UnseenError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


@given(st.binary(max_size=400))
@examples(1.5)
def test_noise_ends_in_an_error_of_ours(noise: bytes) -> None:
    with pytest.raises(UnseenError):
        clean(bytes(128) + b"DICM" + noise)


def _read(data: bytes) -> Instance | str:
    try:
        return read_instance(data, load_table(), _MOST)
    except FileError as error:
        return str(error)


def _walked(data: bytes) -> Instance | str:
    """Read a file as if it were the first one."""
    with patch.object(stream, "known_layout", return_value=None), patch.object(stream, "learn"):
        return _read(data)


@given(
    st.sampled_from([as_file(_deep(), syntax) for syntax in _SYNTAXES]),
    st.lists(st.tuples(st.integers(0, len(_FILE)), st.binary(min_size=1, max_size=9)), max_size=3),
    st.sampled_from((0, 1, 2)),
)
def test_a_data_set_like_one_before_is_read_as_if_it_were_the_first(
    base: bytes, patches: list[tuple[int, bytes]], longer: int
) -> None:
    _read(base)
    _read(base)
    for at, piece in patches:
        base = base[:at] + piece + base[at + len(piece) - longer :]
    assert _read(base) == _walked(base)


def test_real_data_sets_are_read_the_same_each_time(test_data: Path) -> None:
    for file in sorted((test_data / "samples" / "dicom").glob("*.dcm")):
        data = file.read_bytes()[: 1 << 20]
        assert [_read(data) for _ in range(3)] == [_walked(data)] * 3, file.name


def test_a_series_is_walked_through_once_whatever_its_values_are() -> None:
    first, second = as_file(_deep()), _deep()
    second.PatientName, second.StudyDate = "Zeitel^Nilsbin", "20200101"
    _read(first)
    _read(first)
    with patch.object(stream, "learn") as learnt:
        read = _read(as_file(second))
    assert not learnt.called
    assert isinstance(read, Instance)
    assert b"Zeitel^Nilsbin" in {read.data[each.value : each.stop] for each in read.elements}
