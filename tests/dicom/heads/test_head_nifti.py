"""NIfTI heads: the face goes, the voxels around it and the geometry stay, and no word of the header does."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from tests.dicom.heads.head_scenes import Floats, head, turned
from unseen.dicom.heads.face import deface
from unseen.dicom.heads.nifti import looks_like_nifti, read_nifti, without_face
from unseen.errors import DamagedInput, FileError, TooLarge, UnsupportedInput

AFFINE, SHAPE = turned("RAS", (4.0, 4.0, 4.0))
VOLUME = head(AFFINE, SHAPE)
LIMIT = 1 << 28


def nifti(values: np.ndarray, affine: Floats, *, order: str = "<", quaternion: bool = False) -> bytes:
    """A NIfTI-1 file whose header and extension hold words."""
    header = bytearray(352)
    header[0:4] = struct.pack(f"{order}i", 348)
    header[14:21] = b"Quimby^"
    header[40:56] = struct.pack(f"{order}8h", values.ndim, *values.shape, *[1] * (7 - values.ndim))
    header[70:74] = struct.pack(f"{order}2h", 4, 16)
    header[76:108] = struct.pack(f"{order}8f", 1, *np.linalg.norm(affine[:3, :3], axis=0), 1, 0, 0, 0)
    header[148:160] = b"Quimby^Erasm"
    header[252:256] = struct.pack(f"{order}2h", *((1, 0) if quaternion else (0, 1)))
    header[268:280] = struct.pack(f"{order}3f", *affine[:3, 3])
    header[280:328] = struct.pack(f"{order}12f", *affine[:3].ravel())
    header[328:334] = b"Quimby"
    header[344:348] = b"n+1\0"
    header[348] = 1
    extension = struct.pack(f"{order}2i", 32, 6) + b"Quimby was here".ljust(24)
    header[108:112] = struct.pack(f"{order}f", 352 + len(extension))
    return bytes(header) + extension + values.astype(f"{order}i2").tobytes(order="F") + b"Quimby"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_face_goes_and_nothing_else_changes_but_words(order: str, packed: bool) -> None:
    file = nifti(VOLUME, AFFINE, order=order)
    made, check = without_face(read_nifti(gzip.compress(file) if packed else file, LIMIT))
    assert (made[:2] == b"\x1f\x8b") == packed
    raw = gzip.decompress(made) if packed else made
    assert b"Quimby" not in raw
    again = read_nifti(made, LIMIT)
    mask, _, _ = deface(VOLUME, AFFINE)
    assert np.array_equal(again.values, np.where(mask, VOLUME[~mask].min(), VOLUME))
    assert np.allclose(again.affine, AFFINE)
    assert check.passed


def test_every_moment_of_a_film_loses_its_face() -> None:
    film = np.stack([VOLUME, VOLUME // 2, VOLUME // 3], axis=-1)
    made, _ = without_face(read_nifti(nifti(film, AFFINE), LIMIT))
    mask, _, _ = deface(VOLUME, AFFINE)
    values = read_nifti(made, LIMIT).values
    assert len(np.unique(values[mask])) == 1
    assert np.array_equal(values[~mask], film[~mask])


def test_a_quaternion_says_where_voxels_are_as_well() -> None:
    assert np.allclose(read_nifti(nifti(VOLUME, AFFINE, quaternion=True), LIMIT).affine, AFFINE)


def _without_space(file: bytes) -> bytes:
    return file[:252] + bytes(4) + file[256:]


def _short(file: bytes) -> bytes:
    return file[:-5000]


def _pair(file: bytes) -> bytes:
    return file[:344] + b"ni1\0" + file[348:]


def _nowhere(file: bytes) -> bytes:
    return file[:280] + bytes(48) + file[328:]


def _coloured(file: bytes) -> bytes:
    return file[:70] + struct.pack("<h", 128) + file[72:]


@pytest.mark.parametrize("harm", [_without_space, _short, _pair, _nowhere, _coloured])
def test_what_cannot_be_read_is_refused(harm: object) -> None:
    with pytest.raises((DamagedInput, UnsupportedInput)):
        read_nifti(harm(nifti(VOLUME, AFFINE)), LIMIT)  # type: ignore[operator]


def test_bombs_and_broken_archives_are_refused() -> None:
    packed = gzip.compress(nifti(VOLUME, AFFINE))
    with pytest.raises(TooLarge):
        read_nifti(packed, 1000)
    for broken in (packed[:-2000], packed[:40] + b"xxxx" + packed[44:]):
        with pytest.raises(FileError):
            read_nifti(broken, LIMIT)


def test_names_and_beginnings_tell_a_nifti_file() -> None:
    file = nifti(VOLUME, AFFINE)
    assert looks_like_nifti(file, "a.nii")
    assert looks_like_nifti(gzip.compress(file[:400]), "a.NII.gz")
    assert not looks_like_nifti(file, "a.dcm")
    assert not looks_like_nifti(b"nothing", "a.nii")
