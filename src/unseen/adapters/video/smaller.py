"""Frames of a video at a smaller size, by area averages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unseen.adapters.video.planes import layout, picture_of, planes_of
from unseen.core.photos import Pixels
from unseen.core.regions import Box
from unseen.core.video import VideoInfo

__all__ = ["Smaller"]

_LIMITED, _FULL = 1, 2


class Smaller:
    """Brings planes of one video to at most `side` pixels along the longer side, as it is shown.

    Sizes are even, because common encoders want that; what is small enough goes through untouched, and so does all with
    None. `info` has the facts of what comes out.
    """

    def __init__(self, info: VideoInfo, side: int | None) -> None:
        from av.video.reformatter import VideoReformatter

        share = 1.0 if side is None else min(1.0, side / max(info.square_size()))
        size = (info.width, info.height) if share == 1.0 else (_even(info.width, share), _even(info.height, share))
        self.info = replace(info, width=size[0], height=size[1])
        self._before, self._form = info, layout(info.pixel_format)
        self._reformatter = VideoReformatter()

    @property
    def changes(self) -> bool:
        """Whether frames become smaller."""
        return (self.info.width, self.info.height) != (self._before.width, self._before.height)

    def planes(self, planes: tuple[Pixels, ...]) -> tuple[Pixels, ...]:
        """Return a frame's planes at the smaller size, in the same format and range of colours."""
        if not self.changes:
            return planes
        from av.video.reformatter import Interpolation

        width, height = self._before.width, self._before.height
        picture: Any = picture_of(planes, self._form, width, height)
        range_ = _FULL if self._before.colour.full_range else _LIMITED
        made = self._reformatter.reformat(
            picture, self.info.width, self.info.height, self._form.name, src_color_range=range_,
            dst_color_range=range_, interpolation=int(Interpolation.AREA), threads=1,
        )  # fmt: skip
        return planes_of(made, self._form)

    def box(self, box: Box) -> Box:
        """Return a box of the frame as it was in pixels of the smaller one."""
        return box.scaled(self.info.width / self._before.width, self.info.height / self._before.height)


def _even(length: int, share: float) -> int:
    return max(2, int(length * share) // 2 * 2)
