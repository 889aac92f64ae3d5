"""A video in windows of a few seconds, each with what was seen in and around it."""

from __future__ import annotations

import bisect
import math
import statistics
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.sights import Look, Scanned

__all__ = ["Sizes", "Window", "Windows", "sizes_for"]

#: Seconds of a window, and of what is looked at before and after it: gaps are bridged over a second, and tracks go on.
_WINDOW_S, _AROUND_S = 2.0, 1.4
#: Seconds from look to look when all is calm; frames of so many times as long wait for looks at those before them, or
#: are read meanwhile. Of large frames fewer do, at most one of so many that wait.
_LOOKED_S, _LOOKED_TIMES, _LOOKED_SHARE = 0.17, 3, 4
#: Bytes of frames that may wait at once, over all windows that are in the works.
_MOST_BYTES = 640_000_000
#: By how much of the video's rate a window's may be off and be taken for the same: some time stamps are milliseconds.
_STEADY = 0.1
#: Chroma samples for each pixel, by what the pixel format's name holds; half a sample else.
_CHROMA = {"444": 2.0, "422": 1.0}
#: Windows in the works at once: one that is encoded, one or two that settle, of which one has hidden frames beside the
#: stored ones, one that fills, and frames for one more that are decoded while those settle.
_AT_ONCE = 6
#: Frames that are held however large they are: of five windows, of which each has two, and four around them.
_LEAST = 14


@dataclass(frozen=True, slots=True)
class Sizes:
    """Frames of a window, of what is known around it, and those that may wait for looks at the ones before them or be
    read meanwhile."""

    window: int
    around: int
    looked: int = 16


