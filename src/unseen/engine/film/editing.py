"""What is hidden in the windows of a video by what was hidden before and a person's edits, instead of detection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from unseen.core.edits import Edits, KnownTracks
from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection, Region
from unseen.core.video import Track, TrackPoint
from unseen.engine.film.kept_frames import KeptFrame
from unseen.errors import UnreadableInput
from unseen.media.edits import apply_edits
from unseen.media.pace import Kind
from unseen.media.windows import Window

__all__ = ["Edited", "Editing", "NoLooks"]

#: What verification finds counts as looked for so many times a second, not just where it was found.
_LOOKS = 6
_AGAIN = "run once without --edits"
_DONE = Look("fill")


class NoLooks:
    """A pace at which no frame is looked at."""

    def begin(self) -> None:
        """Take it that a shot begins: nothing is looked at there either."""

    def how_to_look(self, frame: int, must: bool) -> Kind | None:
        """How to look at a frame: not at all."""
        return None

    def made(self, frame: int, kind: Kind) -> None:
        """Take it that a frame is looked at: there is none."""

    def saw(self, frame: int, found: Sequence[Detection]) -> None:
        """Take in what a look found: there is none."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What is hidden in each frame of a window, what a person leaves visible there, and the tracks of the former."""

    hidden: tuple[tuple[Region, ...], ...]
    spared: tuple[tuple[Region, ...], ...]
    tracks: tuple[Track, ...]


class Editing:
    """Goes through what was hidden in a video, `lines` with a JSON text for each frame, and applies edits to it.

    Windows must come in order; the same one may come again. `name` is for messages. Raises UnreadableInput where the
    lines tell nothing of a frame.
    """

    def __init__(self, lines: Iterable[str], edits: Edits, known: KnownTracks, recipe: Recipe, name: str) -> None:
        self._lines, self._edits, self._known, self._recipe, self._name = iter(lines), edits, known, recipe, name
        self._rows: dict[int, tuple[Region, ...]] = {}
        self._first_added = known.next_number

    @property
    def next_number(self) -> int:
        """A track number that is not taken."""
        return self._edits.first_found(self._first_added)

    def around(self, window: Window, rate: float) -> Window:
        """Return the window with the steps at which what verification finds in it is to be covered."""
        return replace(window, step=min(window.step, max(1, round(rate / _LOOKS))))

    def edited(self, window: Window) -> Edited:
        """Return what the edits make of a window."""
        first, last = window.first, window.last
        self._read(first - 1, last + 1)
        both = [self._apply(frame) for frame in range(first, last + 1)]
        around = {frame: self._apply(frame)[0] for frame in (first - 1, last + 1) if frame in self._rows}
        hidden = {frame: each for frame, (each, _) in enumerate(both, start=first)}
        tracks = tuple(_tracks({**around, **hidden}))
        # What shows there is meant to: for verification that is as if nothing of it were left.
        spared = tuple(tuple(replace(r, look=_DONE) for r in each) for _, each in both)
        return Edited(tuple(each for each, _ in both), spared, tracks)

    def _apply(self, frame: int) -> tuple[tuple[Region, ...], tuple[Region, ...]]:
        rows = self._rows.get(frame)
        if rows is None:
            raise UnreadableInput(f"{self._name}: nothing is known of what was hidden in frame {frame}; {_AGAIN}")
        size = (self._known.width, self._known.height)
        return apply_edits(rows, frame, self._edits, self._recipe.looks, size, self._first_added)

    def _read(self, first: int, last: int) -> None:
        """Read on to frame `last`, and forget what lies before `first`."""
        while last not in self._rows and (line := next(self._lines, None)) is not None:
            try:
                frame = KeptFrame.read(line)
                regions = frame.hidden(self._recipe)
            except ValueError as error:
                raise UnreadableInput(f"{self._name}: what was hidden in it cannot be read; {_AGAIN}") from error
            if frame.index >= first:
                self._rows[frame.index] = regions
        self._rows = {frame: rows for frame, rows in self._rows.items() if frame >= first}


def _tracks(hidden: dict[int, tuple[Region, ...]]) -> Iterator[Track]:
    """Yield the tracks of regions by frame: verification looks where they begin and end."""
    points: dict[int, list[TrackPoint]] = {}
    classes: dict[int, str] = {}
    for frame in sorted(hidden):
        for region in hidden[frame]:
            if region.track is not None:
                points.setdefault(region.track, []).append(TrackPoint(frame, region.box, region.score, True))
                classes[region.track] = region.cls
    for number, found in points.items():
        yield Track(number, classes[number], tuple(found))
