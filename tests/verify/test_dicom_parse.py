"""The check's own reader of DICOM files: it sees what another reader sees, and no bytes make it fail."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.verify.dicom_pairs import cleaned, original, saved
from unseen.verify.dicom.check import check
from unseen.verify.dicom.parse import parse

ORIGINAL, CLEANED = saved(original()), saved(cleaned())


def _count(data: Dataset) -> int:
    return sum(sum(map(_count, e.value)) if e.VR == "SQ" else 1 for e in data)


#: Another reader takes a private sequence without representations for one value.
_DEEPER = {"MR_Philips_nested_sequences.dcm", "private_sequence_implicit.dcm"}
_BROKEN = {"MR_truncated.dcm"}


def test_reader_sees_every_element_of_real_files(test_data: Path) -> None:
    files = sorted((test_data / "samples" / "dicom").glob("*.dcm"))
    assert len(files) > 40
    for file in files:
        parsed = parse(file.read_bytes())
        assert bool(parsed.broken) == (file.name in _BROKEN), file.name
        if file.name in _BROKEN | {"no_file_meta.dcm"}:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = _count(dcmread(file, force=True))
        assert len(parsed.leaves) >= seen if file.name in _DEEPER else len(parsed.leaves) == seen, file.name


def test_real_files_that_nobody_touched_are_never_passed(test_data: Path) -> None:
    for file in sorted((test_data / "samples" / "dicom").glob("*.dcm")):
        data = file.read_bytes()
        assert check(data, data).findings, file.name


def test_every_byte_is_part_of_something() -> None:
    parsed = parse(ORIGINAL)
    assert parsed.rest == b""
    assert parsed.meta[-1].end < parsed.leaves[0].start
    covered = sum(leaf.end - leaf.start for leaf in [*parsed.meta, *parsed.leaves])
    heads = len(ORIGINAL) - 132 - covered
    assert 8 * (len(parsed.meta) + len(parsed.leaves)) <= heads < 14 * (len(parsed.meta) + len(parsed.leaves)) + 40


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    parse(data)
    parse(b"\0" * 128 + b"DICM" + data)


@given(st.integers(132, len(CLEANED) - 1), st.binary(min_size=1, max_size=4))
def test_damage_never_passes_unseen_or_raises(at: int, patch: bytes) -> None:
    damaged = CLEANED[:at] + patch + CLEANED[at + len(patch) :]
    found = check(ORIGINAL, damaged).findings
    assert found or parse(damaged).broken == ""
    assert check(damaged, CLEANED) is not None


@pytest.mark.parametrize("cut", [140, 200, 400, len(CLEANED) - 1])
def test_file_that_ends_too_early_is_a_finding(cut: int) -> None:
    assert any(f.kind in ("malformed", "file-meta") for f in check(ORIGINAL, CLEANED[:cut]).findings)
    assert [f.where for f in check(ORIGINAL[:cut], CLEANED).findings] == ["original"]


def test_nesting_without_end_is_refused() -> None:
    bottomless = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5000
    assert "deep" in parse(b"\0" * 128 + b"DICM" + CLEANED[132 : CLEANED.index(b"\x08\0\x08\0CS")] + bottomless).broken
