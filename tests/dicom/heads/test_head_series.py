"""Series of slices: joined in any order and kind, cut alike, and refused when they are no volume."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from tests.dicom.heads.head_scenes import head, series, turned
from tests.dicom.pixels.pixel_scenes import image, values_of
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.dicom.heads.face import deface
from unseen.dicom.heads.series import SeriesFace, cut_face, measure_series
from unseen.errors import UnsupportedInput

AFFINE, SHAPE = turned("SPR", (7.0, 3.5, 3.5))
VOLUME = head(AFFINE, SHAPE)


def deface_series(files: list[Dataset]) -> tuple[SeriesFace, list[int], set[str]]:
    """Measure a series and cut each file; return the face, how many slices of each file changed, and notes."""
    face = measure_series(files, PydicomPixels())
    cut = [cut_face(one, face, PydicomPixels()) for one in files]
    return face, [changed for changed, _ in cut], {note for _, notes in cut for note in notes}


def test_slices_in_any_order_lose_what_the_volume_loses() -> None:
    files = series(VOLUME, AFFINE)
    order = np.random.default_rng(2).permutation(len(files))
    face, changed, _ = deface_series([files[i] for i in order])
    mask, _, _ = deface(VOLUME, AFFINE)
    after = np.stack([values_of(one) for one in files])
    assert np.array_equal(after[~mask], VOLUME[~mask])
    assert (after[mask] == VOLUME[~mask].min()).all()
    assert face.check.passed
    assert changed == [int(mask[i].any()) for i in order]


def test_slices_above_the_face_keep_their_bytes() -> None:
    files = series(VOLUME, AFFINE)
    before = [one.PixelData for one in files]
    deface_series(files)
    kept = [i for i, one in enumerate(files) if one.PixelData == before[i]]
    assert kept[-1] == len(files) - 1
    assert 10 < len(kept) < len(files)


def test_every_echo_is_cut_as_the_first() -> None:
    files = [*series(VOLUME, AFFINE, EchoNumbers=1), *series(VOLUME // 2, AFFINE, EchoNumbers=2)]
    deface_series(files)
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
    _, _, notes = deface_series(files)
    assert {one.file_meta.TransferSyntaxUID for one in files} == {RLELossless}
    assert notes == {"1 frames compressed again without loss"}


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
    deface_series([one])
    deface_series(files)
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
        deface_series(files)
    assert [one.PixelData for one in files] == before
