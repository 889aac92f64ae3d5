"""Which rows of a unit count: so many cells of each, so many rows in each cell, chosen at random."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unseen.core.tabulation import Bounding

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Chosen", "choose"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that count, and how many do not: each unit's at most `most_counted` of them, and all."""

    frame: pl.DataFrame
    left_out: int
    left_out_in_all: int


def choose(frame: pl.DataFrame, bounding: Bounding) -> Chosen:
    """Choose rows of whole units; `frame` has the columns unit, cell, and the rows' values, whole numbers all.

    Cells of a unit are ordered by a random function of unit and cell, rows in a cell by one of all their values; the
    first ones count. So the choice for one unit depends on its own rows and the secret alone, not on what else is in
    the table, or on the order of rows: adding a unit changes the sums by no more than that unit's own rows.
    """
    import polars as pl

    values = [name for name in frame.columns if name not in ("unit", "cell")]
    ordered = frame.with_columns(
        by_cell=pl.struct("unit", "cell").hash(secrets.randbits(64)),
        by_row=pl.struct("unit", "cell", *values).hash(secrets.randbits(64)),
    ).sort("unit", "by_cell", "cell", "by_row")
    if ordered.height == 0:
        return Chosen(frame, 0, 0)
    unit, cell = ordered["unit"].to_numpy(), ordered["cell"].to_numpy()
    index = np.arange(len(unit))
    new_unit = np.concatenate([[True], unit[1:] != unit[:-1]])
    new_cell = new_unit | np.concatenate([[True], cell[1:] != cell[:-1]])
    row = index - np.maximum.accumulate(np.where(new_cell, index, 0))
    number = np.cumsum(new_cell) - 1
    nth = number - np.maximum.accumulate(np.where(new_unit, number, 0))
    keep = (nth < bounding.cells) & (row < bounding.each)
    out = np.add.reduceat((~keep).astype(np.int64), np.flatnonzero(new_unit))
    chosen = ordered.filter(pl.Series(keep)).select(frame.columns)
    return Chosen(chosen, int(np.minimum(out, bounding.most_counted).sum()), int(out.sum()))
