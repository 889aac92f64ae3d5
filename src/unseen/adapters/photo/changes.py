"""Which part of an animation frame differs from the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unseen.core.photos import Frame

__all__ = ["changed_part", "opaque", "with_alpha"]


def opaque(frame: Frame) -> bool:
    """Whether nothing of an 8-bit frame is transparent."""
    return frame.alpha is None or bool((frame.alpha == 255).all())


def with_alpha(frame: Frame) -> Frame:
    """Return an 8-bit frame with an alpha channel."""
    if frame.alpha is not None:
        return frame
    return replace(frame, alpha=np.full((frame.height, frame.width), 255, np.uint8))


def changed_part(before: Frame | None, frame: Frame, *, even: bool = False) -> tuple[int, int, Frame]:
    """Return left, top and the smallest part of a frame that has to be drawn over the one before it.

    All of it is drawn when there is none before; one pixel at least, so that no frame is lost and each keeps its time.
    `even`: left and top are even. Both frames have the same size and channels.
    """
    if before is None:
        return 0, 0, frame
    differs = (before.pixels != frame.pixels).any(axis=2)
    if before.alpha is not None and frame.alpha is not None:
        differs |= before.alpha != frame.alpha
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, 1)
    left, right = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, 1)
    if even:
        left, top = left - left % 2, top - top % 2
    part = replace(
        frame,
        pixels=frame.pixels[top:bottom, left:right],
        alpha=None if frame.alpha is None else frame.alpha[top:bottom, left:right],
    )
    return left, top, part
