"""Who is who: the assignment of detections to where tracks are expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.states import corners, overlaps, sizes

__all__ = ["Gate", "assign"]

#: Sides that differ by more than this factor are not matched on distance alone.
_ALIKE = np.log(2.0)
#: So many ways to give columns to rows, or states in between, of so many rows are tried, in 30 ms at most; to load the
#: library takes 300 to 800, in which little else is done.
_FEW, _MOST_ROWS = 6000, 64
#: The columns that each row may have.
_Choices: TypeAlias = dict[int, list[int]]
#: How much each row and column save together.
_Saved: TypeAlias = list[list[float]]


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be matched: boxes of at least this overlap, or centres at most `reach` sizes apart, shape (n,)."""

    overlap: float
    reach: Floats


def assign(expected: Floats, found: Floats, same_kind: NDArray[np.bool_], gate: Gate) -> list[tuple[int, int]]:
    """Return (row of `expected`, row of `found`) of those that belong together, each row at most once.

    States have shapes (n, 4) and (m, 4), `same_kind` (n, m). The cost is 1 - IoU, plus the distance of the centres as
    a share of the reach, so that small and fast boxes that do not overlap can be told apart. The sum of costs is the
    smallest there is, where leaving two apart costs as much as the worst match; where many compete, it is found by the
    Hungarian method (Kuhn 1955).
    """
    if not len(expected) or not len(found):
        return []
    overlap = overlaps(corners(expected), corners(found))
    away = np.linalg.norm(expected[:, None, :2] - found[None, :, :2], axis=-1)
    away /= (sizes(expected)[:, None] + sizes(found)[None, :]) / 2 * gate.reach[:, None]
    alike = np.abs(expected[:, None, 2:] - found[None, :, 2:]).max(axis=-1) <= _ALIKE
    allowed = same_kind & ((overlap >= gate.overlap) | ((away <= 1.0) & alike))
    # As lists, for single numbers are read, and numpy takes its time for each.
    saved = (1.0 + overlap - np.minimum(away, 1.0)).tolist()
    return sorted(pair for part in _parts(allowed) for pair in _best(part, saved))


def _parts(allowed: NDArray[np.bool_]) -> Iterator[_Choices]:
    """Yield the rows and columns that compete with one another, each time as the columns that each row may have."""
    choices: _Choices = {}
    rivals: _Choices = {}
    for i, j in np.argwhere(allowed).tolist():
        choices.setdefault(i, []).append(j)
        rivals.setdefault(j, []).append(i)
    left = set(choices)
    while left:
        rows = [left.pop()]
        for i in rows:  # grows while it is walked: a breadth-first search
            new = {k for j in choices[i] for k in rivals[j]} & left
            left -= new
            rows += sorted(new)
        yield {i: choices[i] for i in sorted(rows)}


def _best(part: _Choices, saved: _Saved) -> list[tuple[int, int]]:
    """Return the pairs that save most together; few ways are all tried, because the library takes long to be loaded."""
    columns = sorted({j for some in part.values() for j in some})
    ways, states = math.prod(len(some) + 1 for some in part.values()), len(part) * 2 ** len(columns)
    if min(ways, states) <= _FEW and len(part) <= _MOST_ROWS:
        return list(_tried(list(part.items()), saved, frozenset(), {})[1])
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped, unused-ignore]

    matrix = np.array([[saved[i][j] if j in some else 0.0 for j in columns] for i, some in part.items()])
    rows = list(part)
    pairs = ((rows[i], columns[j]) for i, j in zip(*linear_sum_assignment(matrix, maximize=True), strict=True))
    return [(i, j) for i, j in pairs if j in part[i]]


_Best: TypeAlias = tuple[float, tuple[tuple[int, int], ...]]


def _tried(
    rows: Sequence[tuple[int, list[int]]],
    saved: _Saved,
    taken: frozenset[int],
    known: dict[tuple[int, frozenset[int]], _Best],
) -> _Best:
    """Return how much the best pairs of `rows` save, with columns that are not `taken`, and the pairs.

    What was found for as many rows and the same columns taken is `known`.
    """
    if not rows:
        return 0.0, ()
    if (state := (len(rows), taken)) in known:
        return known[state]
    (i, columns), *others = rows
    best = _tried(others, saved, taken, known)
    for j in columns:
        if j not in taken:
            total, pairs = _tried(others, saved, taken | {j}, known)
            if total + saved[i][j] > best[0]:
                best = total + saved[i][j], ((i, j), *pairs)
    known[state] = best
    return best
