"""The shape of pixels that a file tells, as far as it is believed."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from unseen.adapters.video.rationals import fraction

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["pixel_aspect", "unbelieved_aspect"]

_FLATTEST = 16


def pixel_aspect(stream: VideoStream) -> Fraction:
    """Return the shape of pixels, 1 where none is told or what is told is beyond belief."""
    told = fraction(stream.sample_aspect_ratio)
    return told if told and unbelieved_aspect(stream) is None else Fraction(1)


def unbelieved_aspect(stream: VideoStream) -> Fraction | None:
    """Return the shape of pixels that a file tells where it is beyond belief, so that they are taken for square."""
    told = fraction(stream.sample_aspect_ratio)
    return told if told and not Fraction(1, _FLATTEST) <= told <= _FLATTEST else None
