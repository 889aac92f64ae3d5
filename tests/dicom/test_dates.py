"""Dates move by whole days: intervals, precision, zones and ranges survive, and what is no date is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.dicom.dates import shifted

_DAYS = st.integers(-3650, -1)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), _DAYS)
def test_moving_back_gives_the_same_date(day: date, days: int) -> None:
    text = f"{day:%Y%m%d}".encode()
    moved = shifted(text, "DA", days)
    assert moved == f"{day + timedelta(days):%Y%m%d}".encode()
    assert shifted(moved, "DA", -days) == text


@pytest.mark.parametrize(
    ("value", "vr", "wanted"),
    [
        (b"20200301", "DA", b"20200229"),
        (b"20200301\\20200302", "DA", b"20200229\\20200301"),
        (b"2020.03.01", "DA", b"2020.02.29"),
        (b"20200301-20200401", "DA", b"20200229-20200331"),
        (b"20200301-", "DA", b"20200229-"),
        (b"-20200301", "DA", b"-20200229"),
        (b"", "DA", b""),
        (b"20200301235959.123456-0500", "DT", b"20200229235959.123456-0500"),
        (b"2020030100", "DT", b"2020022900"),
        (b"202003", "DT", b"202002"),
        (b"2020", "DT", b"2019"),
        (b"235959.99", "TM", b"235959.99"),
    ],
)
def test_forms_of_dates(value: bytes, vr: str, wanted: bytes) -> None:
    assert shifted(value, vr, -1) == wanted


@pytest.mark.parametrize(
    ("value", "vr"),
    [
        (b"20201301", "DA"),
        (b"Quimby", "DA"),
        (b"2020-03-01", "DA"),
        (b"202003T01", "DT"),
        (b"00010101", "DA"),
        (b"noon", "TM"),
    ],
)
def test_what_is_no_date_is_told(value: bytes, vr: str) -> None:
    assert shifted(value, vr, -1) is None
