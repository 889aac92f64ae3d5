"""One video, from the file as it came to a verified one: opened, taken through the stages, joined, told of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unseen.core.ports import VideoReader
from unseen.core.receipts import Minimised, Verdict, VideoReceipt
from unseen.core.recipe import Recipe
from unseen.core.video import VideoInfo
from unseen.engine.film.editing import Editing, NoLooks
from unseen.engine.film.hide import Hider
from unseen.engine.film.join import check_whole, join
from unseen.engine.film.keep import Keeper
from unseen.engine.film.looking import Looking
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.render import Renderer
from unseen.engine.film.settle import Settler
from unseen.engine.film.sound import sound_of, sound_problems, streams_dropped
from unseen.engine.film.stages import Stages
from unseen.engine.film.store import FilmStore
from unseen.engine.film.tools import FilmTools
from unseen.engine.film.totals import Clock, Totals
from unseen.engine.film.what_to_hide import Cover, covering, covering_edited
from unseen.engine.verdicts import verdict_of
from unseen.errors import DamagedInput
from unseen.media.faint import FaintLog
from unseen.media.pace import Pace, pace_for
from unseen.media.thin import ThinnedReader, thinned
from unseen.media.tracklog import TrackLog
from unseen.media.windows import Windows
from unseen.tracks.named import Named
from unseen.verify.film_shows import Checker

if TYPE_CHECKING:
    from unseen.engine.film.count import FilmCounts, VideoCounting
    from unseen.traffic.tally import Tally

__all__ = ["Film", "FilmDone"]


@dataclass(frozen=True, slots=True)
class FilmDone:
    """A verified video under its temporary name, its facts, and what is said of it."""

    path: Path
    info: VideoInfo
    receipt: VideoReceipt
    verdict: Verdict
    tally: Tally | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A video that is to be redacted to `staged`; `name` is for messages, `store` keeps what is done.

    With `editing` nothing is detected: what it tells is hidden, and what verification still sees. With `counting` what
    passes is counted in the same pass, from the same frames.
    """

    source: Path
    name: str
    staged: Path
    recipe: Recipe
    tools: FilmTools
    store: FilmStore
    editing: Editing | None = None
    counting: VideoCounting | None = None

    def redact(self) -> FilmDone:
        """Write the redacted video and return what was done; raises FileError and leaves no output then."""
        tools, done = self.tools, self.store.progress.next_frame
        stored = tools.codec.open_video(self.source, self.name)
        with thinned(stored, self.recipe.video.max_rate) as reader:
            film = OpenFilm.of(reader, self.recipe, self.name)
            # First, so that what cannot be written is refused before the work.
            lost = tools.codec.losses(self._ending(film.info), film.smaller.info, self.recipe.video.style, self.name)
            stages = self._stages(film)
            frames = stages.run(done, lambda written: tools.note(written, film.info.frames))
            read = _Read.to_end(reader, frames)
        if stages.keeper.totals.whole == frames:
            self.store.delete()
            raise DamagedInput(f"{self.name}: has no frame without damage; fetch it again or leave it out")
        self._write_whole(film, read)
        receipt = _receipt(film, read, stages.keeper, lost=lost, minimised=_minimised(stored.info, film, read))
        tally = None if stages.counter is None else stages.counter.finish()
        return FilmDone(self.staged, film.smaller.info, receipt, self._verdict(stages.keeper.totals), tally)

    def _stages(self, film: OpenFilm) -> Stages:
        """Return the stages of the video, which go on with what is kept of it."""
        watch, progress = self.tools.watch, self.store.progress
        clock, log = Clock(film.info.time_base), TrackLog(progress.tracks)
        windows, hider = Windows(film.sizes), Hider(film.form, np.random.default_rng(), watch)
        windows.remember(progress.looks)
        counter = None if self.counting is None else _counter(self.counting, film.info)
        return Stages(
            looking=self._looking(film, clock, counter),
            windows=windows,
            settler=self._settler(film, log, windows, hider),
            counter=counter,
            renderer=self._renderer(film, hider),
            keeper=self._keeper(film, log, clock),
            watch=watch,
            # As many frames as a window has, or looking would wait whenever a window settles.
            ahead=film.sizes.window,
        )

    def _looking(self, film: OpenFilm, clock: Clock, counter: FilmCounts | None) -> Looking:
        """Return what looks at frames; what is counted is looked for beside what is hidden."""
        also = frozenset[str]() if counter is None else counter.classes
        pace, progress = self._pace(film), self.store.progress
        return Looking(film, self.tools, pace=pace, progress=progress, clock=clock, also=also)

    def _settler(self, film: OpenFilm, log: TrackLog, windows: Windows, hider: Hider) -> Settler:
        """Return what decides what is hidden in windows; later windows remember what verification sees."""
        return Settler(
            film=film,
            cover=self._cover(film, log),
            hider=hider,
            checker=Checker(film.reader, self.tools.opinion, self.recipe),
            remember=windows.remember,
            watch=self.tools.watch,
        )

    def _renderer(self, film: OpenFilm, hider: Hider) -> Renderer:
        """Return what writes windows as parts."""
        new_path = partial(self.store.new_path, self._ending(film.info))
        return Renderer(film, hider=hider, codec=self.tools.codec, new_path=new_path, watch=self.tools.watch)

    def _keeper(self, film: OpenFilm, log: TrackLog, clock: Clock) -> Keeper:
        """Return what keeps parts, and adds to what an earlier run kept."""
        progress = self.store.progress
        faint, totals = FaintLog(progress.faint), Totals.of(progress.counts)
        return Keeper(film=film, store=self.store, log=log, faint=faint, totals=totals, clock=clock)

    def _ending(self, info: VideoInfo) -> str:
        """Return the ending of the parts that are written."""
        return self.tools.codec.segment_ending(self.staged.suffix, alpha="a" in info.pixel_format)

    def _pace(self, film: OpenFilm) -> Pace:
        """Return how often to look: as the recipe says, and where it leaves it open as often as counting needs."""
        if self.editing is not None:
            return NoLooks()
        looks = self.counting.asked.looks if self.counting else None
        return pace_for(self.recipe.video.stride, film.rate, looks=looks, wide=self.tools.eyes.wide)

    def _cover(self, film: OpenFilm, log: TrackLog) -> Cover:
        """Return what covers windows; tracks that are new get numbers that neither the log nor edits know."""
        number = max(log.next_number, self.editing.next_number if self.editing else 1)
        cover = covering(film, Named(number, self.store.progress.known), self.tools.verifiers)
        return cover if self.editing is None else covering_edited(cover, self.editing, film.rate)

    def _write_whole(self, film: OpenFilm, read: _Read) -> None:
        """Join the parts to the staged file, with what is left of the sound, and look at it as a whole."""
        tools, audio, shifted = self.tools, self.recipe.video.audio, read.shifted
        sound = sound_of(self.source, audio, self.store.hidden(), 1 / film.rate, shifted=shifted)
        with tools.watch.time("join"):
            joined = join(film, self.store.segments, self.staged, tools.codec, sound=sound, end=read.end)
        with tools.watch.time("verify"):
            check_whole(self.staged, self.recipe, self.name, joined=joined, frames=read.frames)

    def _verdict(self, totals: Totals) -> Verdict:
        scanned = "streams" if self.recipe.verify == "skip" else ""
        return verdict_of(self.recipe, self.tools.opinion, totals.residues, totals.rounds, scanned=scanned)


