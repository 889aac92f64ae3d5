"""What is hidden in a window of a video: by what was found there, or by what a person edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from unseen.core.regions import Region
from unseen.core.video import Track
from unseen.engine.film.editing import Editing
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.totals import NO_CHECKS, Checks
from unseen.media.window_regions import cover_window
from unseen.media.windows import Window
from unseen.tracks.named import NOTHING_KNOWN, Known, Named

__all__ = ["Cover", "Settled", "covering", "covering_edited"]


@dataclass(frozen=True, slots=True)
class Settled:
    """A window with what is hidden in each of its frames, and what a person leaves visible there.

    `done` tells which of the frames are the hidden ones already; the others are as they were stored. `known` is of
    tracks, as the window was covered: later ones know less of what came before. `faint` are tracks that are not hidden.
    `checks` are those that were made before it was settled.
    """

    window: Window
    regions: Sequence[tuple[Region, ...]]
    tracks: Sequence[Track]
    spared: Sequence[tuple[Region, ...]] = ()
    done: frozenset[int] = frozenset()
    known: Known = NOTHING_KNOWN
    faint: Sequence[Track] = ()
    checks: Checks = NO_CHECKS


#: Says what is hidden in a window.
Cover: TypeAlias = Callable[[Window], Settled]


def covering(film: OpenFilm, named: Named, verifiers: frozenset[str]) -> Cover:
    """Return what covers windows by what was found in them; `verifiers` are the models that only verify."""

    def cover(window: Window) -> Settled:
        made = cover_window(window, film.info, film.recipe, named, verifiers)
        return Settled(window, made.regions, made.tracks, known=named.known(), faint=made.faint)

    return cover


def covering_edited(found: Cover, editing: Editing, rate: float) -> Cover:
    """Return what covers windows by a person's edits, and with that by what `found` makes of what was found since."""

    def cover(window: Window) -> Settled:
        settled = found(editing.around(window, rate))
        edited = editing.edited(settled.window)
        return Settled(
            settled.window,
            [(*one, *other) for one, other in zip(edited.hidden, settled.regions, strict=True)],
            (*edited.tracks, *settled.tracks),
            edited.spared,
            known=settled.known,
        )

    return cover
