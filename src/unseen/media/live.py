"""Live pictures: frames wait until something was looked at on both sides of them, or are hidden whole."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection, Region
from unseen.core.video import VideoFrame
from unseen.media.live_pace import MOST_GAP
from unseen.media.margins import cover
from unseen.tracks.live import LiveTracks

__all__ = ["HIDDEN_WHOLE", "Due", "LookAhead", "Wanted", "Why", "in_one_colour"]

Why = Literal["", "damaged", "unseen", "denied"]
#: Why a frame is hidden whole -> what is written on it.
HIDDEN_WHOLE: dict[Why, str] = {
    "damaged": "HIDDEN  DAMAGED PICTURE",
    "unseen": "HIDDEN  DETECTOR LATE OR DOWN",
    "denied": "HIDDEN  NOT ALLOWED NOW",
}
#: An object is expected this many seconds after it was last seen.
_AFTER = 0.5
#: Frames that are this much later than they should be are dropped, so that a slow machine does not fall behind.
_LATE = 0.15
#: No camera sends more frames a second than this; what waits beyond it is dropped.
_MOST_RATE = 120
#: Times of looks are kept this many look-aheads back.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """A frame that is wanted for a look; hand what is found in it back with the same number."""

    number: int
    frame: VideoFrame
    at: float


@dataclass(frozen=True, slots=True)
class Due:
    """A frame whose time has come: the regions to hide in it, or why it is to be hidden whole."""

    frame: VideoFrame
    at: float
    regions: tuple[Region, ...] = ()
    whole: Why = ""


class LookAhead:
    """One camera's frames, held for `seconds`, while some of them are looked at.

    A frame is let out with regions only if it was looked at itself, or lies between two looks that are at most
    `seconds` and MOST_GAP apart, both in time and as filmed, and it is not damaged. Any other frame is to be hidden
    whole. One look is out at a time. All times are in seconds of one clock, but when frames were filmed, which is of a
    clock of its own; frames come in rising order of both. Frames are of `width` x `height` pixels; detections are
    handed in in these.
    """

    def __init__(self, recipe: Recipe, width: int, height: int, *, seconds: float) -> None:
        self._recipe, self._size, self._seconds = recipe, (width, height), seconds
        self._waiting: deque[tuple[VideoFrame, float, float]] = deque()
        # `unsure`: as long as frames may leave between a look and the next one.
        self._tracks = LiveTracks(width, height, before=seconds, after=max(_AFTER, seconds), unsure=MOST_GAP)
        #: When frames that were looked at were filmed, and their times.
        self._looks: list[tuple[float, float]] = []
        self._out: Wanted | None = None
        self._asked_at = self._newest = self._filmed = self._out_filmed = float("-inf")
        self._number = 0
        self._ways: tuple[int, ...] = (0,)

    @property
    def waiting(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    def take(self, frame: VideoFrame, at: float, filmed: float | None = None) -> int:
        """Take a frame; return how many were dropped for it. Raises ValueError if time does not rise.

        `filmed` says how far apart frames are for the camera, where a link may have brought them together.
        """
        filmed = at if filmed is None else filmed
        if at <= self._newest or filmed <= self._filmed:
            raise ValueError(f"a frame at {at}, {filmed} comes after one at {self._newest}, {self._filmed}")
        self._newest, self._filmed = at, filmed
        self._waiting.append((frame, at, filmed))
        if len(self._waiting) <= max(2, self._seconds * _MOST_RATE):
            return 0
        self._waiting.popleft()
        return 1

    def wanted(self, interval: float) -> Wanted | None:
        """Return the newest frame to be looked at, None if one is out or the last one is less than `interval` ago."""
        if self._out is not None or not self._waiting:
            return None
        frame, at, filmed = self._waiting[-1]
        if at <= self._asked_at or at - self._asked_at < interval or frame.damaged:
            return None
        self._number += 1
        self._asked_at, self._out_filmed = at, filmed
        self._out = Wanted(self._number, frame, at)
        return self._out

    def found(self, wanted: Wanted, detections: Sequence[Detection], turns: Sequence[int] = ()) -> None:
        """Take what was found in a frame; an answer about any other than the one that is out is not believed.

        Beside upright, what is found may be upright after any of the quarter `turns` clockwise.
        """
        if self._out is None or wanted.number != self._out.number:
            return
        self._ways = (0, *turns)
        self._tracks.seen(self._out_filmed, detections)
        self._looks.append((self._out_filmed, self._out.at))
        self._out = None

    def lost(self, wanted: Wanted) -> None:
        """Note that a look found out nothing, because the detector failed; the next one is due at once."""
        if self._out is not None and wanted.number == self._out.number:
            self._out = None
            self._asked_at = self._looks[-1][1] if self._looks else float("-inf")

    def next_due(self) -> float | None:
        """Return when the next frame has to leave, None if none waits."""
        return self._waiting[0][1] + self._seconds if self._waiting else None

    def due(self, now: float) -> tuple[list[Due], int]:
        """Return the frames that have to leave now, and how many were dropped because it is too late for them."""
        out, dropped = [], 0
        while self._waiting and self._waiting[0][1] + self._seconds <= now:
            frame, at, filmed = self._waiting.popleft()
            if at + self._seconds + _LATE < now and self._waiting:
                dropped += 1
                continue
            out.append(self._settle(frame, at, filmed))
        self._forget()
        return out, dropped

    def rest(self) -> list[Due]:
        """Return all that still waits, when the camera is gone for good."""
        out = [self._settle(*waiting) for waiting in self._waiting]
        self._waiting.clear()
        return out

    def _settle(self, frame: VideoFrame, at: float, filmed: float) -> Due:
        if frame.damaged:
            return Due(frame, at, whole="damaged")
        if not self._is_seen(filmed):
            return Due(frame, at, whole="unseen")
        regions = []
        for placed in self._tracks.at(filmed):
            covered = cover([placed.found], self._recipe, *self._size, turns=self._ways)
            regions += [replace(region, track=placed.track) for region in covered]
        return Due(frame, at, tuple(regions))

    def _is_seen(self, filmed: float) -> bool:
        """Whether what was filmed then lies between looks that are near enough."""
        after = bisect_left(self._looks, (filmed,))
        if after == len(self._looks):
            return False
        later = self._looks[after]
        if later[0] == filmed:
            return True
        most = min(self._seconds, MOST_GAP)
        return after > 0 and all(b - a <= most for a, b in zip(self._looks[after - 1], later, strict=True))

    def _forget(self) -> None:
        oldest = self._waiting[0][2] if self._waiting else self._filmed
        self._tracks.forget(oldest)
        keep = bisect_left(self._looks, (oldest - _KEPT * self._seconds,))
        del self._looks[:keep]


def in_one_colour(region: Region) -> Region:
    """Return the region hidden by one colour: as safe as any look, and the quickest."""
    return replace(region, look=Look("solid", shape=region.look.shape))
