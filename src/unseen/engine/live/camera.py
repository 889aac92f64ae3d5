"""One camera of a live run: frames come in by one thread, and go out hidden by another."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from unseen.core.live import CameraSource, LiveJob
from unseen.core.photos import Rgb8
from unseen.core.ports import LiveFeed, LiveTarget
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.engine.live.count import LiveCounts
from unseen.engine.live.figures import CameraFigures
from unseen.engine.live.output import NoPictureYet, Output
from unseen.engine.live.permit import Permit
from unseen.errors import FileError, UnseenError
from unseen.media.live import Due, LookAhead, Wanted
from unseen.media.live_pace import EvenTimes, Shedding
from unseen.media.live_turns import LiveTurns, Turned
from unseen.media.thin import Slots
from unseen.media.upright import shrunk_size
from unseen.media.way_up import after_turns

__all__ = ["Camera", "FeedOpener", "Question"]

#: Connects to a source; the second value is what its pictures have to be like, the third how to wait.
FeedOpener = Callable[[CameraSource, VideoInfo | None, Callable[[float], object]], LiveFeed]

_BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: A connection that held for this many seconds was a good one: the next is tried soon.
_GOOD = 10.0
_NO_SIGNAL_AFTER, _NO_SIGNAL_EVERY = 1.0, 0.5
_IDLE = 0.1
#: Where a look takes fewer seconds than this there is time to try a turned view of the same size, else of half of it.
_QUICK = 0.1


@dataclass(frozen=True, slots=True)
class Question:
    """A frame as pictures for the detector, one for each shape that its pixels may have and each of the quarter `turns`
    clockwise after which somebody may be upright, told for each of them; `size` is the frame's, width and height."""

    wanted: Wanted
    views: tuple[Rgb8, ...]
    turns: tuple[int, ...]
    size: tuple[int, int]


