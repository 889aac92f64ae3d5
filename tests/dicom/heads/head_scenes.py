"""A made-up head: a vault, a face with brow, nose and chin, a neck; and series of DICOM slices through it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.dicom.pixels.pixel_scenes import image

__all__ = ["FACE", "head", "series", "turned"]

Floats = NDArray[np.float64]
#: The profile of the face, from the chin up: levels, and how far it comes to the front, beside the nose and along it.
_CHEEKS = ([-112, -98, -75, -60, -17, -6], [96, 98, 100, 96, 92, 98])
_MIDDLE = ([-60, -50, -17, -6], [98, 112, 93, 98])
#: Where the face of the head is, in millimetres to the front and top: forward of this, and below that.
FACE = (70.0, -26.0)


def head(affine: Floats, shape: tuple[int, int, int], *, nod: float = 0.0, air: float = 5.0) -> NDArray[np.int16]:
    """A head, upright but for `nod` (degrees forward), whose vault has its middle at the origin of patient space.

    Tissue is 400 and brain 600, in noise; skull is dark. `affine` takes indices to millimetres (RAS).
    """
    index = np.indices(shape).reshape(3, -1)
    x, y, z = affine[:3, :3] @ index + affine[:3, 3:]
    angle = np.deg2rad(nod)
    y, z = y * np.cos(angle) - z * np.sin(angle), y * np.sin(angle) + z * np.cos(angle)
    vault = (x / 76) ** 2 + (y / 98) ** 2 + (z / 92) ** 2
    cheeks = np.interp(z, *_CHEEKS) - 0.008 * x**2
    nose = (np.abs(x) < 14) & (y > 60) & (y < np.interp(z, *_MIDDLE)) & (z < -6) & (z > -60)
    lower = (np.abs(x) < 62) & (y > 0) & (y < cheeks) & (z < -6) & (z > -112)
    neck = (x**2 + (y + 15) ** 2 < 58**2) & (z < 0)
    orbits = (z < -16) & (y > 40)
    values = np.full(x.size, air)
    values[(vault < 1) | lower | nose | neck] = 400
    values[(vault < 0.86) & (vault > 0.76) & (z > -45) & ~orbits] = 40
    values[(vault < 0.76) & ~orbits] = 600
    values += np.random.default_rng(0).normal(0, 4, x.size)
    return np.maximum(values, 0).astype(np.int16).reshape(shape)


def turned(axes: str, step: tuple[float, float, float], reach: float = 118.0) -> tuple[Floats, tuple[int, int, int]]:
    """The affine and shape of a volume whose axes run along patient axes: "RAS" or "PSR", a letter each."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    shape = []
    for axis, letter in enumerate(axes):
        row = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}[letter]
        affine[row, axis] = step[axis] * (1 if letter in "RAS" else -1)
        affine[row, 3] = -reach * (1 if letter in "RAS" else -1)
        shape.append(int(2 * reach / step[axis]))
    return affine, (shape[0], shape[1], shape[2])


def series(volume: NDArray[Any], affine: Floats, **header: Any) -> list[Dataset]:
    """Slices along the first axis of a volume, rows along the second, as single-frame MR files."""
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    files = []
    for i, values in enumerate(volume):
        one = image(np.ascontiguousarray(values), Modality="MR", SeriesDescription="t1 mprage")
        one.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        down, across = lps[:3, 1], lps[:3, 2]
        one.PixelSpacing = [float(np.linalg.norm(down)), float(np.linalg.norm(across))]
        one.ImageOrientationPatient = [
            *map(float, across / np.linalg.norm(across)),
            *map(float, down / np.linalg.norm(down)),
        ]
        one.ImagePositionPatient = [float(v) for v in lps[:3, :3] @ [i, 0, 0] + lps[:3, 3]]
        for keyword, value in header.items():
            setattr(one, keyword, value)
        files.append(one)
    return files