def _counter(counting: VideoCounting, info: VideoInfo) -> FilmCounts:
    from unseen.engine.film.count import FilmCounts  # here: most videos are not counted

    return FilmCounts(counting, info)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a reader tells at the end of a video: how many frames there are, up to when the last one is shown, what was
    lost or mended, whether their times were moved against those of the sound, and how many frames were left out."""

    frames: int
    end: int
    problems: tuple[str, ...]
    shifted: bool
    left_out: int

    @classmethod
    def to_end(cls, reader: VideoReader, frames: int) -> _Read:
        """Return it of a reader that is at its end, but open."""
        left_out = reader.skipped if isinstance(reader, ThinnedReader) else 0
        return cls(frames, reader.end, reader.problems, reader.shifted, left_out)


def _receipt(
    film: OpenFilm, read: _Read, keeper: Keeper, *, lost: tuple[str, ...], minimised: Minimised | None
) -> VideoReceipt:
    info, audio, totals, turns = film.info, film.recipe.video.audio, keeper.totals, film.recipe.video.turns
    faint, faint_more = keeper.faint.receipts(info, read.frames)
    return VideoReceipt(
        frames=read.frames,
        seconds=keeper.clock.seconds(read.end),
        tracks=keeper.log.receipts(film.rate),
        whole=totals.whole,
        looked=totals.looked,
        checked=totals.checked,
        problems=(
            *read.problems,
            *(f"people are upright after a turn by {90 * turn} degrees: looked for that way, too" for turn in turns),
            *lost,
            *sound_problems(audio, shifted=read.shifted, has_audio=info.has_audio),
        ),
        dropped=streams_dropped(info.other_streams, audio),
        minimised=minimised,
        faint=faint,
        faint_more=faint_more,
    )


def _minimised(before: VideoInfo, film: OpenFilm, read: _Read) -> Minimised | None:
    """Return what was taken from a video, None for nothing."""
    if not read.left_out and not film.smaller.changes:
        return None
    after = film.smaller.info
    size_before, size = (before.width, before.height), (after.width, after.height)
    return Minimised(size_before, size, float(before.rate), float(after.rate), read.left_out)