class Camera:
    """A camera's state, shared by the threads that run `feed` and `publish`, and the one that asks and answers looks.

    `wake` is called when there may be something to look at. `clock` counts seconds.
    """

    def __init__(
        self,
        source: CameraSource,
        job: LiveJob,
        targets: Sequence[LiveTarget],
        *,
        open_feed: FeedOpener,
        clock: Callable[[], float],
        wake: Callable[[], None],
        counts: LiveCounts | None = None,
    ) -> None:
        self.source, self.figures, self._counts = source, CameraFigures(), counts
        self.connected = self.ended = self._awaits = False
        self.error: UnseenError | None = None
        #: Whether its pictures may be looked at and shown, None where no policy has a say in it.
        self.permit: Permit | None = None
        self._job, self._targets, self._open_feed, self._clock, self._wake = job, targets, open_feed, clock, wake
        self._shedding = Shedding(seconds=job.look_ahead, looks=job.looks, side=job.side)
        self._change = threading.Condition()
        self._state: LookAhead | None = None
        self._info: VideoInfo | None = None
        self._output: Output | None = None
        self._no_picture = NoPictureYet(source.name, targets)
        self._to_rgb: Callable[[VideoFrame, int, int], Rgb8] | None = None
        self._times = EvenTimes()
        self._turns = LiveTurns(job.recipe.hidden)
        rate = job.recipe.video.max_rate
        self._slots = None if rate is None else Slots(rate)

    # Frames come in.

    def feed(self, stop: threading.Event) -> None:
        """Connect, take frames, and connect again, until told to stop or a file ends."""
        failures = 0
        while not stop.is_set():
            began = self._clock()
            try:
                self._feed_once(stop)
                if self.source.kind == "file" and not self._job.loop:
                    break
            except FileError as error:
                self.error = error
                if self.source.kind == "file":
                    break
            self.connected = False
            if self.source.kind != "file":
                failures = 0 if self._clock() - began > _GOOD else failures + 1
                stop.wait(_BACKOFF[min(max(failures - 1, 0), len(_BACKOFF) - 1)])
        self.connected = False
        self.ended = True
        self._wake()

    def _feed_once(self, stop: threading.Event) -> None:
        feed = self._open_feed(self.source, self._info, stop.wait)
        try:
            self._begin(feed)
            for frame, stamp in feed:
                if stop.is_set():
                    return
                self._take(frame, stamp)
        finally:
            self._awaits = False
            feed.close()
            del feed
            # A connection's objects point at each other; each holds a decoder and a picture until they are collected.
            gc.collect()

    def _begin(self, feed: LiveFeed) -> None:
        self._awaits = True
        info = feed.info  # waits for a key picture
        self.figures.count("connects")
        self.connected, self._awaits, self.error = True, False, None
        self._times.begin()
        with self._change:
            self._turns.begin()
            self._to_rgb = feed.to_rgb
            if self._state is None:
                self._info = info
                self._state = LookAhead(self._job.recipe, info.width, info.height, seconds=self._job.look_ahead)
                self._output = Output(self.source.name, info, self._job.recipe, self._targets, self._clock)
                if self._counts is not None:
                    self._counts.begin(info)

    def _take(self, frame: VideoFrame, stamp: float | None) -> None:
        self.figures.count("in")
        at = self._times.time(self._clock(), stamp)
        if self._slots is not None and not self._slots.keeps(at):
            self.figures.count("dropped")
            return
        with self._change:
            if self._state is not None:
                self.figures.count("dropped", self._state.take(frame, at, self._times.filmed))
            self._change.notify_all()
        self._wake()

    # Frames are looked at.

    def question(self) -> Question | None:
        """Return a picture to be looked at, if there is a need; hand the answer to `answer`."""
        if self._denied:
            return None
        level = self._shedding.level
        with self._change:
            state, info, to_rgb = self._state, self._info, self._to_rgb
            wanted = None if state is None else state.wanted(0.0 if self.ended else level.interval)
            if wanted is None or info is None or to_rgb is None:
                return None
            noticed, tried = self._turns.due(wanted.at)

        def picture(side: int, aspect: Fraction) -> Rgb8:
            return to_rgb(wanted.frame, *shrunk_size(info, side, aspect))

        aspects = wanted.frame.aspects or (info.pixel_aspect,)
        shapes = [picture(level.side, aspect) for aspect in aspects]
        views = [(turn, shape) for turn in (0, *noticed) for shape in shapes]
        if tried:
            small = picture(level.side if self._shedding.took < _QUICK else level.side // 2, aspects[0])
            views += [(turn, small) for turn in tried]
        pictures = tuple(after_turns(shape, turn) for turn, shape in views)
        return Question(wanted, pictures, tuple(turn for turn, _ in views), (info.width, info.height))

    def answer(self, question: Question, answers: Sequence[Sequence[Detection] | None]) -> None:
        """Take what was found in each picture of a frame, None if the detector failed."""
        now = self._clock()
        with self._change:
            if self._state is None:
                return
            shapes = zip(question.turns, question.views, answers, strict=True)
            views = [Turned(turn, view.shape[1::-1], answer) for turn, view, answer in shapes]
            found = self._turns.found(question.wanted.at, views, question.size)
            if found is None:
                self._state.lost(question.wanted)
                self.figures.count("lost")
                return
            hidden = self._job.recipe.hidden
            found_hidden = [each for each in found if each.cls in hidden]
            self._state.found(question.wanted, found_hidden, self._turns.noticed)
        if self._counts is not None:
            self._counts.seen(question.wanted.at, found)
        self.figures.look(now)
        self._shedding.note(now - question.wanted.at)

    # Frames go out.

    def publish(self, stop: threading.Event) -> None:
        """Hand frames on when their time has come, until told to stop, or the camera has ended and none waits."""
        said = self._clock()
        while not stop.is_set():
            due, ended = self._wait_for_due()
            for each in due:
                self._hand_on(each)
                said = self._clock()
            if ended:
                return
            if not due and not self.connected and self._is_silent(said):
                said = self._clock() + _NO_SIGNAL_EVERY - _NO_SIGNAL_AFTER - self._job.look_ahead
                # Stamped as a frame that leaves now would be: the first frames after it are not squeezed behind it.
                (self._output or self._no_picture).no_signal(self._clock() - self._job.look_ahead)

    def _is_silent(self, said: float) -> bool:
        return self._clock() - said > _NO_SIGNAL_AFTER + self._job.look_ahead

    def _wait_for_due(self) -> tuple[list[Due], bool]:
        with self._change:
            state = self._state
            if state is None:
                if not self.ended:
                    self._change.wait(_IDLE)
                return [], self.ended
            at = state.next_due()
            if at is None and self.ended:
                return [], True
            seconds = _IDLE if at is None else min(_IDLE, at - self._clock())
            if seconds > 0:
                self._change.wait(seconds)
            due, dropped = state.due(self._clock())
        self.figures.count("dropped", dropped)
        return due, False

    @property
    def _denied(self) -> bool:
        return self.permit is not None and not self.permit.holds

    def _hand_on(self, due: Due) -> None:
        if self._output is None:
            return
        whole = self._output.hand_on(replace(due, whole="denied") if self._denied else due)
        self.figures.out(self._clock() - due.at, whole)

    # What is told.

    @property
    def turned(self) -> list[int]:
        """The degrees clockwise after which people in its pictures were seen to be upright."""
        return [90 * turn for turn in self._turns.noticed]

    @property
    def state(self) -> str:
        """How it stands with the camera, in words."""
        if self.ended:
            return "ended"
        return "connected" if self.connected else "waiting for a key picture" if self._awaits else "away"

    def status(self) -> dict[str, Any]:
        """Return the camera's figures as plain values, without passwords."""
        figures, level, now = self.figures, self._shedding.level, self._clock()
        counts = figures.counts
        state, info = self._state, self._info
        return {
            "source": self.source.shown,
            "state": self.state,
            "connected": self.connected,
            "ended": self.ended,
            "error": None if self.error is None else str(self.error),
            "denied": self._denied,
            "reconnects": max(0, counts["connects"] - 1),
            "size": None if info is None else [info.width, info.height],
            "rate": None if info is None else round(float(info.rate), 3),
            "frames": figures.frames(),
            "faults": counts["faults"] + sum(each.faults for each in (self._no_picture, self._output) if each),
            "plain_looks": self._output is not None and self._output.haste.now,
            "latency_s": {**figures.latency(), "sum": round(figures.latency_sum, 3)},
            "queue": 0 if state is None else state.waiting,
            "detector": {
                "looks": counts["looks"],
                "lost": counts["lost"],
                "per_second": round(figures.looks_a_second(now), 2),
                "seconds": round(self._shedding.took, 4),
                "interval_s": round(level.interval, 4),
                "side": level.side,
                "shed": self._shedding.depth,
                "turns": self.turned,
            },
        }
