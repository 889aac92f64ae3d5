"""Looking at hidden frames with the second model family, and at written segments to see if they hold those frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from unseen.verify.moments import Moment
from unseen.verify.residues import SecondOpinion, residues

__all__ = ["Checker", "check_written"]

_SIDE = 1280
#: Mean difference of brightness, as a share of the range, beyond which a written frame is not the one that was meant.
_OTHER = 0.06


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


def check_written(path: Path, meant: Sequence[Pixels], source: VideoInfo, codec: VideoCodec, name: str) -> None:
    """Compare every frame of a written segment with a thumbnail (every 16th luma pixel) of the one that was meant.

    Raises VerificationFailed when one differs by more than encoding does, or their number does.
    """
    count = 0
    with codec.open_video(path, path.name) as reader:
        for written in reader:
            if count == len(meant) or not _is_alike(written.planes[0][::16, ::16], meant[count], reader.info, source):
                raise VerificationFailed(f"{name}: a frame of the output is not the one that was meant; run again")
            count += 1
    if count != len(meant):
        raise VerificationFailed(f"{name}: the output lacks frames that were written; run again")


def _is_alike(written: Pixels, meant: Pixels, info: VideoInfo, source: VideoInfo) -> bool:
    most, scale = ((1 << layout(each.pixel_format).bits) - 1 for each in (info, source))
    return written.shape == meant.shape and float(np.abs(written / most - meant / scale).mean()) <= _OTHER


def _cut(picture: Rgb8, box: Box) -> tuple[Rgb8, int, int]:
    left, top = max(0, int(box.x1)), max(0, int(box.y1))
    return np.ascontiguousarray(picture[top : int(box.y2) + 1, left : int(box.x2) + 1]), left, top


def _shifted(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)
