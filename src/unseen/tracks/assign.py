"""Who is who: the assignment of detections to where tracks are expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.states import corners, overlaps, sizes

__all__ = ["Gate", "assign"]

#: Sides that differ by more than this factor are not matched on distance alone.
_ALIKE = np.log(2.0)


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be matched: boxes of at least this overlap, or centres at most `reach` sizes apart, shape (n,)."""

    overlap: float
    reach: Floats


def assign(expected: Floats, found: Floats, same_kind: NDArray[np.bool_], gate: Gate) -> list[tuple[int, int]]:
    """Return (row of `expected`, row of `found`) of those that belong together, each row at most once.

    States have shapes (n, 4) and (m, 4), `same_kind` (n, m). The cost is 1 - IoU, plus the distance of the centres as
    a share of the reach, so that small and fast boxes that do not overlap can be told apart. The sum of costs is the
    smallest there is (the Hungarian method: Kuhn 1955), where leaving two apart costs as much as the worst match.
    """
    if not len(expected) or not len(found):
        return []
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped, unused-ignore]

    overlap = overlaps(corners(expected), corners(found))
    away = np.linalg.norm(expected[:, None, :2] - found[None, :, :2], axis=-1)
    away /= (sizes(expected)[:, None] + sizes(found)[None, :]) / 2 * gate.reach[:, None]
    alike = np.abs(expected[:, None, 2:] - found[None, :, 2:]).max(axis=-1) <= _ALIKE
    allowed = same_kind & ((overlap >= gate.overlap) | ((away <= 1.0) & alike))
    cost = np.where(allowed, 1.0 - overlap + np.minimum(away, 1.0), 2.0)
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]
