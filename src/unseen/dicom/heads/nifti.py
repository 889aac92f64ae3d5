"""NIfTI-1 volumes of heads: read, cut, and written with a header that holds geometry and nothing else."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.dicom.heads.face import HeadCheck, deface
from unseen.dicom.heads.landmarks import Floats
from unseen.errors import DamagedInput, TooLarge, UnsupportedInput

__all__ = ["Nifti", "looks_like_nifti", "read_nifti", "without_face"]

_HEADER, _START = 348, 352
_GZIP = b"\x1f\x8b"
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
#: What is kept of a header: the way slices lie, sizes and types, scale, and where voxels are in space.
_KEPT = ((0, 4), (38, 40), (40, 56), (68, 132), (252, 328), (344, 348))


@dataclass(frozen=True, slots=True)
class Nifti:
    """A volume, or several over time: its header, the order of bytes, values (x, y, z[, time]), and where they lie.

    `affine` (4, 4) takes indices to millimetres to the right, front and top; `packed` says that the file is a gzip.
    """

    header: bytes
    order: Literal["<", ">"]
    values: NDArray[Any]
    affine: Floats
    packed: bool

    def as_bytes(self, values: NDArray[Any]) -> bytes:
        """Return a file of the same kind with other values of the same shape, and no words in its header."""
        header = bytearray(_START)
        for first, last in _KEPT:
            header[first:last] = self.header[first:last]
        header[108:112] = struct.pack(f"{self.order}f", float(_START))
        body = bytes(header) + values.astype(self.values.dtype, copy=False).tobytes(order="F")
        return gzip.compress(body, 6, mtime=0) if self.packed else body


def looks_like_nifti(data: bytes, name: str) -> bool:
    """Whether a file is named as NIfTI is, and begins as it does."""
    if name.lower().endswith((".nii.gz", ".nii")):
        return data[:2] == _GZIP or data[:4] in (struct.pack("<i", _HEADER), struct.pack(">i", _HEADER))
    return False


def read_nifti(data: bytes, max_bytes: int) -> Nifti:
    """Return the volume in a file; raises DamagedInput, UnsupportedInput or TooLarge.

    Source: NIfTI-1.1 data format, nifti1.h (2007). Headers without an orientation are refused: a face is found by it.
    """
    packed = data[:2] == _GZIP
    raw = _unpacked(data, max_bytes) if packed else data
    if len(raw) < _START or raw[344:348] != b"n+1\0":
        raise UnsupportedInput("is no NIfTI-1 file with its voxels inside; convert it first")
    order: Literal["<", ">"] = "<" if raw[:4] == struct.pack("<i", _HEADER) else ">"
    sizes = struct.unpack(f"{order}8h", raw[40:56])
    code, start = struct.unpack(f"{order}h", raw[70:72])[0], struct.unpack(f"{order}f", raw[108:112])[0]
    if sizes[0] not in (3, 4) or min(sizes[1 : sizes[0] + 1]) < 1 or code not in _TYPES:
        raise UnsupportedInput("holds no grey volume of three dimensions, or over time; it is not released")
    shape, kind = sizes[1 : sizes[0] + 1], np.dtype(_TYPES[code]).newbyteorder(order)
    count = int(np.prod(shape, dtype=np.int64))
    if not _START <= start <= len(raw) or len(raw) - int(start) < count * kind.itemsize:
        raise DamagedInput("has fewer voxels than it says; it is not released")
    values = np.frombuffer(raw, kind, count, int(start)).reshape(shape, order="F")
    return Nifti(raw[:_HEADER], order, values, _affine(raw, order), packed)


def without_face(volume: Nifti) -> tuple[bytes, HeadCheck]:
    """Return a file of a head without its face, over all of time, and what the check said of the first volume.

    Raises UnsupportedInput where no head is found and VerificationFailed where the check does not pass.
    """
    first = volume.values if volume.values.ndim == 3 else volume.values[..., 0]
    mask, _, check = deface(first, volume.affine)
    left = volume.values.copy(order="F")
    left[mask] = first[~mask].min()
    return volume.as_bytes(left), check


def _unpacked(data: bytes, max_bytes: int) -> bytes:
    unpack = zlib.decompressobj(31)
    try:
        raw = unpack.decompress(data, max_bytes)
    except zlib.error as error:
        raise DamagedInput("cannot be unpacked; send it again") from error
    if unpack.unconsumed_tail:
        raise TooLarge("unpacks to more than the limit; leave it out")
    if not unpack.eof:
        raise DamagedInput("ends too soon; send it again")
    return raw


def _affine(raw: bytes, order: str) -> Floats:
    """Return the affine of the header: the one that is given whole, else the one of a quaternion."""
    by_turn, by_rows = struct.unpack(f"{order}2h", raw[252:256])
    affine = np.eye(4)
    if by_rows > 0:
        affine[:3] = np.array(struct.unpack(f"{order}12f", raw[280:328])).reshape(3, 4)
    elif by_turn > 0:
        b, c, d, *place = struct.unpack(f"{order}6f", raw[256:280])
        a = np.sqrt(max(1.0 - b * b - c * c - d * d, 0.0))
        turn = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        sizes = np.array(struct.unpack(f"{order}4f", raw[76:92]))
        affine[:3, :3] = turn * sizes[1:] * np.array([1, 1, -1 if sizes[0] < 0 else 1])
        affine[:3, 3] = place
    else:
        raise UnsupportedInput("does not say which way is up; it is not released")
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:
        raise DamagedInput("says of its voxels that they lie nowhere; it is not released")
    return affine
