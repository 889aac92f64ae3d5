"""Pixel data hold the picture and nothing else: exact lengths, padding of zero, no words inside compressed frames."""

from __future__ import annotations

import struct

import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEGBaseline8Bit

from tests.dicom.objects import as_file, clean, opened, scan
from unseen.dicom.picture import without_words
from unseen.dicom.stream import Syntax
from unseen.errors import DamagedInput

_BODY = b"\xff\xda\x00\x02\x12\x34\x56\xff\xd9"


def _jpeg(*comments: bytes, after: bytes = b"") -> bytes:
    """Return the shape of a JPEG file, with comments."""
    segments = b"".join(b"\xff\xfe" + (len(c) + 2).to_bytes(2, "big") + c for c in comments)
    frame = b"\xff\xd8" + segments + _BODY + after
    return frame + b"\0" * (len(frame) % 2)


def _fragments(value: bytes | None) -> list[bytes]:
    assert value is not None
    return list(generate_frames(value, number_of_frames=2))


def test_words_in_frames_go_and_the_table_of_offsets_is_right() -> None:
    value = encapsulate([_jpeg(b"Quimby, Erasmus"), _jpeg(b"other words")])
    left = without_words(value + b"\xfe\xff\xdd\xe0\0\0\0\0", Syntax())
    assert [frame.rstrip(b"\0") for frame in _fragments(left)] == [_jpeg().rstrip(b"\0")] * 2
    assert struct.unpack_from("<2L", left or b"", 8) == (0, 8 + len(_jpeg()))


def test_bytes_after_a_picture_go() -> None:
    value = encapsulate([_jpeg(after=b"Quimby"), _jpeg()])
    assert b"Quimby" not in (without_words(value, Syntax()) or value)


@pytest.mark.parametrize("comment", [b"Lead Technologies Inc. V1.01", b"CREATOR: IJG JPEG v62, quality 90", b"\0\1"])
def test_frames_that_only_name_their_encoder_keep_their_bytes(comment: bytes) -> None:
    assert without_words(encapsulate([_jpeg(comment), _jpeg()]), Syntax()) is None


def test_file_with_words_in_frames_is_told_of_them() -> None:
    data = scan(PixelData=encapsulate([_jpeg(b"for Quimby")]), PhotometricInterpretation="MONOCHROME2")
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    made = clean(as_file(data, JPEGBaseline8Bit))
    assert b"Quimby" not in made.data
    assert made.notes == ("comments inside compressed frames dropped",)
    assert opened(made).file_meta.TransferSyntaxUID == JPEGBaseline8Bit


def test_padding_of_an_odd_picture_is_zero() -> None:
    data = scan(Rows=3, Columns=3, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=bytes(range(9)) + b"Q")
    data["PixelData"].VR = "OB"
    assert opened(clean(as_file(data))).PixelData == bytes(range(9)) + b"\0"


def test_picture_that_is_smaller_than_told_is_refused() -> None:
    with pytest.raises(DamagedInput, match="fewer pixels"):
        clean(as_file(scan(Rows=5)))


def test_words_in_place_of_a_picture_go() -> None:
    data = scan(SOPClassUID="1.2.840.10008.5.1.4.1.1.66", PixelData=b"Quimby was here!")
    del data.Rows, data.Columns
    assert "PixelData" not in opened(clean(as_file(data)))
