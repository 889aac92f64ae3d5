"""Series of slices: joined in any order and kind, cut alike, and refused when they are no volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from tests.dicom.heads.head_scenes import head, series, turned
from tests.dicom.pixels.pixel_scenes import image, values_of
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.dicom.heads.face import deface
from unseen.dicom.heads.series import deface_series, part_of_body
from unseen.errors import UnsupportedInput

AFFINE, SHAPE = turned("SPR", (6.0, 3.0, 3.0))
VOLUME = head(AFFINE, SHAPE)


def test_slices_in_any_order_lose_what_the_volume_loses() -> None:
    files = series(VOLUME, AFFINE)
    found = deface_series([files[i] for i in np.random.default_rng(2).permutation(len(files))], PydicomPixels())
    mask, _, _ = deface(VOLUME, AFFINE)
    after = np.stack([values_of(one) for one in files])
    assert np.array_equal(after[~mask], VOLUME[~mask])
    assert (after[mask] == VOLUME[~mask].min()).all()
    assert found.check.passed
    assert found.slices == SHAPE[0]
    assert found.changed == mask.any(axis=(1, 2)).sum()
    assert found.share == pytest.approx(mask.mean())


def test_slices_above_the_face_keep_their_bytes() -> None:
    files = series(VOLUME, AFFINE)
    before = [one.PixelData for one in files]
    deface_series(files, PydicomPixels())
    kept = [i for i, one in enumerate(files) if one.PixelData == before[i]]
    assert kept[-1] == len(files) - 1
    assert 10 < len(kept) < len(files)


def test_every_echo_is_cut_as_the_first() -> None:
    files = [*series(VOLUME, AFFINE, EchoNumbers=1), *series(VOLUME // 2, AFFINE, EchoNumbers=2)]
    found = deface_series(files, PydicomPixels())
    assert found.slices == 2 * SHAPE[0]
    first, second = (np.stack([values_of(one) for one in part]) for part in (files[: SHAPE[0]], files[SHAPE[0] :]))
    mask, _, _ = deface(VOLUME, AFFINE)
    fill = VOLUME[~mask].min()
    assert (first[mask] == fill).all()
    assert (second[mask] == fill).all()
    assert np.array_equal(second[~mask], VOLUME[~mask] // 2)


def test_compressed_slices_stay_compressed() -> None:
    files = series(VOLUME, AFFINE)
    for one in files:
        one.compress(RLELossless, generate_instance_uid=False)
    found = deface_series(files, PydicomPixels())
    assert {one.file_meta.TransferSyntaxUID for one in files} == {RLELossless}
    assert found.notes == ("1 frames compressed again without loss",)


def test_enhanced_files_say_by_frame_where_slices_lie() -> None:
    files = series(VOLUME, AFFINE)
    one = image(VOLUME, Modality="MR")
    shared, measures, turn = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, turn.ImageOrientationPatient = files[0].PixelSpacing, files[0].ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([turn])
    one.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for single in files:
        place, group = Dataset(), Dataset()
        place.ImagePositionPatient = single.ImagePositionPatient
        group.PlanePositionSequence = Sequence([place])
        frames.append(group)
    one.PerFrameFunctionalGroupsSequence = Sequence(frames)
    deface_series([one], PydicomPixels())
    deface_series(files, PydicomPixels())
    assert np.array_equal(values_of(one), np.stack([values_of(single) for single in files]))


def _lose(files: list[Dataset]) -> list[Dataset]:
    return files[:20] + files[24:]


def _thin(files: list[Dataset]) -> list[Dataset]:
    return files[:5]


def _tilt(files: list[Dataset]) -> list[Dataset]:
    files[3].ImageOrientationPatient = [1, 0, 0, 0, 0.9, 0.43]
    return files


def _unplaced(files: list[Dataset]) -> list[Dataset]:
    del files[3].ImagePositionPatient
    return files


def _resized(files: list[Dataset]) -> list[Dataset]:
    files[3] = image(np.zeros((9, 9), np.int16))
    return files


def _coloured(files: list[Dataset]) -> list[Dataset]:
    return [*files, image(np.zeros((9, 9, 3), np.uint8))]


@pytest.mark.parametrize("harm", [_lose, _thin, _tilt, _unplaced, _resized, _coloured])
def test_what_is_no_whole_volume_is_refused_and_left_as_it_was(harm: Callable[[list[Dataset]], list[Dataset]]) -> None:
    files = harm(series(VOLUME, AFFINE))
    before = [one.PixelData for one in files]
    with pytest.raises(UnsupportedInput):
        deface_series(files, PydicomPixels())
    assert [one.PixelData for one in files] == before


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ({"Modality": "MR", "BodyPartExamined": "HEAD"}, "head"),
        ({"Modality": "CT", "StudyDescription": "CT BRAIN W/O CONTRAST"}, "head"),
        ({"Modality": "MR", "ProtocolName": "t1_mprage_sag"}, "head"),
        ({"Modality": "MR", "BodyPartExamined": "KNEE"}, "other"),
        ({"Modality": "CT", "SeriesDescription": "Chest 5mm"}, "other"),
        ({"Modality": "CT", "StudyDescription": "CHEST", "SeriesDescription": "Head first supine"}, "head"),
        ({"Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "BodyPartExamined": "HEAD"}, "other"),
        ({"Modality": "US", "BodyPartExamined": "HEAD"}, "other"),
        ({"Modality": "CT"}, "unknown"),
    ],
)
def test_headers_say_whether_a_head_was_scanned(header: dict[str, Any], part: str) -> None:
    one = Dataset()
    for keyword, value in header.items():
        setattr(one, keyword, value)
    assert part_of_body(one) == part
