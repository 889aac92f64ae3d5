"""The face of a head scan: which voxels to remove, and whether a face is left and a brain lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.dicom.heads.landmarks import STEP, Floats, Landmarks, Mask, Volume, head_of, landmarks, on_grid
from unseen.errors import VerificationFailed

__all__ = ["HeadCheck", "check_head", "deface", "face_mask"]

#: The face, from the nasion along the head's axes, as shares of the head's length: it reaches so far back, and its
#: upper side falls from the brow by so much on the way back, so that the frontal lobes above the orbits stay.
_DEPTH, _ABOVE, _FALL = 0.26, 0.045, 0.36
#: The part of a face that is looked for again: so far to each side, and down from the nasion.
_WINDOW_SIDE, _WINDOW_DOWN = 0.3, 0.5
#: A surface is gone where the head now begins so many millimetres further back.
_GONE_MM = 12.0
#: The vault lies at least so far inside the surface in millimetres, and reaches so far below the vertex, as a share of
#: the head's length: measured from the top, as the face is not.
_VAULT_MM, _VAULT_DOWN = 14.0, 0.45


@dataclass(frozen=True, slots=True)
class HeadCheck:
    """What a second look says: the share of the face's surface that is gone, and of the vault's inside that is lost."""

    surface_gone: float
    vault_lost: float

    @property
    def passed(self) -> bool:
        """Whether hardly anything of the face is left, and hardly anything of the brain is lost."""
        return self.surface_gone >= 0.95 and self.vault_lost <= 0.005


def face_mask(found: Landmarks, shape: tuple[int, ...], affine: Floats) -> Mask:
    """Return the voxels of a volume that are face or air in front of one.

    Air goes too, to the edges of the volume: else its noise would show where the face began. `affine` (4, 4) takes
    voxel indices to millimetres (RAS).
    """
    index = [np.arange(n, dtype=np.float64) for n in shape]
    front, top = (
        sum(
            (affine[axis, i] * index[i].reshape([-1 if k == i else 1 for k in range(3)]) for i in range(3)),
            affine[axis, 3],
        )
        for axis in (1, 2)
    )
    forward, up = found.forward_and_up(np.asarray(front), np.asarray(top))
    size = found.length
    return np.asarray((forward > -_DEPTH * size) & (up < _ABOVE * size + _FALL * forward))


def deface(volume: Volume, affine: Floats) -> tuple[Mask, Landmarks, HeadCheck]:
    """Return the mask of a head scan's face, shape of `volume`, the landmarks it is made from, and the check of it.

    `volume` holds one value a voxel; `affine` (4, 4) takes voxel indices to millimetres to the patient's right, front
    and top. Raises UnsupportedInput where no head is found, and VerificationFailed where the check does not pass.
    """
    grid, corner = on_grid(volume, affine)
    head = head_of(grid)
    found = landmarks(head, corner, float(np.abs(affine[1, :3]).max()))
    mask = face_mask(found, volume.shape, affine)
    to_grid = np.diag([STEP, STEP, STEP, 1.0])
    to_grid[:3, 3] = corner
    check = check_head(head, face_mask(found, grid.shape, to_grid), found, corner)
    if not check.passed:
        raise VerificationFailed(
            f"{check.surface_gone:.0%} of the face's surface would be gone and {check.vault_lost:.2%} of the vault "
            "lost: the head is not as it is expected; the series is not released"
        )
    return mask, found, check


def check_head(head: Mask, gone: Mask, found: Landmarks, corner: Floats) -> HeadCheck:
    """Return what a second look at a head and a mask on the grid says, in other ways than the mask was made.

    The surface is what can be seen from the front; the vault is what lies deep inside the upper half of the head.
    """
    return HeadCheck(_surface_gone(head, gone, found, corner), _vault_lost(head, gone, found, corner))


def _surface_gone(head: Mask, gone: Mask, found: Landmarks, corner: Floats) -> float:
    before, after = _front(head), _front(head & ~gone)
    width = np.flatnonzero(head.any(axis=(1, 2)))
    side = np.abs(np.arange(head.shape[0])[:, None] - (width.min() + width.max()) / 2) * STEP
    size = found.length
    levels = corner[2] + STEP * np.arange(head.shape[2], dtype=np.float64)
    forward, up = found.forward_and_up(corner[1] + STEP * before, levels[None, :])
    seen = (before >= 0) & (side <= _WINDOW_SIDE * size) & (forward >= -0.15 * size)
    seen &= (up <= -0.03 * size) & (up >= -_WINDOW_DOWN * size)
    return float(((before - after) * STEP >= _GONE_MM)[seen].mean()) if seen.any() else 0.0


def _front(head: Mask) -> NDArray[np.intp]:
    """Return the foremost voxel of each line from front to back; -1 where there is none."""
    return np.where(head.any(axis=1), head.shape[1] - 1 - np.argmax(head[:, ::-1], axis=1), -1)


def _vault_lost(head: Mask, gone: Mask, found: Landmarks, corner: Floats) -> float:
    from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

    deep = ndimage.distance_transform_edt(head) * STEP > _VAULT_MM
    front = corner[1] + STEP * np.arange(head.shape[1], dtype=np.float64)
    top = corner[2] + STEP * np.arange(head.shape[2], dtype=np.float64)
    _, up = found.forward_and_up(front[:, None], top[None, :])
    highest = float(up[head.any(axis=0)].max())
    vault = deep & (up > highest - _VAULT_DOWN * found.length)[None]
    return float((vault & gone).sum() / max(int(vault.sum()), 1))
