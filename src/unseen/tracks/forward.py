"""Linking forward in time, one frame after another: sure detections first, then the unsure ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.tracks.assign import Gate, assign
from unseen.tracks.motion import Belief, begin, predict, update
from unseen.tracks.settings import LinkSettings
from unseen.tracks.states import sizes
from unseen.tracks.table import Table

__all__ = ["pieces_of"]

_Rows = NDArray[np.intp]
#: Least overlap of a sure detection with where its track is expected, and of an unsure one.
_SURE, _UNSURE = 0.1, 0.3


def pieces_of(table: Table, frames: Sequence[int], rate: float, settings: LinkSettings) -> list[list[int]]:
    """Return the rows of the table in each piece of track, found by going through `frames` once."""
    walk = _Walk(table, rate, settings)
    bounds = np.searchsorted(table.frames, [*frames, np.iinfo(np.intp).max])
    for i, frame in enumerate(frames):
        walk.go(frame, np.arange(bounds[i], bounds[i + 1]))
    return walk.pieces


class _Walk:
    """The pieces that may still go on, as arrays with one row each: belief, latest row of the table, piece number."""

    def __init__(self, table: Table, rate: float, settings: LinkSettings) -> None:
        self._table, self._rate, self._settings = table, rate, settings
        self._frame = -1
        self._belief = Belief(np.zeros((0, 4, 2)), np.zeros((0, 4, 2, 2)))
        self._latest = np.zeros(0, np.intp)
        self._piece = np.zeros(0, np.intp)
        self.pieces: list[list[int]] = []

    def go(self, frame: int, rows: _Rows) -> None:
        """Go on to `frame`, in which `rows` of the table were found."""
        step, self._frame = frame - self._frame, frame
        if len(rows):
            self._keep(self._table.shots[self._latest] == self._table.shots[rows[0]])
        patience = max(self._settings.patience_s * self._rate, step)
        self._keep(frame - self._table.frames[self._latest] <= patience)
        self._belief = predict(self._belief, step / self._rate, self._table.noise.of(self._latest))
        sure = self._table.scores[rows] >= self._settings.high
        free = np.ones(len(self._latest), bool)
        left = np.concatenate([self._match(rows[sure], free, _SURE), self._match(rows[~sure], free, _UNSURE)])
        self._start(np.sort(left[self._table.scores[left] >= self._settings.floor]))

    def _keep(self, which: NDArray[np.bool_]) -> None:
        if not which.all():
            self._belief = Belief(self._belief.mean[which], self._belief.cov[which])
            self._latest, self._piece = self._latest[which], self._piece[which]

    def _match(self, rows: _Rows, free: NDArray[np.bool_], overlap: float) -> _Rows:
        """Give `rows` to the pieces that are still `free`, which is changed, and return those left over."""
        who = np.flatnonzero(free)
        same_kind = self._table.kinds[self._latest[who]][:, None] == self._table.kinds[rows][None, :]
        pairs = assign(
            self._belief.mean[who, :, 0], self._table.states[rows], same_kind, Gate(overlap, self._reach()[who])
        )
        if not pairs:
            return rows
        matched = np.array(pairs)
        won, given = who[matched[:, 0]], rows[matched[:, 1]]
        after = update(
            Belief(self._belief.mean[won], self._belief.cov[won]),
            self._table.states[given],
            self._table.noise.of(given),
        )
        self._belief.mean[won], self._belief.cov[won] = after
        self._latest[won] = given
        for piece, row in zip(self._piece[won].tolist(), given.tolist(), strict=True):
            self.pieces[piece].append(row)
        free[won] = False
        left = np.ones(len(rows), bool)
        left[matched[:, 1]] = False
        return rows[left]

    def _reach(self) -> NDArray[np.float64]:
        """Return how many sizes each piece's next detection may be off."""
        spread = np.sqrt(self._belief.cov[:, 0, 0, 0]) / sizes(self._belief.mean[..., 0])
        return np.minimum(self._settings.reach + 2 * spread, self._settings.far)

    def _start(self, rows: _Rows) -> None:
        """Begin a piece with each of `rows`."""
        states, noise = self._table.states[rows], self._table.noise.of(rows)
        new = update(begin(states, noise), states, noise)
        self._belief = Belief(*(np.concatenate(pair) for pair in zip(self._belief, new, strict=True)))
        self._latest = np.concatenate([self._latest, rows])
        self._piece = np.concatenate([self._piece, np.arange(len(self.pieces), len(self.pieces) + len(rows))])
        self.pieces += [[row] for row in rows.tolist()]
