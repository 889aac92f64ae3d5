"""Descriptions: medical words stay, and what identifies or is not known goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.dicom.known import known_of
from unseen.dicom.text import cleaned, plain

_KNOWN = known_of(
    frozenset(
        {(b"Smith^John^Quincy", "name"), (b"MRN0042", "value"), (b"Mercy Infirmary", "value"), (b"Foot^Ann", "name")}
    )
)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"CHEST WITH CONTRAST", "CHEST WITH CONTRAST"),
        (b"CHEST J SMITH 12/03/61", "CHEST"),
        (b"CT ABD/PELVIS w/o IV contrast 5mm", "CT ABD/PELVIS w/o IV contrast 5mm"),
        (b"t1_mprage_sag_p2_iso_0.9", "t1_mprage_sag_p2_iso_0.9"),
        (b"Brain MRI, Dr. House, tel 555-123-4567", "Brain MRI"),
        (b"smithjohn head", "head"),
        (b"MERCY INFIRMARY knee", "knee"),
        (b"L-SPINE 2 VIEWS", "L-SPINE 2 VIEWS"),
        (b"AP PORTABLE CHEST 10:42 ROOM 12", "AP PORTABLE CHEST"),
        (b"knee of Ann Foot", "knee of"),
        (b"Routine Abdomen Jane Doe", "Routine Abdomen"),
        (b"liver 3 phase 2019-04-01 j.smith@example.org", "liver 3 phase"),
        (b"John Smith", ""),
        (b"mrn0042", ""),
        ("Sch\u00e4del brain".encode("latin-1"), "brain"),
    ],
)
def test_descriptions(value: bytes, wanted: str) -> None:
    assert cleaned(value, _KNOWN, "latin-1") == wanted


def test_prose_keeps_other_words_but_none_that_identify() -> None:
    value = b"Calibrated by Dr. Anna Okafor on March 3, 2011 for MRN0042; call (555) 123-4567"
    assert plain(value, _KNOWN, "ascii") == "Calibrated by on for ; call"


@given(st.text(max_size=60))
def test_cleaning_again_changes_nothing(text: str) -> None:
    once = cleaned(text.encode(), _KNOWN, "utf-8")
    assert cleaned(once.encode(), _KNOWN, "utf-8") == once


@given(st.text(max_size=30), st.text(max_size=30))
def test_known_names_never_stay(before: str, after: str) -> None:
    assert "smith" not in cleaned(f"{before}SMITH{after}".encode(), _KNOWN, "utf-8").lower()
