"""The second reading of pictures: decoded by the verifier's own code, searched for names and for text that must go."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGBaseline8Bit

from tests.adapters.detector_fakes import file_of
from tests.dicom.pixels.pixel_scenes import FakeReader, WhiteFinder, image
from tests.verify.dicom_pairs import CLASS, cleaned, original, saved
from unseen.core.dicom import PixelResidue
from unseen.core.regions import Box
from unseen.verify.dicom.kinds import carries_text
from unseen.verify.dicom.parse import parse
from unseen.verify.dicom.pictures import LOSSY, altered
from unseen.verify.dicom.raster import form_of, frames, pictures
from unseen.verify.dicom.reading import TextEyes, may_stay, shown_text

#: Samples of every way in which pixels lie in a file: plain, pairs, big-endian, deflated, palette, each compression.
_STORED = (
    *("burnedin_US_palette_rle_2frame", "burnedin_US_ALOKA_palette16", "SC_rgb_rle_2frame", "SC_ybr422_uncompressed"),
    *("ts_explicit_big_endian", "ts_deflated", "ts_j2k_lossless", "ts_jpegls_lossless"),
    *("enhanced_MR_jpegls", "MR_overlays_icon", "RTDOSE_15frames", "SM_wsi_tiled", "DX_image"),
)


@pytest.mark.parametrize("name", _STORED)
def test_own_decoder_sees_what_pydicom_sees(name: str, test_data: Path) -> None:
    import pydicom

    path = test_data / "samples" / "dicom" / f"{name}.dcm"
    parsed = parse(path.read_bytes())
    form = form_of(parsed)
    assert form is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = pydicom.dcmread(path)
        wanted = get_decoder(told.file_meta.TransferSyntaxUID).as_array(told, raw=True)[0]
    wanted = wanted if form.frames > 1 else wanted[None]
    found = list(frames(parsed, form))
    assert [number for number, _ in found] == list(range(form.frames))
    for (_, values), one in zip(found, wanted, strict=True):
        assert np.array_equal(values, one)
        assert all(view.shape == (form.rows, form.columns, 3) for view in pictures(parsed, form, values))


class _Lines:
    """A reader that reads from boxes what is said for their heights on the page."""

    models = (file_of("ppocr4-rec"),)

    def __init__(self, texts: dict[int, str]) -> None:
        self._texts = texts

    def read(self, image: Any, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [(self._texts[round(box.y1)], 0.95) for box in boxes]


def _files(
    tops: Sequence[int], frames_: int = 1, change: Callable[[Any], None] = lambda values: None
) -> tuple[bytes, bytes]:
    """An original with white bars where text is, and what was written of it, with a change in its pixels."""
    values = np.zeros((frames_, 120, 160), np.uint8)
    for top in tops:
        values[:, top : top + 10, 10:150] = 255
    files = []
    for told in (original(), cleaned()):
        page = image(values if frames_ > 1 else values[0], SOPClassUID=CLASS)
        del page.Modality, page.file_meta
        told.update(page)
        files.append(saved(told))
        change(values)
    before, after = files
    return before, after


def _shown(texts: dict[int, str], mode: Any, kept: Sequence[str] = ()) -> list[tuple[int, str]]:
    eyes = TextEyes(WhiteFinder(), _Lines(texts))
    found = shown_text(*_files(list(texts)), lambda: eyes, kept, mode)
    assert found is not None
    return [(round(each.box.y1), each.kind) for each in found]


def test_what_the_original_names_is_found_whatever_may_stay() -> None:
    texts = {
        10: "TORVELUND, Kara",
        25: "T0RVELUMD",  # as readers misread it
        40: "MRN 4711 0815",
        55: "l7.O3.1952",  # the same of a date
        70: "Klinikum Zwickelbach",
        85: "RADIOLOGY LIVER",
        100: "25 cm",
    }
    named = [(top, "identifier") for top in (10, 25, 40, 55)]
    assert _shown(texts, "identifying")[:4] == named
    assert (85, "text") not in _shown(texts, "identifying")
    everything = _shown(texts, "all")
    assert {top for top, _ in everything} == {10, 25, 40, 55, 70, 85}


def test_each_frame_is_told_and_equal_ones_are_read_once() -> None:
    finder = WhiteFinder()
    eyes = TextEyes(finder, FakeReader())
    found = shown_text(*_files([30], 4), lambda: eyes, (), "all")
    assert found == [PixelResidue(number, Box(10, 30, 150, 40), "text") for number in range(4)]
    assert len(finder.seen) == 2  # two views of one frame


def test_models_are_opened_for_pictures_only() -> None:
    def never() -> TextEyes:
        raise AssertionError("no model is needed")

    assert shown_text(saved(original()), saved(original()), never, (), "all") is None


@pytest.mark.parametrize(
    ("text", "confidence", "mode", "stays"),
    [
        ("L", 0.99, "all", True),
        ("16cm", 0.99, "all", True),
        ("-3.5", 0.99, "all", True),
        ("75 % MI 1.2", 0.99, "all", False),
        ("120 kV", 0.99, "all", True),
        ("Smith", 0.99, "all", False),
        ("Smith", 0.6, "all", True),  # too uncertain to be text
        ("CHEST PA", 0.99, "identifying", True),
        ("12/03/61", 0.99, "identifying", False),
        ("10:24", 0.99, "identifying", False),
        ("ID 4711991", 0.99, "identifying", False),
    ],
)
def test_what_may_stay(text: str, confidence: float, mode: str, stays: bool) -> None:
    assert may_stay(text, confidence, mode) is stays


def test_kinds_that_a_scanner_measures_are_not_read() -> None:
    assert [carries_text(kind, "1.2.840.10008.5.1.4.1.1.2") for kind in ("CT", "DX", "US", "")] == [False, *[True] * 3]
    assert carries_text("CT", "1.2.840.10008.5.1.4.1.1.7.4")


def test_pictures_that_cannot_be_read_back_are_an_error() -> None:
    eyes, (before, after) = TextEyes(WhiteFinder(), FakeReader()), _files([30])
    columns = after.index(b"\x28\0\x11\0") + 8
    damaged = after[:columns] + b"\xff\x0f" + after[columns + 2 :]
    with pytest.raises(ValueError, match="fewer pixels"):
        shown_text(before, damaged, lambda: eyes, (), "all")


def _captured(pieces: Sequence[bytes], frames_: int = 1) -> bytes:
    told = original()
    told.Rows, told.Columns, told.NumberOfFrames = 40, 60, frames_
    told.PixelData = encapsulate(list(pieces), has_bot=False)
    told["PixelData"].VR, told["PixelData"].is_undefined_length = "OB", True
    return saved(told, JPEGBaseline8Bit)


def test_a_picture_behind_the_frames_that_are_told_is_an_error() -> None:
    jpeg = [cv2.imencode(".jpg", np.full((40, 60), shade, np.uint8))[1].tobytes() for shade in (90, 200)]
    assert len(list(_frames_of(_captured(jpeg, 2)))) == 2
    assert len(list(_frames_of(_captured([jpeg[0][:50], jpeg[0][50:]])))) == 1  # one frame in two fragments
    with pytest.raises(ValueError, match="more frames than it says"):
        list(_frames_of(_captured(jpeg)))
    with pytest.raises(ValueError, match="second picture in a frame"):
        list(_frames_of(_captured([b"".join(jpeg)])))
    sized = _captured(jpeg[:1])
    with pytest.raises(ValueError, match="does not say how many"):
        form_of(parse(sized.replace(b"\x28\0\x10\0US\x02\0\x28\0", b"\x28\0\x10\0US\x02\0\0\0")))


def _frames_of(file: bytes) -> Iterator[Any]:
    parsed = parse(file)
    form = form_of(parsed)
    assert form is not None
    yield from frames(parsed, form)


def test_pages_of_one_bit_are_read_too() -> None:
    files = []
    for told in (original(), cleaned()):
        told.Rows, told.Columns, told.BitsAllocated, told.BitsStored, told.HighBit = 40, 160, 1, 1, 0
        page = np.zeros((40, 160), bool)
        page[10:20, 10:150] = True
        told.PixelData = np.packbits(page, bitorder="little").tobytes()
        files.append(saved(told))
    eyes = TextEyes(WhiteFinder(), FakeReader())
    assert shown_text(files[0], files[1], lambda: eyes, (), "all") == [PixelResidue(0, Box(10, 10, 150, 20), "text")]


def _blank(values: Any) -> None:
    values[1, 30:40] = 0


def _soften(values: Any) -> None:
    values[1, 30:40] //= np.arange(1, 161, dtype=np.uint8)


def _exchange(values: Any) -> None:
    values[:] = np.random.default_rng(3).integers(0, 99, values.shape)


def test_written_frames_are_the_original_but_for_blank_places() -> None:
    eyes = TextEyes(WhiteFinder(), FakeReader())
    assert shown_text(*_files([30], 2, _blank), lambda: eyes, (), "all") == [
        PixelResidue(0, Box(10, 30, 150, 40), "text")
    ]
    for harm in (_soften, _exchange):
        with pytest.raises(ValueError, match="changed beside what was hidden"):
            shown_text(*_files([30], 2, harm), lambda: eyes, (), "all")


def test_lossy_colours_may_differ_a_little() -> None:
    old = np.random.default_rng(3).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    new = np.clip(old.astype(int) + 5, 0, 255).astype(np.uint8)
    new[5:9] = 0
    assert altered(old, new, tolerance=LOSSY) == ""
    assert altered(old, new) != ""
    assert "another size" in altered(old, new[:20])
