"""Going through the frames of a video: decoded, looked at where the pace wants it, those before a start left out."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from unseen.core.models import DETECTOR_SIDE
from unseen.core.photos import Rgb8
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.store import Progress
from unseen.engine.film.tools import FilmTools
from unseen.engine.film.totals import Clock
from unseen.media.find import find, find_again
from unseen.media.pace import Kind, Pace, Ticks
from unseen.media.scan import Overlap, scan
from unseen.media.shapes import Shapes
from unseen.media.shots import ShotCuts
from unseen.media.sights import Scanned, Sight
from unseen.media.way_up import WayUp

__all__ = ["Looking"]


class Looking:
    """Looks at frames of one video, at a pace; goes on behind the frames that are done by `progress`.

    Persons and vehicles of the classes `also` are looked for, too: they are counted. Starts the clock.
    """

    def __init__(
        self,
        film: OpenFilm,
        tools: FilmTools,
        *,
        pace: Pace,
        progress: Progress,
        clock: Clock,
        also: frozenset[str] = frozenset(),
    ) -> None:
        self._film, self._tools, self._pace, self._progress = film, tools, pace, progress
        self._clock, self._also = clock, also
        self._recipe, turns = _finding(film.recipe), film.recipe.video.turns
        self._shapes = Shapes(film.info, DETECTOR_SIDE, turns)
        self._way_up = WayUp(film.reader, tools.eyes.faces_turned, turns, tools.eyes.objects_turned, film.recipe.hidden)

    def scanned(self) -> Iterator[Scanned]:
        """Yield the frames that are not done, each with what was found in it, or None where nobody looked.

        Raises LieTurned where people lie as nobody looks for them.
        """
        with closing(self._scanned()) as scanned:
            for each in scanned:
                with self._tools.watch.time("detect"):
                    self._way_up.check(each)
                yield each

    def _scanned(self) -> Generator[Scanned, None, None]:
        film, eyes, done = self._film, self._tools.eyes, self._progress
        by_time = film.recipe.video.stride is None
        # Those that are read have one share of the frames that may wait, and each look but the first has one.
        share = max(1, film.sizes.looked // max(2, eyes.at_once))
        overlap = Overlap(eyes.at_once, eyes.threads, waiting=share * max(1, eyes.at_once - 1), read=share)
        return scan(
            self._frames(), film.reader, self._find, self._shapes, self._pace, ShotCuts(film.form.bits),
            overlap=overlap, first=done.next_frame, known=done.looks_without(self._tools.verifiers),
            ticks=Ticks(film.rate, float(film.info.time_base)) if by_time else None,
        )  # fmt: skip

    def _frames(self) -> Iterator[VideoFrame]:
        """Yield the frames of the video; the first sets the clock."""
        iterator = iter(self._film.reader)
        while True:
            with self._tools.watch.time("decode"):
                frame = next(iterator, None)
            if frame is None:
                return
            self._clock.start(frame)
            yield frame

    def _find(self, views: Sequence[Rgb8], kind: Kind, before: Sequence[Detection]) -> Sight:
        with self._tools.watch.time("detect"):
            return self._shapes.look(views, before, partial(self._find_once, kind))

    def _find_once(self, kind: Kind, image: Rgb8, before: Sequence[Detection]) -> Sight:
        eyes, recipe = self._tools.eyes, self._recipe
        if kind == "whole":
            return Sight(find(image, eyes, recipe, self._also))
        return find_again(image, eyes, recipe, before, self._also)


def _finding(recipe: Recipe) -> Recipe:
    """Return the recipe to look by: tracks find what single frames miss, so heads only where videos ask for them."""
    return recipe if recipe.video.heads else replace(recipe, recall="fast")