def sizes_for(info: VideoInfo, most_bytes: int = _MOST_BYTES) -> Sizes:
    """Return how many frames to take at once, so that those which wait need at most `most_bytes`."""
    samples = 1.0 + next((more for form, more in _CHROMA.items() if form in info.pixel_format), 0.5)
    samples += "a" in info.pixel_format
    frame = int(info.width * info.height * samples) * (2 if "le" in info.pixel_format else 1)
    rate = float(info.rate)
    wanted, around = max(8, round(_WINDOW_S * rate)), max(4, round(_AROUND_S * rate))
    room = most_bytes // max(1, frame)
    wanted_looked = _LOOKED_TIMES * (math.ceil(_LOOKED_S * rate) + 1)
    looked = max(2, min(wanted_looked, room // _LOOKED_SHARE, room - _LEAST))
    room = max(8, room - looked)
    around = min(around, room // 2, max(4, room - 2 * _AT_ONCE))
    return Sizes(max(2, min(wanted, (room - around) // _AT_ONCE)), around, looked)


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive frames with all that was seen in and around them.

    `looks` reach from before the first frame to after the last one, up to frame `horizon`; no look is in another shot
    than those that `cuts` part. `step` is the most frames from one look to the next. `before` has the latest look
    before those, and the latest one at the whole picture.
    """

    frames: tuple[VideoFrame, ...]
    looks: tuple[Look, ...]
    cuts: tuple[int, ...]
    horizon: int
    step: int
    before: tuple[Look, ...] = ()

    @property
    def first(self) -> int:
        """Index of the first frame."""
        return self.frames[0].index

    @property
    def last(self) -> int:
        """Index of the last frame."""
        return self.frames[-1].index

    @property
    def whole_step(self) -> int:
        """The most frames from one look at the whole picture to the next; `step` where no two are known."""
        shot = _shot_begin(self.cuts, self.first)
        looks = (*self.before, *self.looks)
        whole = [look.frame for look in looks if look.kind == "whole" and look.frame >= shot]
        return max([self.step, *(b - a for a, b in pairwise(whole))])

    def handed_on(self, around: int) -> tuple[Look, ...]:
        """Return the looks that a run needs which goes on behind this window: those at the last `around` frames of a
        shot that goes on there, too, and when it was looked at before them."""
        last = self.last
        if self.horizon == last:
            return ()  # nothing behind it was known of when it was gathered: the shot ends with it
        shot = _shot_begin(self.cuts, last)
        known = [look for look in (*self.before, *self.looks) if shot <= look.frame <= last]
        recent = tuple(look for look in known if look.frame > last - around)
        past = _latest(known[: len(known) - len(recent)])
        # Two tell how far apart looks are; beside them one at the whole picture need only be known of.
        return (*(_whole(past)[-1:] if len(recent) > 1 else past), *recent)

    def rate(self, info: VideoInfo) -> float:
        """Return how many frames a second there are here, by the median of the steps between them; the video's rate
        where that says much the same."""
        told, steps = float(info.rate), [b.pts - a.pts for a, b in pairwise(self.frames)]
        here = 1 / (statistics.median(steps) * float(info.time_base)) if steps else told
        return told if abs(here - told) <= _STEADY * told else here

    def seen_too(self, more: Iterable[Look]) -> Window:
        """Return the window with what was found later on, by verification."""
        return replace(self, looks=_together(self.looks, more))


def _shot_begin(cuts: Iterable[int], frame: int) -> int:
    """Return the frame with which the shot of a frame begins, 0 where no cut before it is known."""
    return max((cut for cut in cuts if cut <= frame), default=0)


def _together(looks: Iterable[Look], more: Iterable[Look]) -> tuple[Look, ...]:
    """Return looks in the order of frames, those at one frame as one."""
    known = {look.frame: look for look in looks}
    for look in more:
        there = known.get(look.frame)
        known[look.frame] = look if there is None else replace(there, found=(*there.found, *look.found))
    return tuple(known[frame] for frame in sorted(known))


def _latest(looks: Sequence[Look]) -> tuple[Look, ...]:
    """Return the latest look, and before it the latest one at the whole picture, without what that found."""
    return (*_whole(looks[:-1])[-1:], *looks[-1:])


def _whole(looks: Sequence[Look]) -> list[Look]:
    return [replace(look, found=()) for look in looks if look.kind == "whole"]


class Windows:
    """Gathers scanned frames into windows; a window ends early where a shot ends."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._waiting: deque[VideoFrame] = deque()
        self._looks: list[Look] = []
        self._before: tuple[Look, ...] = ()
        self._cuts: list[int] = []

    def remember(self, looks: Iterable[Look]) -> None:
        """Take in what was found in frames that are done, so that later ones know of it."""
        self._looks = list(_together(self._looks, looks))

    def gather(self, scanned: Iterable[Scanned]) -> Iterator[Window]:
        """Yield the windows of a video, in order, each as soon as enough is known of what comes after."""
        for each in scanned:
            index = each.frame.index
            if each.cut and self._waiting:
                yield from self._all_up_to(index - 1)
            if each.cut:
                self._cuts.append(index)
            self._waiting.append(each.frame)
            if each.look is not None:
                self.remember([each.look])
            if len(self._waiting) >= self._sizes.window + self._sizes.around:
                yield self._window(self._sizes.window, index)
        if self._waiting:
            yield from self._all_up_to(self._waiting[-1].index)

    def _all_up_to(self, last: int) -> Iterator[Window]:
        while self._waiting:
            left = len(self._waiting)
            # What is left at the end of a shot is one window or two of like length, not one and a scrap.
            count = left if left <= 1.5 * self._sizes.window else self._sizes.window
            yield self._window(count, last)

    def _window(self, count: int, horizon: int) -> Window:
        frames = tuple(self._waiting.popleft() for _ in range(count))
        first = frames[0].index
        self._forget_before(first - self._sizes.around)
        step = self._step_from(_shot_begin(self._cuts, first))
        return Window(frames, tuple(self._looks), tuple(self._cuts), horizon, step, self._before)

    def _forget_before(self, earliest: int) -> None:
        """Drop looks and cuts that no later window needs, and keep the latest of those looks as those before."""
        past = bisect.bisect_left(self._looks, earliest, key=lambda look: look.frame)
        self._before = _latest((*self._before, *self._looks[:past]))
        self._looks = self._looks[past:]
        self._cuts = [cut for cut in self._cuts if cut > earliest]

    def _step_from(self, shot: int) -> int:
        """Return the most frames from one look to the next in the shot that begins with frame `shot`, and later."""
        known = self._looks if len(self._looks) > 1 else [*self._before[-1:], *self._looks]
        return max([1, *(b.frame - a.frame for a, b in pairwise(known) if a.frame >= shot)])
