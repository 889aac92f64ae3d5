"""Going through a video once: where shots begin, which frames to look at, what is found in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Protocol, TypeVar

from unseen.core.ports import VideoReader
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame
from unseen.media.ahead import ahead
from unseen.media.find import SEEN_CLOSELY
from unseen.media.pace import Kind, Pace, Ticks
from unseen.media.shots import ShotCuts
from unseen.media.sights import Look, Scanned, Sight

__all__ = ["Finder", "Overlap", "Turner", "scan"]

View = TypeVar("View")
View_co = TypeVar("View_co", covariant=True)
#: Finds what is to be hidden in a view of a frame, told how to look, and what the latest known look of the shot found.
Finder = Callable[[View, Kind, Sequence[Detection]], Sight]


class Turner(Protocol[View_co]):
    """Turns stored frames into what a finder looks at, as `Upright` does into a picture, and boxes in these back."""

    def view(self, reader: VideoReader, frame: VideoFrame) -> View_co:
        """Return what a finder looks at."""
        ...

    def stored(self, found: Iterable[Detection]) -> list[Detection]:
        """Return detections in a view with their boxes in pixels of the stored frame."""
        ...

    def stored_box(self, box: Box) -> Box:
        """Return a box of a view in pixels of the stored frame."""
        ...

    def shown(self, box: Box) -> Box:
        """Return a box of the stored frame in pixels of a view."""
        ...


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much is done at the same time: the looks that are begun, and the threads that make them (None for as many).

    So many frames may be `waiting` for looks at those before them, and so many more are `read` meanwhile: when a look
    is done the next frame to look at is at hand.
    """

    looks: int = 1
    threads: int | None = None
    waiting: int = 16
    read: int = 8


def scan(
    frames: Iterable[VideoFrame],
    reader: VideoReader,
    find: Finder[View],
    turner: Turner[View],
    pace: Pace,
    cuts: ShotCuts,
    *,
    overlap: Overlap | None = None,
    first: int = 0,
    known: Sequence[Look] = (),
    ticks: Ticks | None = None,
) -> Generator[Scanned, None, None]:
    """Yield each frame, with what was found in it where the pace wants it looked at.

    The first frame of each further shot must be looked at, and the last one of each: who comes in just before would
    show. So must those before and behind a sudden change, and around a damaged frame, which is not, as it is hidden
    whole; and all once the file is known to be harmed, because not every decoder notices what it was given.
    The pace knows all looks but the latest that `overlap` lets be begun (by default it knows all), and at a new shot
    and behind damage all of them, however long they take and in how many threads, so that the same frames are looked at
    every time. Frames before `first` are gone through and not yielded: a run goes on there that `known` looks were made
    by, the latest ones of the shot, as if without a break. The pace counts frames, or `ticks` if given.
    """
    after_damage, overlap = False, overlap or Overlap()
    read = ahead(_with_edges(frames, cuts, reader), overlap.read)
    with ThreadPoolExecutor(overlap.threads or overlap.looks, "look") as pool, closing(read):
        looks = _Looks(pool, find, reader, turner, pace, known)
        for frame, begins, edge, harmed in read:
            if begins or after_damage:
                yield from looks.ended()
            if frame.index < first:
                after_damage = frame.damaged
                looks.go_on(frame.index, overlap.looks - 1)
                continue
            now = frame.index if ticks is None else ticks.of(frame)
            if begins:
                pace.begin()
            kind = None if frame.damaged else pace.how_to_look(now, edge or after_damage or harmed)
            after_damage = frame.damaged
            looks.add(frame, now, begins, kind)
            yield from looks.taken(overlap.looks - 1 if looks.frames <= overlap.waiting else 0)
        yield from looks.taken(0)


