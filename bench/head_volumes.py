"""Head volumes with known faces: how much of the face is removed, how much of the brain stays, at several tilts."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.dicom.heads.face import deface
from unseen.errors import FileError

__all__ = ["brain_in", "head_rows", "read_nifti", "tilted"]

Floats = NDArray[np.float64]
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2"}


def read_nifti(path: Path) -> tuple[NDArray[Any], Floats]:
    """Return the values of a NIfTI-1 file and what takes its voxels to millimetres to the right, front and top."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    order: Literal["<", ">"] = "<" if struct.unpack("<i", raw[:4])[0] == 348 else ">"
    shape = struct.unpack(f"{order}8h", raw[40:56])
    kind = np.dtype(_TYPES[struct.unpack(f"{order}h", raw[70:72])[0]]).newbyteorder(order)
    start = int(struct.unpack(f"{order}f", raw[108:112])[0])
    sizes = shape[1:4]
    values = np.frombuffer(raw, kind, int(np.prod(sizes)), start).reshape(sizes, order="F")
    affine = np.eye(4)
    affine[:3] = np.frombuffer(raw[280:328], f"{order}f4").reshape(3, 4)
    return values, affine


def tilted(affine: Floats, degrees: float) -> Floats:
    """Return the affine of a head that is held nodding back by so many degrees."""
    turn = np.eye(4)
    angle = np.deg2rad(degrees)
    turn[1, 1] = turn[2, 2] = np.cos(angle)
    turn[2, 1], turn[1, 2] = np.sin(angle), -np.sin(angle)
    return np.asarray(turn @ affine)


def brain_in(head: NDArray[Any], to_mm: Floats, brain: NDArray[Any], brain_to_mm: Floats) -> NDArray[np.bool_]:
    """Return the voxels of a head where a brain template lies, after fitting it: turned, moved, scaled."""
    from scipy import ndimage, optimize  # type: ignore[import-untyped, unused-ignore]

    rng = np.random.default_rng(0)
    near = ndimage.binary_dilation(brain[::2, ::2, ::2] > 0, iterations=3)
    index = np.argwhere(near) * 2
    index = index[rng.permutation(len(index))[:12000]]
    wanted = ndimage.gaussian_filter(brain.astype(np.float32), 2)[tuple(index.T)]
    points = index @ brain_to_mm[:3, :3].T + brain_to_mm[:3, 3]
    centre = points.mean(axis=0)
    back = np.linalg.inv(to_mm)
    smooth = ndimage.gaussian_filter(head.astype(np.float32), 1)

    def matrix(p: Floats) -> Floats:
        turn = np.eye(3)
        for axis, angle in enumerate(p[3:6] / 100):
            one = np.eye(3)
            i, j = [k for k in range(3) if k != axis]
            one[i, i] = one[j, j] = np.cos(angle)
            one[i, j], one[j, i] = -np.sin(angle), np.sin(angle)
            turn = turn @ one
        return np.asarray(turn * np.exp(p[6:9] / 100))

    def cost(p: Floats) -> float:
        places = (points - centre) @ matrix(p).T + centre + p[:3]
        seen = ndimage.map_coordinates(smooth, (places @ back[:3, :3].T + back[:3, 3]).T, order=1)
        return -float(np.corrcoef(seen, wanted)[0, 1])

    # The template is of a large head: from its own size the fit takes the scalp for the brain's edge.
    start = np.array([0, 8, 0, 0, 0, 0, -12, -12, -12], np.float64)
    best = optimize.minimize(cost, start, method="Powell", options={"maxiter": 6, "xtol": 0.1, "ftol": 1e-4}).x
    grid = np.argwhere(np.ones(head.shape, bool)) @ to_mm[:3, :3].T + to_mm[:3, 3]
    inverse = np.linalg.inv(matrix(best))
    source = (grid - centre - best[:3]) @ inverse.T + centre
    into = np.linalg.inv(brain_to_mm)
    values = ndimage.map_coordinates(brain.astype(np.float32), (source @ into[:3, :3].T + into[:3, 3]).T, order=1)
    return np.asarray((values > 60).reshape(head.shape))


def head_rows(folder: Path) -> list[dict[str, Any]]:
    """Return what is removed of the face and kept of the brain of the head in a folder, at several tilts."""
    paths = [next(folder.glob(f"*{part}*.nii.gz"), None) for part in ("mean_head", "facemask", "brainonly")]
    if None in paths:
        return []
    (head, to_mm), (keep, _), (brain, brain_mm) = (read_nifti(path) for path in paths if path is not None)
    face = (keep == 0) & (head > 60)
    lobes = brain_in(head, to_mm, brain, brain_mm)
    rows: list[dict[str, Any]] = []
    for degrees in (-20, -10, 0, 10, 20):
        try:
            mask, _, check = deface(head, tilted(to_mm, degrees))
        except FileError as error:
            rows.append({"tilt": degrees, "face removed": "-", "brain kept": "-", "check": str(error)})
            continue
        rows.append(
            {
                "tilt": degrees,
                "face removed": float((mask & face).sum() / face.sum()),
                "brain kept": float(1 - (mask & lobes).sum() / lobes.sum()),
                "check": f"surface gone {check.surface_gone:.3f}, vault lost {check.vault_lost:.4f}",
            }
        )
    return rows
