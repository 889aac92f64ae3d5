"""Frames as detectors want them: upright, with square pixels, not too large; and boxes back in the stored frame."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo

__all__ = ["Upright", "shrunk_size", "turned"]


def shrunk_size(info: VideoInfo, side: int, aspect: Fraction | None = None) -> tuple[int, int]:
    """Return width and height of a stored frame in square pixels, shrunk until its longer side has at most `side`.

    Pixels have the shape that is believed of them, or `aspect`.
    """
    wide, high = info.square_size(aspect)
    factor = min(1.0, side / max(wide, high))
    return max(1, round(wide * factor)), max(1, round(high * factor))


class Upright:
    """Turns stored frames into upright RGB pictures of at most `side` pixels, and boxes in these back.

    A phone's portrait video is stored lying down, and pixels need not be square: detectors find few faces in either.
    Pixels have the shape that is believed of them, or `aspect`. People who lie are upright after `more` quarter turns
    clockwise.
    """

    def __init__(self, info: VideoInfo, side: int, aspect: Fraction | None = None, more: int = 0) -> None:
        self._stored = (info.width, info.height)
        self._turns = (info.rotation // 90 + more) % 4
        #: Size of a picture before it is turned.
        self._size = shrunk_size(info, side, aspect)

    def within(self, part: Box) -> Upright:
        """Return the same for frames of which only `part`, a box of whole pixels, is cut out; at the same scale."""
        other = copy.copy(self)
        other._stored = (int(part.width), int(part.height))
        across, down = (one / all_ for one, all_ in zip(self._size, self._stored, strict=True))
        other._size = (max(1, round(part.width * across)), max(1, round(part.height * down)))
        return other

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        width, height = self._size
        return (height, width) if self._turns % 2 else (width, height)

    def view(self, reader: VideoReader, frame: VideoFrame) -> Rgb8:
        """Return a frame as an upright picture."""
        picture = reader.to_rgb(frame, *self._size)
        return np.ascontiguousarray(np.rot90(picture, -self._turns)) if self._turns else picture

    def stored(self, found: Iterable[Detection]) -> list[Detection]:
        """Return detections in a picture with their boxes in pixels of the stored frame."""
        return [replace(each, box=self.stored_box(each.box)) for each in found]

    def shown(self, box: Box) -> Box:
        """Return a box of the stored frame in pixels of the picture."""
        sx, sy = self._size[0] / self._stored[0], self._size[1] / self._stored[1]
        return turned(box.scaled(sx, sy), self._size, self._turns)

    def stored_box(self, box: Box) -> Box:
        """Return a box of the picture in pixels of the stored frame."""
        sx, sy = self._stored[0] / self._size[0], self._stored[1] / self._size[1]
        return turned(box, self.size, -self._turns).scaled(sx, sy)


def turned(box: Box, size: tuple[int, int], quarters: int) -> Box:
    """Return a box in a picture of `size` (width, height) after that is turned clockwise by so many quarters."""
    width, height = size
    for _ in range(quarters % 4):
        box = Box(height - box.y2, box.x1, height - box.y1, box.x2)
        width, height = height, width
    return box
