"""Turning pictures upright, and back as they were stored, by EXIF orientation (CIPA DC-008, tag 0x0112)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unseen.core.photos import Frame, Pixels

__all__ = ["stored", "upright"]

#: Orientation -> (quarter turns against the clock, then mirrored left to right) that make a stored picture upright.
_TURNS: dict[int, tuple[int, bool]] = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}


def upright(frame: Frame, orientation: int) -> Frame:
    """Return a stored frame upright, for an EXIF orientation of 1 to 8."""
    if orientation not in _TURNS:
        return frame
    turns, mirrored = _TURNS[orientation]
    return _each(frame, turns, mirrored, mirror_first=False)


def stored(frame: Frame, orientation: int) -> Frame:
    """Return an upright frame as it has to be stored under an EXIF orientation of 1 to 8."""
    if orientation not in _TURNS:
        return frame
    turns, mirrored = _TURNS[orientation]
    return _each(frame, -turns, mirrored, mirror_first=True)


def _each(frame: Frame, turns: int, mirrored: bool, *, mirror_first: bool) -> Frame:
    def turn(plane: Pixels) -> Pixels:
        if mirrored and mirror_first:
            plane = plane[:, ::-1]
        plane = np.rot90(plane, turns)
        if mirrored and not mirror_first:
            plane = plane[:, ::-1]
        return np.ascontiguousarray(plane)

    return replace(frame, pixels=turn(frame.pixels), alpha=None if frame.alpha is None else turn(frame.alpha))
