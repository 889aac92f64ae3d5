"""The plan: the standard's table, resolved by the types of attributes in the object at hand."""

from __future__ import annotations

import pytest

from unseen.core.dicom import OPTIONS
from unseen.dicom.plan import plan_for, safe_private
from unseen.dicom.table import load_rows, load_table

_CT, _SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.33"
_GSPS, _ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.4.1"


def _kind(tag: int, options: str = "", sop_class: str = _CT) -> str:
    chosen = frozenset(filter(None, options.split(",")))
    return plan_for(chosen, sop_class).root[tag].kind


def test_table_is_the_edition_it_says() -> None:
    rows = list(load_rows("profile.csv"))
    assert len(rows) == 657
    assert {word.partition("=")[0] for row in rows for word in row["options"].split()} <= OPTIONS.keys()
    assert len(list(load_rows("content_items.csv"))) == 214


def test_every_attribute_of_the_table_has_a_plan() -> None:
    table, plan = load_table(), plan_for(frozenset(), _CT)
    assert [t for t in table.rows if t not in plan.root and t >> 16 not in (0, 2, 4)] == []
    kept = [t for t in table.rows if t in plan.root and plan.root[t].kind in ("keep", "text", "prose")]
    assert kept == []


@pytest.mark.parametrize(
    ("tag", "sop_class", "wanted"),
    [
        (0x00080021, _CT, "remove"),  # Series Date, X/D: type 3
        (0x00080012, _CT, "remove"),  # Instance Creation Date, X/D: type 3
        (0x00080022, _CT, "remove"),  # Acquisition Date, X/Z
        (0x0008002A, _ENHANCED_MR, "dummy"),  # Acquisition DateTime, X/Z/D: type 1C
        (0x0008002A, _CT, "remove"),
        (0x00080023, _SR, "dummy"),  # Content Date, Z/D: type 1
        (0x00080023, _CT, "empty"),
        (0x00700082, _GSPS, "dummy"),  # Presentation Creation Date, X, without which the object is invalid
        (0x00081140, _CT, "items"),  # Referenced Image Sequence, X/Z/U*: references stay, with new UIDs
        (0x00081111, "", "items"),  # Referenced Performed Procedure Step Sequence, where nobody knows the object
        (0x00100020, _CT, "code"),
        (0x0040A730, _SR, "content-dummy"),
    ],
)
def test_compound_actions_follow_the_type_in_the_object(tag: int, sop_class: str, wanted: str) -> None:
    assert _kind(tag, sop_class=sop_class) == wanted


@pytest.mark.parametrize(
    ("tag", "options", "wanted"),
    [
        (0x00080020, "retain-full-dates", "keep"),
        (0x00080020, "retain-modified-dates", "shift"),
        (0x00181200, "retain-device-identity", "keep"),
        (0x00181200, "retain-device-identity,retain-modified-dates", "shift"),
        (0x00102110, "retain-patient-characteristics", "characteristic"),
        (0x00102110, "clean-descriptors", "clean"),
        (0x00100040, "retain-patient-characteristics", "text"),
        (0x00102160, "retain-patient-characteristics", "characteristic"),
        (0x00100030, "retain-full-dates", "empty"),
        (0x00080055, "retain-device-identity", "ae"),
        (0x00081030, "clean-descriptors", "clean"),
        (0x0040A730, "clean-structured-content", "content"),
        (0x0020000D, "retain-uids", "keep"),
        (0x00080080, "retain-institution-identity", "text"),
        (0x00142006, "", "empty"),  # a person's name that the table does not list
        (0x00140102, "", "remove"),  # a date that it does not list
        (0x00140102, "retain-modified-dates", "shift"),
        (0x00404073, "", "remove"),  # an address
        (0x00280010, "", "keep"),
    ],
)
def test_options_change_what_they_say(tag: int, options: str, wanted: str) -> None:
    assert _kind(tag, options) == wanted


def test_options_hold_only_for_the_attributes_that_are_named() -> None:
    options = frozenset(OPTIONS) - {"retain-full-dates"}
    whole, none = plan_for(options, _CT), plan_for(frozenset(), _CT)
    some = plan_for(options, _CT, frozenset({"PatientWeight", "StudyDate"}))
    for tag in (0x00101030, 0x00080020, 0x0020000D):  # weight, date of the study; UIDs hold objects together
        assert some.root[tag] == whole.root[tag] != none.root[tag]
    for tag in (0x00101010, 0x00080021, 0x00181200, 0x00081030):
        assert some.root[tag] == none.root[tag] != whole.root[tag]
    assert "retain-safe-private" not in some.options
    assert plan_for(options, _CT, frozenset()).nested[0x00101010] == none.nested[0x00101010]


def test_cleaning_wins_over_keeping() -> None:
    every = frozenset(OPTIONS) - {"retain-full-dates"}
    plan = plan_for(every, _CT)
    assert plan.root[0x00181200].kind == "shift"
    assert plan.root[0x00102110].kind == "characteristic"


def test_safe_private_elements_are_numbers_or_codes() -> None:
    assert len(safe_private()) == 30
    assert set(safe_private().values()) <= {"CS", "DS", "FD", "FL", "IS", "LO", "SH", "SL", "SS", "US"}
