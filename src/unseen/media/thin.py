"""Fewer frames a second: of those that fall into one slot of time the first stays, and keeps its time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from types import TracebackType

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.video import VideoFrame, VideoInfo

__all__ = ["Slots", "ThinnedReader", "lower_rate", "thinned"]

#: Slots begin this much of their length early, so that times that a container has rounded stay in their slot.
_EARLY = Fraction(1, 4)


class Slots:
    """Says which frames stay so that there are at most `rate` a second, whatever their own rate is."""

    def __init__(self, rate: float) -> None:
        self._rate = Fraction(str(rate))
        self._zero: Fraction | None = None
        self._last = -1

    def keeps(self, seconds: Fraction | float) -> bool:
        """Whether the next frame, shown at a time in seconds that rises, is the first of its slot."""
        at = Fraction(seconds)
        self._zero = at if self._zero is None else self._zero
        slot = math.floor((at - self._zero) * self._rate + _EARLY)
        fresh, self._last = slot > self._last, max(slot, self._last)
        return fresh


def lower_rate(info: VideoInfo, rate: float) -> VideoInfo:
    """Return the facts of a video of which at most `rate` frames a second stay; how many is an estimate."""
    wanted = Fraction(str(rate))
    if info.rate <= wanted:
        return info
    frames = None if info.frames is None else max(1, round(info.frames * wanted / info.rate))
    return replace(info, rate=wanted, frames=frames)


class ThinnedReader:
    """A `VideoReader` that leaves out frames of another; those that stay are counted anew, from 0.

    `skipped` counts those that were left out.
    """

    def __init__(self, reader: VideoReader, rate: float) -> None:
        self._reader, self._slots = reader, Slots(rate)
        self.info = lower_rate(reader.info, rate)
        self.skipped = 0

    @property
    def problems(self) -> tuple[str, ...]:
        """What was lost, mended or left out."""
        return self._reader.problems

    @property
    def harmed(self) -> bool:
        """Whether anything went wrong."""
        return self._reader.harmed

    @property
    def shifted(self) -> bool:
        """Whether times of frames were moved against those of the sound."""
        return self._reader.shifted

    @property
    def end(self) -> int:
        """Up to when the last frame is shown, in ticks: that of those left out belongs to the one before."""
        return self._reader.end

    def __enter__(self) -> ThinnedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield the frames that stay."""
        index = 0
        for frame in self._reader:
            if self._slots.keeps(frame.pts * self.info.time_base):
                yield replace(frame, index=index)
                index += 1
            else:
                self.skipped += 1

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB."""
        return self._reader.to_rgb(frame, width, height)


def thinned(reader: VideoReader, rate: float | None) -> VideoReader | ThinnedReader:
    """Return a reader of at most `rate` frames a second; one that has no more on average is returned as it is."""
    return reader if rate is None or reader.info.rate <= Fraction(str(rate)) else ThinnedReader(reader, rate)
