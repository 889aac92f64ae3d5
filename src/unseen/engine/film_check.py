"""Looking at a written part of a video again: are these the frames that were meant, and does anybody show in them."""

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
from unseen.core.video import Track, VideoFrame, VideoInfo
from unseen.errors import VerificationFailed
from unseen.media.upright import Upright
from unseen.media.windows import Look
from unseen.verify.moments import Moment, moments
from unseen.verify.residues import SecondOpinion, residues

__all__ = ["PartCheck", "look_at_part"]

_SIDE = 1280
#: Mean difference of brightness, as a share of the range, beyond which a written frame is not the one that was meant.
_OTHER = 0.06


@dataclass(frozen=True, slots=True)
class PartCheck:
    """A written segment, the frames it was made from, what was hidden in them, and thumbnails of what was meant."""

    path: Path
    frames: Sequence[VideoFrame]
    regions: Sequence[Sequence[Region]]
    tracks: Sequence[Track]
    thumbnails: Sequence[Pixels]


def look_at_part(
    part: PartCheck, info: VideoInfo, recipe: Recipe, codec: VideoCodec, opinion: SecondOpinion
) -> tuple[list[Look], int]:
    """Return what a second model family still sees in a segment, and how many pictures it looked at.

    Raises VerificationFailed when the segment does not hold the frames that were meant.
    """
    wanted = _wanted(part, info, recipe, opinion)
    looks, checked = [], 0
    count = 0
    with codec.open_video(part.path, part.path.name) as reader:
        for written in reader:
            if count == len(part.frames):
                raise VerificationFailed("a part of the output has more frames than were written; run again")
            _compare(written, part.thumbnails[count], reader.info, info)
            for moment in wanted.get(part.frames[count].index, ()):
                seen = _Seen(reader, written, part.regions[count])
                found = seen.residues(moment, opinion, recipe)
                checked += 1
                if found:
                    looks.append(Look(part.frames[count].index, tuple(found)))
            count += 1
    if count != len(part.frames):
        raise VerificationFailed("a part of the output has fewer frames than were written; run again")
    return _merged(looks), checked


def _wanted(part: PartCheck, info: VideoInfo, recipe: Recipe, opinion: SecondOpinion) -> dict[int, list[Moment]]:
    if not recipe.hidden & set(opinion.classes):
        return {}
    step = 1 if recipe.video.check_all else max(1, round(recipe.video.check_s * float(info.rate)))
    first, last = part.frames[0].index, part.frames[-1].index
    wanted: dict[int, list[Moment]] = {}
    for moment in moments(first, last, step, part.tracks, (info.width, info.height)):
        if not part.frames[moment.frame - first].damaged:
            wanted.setdefault(moment.frame, []).append(moment)
    return wanted


def _compare(written: VideoFrame, meant: Pixels, info: VideoInfo, source: VideoInfo) -> None:
    luma = written.planes[0][::16, ::16]
    most, scale = ((1 << layout(each.pixel_format).bits) - 1 for each in (info, source))
    if luma.shape != meant.shape or float(np.abs(luma / most - meant / scale).mean()) > _OTHER:
        raise VerificationFailed("a frame of the output is not the one that was written; run again")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame of the written segment, with what is hidden in it."""

    reader: VideoReader
    frame: VideoFrame
    regions: Sequence[Region]

    def residues(self, moment: Moment, opinion: SecondOpinion, recipe: Recipe) -> list[Detection]:
        """Return what still shows, in pixels of the stored frame."""
        upright = Upright(self.reader.info, _SIDE)
        picture = upright.view(self.reader, self.frame)
        regions = [replace(region, box=upright.shown(region.box)) for region in self.regions]
        if moment.part is not None:
            picture, left, top = _cut(picture, upright.shown(moment.part))
            regions = [replace(r, box=_shifted(r.box, -left, -top)) for r in regions]
        else:
            left = top = 0
        found = residues(picture, regions, opinion, recipe.hidden)
        return upright.stored(replace(d, box=_shifted(d.box, left, top)) for d in found)


def _cut(picture: Rgb8, box: Box) -> tuple[Rgb8, int, int]:
    left, top = max(0, int(box.x1)), max(0, int(box.y1))
    return np.ascontiguousarray(picture[top : int(box.y2) + 1, left : int(box.x2) + 1]), left, top


def _shifted(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)


def _merged(looks: Sequence[Look]) -> list[Look]:
    """Return one look a frame."""
    found: dict[int, tuple[Detection, ...]] = {}
    for look in looks:
        found[look.frame] = (*found.get(look.frame, ()), *look.found)
    return [Look(frame, found[frame]) for frame in sorted(found)]
