"""Whether the segments of a video hold, as they were written, the frames that were meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.core.ports import VideoCodec
from unseen.core.regions import Box, Region
from unseen.core.video import VideoInfo
from unseen.errors import VerificationFailed

__all__ = ["Meant", "check_written", "meant_by"]

#: Mean difference of brightness, as a share of the range, beyond which a written frame is not the one that was meant.
_OTHER = 0.06
_SPARSE = (slice(None, None, 16), slice(None, None, 16))
#: Every second row and column of a region is compared, and of a large one so many: a mean needs no more.
_STEP, _ENOUGH = 2, 32


@dataclass(frozen=True, slots=True)
class _Samples:
    """Samples inside each region, of one plane: where they are, their values one after another, and where in these
    each region begins."""

    plane: int
    places: tuple[tuple[slice, slice], ...]
    values: Pixels
    starts: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Meant:
    """What a frame was to look like: every 16th luma pixel, samples of what is hidden, and the planes' shapes."""

    whole: Pixels
    parts: tuple[_Samples, ...]
    shapes: tuple[tuple[int, ...], ...]


def meant_by(planes: Sequence[Pixels], regions: Sequence[Region]) -> Meant:
    """Return what to compare a written frame with, from its hidden planes and what is hidden in it."""
    parts = []
    for number, plane in enumerate(planes[:3]):
        down, across = (one / other for one, other in zip(plane.shape, planes[0].shape, strict=True))
        places = [_spread_over(region.box, across, down, plane.shape) for region in regions]
        samples = [(place, values) for place in places if (values := plane[place]).size]
        if samples:
            starts = np.cumsum([0, *(values.size for _, values in samples[:-1])])
            values = np.concatenate([values.ravel() for _, values in samples])
            parts.append(_Samples(number, tuple(place for place, _ in samples), values, starts))
    return Meant(np.array(planes[0][_SPARSE]), tuple(parts), tuple(plane.shape for plane in planes))


def check_written(
    path: Path,
    meant: Sequence[Meant],
    source: VideoInfo,
    codec: VideoCodec,
    bits: Callable[[str], int],
    name: str,
    *,
    coarse: bool = False,
) -> None:
    """Compare every frame of a written segment with the one that was meant, as a whole and inside each region.

    `source` tells how the planes that were meant are stored, and `bits` how many a sample has in a pixel format. Raises
    VerificationFailed when a frame differs by more than encoding does, or their number does. `coarse` says that a
    quality was asked for, which may be the reason.
    """
    advice = "say a lower --quality" if coarse else "run again"
    count = 0
    with codec.open_video(path, path.name) as reader:
        peaks = tuple((1 << bits(each.pixel_format)) - 1 for each in (reader.info, source))
        for written in reader:
            if count == len(meant) or not _is_meant(written.planes, meant[count], *peaks):
                raise VerificationFailed(f"{name}: a frame of the output is not the one that was meant; {advice}")
            count += 1
    if count != len(meant):
        raise VerificationFailed(f"{name}: the output lacks frames that were written; run again")


def _is_meant(planes: Sequence[Pixels], meant: Meant, peak: int, source_peak: int) -> bool:
    """Whether a written frame is the one that was meant; where chroma is stored otherwise, only luma is compared."""
    if planes[0].shape != meant.shapes[0]:
        return False
    if _differences(planes[0][_SPARSE], meant.whole, peak, source_peak).mean() > _OTHER:
        return False
    return all(
        bool((_of_regions(planes[part.plane], part, peak, source_peak) <= _OTHER).all())
        for part in meant.parts
        if planes[part.plane].shape == meant.shapes[part.plane]
    )


def _of_regions(plane: Pixels, part: _Samples, peak: int, source_peak: int) -> NDArray[np.float32]:
    """Return the mean difference inside each region."""
    written = np.concatenate([plane[place].ravel() for place in part.places])
    sums = np.add.reduceat(_differences(written, part.values, peak, source_peak), part.starts)
    return np.asarray(sums / np.diff(part.starts, append=len(written)), np.float32)


def _differences(one: Pixels, other: Pixels, peak: int, other_peak: int) -> NDArray[np.float32]:
    return np.abs(one.astype(np.float32) / np.float32(peak) - other.astype(np.float32) / np.float32(other_peak))


def _spread_over(box: Box, across: float, down: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns spread over a box in a plane that is `across` and `down` times as large as luma."""
    y1, y2 = max(0, int(box.y1 * down)), min(shape[0], int(box.y2 * down))
    x1, x2 = max(0, int(box.x1 * across)), min(shape[1], int(box.x2 * across))
    return slice(y1, y2, _step(y2 - y1)), slice(x1, x2, _step(x2 - x1))


def _step(length: int) -> int:
    return max(_STEP, length // _ENOUGH)
