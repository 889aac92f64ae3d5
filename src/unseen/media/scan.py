"""Going through a video once: where shots begin, which frames to look at, what is found in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from unseen.core.photos import Rgb8
from unseen.core.ports import VideoReader
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame
from unseen.media.pace import Kind, Pace
from unseen.media.shots import ShotCuts
from unseen.media.upright import Upright
from unseen.media.windows import Scanned

__all__ = ["Finder", "scan"]

#: Finds what is to be hidden in an upright picture: how to look, and what the look before found there.
Finder = Callable[[Rgb8, Kind, Sequence[Detection]], Sequence[Detection]]


def scan(
    frames: Iterable[VideoFrame],
    reader: VideoReader,
    find: Finder,
    upright: Upright,
    pace: Pace,
    cuts: ShotCuts,
    *,
    at_once: int = 1,
    threads: int | None = None,
    most_waiting: int = 16,
) -> Iterator[Scanned]:
    """Yield each frame, with what was found in it where the pace wants it looked at.

    The first frame of each further shot must be looked at, and the last one of each: who comes in just before would
    show. A damaged frame is not, as it is hidden whole; those before and after it must be, and all of them once the
    file is known to be damaged, because not every decoder notices what it was given.

    Up to `at_once` frames are looked at at the same time, in so many `threads` (as many, if it is None). The pace then
    knows all looks but the latest `at_once` - 1, and at a new shot and behind damage all of them, however long they
    take and whatever `threads` is, so that the same frames are looked at every time. At most `most_waiting` frames
    wait for looks at those before them.
    """
    after_damage = False
    with ThreadPoolExecutor(threads or at_once, "look") as pool:
        looks = _Looks(upright, pace)
        for frame, begins, ends in _with_ends(frames, cuts):
            if begins or after_damage:
                yield from looks.taken(0)
            must = begins or ends or after_damage or bool(reader.problems)
            after_damage = frame.damaged
            kind = None if frame.damaged else pace.wants(frame.index, must)
            look = None if kind is None else pool.submit(find, upright.view(reader, frame), kind, looks.latest)
            looks.add(frame, begins, look)
            yield from looks.taken(at_once - 1 if looks.frames <= most_waiting else 0)
        yield from looks.taken(0)


class _Looks:
    """The looks that are being made, with the frames behind them, in order."""

    def __init__(self, upright: Upright, pace: Pace) -> None:
        self._upright, self._pace = upright, pace
        self._waiting: deque[tuple[VideoFrame, bool, Future[Sequence[Detection]] | None]] = deque()
        self._made = 0
        #: What the latest look that was taken found, in the upright picture.
        self.latest: Sequence[Detection] = ()

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    def add(self, frame: VideoFrame, begins: bool, look: Future[Sequence[Detection]] | None) -> None:
        """Take in the next frame, with the look that is made at it."""
        self._waiting.append((frame, begins, look))
        self._made += look is not None

    def taken(self, left: int) -> Iterator[Scanned]:
        """Wait for all looks but the latest `left`, tell the pace of them, and yield the frames up to there."""
        while self._waiting and (self._waiting[0][2] is None or self._made > left):
            frame, begins, look = self._waiting.popleft()
            if look is None:
                yield Scanned(frame, None, begins)
                continue
            self._made -= 1
            self.latest = look.result()
            found = tuple(self._upright.stored(self.latest))
            self._pace.saw(frame.index, found)
            yield Scanned(frame, found, begins)


def _with_ends(frames: Iterable[VideoFrame], cuts: ShotCuts) -> Iterator[tuple[VideoFrame, bool, bool]]:
    """Yield each frame, whether a shot begins with it, and whether a shot or what can be looked at ends with it."""
    held: tuple[VideoFrame, bool] | None = None
    for frame in frames:
        begins = cuts.begins(frame.planes[0]) and not frame.damaged
        if held is not None:
            yield (*held, begins or frame.damaged)
        held = (frame, begins)
    if held is not None:
        yield (*held, True)
