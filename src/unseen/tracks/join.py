"""Pieces of tracks joined over gaps: where one was going meets where another came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.camera import Floats
from unseen.tracks.paths import Path
from unseen.tracks.settings import LinkSettings
from unseen.tracks.states import sizes

__all__ = ["Piece", "join"]

#: Pieces whose sides differ by more than this factor, extrapolated, are not joined.
_ALIKE = np.log(2.0)
#: Ends leap over at most so many seconds, to what has such a score as well, and differs by at most this factor.
_LEAP_S, _LEAP_SCORE, _LEAP_ALIKE = 0.35, 0.5, np.log(1.5)


class Piece(NamedTuple):
    """A piece of a track: its first and last frame, its path, what keeps it from others (kind, shot), and its best
    score, or 0 if it is of a kind that does not leap."""

    first: int
    last: int
    path: Path
    group: tuple[int, int]
    score: float = 0.0


class _Ends(NamedTuple):
    """One end of each piece, as arrays: frame (n,), state (n, 4), velocity a second (n, 4)."""

    frame: NDArray[np.intp]
    state: Floats
    velocity: Floats


def join(pieces: Sequence[Piece], rate: float, settings: LinkSettings) -> list[list[int]]:
    """Return chains of indices into `pieces`, in order of time; each piece is in exactly one.

    The end of one piece is carried forward to the beginning of another, and that beginning back to the end, by their
    velocities; the mean miss of both, in sizes, is the cost. The best pairs are joined first: unlike in one frame, few
    pieces compete, and a whole video's would make a large matrix.
    """
    successor: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(_candidates(pieces, rate, settings)):
        if i not in successor and j not in taken:
            successor[i] = j
            taken.add(j)
    return [_chain(i, successor) for i in range(len(pieces)) if i not in taken]


def _chain(start: int, successor: dict[int, int]) -> list[int]:
    chain = [start]
    while chain[-1] in successor:
        chain.append(successor[chain[-1]])
    return chain


def _candidates(pieces: Sequence[Piece], rate: float, settings: LinkSettings) -> list[tuple[float, int, int]]:
    """Return (cost, earlier, later) of all pairs that may be one object."""
    if not pieces:
        return []
    a, b = _pairs(pieces, max(1, round(settings.gap_s * rate)) + 1)
    ends = _ends(pieces, -1)
    starts = _ends(pieces, 0)
    seconds = ((starts.frame[b] - ends.frame[a]) / rate)[:, None]
    ahead = ends.state[a] + ends.velocity[a] * seconds
    behind = starts.state[b] - starts.velocity[b] * seconds
    misses = [_miss(ahead, starts.state[b]), _miss(behind, ends.state[a])]
    cost = (misses[0][0] + misses[1][0]) / 2
    unlike = np.minimum(misses[0][1], misses[1][1])
    reach = np.minimum(settings.reach + settings.drift * seconds[:, 0], settings.far)
    leaps = _may_leap(pieces, a, b) & (unlike <= _LEAP_ALIKE) & (seconds[:, 0] <= _LEAP_S)
    reach = np.where(leaps, np.maximum(reach, settings.leap * seconds[:, 0]), reach)
    good = (cost <= reach) & (unlike <= _ALIKE)
    return list(zip(cost[good].tolist(), a[good].tolist(), b[good].tolist(), strict=True))


def _may_leap(pieces: Sequence[Piece], a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which pairs are of sure pieces of which one was seen once: how it moves is not known."""
    once = np.array([piece.first == piece.last for piece in pieces])
    sure = np.array([piece.score >= _LEAP_SCORE for piece in pieces])
    return np.asarray((once[a] | once[b]) & sure[a] & sure[b])


def _pairs(pieces: Sequence[Piece], furthest: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return indices (earlier, later) of pieces of one group, at most `furthest` frames from end to beginning."""
    firsts = np.array([p.first for p in pieces], np.intp)
    order = np.argsort(firsts, kind="stable")
    rising = firsts[order]
    pairs = []
    for i, piece in enumerate(pieces):
        low, high = np.searchsorted(rising, [piece.last + 1, piece.last + furthest + 1])
        pairs += [(i, int(j)) for j in order[low:high] if pieces[j].group == piece.group]
    both = np.array(pairs, np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _ends(pieces: Sequence[Piece], at: int) -> _Ends:
    """Return the beginnings (`at` 0) or ends (-1) of pieces."""
    frames = np.array([p.last if at else p.first for p in pieces], np.intp)
    paths = [p.path for p in pieces]
    return _Ends(frames, np.array([p.states[at] for p in paths]), np.array([p.velocities[at] for p in paths]))


def _miss(expected: Floats, found: Floats) -> tuple[Floats, Floats]:
    """Return how far centres are off in sizes and sides in logarithms, shapes (n,)."""
    away = np.linalg.norm(expected[:, :2] - found[:, :2], axis=1)
    unlike = np.abs(expected[:, 2:] - found[:, 2:]).max(axis=1)
    return away / sizes(found), unlike
