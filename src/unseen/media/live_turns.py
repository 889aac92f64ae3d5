"""Which ways up a camera's pictures are looked at: cameras hang upside down, or on their side."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from unseen.core.regions import VEHICLES, Detection
from unseen.media.shapes import SAME_IN_BOTH
from unseen.media.upright import turned
from unseen.media.way_up import TURNS, somebody_lies
from unseen.pixels.boxes import merge

__all__ = ["LiveTurns", "Turned"]

#: Seconds from one turned view that is looked at to see whether somebody is upright in it to the next, of another turn.
_EVERY_S = 1.0
#: For so many seconds a turn is looked at after somebody was last surely upright in it; seen as often, for good.
_KEPT_S, _FOR_GOOD = 600.0, 5
#: The order in which turns are tried: most cameras that do not stand hang from a ceiling.
_ORDER = (2, 1, 3)


@dataclass(frozen=True, slots=True)
class Turned:
    """What was found in a view of a frame after so many quarter turns clockwise, None if the detector failed; `size` is
    the view's, width and height, in whose pixels boxes are."""

    turn: int
    size: tuple[int, int]
    found: Sequence[Detection] | None

    def placed(self, size: tuple[int, int]) -> list[Detection]:
        """Return what was found with boxes in pixels of the frame, whose width and height are `size`."""
        lying = self.size if self.turn % 2 == 0 else self.size[::-1]
        across, down = (whole / part for whole, part in zip(size, lying, strict=True))
        back = [replace(each, box=turned(each.box, self.size, -self.turn)) for each in self.found or ()]
        return [replace(each, box=each.box.scaled(across, down)) for each in back]


@dataclass(slots=True)
class _Noticed:
    last: float
    times: int = 0


class LiveTurns:
    """Notices in which turned views of one camera somebody is upright, where classes of `hidden` tell of it.

    The first look of a connection is at all of them, so that nothing is shown before; later one in turn is looked at
    each second. A turn in which somebody was is then looked at with each look. Times are in seconds of one clock.
    """

    def __init__(self, hidden: Set[str]) -> None:
        self._hidden = hidden
        self._tells = bool(hidden & {"face", "person", *VEHICLES})
        self._noticed: dict[int, _Noticed] = {}
        self._all, self._next, self._tried = True, float("-inf"), 0

    def begin(self) -> None:
        """Take it that a connection begins: somebody may have turned the camera."""
        self._all = True

    @property
    def noticed(self) -> tuple[int, ...]:
        """The quarter turns clockwise that each look is at, beside upright."""
        return tuple(sorted(self._noticed))

    def due(self, at: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the turns that a look at a frame of time `at` is at beside upright: those noticed, and those tried."""
        self._forget(at)
        others = [turn for turn in _ORDER if turn not in self._noticed]
        if not self._tells or not others:
            return self.noticed, ()
        if self._all:
            return self.noticed, tuple(others)
        return self.noticed, (others[self._tried % len(others)],) if at >= self._next else ()

    def found(self, at: float, views: Sequence[Turned], size: tuple[int, int]) -> list[Detection] | None:
        """Take what was found in the views of a frame of time `at`, and return it with boxes in pixels of the frame, of
        width and height `size`; None if the detector failed at one of them.

        What a view shows that was tried counts if somebody in it is surely upright: all pictures look like a little of
        everything, if they are turned.
        """
        if any(view.found is None for view in views):
            return None
        counting = [view for view in views if not view.turn]
        together = [each for view in counting for each in view.placed(size)]
        # The best first: people are also found on their head, less surely, who are upright in another view.
        for view in sorted((view for view in views if view.turn), key=_best, reverse=True):
            if self._counts(at, view, together, size):
                counting.append(view)
                together += view.placed(size)
        self._note_tried(at, {view.turn for view in views} - {0})
        return together if len(counting) == 1 else merge(together, SAME_IN_BOTH)

    def _counts(self, at: float, view: Turned, known: Sequence[Detection], size: tuple[int, int]) -> bool:
        # Persons and vehicles are found on their head as well, so that the opposite view has nothing of theirs to add.
        opposite = (view.turn + 2) % 4 in self._noticed
        hidden = self._hidden & {"face"} if opposite else self._hidden
        if somebody_lies(view.found or (), view.placed(size), known, view.turn, hidden):
            noticed = self._noticed.setdefault(view.turn, _Noticed(at))
            noticed.last, noticed.times = at, noticed.times + 1
        return view.turn in self._noticed

    def _note_tried(self, at: float, turns: Set[int]) -> None:
        if self._all and turns | set(self._noticed) >= set(TURNS):
            self._all = False
        if at >= self._next:
            self._next, self._tried = at + _EVERY_S, self._tried + 1

    def _forget(self, at: float) -> None:
        for turn, noticed in list(self._noticed.items()):
            if noticed.times < _FOR_GOOD and at - noticed.last > _KEPT_S:
                del self._noticed[turn]


def _best(view: Turned) -> float:
    return max((each.score for each in view.found or ()), default=0.0)
