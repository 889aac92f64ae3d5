"""Compressed frames: those that change are encoded again without loss, or all are written uncompressed, and said so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from tests.dicom.pixels.pixel_scenes import image, tools, values_of
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.dicom.pixels.clean import clean_pixels
from unseen.dicom.pixels.comments import without_comments
from unseen.dicom.pixels.findings import PixelRecipe
from unseen.errors import DamagedInput, UnsupportedInput


def scene(frames: int = 3, text_in: int | None = 1) -> np.ndarray[Any, Any]:
    """Frames of noise, one of them with a white bar that is taken for text."""
    values = np.random.default_rng(3).integers(0, 180, (frames, 40, 48)).astype(np.uint8)
    values[:, 0, 0] = 240
    if text_in is not None:
        values[text_in, 10:16, 8:30] = 255
    return values


def frames_of(dataset: Dataset) -> list[bytes]:
    return list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames", 1))))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_frames_far_from_text_keep_their_bytes_and_their_compression(syntax: Any) -> None:
    values = np.concatenate([scene(6), scene(1, None)])
    one = image(values)
    one.compress(syntax, generate_instance_uid=False)
    before = [without_comments(frame) for frame in frames_of(one)]
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert found.changed == (0, 1, 2, 3)  # the neighbours of the frame with text, too
    assert found.syntax == str(syntax)
    assert one.file_meta.TransferSyntaxUID == syntax
    assert frames_of(one)[4:] == before[4:]
    after = values_of(one)
    assert (after[1, 10:16, 8:30] == after[1].min()).all()
    assert np.array_equal(after[:, 25:], values[:, 25:])
    assert any("without loss" in note for note in found.notes)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_a_compressed_image_without_findings_keeps_every_byte(syntax: Any) -> None:
    one = image(scene(2, None))
    one.compress(syntax, generate_instance_uid=False)
    one.PixelData = PydicomPixels().join([without_comments(frame) for frame in frames_of(one)])
    before = one.PixelData
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert one.PixelData == before
    assert (found.changed, found.notes) == ((), ())


def jpeg(values: np.ndarray[Any, Any], comment: bytes = b"", **how: Any) -> bytes:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.fromarray(values).save(file, "jpeg", quality=90, comment=comment, **how)
    return file.getvalue()


def jpeg_image(values: np.ndarray[Any, Any], comment: bytes = b"", **how: Any) -> Dataset:
    one = image(values)
    one.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    one.PixelData = encapsulate([jpeg(frame, comment, **how) for frame in values])
    one["PixelData"].is_undefined_length = True
    return one


def test_blocks_of_a_jpeg_are_blanked_where_they_lie() -> None:
    one = jpeg_image(np.concatenate([scene(6), scene(1, None)]))
    before, decoded = frames_of(one), values_of(one)
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert found.syntax == str(JPEGBaseline8Bit) == str(one.file_meta.TransferSyntaxUID)
    assert "4 frames blanked where they lie compressed, without further loss" in found.notes
    assert frames_of(one)[4:] == before[4:]
    after = values_of(one)
    assert np.ptp(after[1, 8:16, 8:32]) <= 1
    assert np.array_equal(after[:, 32:], decoded[:, 32:])


def test_other_lossy_frames_become_uncompressed_and_the_findings_say_so() -> None:
    one = jpeg_image(scene(), progressive=True)
    decoded = values_of(one)
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert found.syntax == "1.2.840.10008.1.2.1" == str(one.file_meta.TransferSyntaxUID)
    assert any("uncompressed" in note for note in found.notes)
    after = values_of(one)
    assert (after[1, 8:16, 8:32] == after[1].min()).all()  # whole blocks: text rings through them
    assert np.array_equal(after[:, 32:], decoded[:, 32:])
    assert not one["PixelData"].is_undefined_length


def test_lossy_colours_stay_what_they_were() -> None:
    values = np.random.default_rng(3).integers(0, 180, (48, 64, 3)).astype(np.uint8)
    values[10:16, 8:30] = 255
    one = image(values, PhotometricInterpretation="YBR_FULL_422")
    one.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    one.PixelData = encapsulate([jpeg(values, progressive=True)])
    one["PixelData"].is_undefined_length = True
    decoded = one.pixel_array
    clean_pixels(one, tools(), PixelRecipe(), ())
    assert (one.PhotometricInterpretation, one.PlanarConfiguration) == ("YBR_FULL", 0)
    assert len(one.PixelData) == values.size
    from pydicom.pixels.processing import convert_color_space

    after = convert_color_space(values_of(one), "YBR_FULL", "RGB")
    assert not after[10:16, 8:30].any()
    assert np.abs(after[:, 48:].astype(int) - decoded[:, 48:]).max() <= 2


def test_comments_and_what_follows_the_end_of_a_jpeg_go_but_its_pixels_stay() -> None:
    one = jpeg_image(scene(2, None), comment=b"patient Anna Mueller")
    frames = [frame + b"Anna Mueller 1960" for frame in frames_of(one)]
    one.PixelData = encapsulate(frames)
    decoded = values_of(one)
    found = clean_pixels(one, tools(), PixelRecipe(), ())
    assert b"Mueller" not in one.PixelData
    assert one.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert np.array_equal(values_of(one), decoded)
    assert found.notes == ("comments inside compressed frames removed",)


def test_thumbnails_inside_a_jpeg_go() -> None:
    frame = jpeg(scene(1, None)[0])
    assert frame[6:11] == b"JFIF\0"
    head, rest = frame[:2], frame[20:]
    thumbnail = b"\xff\xe0\x00\x13JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc"
    another = b"\xff\xe0\x00\x0aJFXX\0\x13ab"
    cleaned = without_comments(head + thumbnail + another + rest)
    assert cleaned.rstrip(b"\0") == without_comments(frame).rstrip(b"\0")


def _cut(one: Dataset) -> None:
    one.PixelData = encapsulate([frame[:40] for frame in frames_of(one)])


def _lose(one: Dataset) -> None:
    one.PixelData = encapsulate(frames_of(one)[:1])


def _resize(one: Dataset) -> None:
    one.Rows = 80


@pytest.mark.parametrize("harm", [_cut, _lose, _resize])
def test_frames_that_cannot_be_decoded_are_not_released(harm: Callable[[Dataset], None]) -> None:
    one = jpeg_image(scene())
    harm(one)
    with pytest.raises(DamagedInput):
        clean_pixels(one, tools(), PixelRecipe(), ())


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.104.1", "1.2.840.10008.1.2.4.95", "1.2.3.4.5"]
)
def test_videos_streams_and_unknown_syntaxes_are_refused(syntax: str) -> None:
    one = jpeg_image(scene())
    one.file_meta.TransferSyntaxUID = syntax  # type: ignore[assignment]  # pydicom takes text
    with pytest.raises((UnsupportedInput, DamagedInput)):
        clean_pixels(one, tools(), PixelRecipe(), ())
