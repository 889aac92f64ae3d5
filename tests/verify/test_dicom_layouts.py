"""Files that are laid out as one before are read without a walk, and nothing is read differently for that."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.dicom_pairs import cleaned, original, saved
from unseen.verify.dicom import parse as reader
from unseen.verify.dicom.check import check
from unseen.verify.dicom.parse import Parsed, parse

ORIGINAL, CLEANED = saved(original()), saved(cleaned())


def _walked(data: bytes) -> Parsed:
    """Read a file as if it were the first one."""
    with patch.object(reader, "known_layout", return_value=None), patch.object(reader, "remember"):
        return parse(data)


def _warm(data: bytes) -> None:
    """Read a file as often as it takes until its layout is remembered."""
    parse(data)
    parse(data)


def _with_private(value: bytes) -> bytes:
    """Return the original with a private value of unknown kind."""
    data = original()
    data.private_block(0x0029, "ACME PRIVATE").add_new(2, "UN", value)
    return saved(data)


@given(
    st.sampled_from((ORIGINAL, CLEANED)),
    st.lists(st.tuples(st.integers(0, len(ORIGINAL)), st.binary(min_size=1, max_size=9)), max_size=3),
    st.sampled_from((0, 1, 2)),
)
def test_a_file_like_one_before_is_read_as_if_it_were_the_first(
    base: bytes, patches: list[tuple[int, bytes]], longer: int
) -> None:
    _warm(base)
    damaged = base
    for at, piece in patches:
        damaged = damaged[:at] + piece + damaged[at + len(piece) - longer :]
    assert parse(damaged) == _walked(damaged)


def test_real_files_are_read_the_same_each_time(test_data: Path) -> None:
    for file in sorted((test_data / "samples" / "dicom").glob("*.dcm")):
        data = file.read_bytes()[: 1 << 20]
        _warm(data)
        assert parse(data) == _walked(data), file.name


def test_a_series_is_walked_through_once_whatever_its_values_are() -> None:
    other = original()
    other.PatientName, other.StudyDate, other.ImageComments = "Zeitelberg^Nils^", "20200101", "x" * 52
    second = saved(other)
    assert len(second) == len(ORIGINAL)
    _warm(ORIGINAL)
    with patch.object(reader, "remember") as remembered:
        parsed = parse(second)
    assert not remembered.called
    assert b"Zeitelberg^Nils^" in map(parsed.value, parsed.leaves)


def test_a_name_in_the_second_file_of_a_series_is_found() -> None:
    assert check(ORIGINAL, CLEANED).findings == ()
    first, second = cleaned(), cleaned()
    first.SeriesDescription, second.SeriesDescription = "thorax, supine, 2 mm", "thorax of Torvelund "
    assert check(ORIGINAL, saved(first)).findings == ()
    found = check(ORIGINAL, saved(second)).findings
    assert {(f.kind, f.where) for f in found} == {("identifier", "(0008,103e)")}


def test_a_value_that_holds_items_where_others_hold_none_is_walked_through() -> None:
    name = b"\x10\x00\x10\x00PN\x0a\x00Torvelund "
    item = b"\xfe\xff\x00\xe0" + len(name).to_bytes(4, "little") + name
    plain, nested = _with_private(b"a" * len(item)), _with_private(item)
    assert len(plain) == len(nested)
    _warm(plain)
    assert 0x00100010 in [leaf.tag for leaf in parse(nested).leaves if leaf.path]
    assert parse(nested) == _walked(nested)


@pytest.mark.parametrize("more", [b"", b"\xff\xfe", b"\xe0\x7f\x20\x00OB\0\0\4\0\0\0abcd"])
def test_what_follows_a_known_layout_is_accounted_for(more: bytes) -> None:
    _warm(ORIGINAL)
    assert parse(ORIGINAL + more) == _walked(ORIGINAL + more)
