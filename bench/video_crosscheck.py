"""Holds the regions that Unseen says it hid against the pixels of the file that it wrote, on a few frames.

Video is encoded with loss, so every pixel changes a little. What tells is the fine detail (the Laplacian of luma): of
what was hidden nothing is left, of the rest nearly all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.metrics import Mask
from bench.video_clips import Clip
from bench.video_tools import Tool
from unseen.adapters.video_av import open_video
from unseen.core.video import VideoFrame

__all__ = ["Detail", "check", "correlation", "detail_in"]

# Encoding alone takes fine grain from large pictures: in egoblur_gen2_test_face_video it leaves a correlation of 0.74.
_LEFT, _KEPT = 0.3, 0.5
_FEWEST = 64
_Luma = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detail:
    """How much detail is left inside and outside of what is said to be hidden, as sums over pixels.

    `inside` and `outside` are (covariance, variance before, variance after). `lost` is how many frames the written
    files have too few, or too many.
    """

    frames: int = 0
    inside: tuple[float, float, float] = (0.0, 0.0, 0.0)
    outside: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lost: int = 0

    def __add__(self, other: Detail) -> Detail:
        inside, outside = _sum(self.inside, other.inside), _sum(self.outside, other.outside)
        return Detail(self.frames + other.frames, inside, outside, self.lost + other.lost)

    @property
    def holds(self) -> bool:
        """Whether what is hidden has lost its detail, the rest kept it, and no frame is missing."""
        if self.frames == 0:
            return self.lost == 0
        return correlation(self.inside) <= _LEFT and correlation(self.outside) >= _KEPT and self.lost == 0

    def __str__(self) -> str:
        inside, outside = correlation(self.inside), correlation(self.outside)
        return (
            f"{self.frames} frames of the written files: detail correlates with the input's by {inside:.2f} inside the "
            f"reported regions, by {outside:.2f} outside; {self.lost} frames too few or too many"
        )


def _sum(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def correlation(sums: tuple[float, float, float]) -> float:
    """Return a correlation from covariance and variances, 0 where there is no detail."""
    both = sums[1] * sums[2]
    return sums[0] / math.sqrt(both) if both > 0 else 0.0


def detail_in(before: _Luma, after: _Luma, hidden: Mask) -> Detail:
    """Compare the detail of one frame, given as luma (height, width), with what is left of it.

    Pixels next to the edge of what is hidden belong to neither side.
    """
    a, b = _laplacian(before), _laplacian(after)
    core = hidden.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            core &= np.roll(hidden, step, axis)
    inside = core[1:-1, 1:-1]
    outside = ~hidden[1:-1, 1:-1]
    return Detail(1, _sums(a[inside], b[inside]), _sums(a[outside], b[outside]))


def _laplacian(luma: _Luma) -> _Luma:
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return np.asarray(around - 4 * luma[1:-1, 1:-1])


def _sums(a: _Luma, b: _Luma) -> tuple[float, float, float]:
    if a.size < _FEWEST:
        return 0.0, 0.0, 0.0
    return float(a @ b), float(a @ a), float(b @ b)


def check(clip: Clip, tool: Tool, folder: Path, frames: int = 4) -> Detail:
    """Compare the frames of a finished run that hide the most in each of `frames` parts of a clip."""
    output = tool.output(clip, folder)
    if tool.masks is None or not output.is_file():
        return Detail()
    areas = [int(mask.sum()) for mask in tool.masks(clip, folder)]
    edges = np.linspace(0, len(areas), frames + 1).astype(int).tolist()
    wanted = {max(range(low, high), key=areas.__getitem__) for low, high in pairwise(edges) if high > low}
    total = Detail()
    pictures = _pairs(clip.path, output)
    for i, ((before, after), mask) in enumerate(
        zip_longest(pictures, tool.masks(clip, folder), fillvalue=(None, None))
    ):
        if before is None or after is None or isinstance(mask, tuple):
            total += Detail(lost=1)
        elif i in wanted:
            total += detail_in(before, after, mask)
    return total


def _pairs(before: Path, after: Path) -> Iterator[tuple[_Luma | None, _Luma | None]]:
    """Yield the luma of the frames of two files side by side, None where one has no more."""
    with open_video(before, before.name) as first, open_video(after, after.name) as second:
        for a, b in zip_longest(first, second):
            yield _luma(a), _luma(b)


def _luma(frame: VideoFrame | None) -> _Luma | None:
    return None if frame is None else frame.planes[0].astype(np.float32)
