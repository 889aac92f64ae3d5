"""Windows of a video are settled: covered, and looked at as they are hidden until nothing shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from unseen.core.regions import Box, Detection, Region
from unseen.core.video import VideoFrame
from unseen.engine.film.hide import Hider
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.totals import Checks
from unseen.engine.film.what_to_hide import Cover, Settled
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain
from unseen.media.sights import Look
from unseen.media.windows import Window
from unseen.pixels.planes import HeldCells
from unseen.verify.film_shows import Checker
from unseen.verify.moments import Moment, moments, whole_frames
from unseen.verify.trace import seen_again, traced

__all__ = ["MOST_ROUNDS", "Settler"]

_GROWTH = 0.25
#: Where somebody still shows, the whole frame is looked at so many times as often, and every so many seconds who shows
#: is followed: the models that hide do not see them, or saw them too late.
_MORE_LOOKS, _TRACED_S = 4, 0.16
#: How often residues are hidden again before a video fails: each time shows the ends of the tracks that were added.
MOST_ROUNDS = 6
#: What shows, by the index of the frame.
_Found: TypeAlias = dict[int, list[Detection]]


@dataclass(slots=True)
class _Hidden:
    """Frames of one window that were hidden to be looked at, by index, each with the regions that were hidden in it;
    `looks` counts how often they were."""

    frames: dict[int, tuple[tuple[Region, ...], VideoFrame]] = field(default_factory=dict)
    looks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Settles the windows of one video, which must come in order.

    `cover` says what is hidden in a window, and `checker` what still shows; `remember` is told of what was found, so
    that later windows know of it.
    """

    film: OpenFilm
    cover: Cover
    hider: Hider
    checker: Checker
    remember: Callable[[Iterable[Look]], None]
    watch: Stopwatch

    def settle(self, window: Window) -> Settled:
        """Cover a window, and look at its hidden frames with the second model family until nothing shows.

        Looks at each frame that is due and where tracks begin and end; what shows is hidden as well, and followed
        through the window where a look around it sees it, too; then it is looked at again, a bounded number of times.
        Raises ResiduesRemain after the last.
        """
        only: dict[int, list[Box]] | None = None
        hidden, residues = _Hidden(), 0
        for round_ in range(MOST_ROUNDS + 1):
            with self.watch.time("cover"):
                settled = self.cover(window)
            if self.film.recipe.verify == "skip":
                return settled
            looks = self._still_shows(settled, only, hidden)
            if not looks:
                return replace(_with_hidden(settled, hidden), checks=Checks(hidden.looks, residues, rounds=round_))
            residues += sum(len(look.found) for look in looks)
            only = {look.frame: [d.box for d in look.found] for look in looks}
            grown = [Look(look.frame, tuple(_grown(d, round_) for d in look.found)) for look in looks]
            self.remember(grown)
            window = window.seen_too(grown)
        raise ResiduesRemain(
            f"{self.film.name}: faces or plates still show after {MOST_ROUNDS} more tries; leave it out"
        )

    def _still_shows(self, settled: Settled, only: Mapping[int, Sequence[Box]] | None, hidden: _Hidden) -> list[Look]:
        """Return what a second model family sees in the hidden frames of a window that are due, and of it in others.

        After the first time only places are due where something showed (`only`): elsewhere nothing changed, or more is
        hidden than before. What is hidden on the way is kept in `hidden`.
        """
        if not self.checker.classes:
            return []
        shows = partial(self._shows, settled, hidden)
        if only is None:
            found = self._seen_first(settled, shows)
        else:
            window = settled.window
            found = _seen(moments(window.first, window.last, frozenset(), (), self.film.size, only), shows)
        return [Look(frame, tuple(found[frame])) for frame in sorted(found) if found[frame]]

    def _seen_first(self, settled: Settled, shows: Callable[[Moment], list[Detection]]) -> _Found:
        """Return what shows in a window that nobody looked at before: where looks are due, and where it leads to."""
        window, recipe, size = settled.window, self.film.recipe.video, self.film.size
        first, last, rate = window.first, window.last, window.rate(self.film.info)
        step = 1 if recipe.check_all else max(1, round(recipe.check_s * rate))
        whole = whole_frames([frame.index for frame in window.frames if not frame.damaged], step)
        found = _seen(moments(first, last, whole, settled.tracks, size), shows)
        sure = seen_again(found, size, shows)
        if not sure:
            return found
        more = {f: shows(Moment(f)) for f in _grid(first, last, step / _MORE_LOOKS) if f not in whole}
        sure += seen_again(more, size, shows)
        for frame, each in sure:
            if each not in found.get(frame, ()):
                found.setdefault(frame, []).append(each)
        return traced(found, _grid(first, last, _TRACED_S * rate), size, shows, sure)

    def _shows(self, settled: Settled, hidden: _Hidden, moment: Moment) -> list[Detection]:
        """Return what a second model family sees at a moment of a window beside what is hidden."""
        at = moment.frame - settled.window.first
        frame, regions = settled.window.frames[at], settled.regions[at]
        if frame.damaged:
            return []
        if moment.frame not in hidden.frames or hidden.frames[moment.frame][0] != regions:
            hidden.frames[moment.frame] = regions, self.hider.hidden(frame, regions, HeldCells(1))
        hidden.looks += 1
        spared = settled.spared[at] if settled.spared else ()
        with self.watch.time("verify"):
            return self.checker.residues(hidden.frames[moment.frame][1], (*regions, *spared), moment)


def _seen(when: Iterable[Moment], shows: Callable[[Moment], list[Detection]]) -> _Found:
    """Return what shows at some moments, for the frames in which anything does."""
    found: _Found = {}
    for moment in when:
        if shown := shows(moment):
            found.setdefault(moment.frame, []).extend(shown)
    return found


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
        before, picture = hidden.frames.get(frame.index, (None, frame))
        if before == regions and all(region.look.non_interfering for region in regions):
            frames[i] = picture
            done.add(frame.index)
    return replace(settled, window=replace(settled.window, frames=tuple(frames)), done=frozenset(done))


def _grown(found: Detection, round_: int) -> Detection:
    """Return what was found again with a box that is wider each time."""
    dx, dy = (_GROWTH * round_ * side for side in (found.box.width, found.box.height))
    return replace(found, box=found.box.grown(dx, dy), score=max(found.score, 0.5))
