"""One video through the stages: scan, then window by window settle, hide, encode, read back, keep; at last join."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from unseen.adapters.video.planes import layout
from unseen.adapters.video.smaller import Smaller
from unseen.core.models import DETECTOR_SIDE
from unseen.core.photos import Rgb8
from unseen.core.ports import VideoCodec, VideoReader
from unseen.core.receipts import Minimised, Verdict, VideoReceipt
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.engine.film.count import FilmCounts, VideoCounting
from unseen.engine.film.editing import Editing, NoLooks
from unseen.engine.film.render import Part, Renderer, Settled
from unseen.engine.film.sound import sound_of, sound_problems, streams_dropped
from unseen.engine.film.store import FilmStore, Progress
from unseen.engine.release import Stopwatch, verdict_of
from unseen.errors import VerificationFailed
from unseen.media.ahead import ahead
from unseen.media.find import Eyes, find, find_again
from unseen.media.pace import Kind, Pace, Ticks, pace_for
from unseen.media.scan import scan
from unseen.media.shots import ShotCuts
from unseen.media.thin import ThinnedReader, thinned
from unseen.media.tracklog import TrackLog
from unseen.media.upright import Upright
from unseen.media.windows import Scanned, Window, Windows, cover_window, sizes_for
from unseen.tracks.named import Named
from unseen.traffic.tally import Tally
from unseen.verify.residues import SecondOpinion
from unseen.verify.streams import extent, scan_video

__all__ = ["Film", "FilmDone", "FilmTools"]


@dataclass(frozen=True, slots=True)
class FilmTools:
    """What a video is worked with: codec, detectors, second opinion, stop watch, and whom to tell how far it is.

    `note` is called with frames done and frames in all, None where that is not known.
    """

    codec: VideoCodec
    eyes: Eyes
    opinion: SecondOpinion
    watch: Stopwatch
    note: Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FilmDone:
    """A verified video under its temporary name, its facts, and what is said of it."""

    path: Path
    info: VideoInfo
    receipt: VideoReceipt
    verdict: Verdict
    tally: Tally | None = None


class Film:
    """A video that is being redacted to `staged`; `name` is for messages, `store` keeps what is done.

    With `editing` nothing is detected: what it tells is hidden, and what verification still sees. With `counting` what
    passes is counted in the same pass, from the same frames.
    """

    def __init__(
        self,
        source: Path,
        name: str,
        staged: Path,
        recipe: Recipe,
        tools: FilmTools,
        store: FilmStore,
        editing: Editing | None = None,
        counting: VideoCounting | None = None,
    ) -> None:
        self._source, self._name, self._staged, self._recipe = source, name, staged, recipe
        self._tools, self._store, self._editing = tools, store, editing
        self._counting = counting
        self._film_recipe = recipe if recipe.video.heads else replace(recipe, recall="fast")
        self._verifiers = frozenset(m.name for m in tools.opinion.models) - {m.name for m in tools.eyes.models}
        self._log = TrackLog(store.progress.tracks)
        next_number = max(self._log.next_number, editing.next_number if editing else 1)
        self._named = Named(next_number, store.progress.known)
        # All keys from the start: threads add to them while others copy.
        self._counts = Counter(dict.fromkeys(("whole", "looked", "checked", "residues", "rounds"), 0))
        self._counts.update(store.progress.counts)

    def redact(self) -> FilmDone:
        """Write the redacted video and return what was done; raises FileError and leaves no output then."""
        staged = self._staged
        opened = self._tools.codec.open_video(self._source, self._name)
        with thinned(opened, self._recipe.video.max_rate) as reader:
            self._info = info = reader.info
            self._smaller = Smaller(info, self._recipe.max_side)
            self._upright = Upright(info, DETECTOR_SIDE)
            self._windows = Windows(sizes_for(info))
            self._counter = None if self._counting is None else FilmCounts(self._counting, info)
            self._zero: int | None = None
            self._latest = 0.0
            self._looked: deque[int] = deque()
            frames, last = self._all_windows(reader, self._renderer(reader))
            problems, shifted = reader.problems, reader.shifted
        audio, step = self._recipe.video.audio, 1 / float(info.rate)
        problems += sound_problems(audio, shifted=shifted, has_audio=info.has_audio)
        sound = sound_of(self._source, audio, self._store.hidden(), step, shifted=shifted)
        with self._tools.watch.time("join"):
            told = self._smaller.info
            told = told if "datetime" in self._recipe.keep else replace(told, created=None)
            count = self._tools.codec.concat(self._store.segments, staged, told, self._name, sound=sound)
        with self._tools.watch.time("verify"):
            self._check_whole(staged, count, frames)
        receipt = replace(self._receipt(frames, last, problems), minimised=self._minimised(opened.info, reader))
        tally = None if self._counter is None else self._counter.finish()
        return FilmDone(staged, self._smaller.info, receipt, self._verdict(), tally)

    def _minimised(self, before: VideoInfo, reader: VideoReader) -> Minimised | None:
        after, left_out = self._smaller.info, reader.skipped if isinstance(reader, ThinnedReader) else 0
        if not left_out and not self._smaller.changes:
            return None
        sizes = (before.width, before.height), (after.width, after.height)
        return Minimised(*sizes, float(before.rate), float(after.rate), left_out)

    def _renderer(self, reader: VideoReader) -> Renderer:
        tools = self._tools
        ending = tools.codec.segment_ending(self._staged.suffix, alpha="a" in reader.info.pixel_format)
        return Renderer(
            reader,
            self._recipe,
            tools.codec,
            tools.opinion,
            self._verifiers,
            self._windows,
            self._cover,
            self._counts,
            tools.watch,
            lambda: self._store.new_path(ending),
            self._name,
            self._smaller,
        )

    def _cover(self, window: Window) -> Settled:
        info, editing = self._info, self._editing
        if editing is not None:
            window = editing.around(window, float(info.rate))
        regions, tracks = cover_window(window, info, self._recipe, self._named, self._verifiers)
        known = self._named.known()
        if editing is None:
            return Settled(window, regions, tracks, known=known)
        edited = editing.edited(window)
        both = [(*one, *other) for one, other in zip(edited.hidden, regions, strict=True)]
        return Settled(window, both, (*edited.tracks, *tracks), edited.spared, known=known)

    def _all_windows(self, reader: VideoReader, renderer: Renderer) -> tuple[int, float]:
        """Take every window through the stages; return the number of frames and the seconds to the last one.

        One thread decodes, others detect, one covers and looks at hidden frames again, one hides, this one encodes, and
        one reads back what was written.
        """
        done = self._store.progress.next_frame
        self._windows.remember(self._store.progress.looks)
        waiting: Future[Part] | None = None
        frames = done
        with ThreadPoolExecutor(1) as verifier, closing(self._settled(reader, renderer, done)) as settled:
            try:
                for each in settled:
                    self._count(each.window)
                    part = renderer.render(each)
                    # It no longer waits while it is kept: what cannot be kept is not kept once more below.
                    written, waiting = waiting, None
                    if written is not None:
                        self._keep(written.result())
                    waiting = verifier.submit(renderer.check, part)
                    frames, self._latest = each.window.frames[-1].index + 1, self._seconds(each.window.frames[-1])
                    self._tools.note(frames, self._info.frames)
            finally:
                # When something breaks, what is written already need not be done again.
                if waiting is not None:
                    self._keep(waiting.result())
        return frames, self._latest

    def _count(self, window: Window) -> None:
        if self._counter is not None:
            with self._tools.watch.time("count"):
                self._counter.take(window)

    def _settled(self, reader: VideoReader, renderer: Renderer, done: int) -> Generator[Settled, None, None]:
        # As many frames as a window has, or looking would wait whenever a window settles.
        with closing(ahead(self._scanned(reader, done), sizes_for(self._info).window)) as scanned:
            windows = self._windows.gather(scanned)
            with closing(ahead(map(renderer.settle, windows), 1)) as settled:
                yield from settled

    def _scanned(self, reader: VideoReader, done: int) -> Iterator[Scanned]:
        info = self._info
        pace = NoLooks() if self._editing else self._pace()
        frames = self._from(self._timed(reader), done)
        known, by_time = self._store.progress.looks_without(self._verifiers), self._recipe.video.stride is None
        eyes, cuts = self._tools.eyes, ShotCuts(layout(info.pixel_format).bits)
        scanned = scan(
            frames, reader, self._find, self._upright, pace, cuts,
            at_once=eyes.at_once, threads=eyes.threads, most_waiting=sizes_for(info).looked,
            first=done, known=known, ticks=Ticks(float(info.rate), float(info.time_base)) if by_time else None,
        )  # fmt: skip
        for each in scanned:
            if each.found is not None:
                self._looked.append(each.frame.index)
            yield each

    def _pace(self) -> Pace:
        """Return how often to look: as the recipe says, and where it leaves it open as often as counting needs."""
        looks = self._counting.asked.looks if self._counting else None
        stride, rate = self._recipe.video.stride, float(self._info.rate)
        return pace_for(stride, rate, looks=looks, quick=self._tools.eyes.quick)

    def _timed(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        iterator = iter(frames)
        while True:
            with self._tools.watch.time("decode"):
                frame = next(iterator, None)
            if frame is None:
                return
            yield frame

    def _from(self, frames: Iterable[VideoFrame], done: int) -> Iterator[VideoFrame]:
        """Yield the frames; the first sets the clock, those before `done` are done."""
        for frame in frames:
            if self._zero is None:
                self._zero = frame.pts
            if frame.index < done:
                self._latest = self._seconds(frame)
            yield frame

    def _find(self, image: Rgb8, kind: Kind, before: Sequence[Detection]) -> list[Detection]:
        eyes, recipe = self._tools.eyes, self._film_recipe
        also = frozenset[str]() if self._counter is None else self._counter.classes
        with self._tools.watch.time("detect"):
            return find(image, eyes, recipe, also) if kind == "whole" else find_again(image, eyes, recipe, before, also)

    def _seconds(self, frame: VideoFrame) -> float:
        return float((frame.pts - (self._zero or 0)) * self._info.time_base)

    def _keep(self, part: Part) -> None:
        """Note what a verified window hides, and that it is done."""
        window, regions = part.settled.window, part.settled.regions
        for frame, each in zip(window.frames, regions, strict=True):
            self._counts["whole"] += frame.damaged
            self._log.add(frame.index, self._seconds(frame), () if frame.damaged else each)
        after = window.frames[-1].index + 1
        # Those further on are looked at again by a run that goes on from here.
        while self._looked and self._looked[0] < after:
            self._looked.popleft()
            self._counts["looked"] += 1
        # Who is counted and stays visible is nobody's business but the counter's.
        history = tuple(
            replace(look, found=tuple(d for d in look.found if d.cls in self._recipe.hidden))
            for look in window.handed_on(sizes_for(self._info).around)
        )
        progress = Progress(after, self._log.changed(), history, dict(self._counts), part.settled.known)
        times = [float(frame.pts * self._info.time_base) for frame in window.frames]
        whole = frozenset(frame.index for frame in window.frames if frame.damaged)
        self._store.commit(part.path, regions, window.first, times, progress, whole)

    def _check_whole(self, staged: Path, joined: int, frames: int) -> None:
        """Look at the written file for anything but pictures and sound; raises VerificationFailed and deletes it."""
        keep = (self._recipe.keep & {"datetime"}) | ({"audio"} if self._recipe.video.audio != "drop" else set())
        try:
            findings = scan_video(staged, keep=keep)
            if findings:
                raise VerificationFailed(f"{self._name}: the output holds {findings[0]}; report this with the format")
            if not joined == frames == extent(staged).frames:
                raise VerificationFailed(f"{self._name}: the output has another number of frames; run again")
        except ValueError as error:
            raise VerificationFailed(f"{self._name}: the output cannot be read back ({error}); run again") from error
        except BaseException:
            staged.unlink(missing_ok=True)
            raise

    def _receipt(self, frames: int, last: float, problems: tuple[str, ...]) -> VideoReceipt:
        info, counts = self._info, self._counts
        return VideoReceipt(
            frames=frames,
            seconds=last + 1 / float(info.rate),
            tracks=self._log.receipts(float(info.rate)),
            whole=counts["whole"],
            looked=counts["looked"],
            checked=counts["checked"],
            problems=problems,
            dropped=streams_dropped(info.other_streams, self._recipe.video.audio),
        )

    def _verdict(self) -> Verdict:
        counts, scanned = self._counts, "streams" if self._recipe.verify == "skip" else ""
        return verdict_of(self._recipe, self._tools.opinion, counts["residues"], counts["rounds"], scanned=scanned)
