"""Looking at hidden frames with the second model family, and at written segments to see if they hold those frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unseen.adapters.video.planes import layout
from unseen.core.photos import Pixels, Rgb8
from unseen.core.ports import VideoCodec, VideoReader
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import VideoFrame, VideoInfo
from unseen.errors import VerificationFailed
from unseen.media.upright import Upright
from unseen.pixels.boxes import scale
from unseen.verify.moments import Moment
from unseen.verify.residues import SecondOpinion, residues

__all__ = ["Checker", "Meant", "check_written", "meant_by"]

_SIDE = 1280
#: Mean difference of brightness, as a share of the range, beyond which a written frame is not the one that was meant.
_OTHER = 0.06
_SPARSE = (slice(None, None, 16), slice(None, None, 16))


class Checker:
    """Says what still shows in hidden frames of one video; keeps the last picture, which may be asked for again."""

    def __init__(self, reader: VideoReader, opinion: SecondOpinion, recipe: Recipe) -> None:
        self._reader, self._opinion, self._recipe = reader, opinion, recipe
        self._upright = Upright(reader.info, _SIDE)
        self._last: tuple[VideoFrame, Rgb8] | None = None

    def residues(self, frame: VideoFrame, regions: Sequence[Region], moment: Moment) -> list[Detection]:
        """Return what a second model sees in a hidden frame, or the part of it that a moment names, in its pixels."""
        picture = self._picture(frame)
        shown = [replace(region, box=self._upright.shown(region.box)) for region in regions]
        left = top = 0
        if moment.part is not None:
            picture, left, top = _cut(picture, self._upright.shown(moment.part))
            shown = [replace(r, box=_shifted(r.box, -left, -top)) for r in shown]
        found = residues(picture, shown, self._opinion, self._recipe.hidden)
        return self._upright.stored(replace(d, box=_shifted(d.box, left, top)) for d in found)

    def _picture(self, frame: VideoFrame) -> Rgb8:
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._upright.view(self._reader, frame))
        return self._last[1]


@dataclass(frozen=True, slots=True)
class Meant:
    """What a frame was to look like: every 16th luma pixel, and every second sample inside each region that is hidden.

    `parts` has for each the number of its plane, where in the plane it is, and the samples; `shapes` those of planes.
    """

    whole: Pixels
    parts: tuple[tuple[int, tuple[slice, slice], Pixels], ...]
    shapes: tuple[tuple[int, ...], ...]


def meant_by(planes: Sequence[Pixels], regions: Sequence[Region]) -> Meant:
    """Return what to compare a written frame with, from its hidden planes and what is hidden in it."""
    parts = []
    for number, plane in enumerate(planes[:3]):
        down, across = (one / other for one, other in zip(plane.shape, planes[0].shape, strict=True))
        for region in regions:
            place = _every_second(scale(region.box, across, down), plane.shape)
            parts.append((number, place, np.array(plane[place])))
    return Meant(np.array(planes[0][_SPARSE]), tuple(parts), tuple(plane.shape for plane in planes))


def check_written(path: Path, meant: Sequence[Meant], source: VideoInfo, codec: VideoCodec, name: str) -> None:
    """Compare every frame of a written segment with the one that was meant, as a whole and inside each region.

    Raises VerificationFailed when one differs by more than encoding does, or their number does.
    """
    count = 0
    with codec.open_video(path, path.name) as reader:
        peaks = tuple((1 << layout(each.pixel_format).bits) - 1 for each in (reader.info, source))
        for written in reader:
            if count == len(meant) or not _is_meant(written.planes, meant[count], *peaks):
                raise VerificationFailed(f"{name}: a frame of the output is not the one that was meant; run again")
            count += 1
    if count != len(meant):
        raise VerificationFailed(f"{name}: the output lacks frames that were written; run again")


def _is_meant(planes: Sequence[Pixels], meant: Meant, peak: int, source_peak: int) -> bool:
    """Whether a written frame is the one that was meant; where chroma is stored otherwise, only luma is compared."""
    if planes[0].shape != meant.shapes[0]:
        return False
    pairs = [(planes[0][_SPARSE], meant.whole)]
    pairs += [(planes[n][place], part) for n, place, part in meant.parts if planes[n].shape == meant.shapes[n]]
    return all(not one.size or float(np.abs(one / peak - other / source_peak).mean()) <= _OTHER for one, other in pairs)


def _every_second(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    y1, y2, x1, x2 = max(0, int(box.y1)), min(shape[0], int(box.y2)), max(0, int(box.x1)), min(shape[1], int(box.x2))
    return slice(y1, y2, 2), slice(x1, x2, 2)


def _cut(picture: Rgb8, box: Box) -> tuple[Rgb8, int, int]:
    left, top = max(0, int(box.x1)), max(0, int(box.y1))
    return np.ascontiguousarray(picture[top : int(box.y2) + 1, left : int(box.x2) + 1]), left, top


def _shifted(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)
