"""Windows of a video: settled by looking at hidden frames until nothing shows, written, and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from unseen.adapters.video.planes import layout
from unseen.adapters.video.smaller import Smaller
from unseen.core.ports import VideoCodec, VideoReader
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import Track, VideoFrame, VideoInfo
from unseen.engine.release import ResiduesRemain, Stopwatch
from unseen.media.ahead import ahead
from unseen.media.windows import Look, Window, Windows
from unseen.pixels.planes import Grain, HeldCells, PlaneForm, hide_planes, whole_frame
from unseen.tracks.named import NOTHING_KNOWN, Known
from unseen.verify.film_shows import Checker
from unseen.verify.film_written import Meant, check_written, meant_by
from unseen.verify.moments import Moment, moments, whole_frames
from unseen.verify.residues import SecondOpinion
from unseen.verify.trace import seen_again, traced

__all__ = ["MOST_ROUNDS", "Part", "Renderer", "Settled"]

_GROWTH = 0.25
#: Hidden frames that wait for the encoder.
_AHEAD = 2
#: Where somebody still shows, the whole frame is looked at so many times as often, and every so many seconds who shows
#: is followed: the models that hide do not see them, or saw them too late.
_MORE_LOOKS, _TRACED_S = 4, 0.16
#: Frames that were hidden already, by index, each with the regions that were hidden in it.
_Hidden: TypeAlias = dict[int, tuple[tuple[Region, ...], VideoFrame]]
#: How often residues are hidden again before a video fails: each time shows the ends of the tracks that were added.
MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Settled:
    """A window with what is hidden in each of its frames, and what a person leaves visible there.

    `done` tells which of the frames are the hidden ones already; the others are as they were stored. `known` is of
    tracks, as the window was covered: later ones know less of what came before.
    """

    window: Window
    regions: Sequence[tuple[Region, ...]]
    tracks: Sequence[Track]
    spared: Sequence[tuple[Region, ...]] = ()
    done: frozenset[int] = frozenset()
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Part:
    """A window as it was written, with enough of the frames that were meant to compare."""

    settled: Settled
    path: Path
    meant: Sequence[Meant]


class Renderer:
    """Takes the windows of one video through cover, hide, encode and verify.

    `cover` says what is hidden in a window; `new_path` names files for segments; `counts` adds up what is told of the
    video; `smaller` brings hidden frames to the size in which they are written. Windows must be settled in order, and
    rendered in order; each in one thread at a time.
    """

    def __init__(
        self,
        reader: VideoReader,
        recipe: Recipe,
        codec: VideoCodec,
        opinion: SecondOpinion,
        verifiers: frozenset[str],
        windows: Windows,
        cover: Callable[[Window], Settled],
        counts: Counter[str],
        watch: Stopwatch,
        new_path: Callable[[], Path],
        name: str,
        smaller: Smaller,
    ) -> None:
        self._info: VideoInfo = reader.info
        self._smaller = smaller
        self._recipe, self._codec, self._opinion, self._verifiers = recipe, codec, opinion, verifiers
        self._windows, self._cover, self._counts = windows, cover, counts
        self._watch, self._new_path, self._name = watch, new_path, name
        form = layout(self._info.pixel_format)
        self._form = PlaneForm(form.across, form.down, form.bits, self._info.colour.full_range)
        self._checker = Checker(reader, opinion, recipe)
        self._held = HeldCells(max(1, round(float(self._info.rate))))
        # One pattern of grain for the whole video: drawn anew in each frame it would flicker.
        self._seed = int(np.random.default_rng().integers(1 << 63))
        self._grain = Grain(np.random.default_rng(self._seed))

    def settle(self, window: Window) -> Settled:
        """Cover a window, and look at its hidden frames with the second model family until nothing shows.

        Looks at each frame that is due and where tracks begin and end; what shows is hidden as well, and followed
        through the window where a look around it sees it, too; then it is looked at again, a bounded number of times.
        Raises ResiduesRemain after the last.
        """
        only: dict[int, list[Box]] | None = None
        hidden: _Hidden = {}
        for round_ in range(MOST_ROUNDS + 1):
            settled = self._covered(window)
            if self._recipe.verify == "skip":
                return settled
            looks = self._still_shows(settled, only, hidden)
            if not looks:
                return _with_hidden(settled, hidden)
            self._counts["residues"] += sum(len(look.found) for look in looks)
            self._counts["rounds"] = max(self._counts["rounds"], round_ + 1)
            only = {look.frame: [d.box for d in look.found] for look in looks}
            grown = [Look(look.frame, tuple(_grown(d, round_) for d in look.found)) for look in looks]
            self._windows.remember(grown)
            window = window.seen_too(grown)
        raise ResiduesRemain(f"{self._name}: faces or plates still show after {MOST_ROUNDS} more tries; leave it out")

    def _covered(self, window: Window) -> Settled:
        with self._watch.time("cover"):
            return self._cover(window)

    def _still_shows(self, settled: Settled, only: Mapping[int, Sequence[Box]] | None, hidden: _Hidden) -> list[Look]:
        """Return what a second model family sees in the hidden frames of a window that are due, and of it in others.

        After the first time only places are due where something showed (`only`): elsewhere nothing changed, or more is
        hidden than before. What is hidden on the way is kept in `hidden`.
        """
        if not self._recipe.hidden & set(self._opinion.classes):
            return []
        first, last = settled.window.first, settled.window.frames[-1].index
        recipe, size = self._recipe.video, (self._info.width, self._info.height)
        rate = settled.window.rate(self._info)
        step = 1 if recipe.check_all else max(1, round(recipe.check_s * rate))
        shows = partial(self._shows, settled, hidden)
        found: dict[int, list[Detection]] = {}
        clear = [frame.index for frame in settled.window.frames if not frame.damaged]
        whole, tracks = (whole_frames(clear, step), settled.tracks) if only is None else (frozenset[int](), ())
        for moment in moments(first, last, whole, tracks, size, only):
            _add(found, moment.frame, shows(moment))
        if only is None and (sure := seen_again(found, size, shows)):
            more = {f: shows(Moment(f)) for f in _grid(first, last, step / _MORE_LOOKS) if f not in whole}
            sure += seen_again(more, size, shows)
            for frame, each in sure:
                _add(found, frame, () if each in found.get(frame, ()) else [each])
            found = traced(found, _grid(first, last, _TRACED_S * rate), size, shows, sure)
        return [Look(frame, tuple(found[frame])) for frame in sorted(found) if found[frame]]

    def _shows(self, settled: Settled, hidden: _Hidden, moment: Moment) -> list[Detection]:
        """Return what a second model family sees at a moment of a window beside what is hidden."""
        at = moment.frame - settled.window.first
        frame, regions = settled.window.frames[at], settled.regions[at]
        if frame.damaged:
            return []
        if moment.frame not in hidden or hidden[moment.frame][0] != regions:
            hidden[moment.frame] = regions, self._hidden(frame, regions, HeldCells(1))
        self._counts["checked"] += 1
        spared = settled.spared[at] if settled.spared else ()
        with self._watch.time("verify"):
            return self._checker.residues(hidden[moment.frame][1], (*regions, *spared), moment)

    def _hidden(self, frame: VideoFrame, regions: Sequence[Region], held: HeldCells) -> VideoFrame:
        if frame.damaged:
            return replace(frame, planes=whole_frame(frame.planes, self._form))
        noise = np.random.default_rng(self._seed)
        with self._watch.time("hide"):
            return replace(frame, planes=hide_planes(frame.planes, regions, self._form, noise, held, self._grain))

    def render(self, settled: Settled) -> Part:
        """Hide and encode a settled window; the part that is returned has no pixels of its frames any more."""
        path, all_meant = self._new_path(), []
        with (
            self._codec.open_writer(path, self._smaller.info, self._recipe.video.style, self._name) as writer,
            closing(ahead(self._written(settled), _AHEAD)) as written,
        ):
            for hidden, meant in written:
                all_meant.append(meant)
                with self._watch.time("encode"):
                    writer.write(hidden)
        frames = tuple(replace(frame, planes=()) for frame in settled.window.frames)
        return Part(replace(settled, window=replace(settled.window, frames=frames)), path, all_meant)

    def _written(self, settled: Settled) -> Iterator[tuple[VideoFrame, Meant]]:
        """Yield the frames of a window as they are to be written, each with what to compare it with."""
        for frame, regions in zip(settled.window.frames, settled.regions, strict=True):
            hidden = frame if frame.index in settled.done else self._hidden(frame, regions, self._held)
            hidden = replace(hidden, planes=self._smaller.planes(hidden.planes))
            placed = [replace(region, box=self._smaller.box(region.box)) for region in regions]
            yield hidden, meant_by(hidden.planes, () if frame.damaged else placed)

    def check(self, part: Part) -> Part:
        """Read a written window back and return it; raises VerificationFailed if it is not what was meant.

        Every frame is compared with the one that was meant, which the second model family has looked at already.
        """
        with self._watch.time("verify"):
            coarse = self._recipe.video.style.quality is not None
            info = self._smaller.info
            check_written(part.path, part.meant, info, self._codec, _bits, self._name, coarse=coarse)
        return part


def _bits(pixel_format: str) -> int:
    return layout(pixel_format).bits


def _add(found: dict[int, list[Detection]], frame: int, shown: Sequence[Detection]) -> None:
    if shown:
        found.setdefault(frame, []).extend(shown)


def _grid(first: int, last: int, step: float) -> list[int]:
    """Return the frames of a video that are multiples of about `step`, and the two at the ends."""
    every = max(1, round(step))
    return [frame for frame in range(first, last + 1) if frame % every == 0 or frame in (first, last)]


def _with_hidden(settled: Settled, hidden: _Hidden) -> Settled:
    """Return a settled window with its hidden frames in the place of the stored ones.

    Mosaics and blurs are drawn anew when they are written, because their cells are held from frame to frame.
    """
    frames, done = list(settled.window.frames), set[int]()
    for i, (frame, regions) in enumerate(zip(settled.window.frames, settled.regions, strict=True)):
        before, picture = hidden.get(frame.index, (None, frame))
        if before == regions and all(region.look.non_interfering for region in regions):
            frames[i] = picture
            done.add(frame.index)
    return replace(settled, window=replace(settled.window, frames=tuple(frames)), done=frozenset(done))


def _grown(found: Detection, round_: int) -> Detection:
    """Return what was found again with a box that is wider each time."""
    dx, dy = (_GROWTH * round_ * side for side in (found.box.width, found.box.height))
    return replace(found, box=found.box.grown(dx, dy), score=max(found.score, 0.5))
