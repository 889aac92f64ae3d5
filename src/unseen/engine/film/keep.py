"""Verified windows of a video are noted and kept, so that a run that is killed goes on behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unseen.core.regions import Region
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.render import Part
from unseen.engine.film.store import FilmStore, Progress
from unseen.engine.film.totals import Clock, Totals
from unseen.media.faint import FaintLog, Shown
from unseen.media.sights import Look
from unseen.media.tracklog import TrackLog
from unseen.media.windows import Window

__all__ = ["Keeper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Notes what the windows of one video hide, and keeps them in its store, in order."""

    film: OpenFilm
    store: FilmStore
    log: TrackLog
    faint: FaintLog
    totals: Totals
    clock: Clock

    def keep(self, part: Part) -> None:
        """Note what a verified window hides, and that it is done; raises OutputFailed."""
        window, regions = part.settled.window, part.settled.regions
        whole = frozenset(frame.index for frame in window.frames if frame.damaged)
        shown = self._shown(window, regions)
        for frame, each in shown.items():
            self.log.add(frame, each.seconds, each.regions)
        self.faint.add(shown, part.settled.faint)
        self.totals.add(part.settled.checks, whole=len(whole), looked=_looks_in(window))
        progress = Progress(
            next_frame=window.last + 1,
            tracks=self.log.changed(),
            looks=self._handed_on(window),
            counts=self.totals.saved(),
            known=part.settled.known,
            faint=self.faint.saved(),
        )
        times = [float(frame.pts * self.film.info.time_base) for frame in window.frames]
        self.store.commit(part.path, regions, window.first, times, progress, whole)

    def _shown(self, window: Window, regions: Sequence[tuple[Region, ...]]) -> dict[int, Shown]:
        """Return the frames of a window by index, but for those that are hidden whole: of them nothing is told."""
        return {
            frame.index: Shown(self.clock.seconds(frame.pts), each)
            for frame, each in zip(window.frames, regions, strict=True)
            if not frame.damaged
        }

    def _handed_on(self, window: Window) -> tuple[Look, ...]:
        """Return the looks that later windows need; who is counted and stays visible is only the counter's business."""
        hidden = self.film.recipe.hidden
        return tuple(
            replace(look, found=tuple(d for d in look.found if d.cls in hidden))
            for look in window.handed_on(self.film.sizes.around)
        )


def _looks_in(window: Window) -> int:
    """Return how many frames of a window were looked at before they were hidden."""
    return sum(look.kind is not None and window.first <= look.frame <= window.last for look in window.looks)