@dataclass(frozen=True, slots=True)
class _Making:
    """A look that is being made: at which frame, how, and what it will have seen."""

    frame: int
    kind: Kind
    sight: Future[Sight]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame that waits for the looks before it, with its own, if there is one; None for one of an earlier run, of
    which the look is known. `now` is what the pace counts it as."""

    frame: VideoFrame | None
    now: int
    begins: bool
    look: _Making | Look | None


class _Looks(Generic[View]):
    """The looks that are being made, with the frames behind them, in order.

    Those that an earlier run made are `known`.
    """

    def __init__(
        self,
        pool: Executor,
        find: Finder[View],
        reader: VideoReader,
        turner: Turner[View],
        pace: Pace,
        known: Iterable[Look],
    ) -> None:
        self._pool, self._find, self._reader, self._turner, self._pace = pool, find, reader, turner, pace
        self._waiting: deque[_Waiting] = deque()
        self._made = 0
        #: What the latest look that was taken found, in the view; nothing where it tells nothing any more.
        self._latest: Sequence[Detection] = ()
        self._known = {look.frame: look for look in known if look.kind is not None}

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    def add(self, frame: VideoFrame, now: int, begins: bool, kind: Kind | None) -> None:
        """Take in the next frame, which the pace counts as `now`, and begin to look at it, None for not at all."""
        look = None
        if kind is not None:
            look = _Making(frame.index, kind, self._pool.submit(self._sight, frame, kind, self._latest))
            self._made += 1
        self._waiting.append(_Waiting(frame, now, begins, look))

    def _sight(self, frame: VideoFrame, kind: Kind, before: Sequence[Detection]) -> Sight:
        return self._find(self._turner.view(self._reader, frame), kind, before)

    def go_on(self, frame: int, left: int) -> None:
        """Take in the look that an earlier run made at a frame, if it made one; the pace is told of all but the latest
        `left`."""
        look = self._known.pop(frame, None)
        if look is not None and look.kind is not None:
            self._pace.made(look.frame, look.kind)
            self._waiting.append(_Waiting(None, look.frame, False, look))
            self._made += 1
            list(self.taken(left))  # none: there are no frames yet

    def taken(self, left: int) -> Iterator[Scanned]:
        """Wait for all looks but the latest `left`, tell the pace of them, and yield the frames up to there."""
        while self._waiting and (self._waiting[0].look is None or self._made > left):
            each = self._waiting.popleft()
            look = None if each.look is None else self._told(each.now, each.look)
            if each.frame is not None:
                yield Scanned(each.frame, look, each.begins)

    def ended(self) -> Iterator[Scanned]:
        """Yield all frames; what was found tells nothing of where to look behind them."""
        yield from self.taken(0)
        self._latest = ()

    def _told(self, now: int, look: _Making | Look) -> Look:
        """Wait for a look, tell the pace of it, and return it."""
        self._made -= 1
        if isinstance(look, Look):
            self._latest = [replace(each, box=self._turner.shown(each.box)) for each in look.found]
        else:
            sight = look.sight.result()
            self._latest = sight.found
            part = None if sight.part is None else self._turner.stored_box(sight.part)
            look = Look(look.frame, tuple(self._turner.stored(sight.found)), look.kind, part)
        # Of what only some looks see nothing can be told from its being gone at others.
        self._pace.saw(now, [each for each in look.found if each.cls in SEEN_CLOSELY])
        return look


class _Read(NamedTuple):
    """A frame, whether a shot begins with it, whether it is just before or behind a sudden change, or the last one that
    can be looked at, and whether the file was known to be harmed when it was read."""

    frame: VideoFrame
    begins: bool
    edge: bool
    harmed: bool


def _with_edges(frames: Iterable[VideoFrame], cuts: ShotCuts, reader: VideoReader) -> Iterator[_Read]:
    """Yield each frame with what is told of it by the next one, too."""
    held: tuple[VideoFrame, bool, bool] | None = None
    for frame in frames:
        change = cuts.change(frame.planes[0])
        sudden = change.sudden and not frame.damaged
        if held is not None:
            before, cut, edge = held
            yield _Read(before, cut, edge or sudden or frame.damaged, reader.harmed)
        held = (frame, change.cut and sudden, sudden)
    if held is not None:
        yield _Read(held[0], held[1], True, reader.harmed)
