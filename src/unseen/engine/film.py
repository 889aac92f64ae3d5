"""One video through the stages: scan, then window by window cover, hide, encode, verify, keep; at last join and check.

Decoding and detection run in a thread of their own, and so does verification, while this one hides and encodes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unseen.adapters.video.planes import layout
from unseen.core.photos import Pixels, Rgb8
from unseen.core.ports import VideoCodec, VideoReader
from unseen.core.receipts import Verdict, VideoReceipt
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import Sound, Track, VideoFrame, VideoInfo
from unseen.engine.film_check import PartCheck, look_at_part
from unseen.engine.film_store import FilmStore, Progress
from unseen.engine.release import MAX_ROUNDS, ResiduesRemain, Stopwatch
from unseen.errors import VerificationFailed
from unseen.media.ahead import ahead
from unseen.media.find import Eyes, find
from unseen.media.pace import pace_for
from unseen.media.scan import scan
from unseen.media.shots import ShotCuts
from unseen.media.tracklog import TrackLog
from unseen.media.upright import Upright
from unseen.media.windows import Look, Named, Scanned, Window, Windows, cover_window, sizes_for
from unseen.pixels.planes import HeldCells, PlaneForm, hide_planes, whole_frame
from unseen.verify.residues import SecondOpinion
from unseen.verify.streams import extent, scan_video

__all__ = ["Film", "FilmDone", "FilmTools", "form_of"]

#: Longer side in pixels of the pictures that detectors get.
_SIDE = 1280
#: Scanned frames that wait for the window they belong to, beside those in it.
_AHEAD = 4
_GROWTH = 0.25
_PEOPLE = frozenset({"face", "head", "person"})


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
    """A verified video under its temporary name, and what is said of it."""

    path: Path
    info: VideoInfo
    receipt: VideoReceipt
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Part:
    """A window as it was hidden and written."""

    window: Window
    regions: list[tuple[Region, ...]]
    tracks: list[Track]
    path: Path
    thumbnails: list[Pixels]


def form_of(info: VideoInfo) -> PlaneForm:
    """Return how the frames of a video are stored."""
    form = layout(info.pixel_format)
    return PlaneForm(form.across, form.down, form.bits, info.colour.full_range)


class Film:
    """A video that is being redacted to `staged`; `name` is for messages, `store` keeps what is done."""

    def __init__(
        self, source: Path, name: str, staged: Path, recipe: Recipe, tools: FilmTools, store: FilmStore
    ) -> None:
        self._source, self._name, self._staged, self._recipe = source, name, staged, recipe
        self._tools, self._store = tools, store
        self._verifiers = frozenset(m.name for m in tools.opinion.models) - {m.name for m in tools.eyes.models}
        self._guard = threading.Lock()
        progress = store.progress
        self._log = TrackLog(progress.tracks if progress else None)
        self._named = Named(self._log.next_number)
        counts = progress.counts if progress else {}
        self._counts = {key: counts.get(key, 0) for key in ("whole", "looked", "checked", "residues", "rounds")}
        # One pattern of grain for the whole video: drawn anew in each frame it would flicker.
        self._seed = int(np.random.default_rng().integers(1 << 63))

    def redact(self) -> FilmDone:
        """Write the redacted video and return what was done; raises FileError and leaves no output then."""
        staged = self._staged
        with self._tools.codec.open_video(self._source, self._name) as reader:
            self._info = info = reader.info
            self._form, self._upright = form_of(info), Upright(info, _SIDE)
            self._held = HeldCells(max(1, round(float(info.rate))))
            self._sizes = sizes_for(info)
            self._windows = Windows(self._sizes)
            self._zero: int | None = None
            frames, last = self._all_windows(reader)
            problems = reader.problems
        sound = self._sound()
        with self._tools.watch.time("join"):
            count = self._tools.codec.concat(self._store.segments, staged, info, self._name, sound=sound)
        with self._tools.watch.time("verify"):
            self._check_whole(staged, count, frames)
        receipt = self._receipt(frames, last, problems)
        return FilmDone(staged, info, receipt, self._verdict())

    def _all_windows(self, reader: VideoReader) -> tuple[int, float]:
        """Take every window through the stages; return the number of frames and the seconds to the last one."""
        done = self._store.progress.next_frame if self._store.progress else 0
        if self._store.progress:
            self._windows.remember(self._store.progress.looks)
        waiting: Future[_Part] | None = None
        frames, last = done, 0.0
        with ThreadPoolExecutor(1) as verifier, closing(ahead(self._scanned(reader, done), _AHEAD)) as scanned:
            for window in self._windows.gather(scanned):
                part = self._rendered(window, self._held)
                if waiting is not None:
                    self._keep(waiting.result())
                waiting = verifier.submit(self._verified, part)
                frames, last = window.frames[-1].index + 1, self._seconds(window.frames[-1])
                self._tools.note(frames, self._info.frames)
            if waiting is not None:
                self._keep(waiting.result())
        return frames, last

    def _scanned(self, reader: VideoReader, done: int) -> Iterator[Scanned]:
        recipe, info = self._recipe, self._info
        pace = pace_for(recipe.video.stride, float(info.rate))
        frames = self._from(self._timed(reader), done)
        for each in scan(frames, reader, self._find, self._upright, pace, ShotCuts(self._form.bits)):
            self._counts["looked"] += each.found is not None
            yield each

    def _timed(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        iterator = iter(frames)
        while True:
            with self._tools.watch.time("decode"):
                frame = next(iterator, None)
            if frame is None:
                return
            yield frame

    def _from(self, frames: Iterable[VideoFrame], done: int) -> Iterator[VideoFrame]:
        """Yield the frames from index `done` on; the first of all sets the clock."""
        for frame in frames:
            if self._zero is None:
                self._zero = frame.pts
            if frame.index >= done:
                yield frame

    def _find(self, image: Rgb8) -> list[Detection]:
        with self._tools.watch.time("detect"):
            return find(image, self._tools.eyes, self._recipe)

    def _seconds(self, frame: VideoFrame) -> float:
        return float((frame.pts - (self._zero or 0)) * self._info.time_base)

    def _rendered(self, window: Window, held: HeldCells) -> _Part:
        """Cover, hide and encode a window."""
        tools, info = self._tools, self._info
        with tools.watch.time("cover"), self._guard:
            regions, tracks = cover_window(window, info, self._recipe, self._named, self._verifiers)
        ending = tools.codec.segment_ending(self._staged.suffix, alpha="a" in info.pixel_format)
        path = self._store.new_path(ending)
        thumbnails = []
        with tools.codec.open_writer(path, info, self._recipe.video.style, self._name) as writer:
            for frame, parts in zip(window.frames, regions, strict=True):
                with tools.watch.time("hide"):
                    hidden = self._hidden(frame, parts, held)
                thumbnails.append(_thumbnail(hidden.planes[0]))
                with tools.watch.time("encode"):
                    writer.write(hidden)
        return _Part(window, regions, tracks, path, thumbnails)

    def _hidden(self, frame: VideoFrame, regions: tuple[Region, ...], held: HeldCells) -> VideoFrame:
        if frame.damaged:
            return replace(frame, planes=whole_frame(frame.planes, self._form))
        noise = np.random.default_rng(self._seed)
        return replace(frame, planes=hide_planes(frame.planes, regions, self._form, noise, held))

    def _verified(self, part: _Part) -> _Part:
        """Look at a written window again; hide and write it anew while something shows, three times at most."""
        if self._recipe.verify == "skip":
            return part
        for round_ in range(MAX_ROUNDS + 1):
            with self._tools.watch.time("verify"):
                check = PartCheck(part.path, part.window.frames, part.regions, part.tracks, part.thumbnails)
                looks, checked = look_at_part(check, self._info, self._recipe, self._tools.codec, self._tools.opinion)
            self._counts["checked"] += checked
            if not looks:
                return part
            self._counts["residues"] += sum(len(look.found) for look in looks)
            self._counts["rounds"] = max(self._counts["rounds"], round_ + 1)
            part.path.unlink(missing_ok=True)
            part = self._again(part, looks, round_)
        part.path.unlink(missing_ok=True)
        raise ResiduesRemain(
            f"{self._name}: faces or plates still show after {MAX_ROUNDS} more tries; mark them with --edits"
        )

    def _again(self, part: _Part, looks: list[Look], round_: int) -> _Part:
        grown = [Look(look.frame, tuple(_grown(d, round_) for d in look.found)) for look in looks]
        self._windows.remember(grown)
        return self._rendered(part.window.seen_too(grown), HeldCells(1))

    def _keep(self, part: _Part) -> None:
        """Note what a verified window hides, and that it is done."""
        for frame, regions in zip(part.window.frames, part.regions, strict=True):
            self._counts["whole"] += frame.damaged
            self._log.add(frame.index, self._seconds(frame), () if frame.damaged else regions)
        after = part.window.frames[-1].index + 1
        progress = Progress(after, self._log.saved(), self._windows.history(after), dict(self._counts))
        times = [float(frame.pts * self._info.time_base) for frame in part.window.frames]
        self._store.commit(part.path, part.regions, part.window.first, times, progress)

    def _sound(self) -> Sound | None:
        """Return what becomes of the sound."""
        if self._recipe.video.audio == "drop":
            return None
        if self._recipe.video.audio == "keep":
            return Sound(self._source)
        return Sound(self._source, tuple(_times_with(self._store.hidden(), _PEOPLE, 1 / float(self._info.rate))))

    def _check_whole(self, staged: Path, joined: int, frames: int) -> None:
        """Look at the written file for anything but pictures and sound; raises VerificationFailed and deletes it."""
        keep = frozenset() if self._recipe.video.audio == "drop" else frozenset({"audio"})
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
            dropped=info.other_streams if self._recipe.video.audio != "drop" else _with_audio(info),
        )

    def _verdict(self) -> Verdict:
        wanted = self._recipe.hidden - {"head"}
        looked = self._recipe.verify != "skip"
        checked = tuple(sorted(wanted & set(self._tools.opinion.classes))) if looked else ()
        return Verdict(
            outcome="pass" if looked else "not-verified",
            checked=checked,
            unchecked=tuple(sorted(wanted - set(checked))),
            residues=self._counts["residues"],
            rounds=self._counts["rounds"],
            detail="" if looked else "streams scanned; not looked at again by a second model",
        )


def _with_audio(info: VideoInfo) -> tuple[str, ...]:
    return (*info.other_streams, *(("audio",) if info.has_audio else ()))


def _thumbnail(luma: Pixels) -> Pixels:
    """Return enough of a luma plane to tell whether a written frame is the one that was meant."""
    return np.array(luma[::16, ::16])


def _grown(found: Detection, round_: int) -> Detection:
    """Return what was found again with a box that is wider each time."""
    dx, dy = (_GROWTH * round_ * side for side in (found.box.width, found.box.height))
    box = Box(found.box.x1 - dx, found.box.y1 - dy, found.box.x2 + dx, found.box.y2 + dy)
    return replace(found, box=box, score=max(found.score, 0.5))


def _times_with(lines: Iterable[str], classes: frozenset[str], step: float) -> Iterator[tuple[float, float]]:
    """Yield the times (start, end) in seconds in which a region of one of the classes is hidden, and a frame around."""
    start: float | None = None
    end = 0.0
    for line in lines:
        frame = json.loads(line)
        if not any(region[0] in classes for region in frame["regions"]):
            continue
        if start is not None and frame["time"] - end > step:
            yield start, end
            start = None
        start = frame["time"] - step if start is None else start
        end = frame["time"] + 2 * step
    if start is not None:
        yield start, end
