"""One file at a time: what is written does not depend on what was there, and nothing is left beside the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.adapters.detector_fakes import FakeDetector, face, grey
from tests.dicom.pixels.pixel_scenes import FakeReader, image, tools, values_of
from unseen.core.regions import Box, Detection
from unseen.dicom.pixels.clean import clean_pixels
from unseen.dicom.pixels.findings import PixelRecipe
from unseen.dicom.pixels.looking import Seen, TextFinder
from unseen.dicom.pixels.words import Judge
from unseen.errors import DamagedInput, UnsupportedInput

KINDS = {
    "grey8": ((40, 60), np.uint8, {}),
    "signed16": ((40, 60), np.int16, {}),
    "turned": ((40, 60), np.uint16, {"PhotometricInterpretation": "MONOCHROME1"}),
    "rgb": ((40, 60, 3), np.uint8, {}),
    "ybr": ((40, 60, 3), np.uint8, {"PhotometricInterpretation": "YBR_FULL"}),
}


class Here:
    """Finds text at one place, whatever a picture shows."""

    models = ()

    def __init__(self, box: Box) -> None:
        self.box = box

    def detect(self, images: Any) -> list[list[Detection]]:
        return [[Detection("text", self.box, 0.95, "here")] for _ in images]


def made(kind: str, seed: int) -> Dataset:
    shape, dtype, header = KINDS[kind]
    low = -1000 if np.dtype(dtype).kind == "i" else 0
    values = np.random.default_rng(seed).integers(low, 255 if dtype == np.uint8 else 3000, shape).astype(dtype)
    return image(values, **header)


@settings(max_examples=40)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 99), st.integers(0, 99), st.integers(0, 40), st.integers(0, 30))
def test_what_is_written_does_not_depend_on_what_was_there(kind: str, seed: int, other: int, x: int, y: int) -> None:
    one, two = made(kind, seed), made(kind, seed)
    box = Box(float(x), float(y), float(x + 15), float(y + 7))
    inside = (slice(y, y + 7), slice(x, x + 15))
    values = values_of(two).copy()
    values[inside] = values_of(made(kind, other))[inside]
    two.PixelData = values.tobytes()
    for dataset in (one, two):
        clean_pixels(dataset, tools(text=Here(box)), PixelRecipe(), ())
    assert one.PixelData == two.PixelData


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_text_is_hidden_to_its_edges_and_a_little_beyond(kind: str) -> None:
    one = made(kind, 4)
    before = values_of(one)
    clean_pixels(one, tools(text=Here(Box(0, 33, 60, 40))), PixelRecipe(), ())
    after = values_of(one)
    assert len(np.unique(after[30:].reshape(-1, after[0, 0].size), axis=0)) == 1
    assert np.array_equal(after[:28], before[:28])


def test_black_is_black_where_low_values_are_bright() -> None:
    one = made("turned", 2)
    clean_pixels(one, tools(text=Here(Box(10, 10, 30, 20))), PixelRecipe(), ())
    after = values_of(one)
    assert after[15, 15] == after.max()


def test_the_last_row_and_column_are_hidden() -> None:
    one = made("grey8", 1)
    clean_pixels(one, tools(text=Here(Box(50.2, 34.5, 60, 40))), PixelRecipe(), ())
    assert values_of(one)[39, 59] == values_of(one)[36, 55] == values_of(one).min()


def test_a_marker_stays() -> None:
    one = made("grey8", 1)
    before = one.PixelData
    found = clean_pixels(one, tools(lambda box: "R", text=Here(Box(5, 5, 12, 12))), PixelRecipe(), ())
    assert one.PixelData == before
    assert found.changed == ()


def test_a_marker_that_another_view_reads_as_a_name_goes() -> None:
    said = iter(["R", "RAO"])
    finder = TextFinder(Here(Box(5, 5, 12, 12)), FakeReader(lambda box: next(said)), Judge("all"))
    assert finder.look([grey(40, 60), grey(40, 60)]) == Seen(hide=(Box(5, 5, 12, 12),))


def test_overlays_icons_and_pictures_in_sequences_go() -> None:
    one = made("grey8", 1)
    one.add_new(0x60000010, "US", 40)
    one.add_new(0x60003000, "OW", b"\1" * 20)
    one.add_new(0x60020022, "LO", "Anna Mueller")
    icon = made("grey8", 2)
    del icon.file_meta
    one.IconImageSequence = Sequence([icon])
    nested = Dataset()
    nested.IconImageSequence = Sequence([Dataset()])
    nested.PixelData = b"\0\0"
    one.ReferencedImageSequence = Sequence([nested])
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert [tag for tag in one.keys() if 0x6000 <= tag.group <= 0x60FF] == []  # noqa: SIM118
    assert "IconImageSequence" not in one
    assert list(one.ReferencedImageSequence[0]) == []
    assert found.notes == ("2 overlay planes removed", "3 icon images removed")


def test_a_retired_overlay_in_the_pixels_is_cleared() -> None:
    values = np.full((40, 60), 7, np.uint16)
    values[4:9, 4:20] |= 0x8000
    one = image(values, BitsStored=12, HighBit=11)
    one.add_new(0x60000102, "US", 15)
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert (np.frombuffer(one.PixelData, np.uint16) == 7).all()
    assert "data in unused bits of the pixels cleared" in found.notes


def test_bytes_after_the_pixels_go() -> None:
    one = made("grey8", 1)
    one.PixelData += b"Anna Mueller"
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert len(one.PixelData) == 2400
    assert found.notes == ("bytes after the pixels removed",)


def test_faces_are_hidden_in_photographs_and_not_looked_for_in_scans() -> None:
    finder = FakeDetector(lambda one: [face(20, 10, 35, 28)])
    photo = made("rgb", 1)
    photo.Modality = "XC"
    found = clean_pixels(photo, tools(lambda box: "R", faces=finder), PixelRecipe(), ())
    assert dict(found.places)["face"] == 1
    assert not values_of(photo)[10:28, 20:35].any()
    scan = made("signed16", 1)
    clean_pixels(scan, tools(lambda box: "R", faces=finder), PixelRecipe(), ())
    assert len(finder.seen) == 1


def test_files_without_pixels_have_nothing_to_clean() -> None:
    one = Dataset()
    one.file_meta = made("grey8", 1).file_meta
    assert not clean_pixels(one, tools(), PixelRecipe(), ()).looked


def test_pixels_elsewhere_are_refused() -> None:
    one = made("grey8", 1)
    one.PixelDataProviderURL = "https://example.org/pixels"
    with pytest.raises(UnsupportedInput):
        clean_pixels(one, tools(), PixelRecipe(), ())


def test_truncated_pixels_are_refused() -> None:
    one = made("grey8", 1)
    one.PixelData = one.PixelData[:-100]
    with pytest.raises(DamagedInput):
        clean_pixels(one, tools(), PixelRecipe(), ())


def test_tiny_pictures_are_not_looked_at() -> None:
    one = image(np.full((8, 8), 255, np.uint8))
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert (found.looks, found.changed) == (0, ())


def test_a_file_without_a_head_is_read_as_it_was_found() -> None:
    one = made("grey8", 1)
    del one.file_meta.TransferSyntaxUID
    one.set_original_encoding(True, True)
    found = clean_pixels(one, tools(text=Here(Box(5, 5, 25, 12))), PixelRecipe(), ())
    assert found.changed == (0,)
    assert found.syntax == "1.2.840.10008.1.2"
    del one.file_meta.TransferSyntaxUID
    one.set_original_encoding(None, None)
    with pytest.raises(DamagedInput):
        clean_pixels(one, tools(), PixelRecipe(), ())
