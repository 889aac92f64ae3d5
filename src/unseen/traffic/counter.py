"""Counts what tracked objects do in a scene: pictures come in, in order of time, and counts come out."""

from __future__ import annotations

from collections.abc import Iterable

from unseen.core.scene import Scene
from unseen.traffic.geometry import Ground
from unseen.traffic.tally import Chooser, Tally, by_chance
from unseen.traffic.walk import Sighting, Walk

__all__ = ["HEAT_COLUMNS", "Counter", "heat_grid"]

#: Columns of the heat map; it has as many rows as make its cells nearly square.
HEAT_COLUMNS = 32
#: An object that was found in fewer pictures than this, or never this surely, was most likely none.
_LEAST, _SURE = 3, 0.4


def heat_grid(scene: Scene) -> tuple[int, int]:
    """Return columns and rows of the heat map."""
    return HEAT_COLUMNS, max(1, round(HEAT_COLUMNS * scene.height / scene.width))


class Counter:
    """Counts in one scene, into a tally; all times are seconds since 1970.

    Tracks are known by their number. What one has done is counted when it ends, or is settled before: its class is
    known by then, whether it was anything at all, and in which cells it is counted if at most `bound` are allowed.
    """

    def __init__(self, scene: Scene, tally: Tally, choose: Chooser = by_chance) -> None:
        self._scene, self.tally, self._choose = scene, tally, choose
        self._ground = None if scene.calibration is None else Ground(scene.calibration)
        self._heat = heat_grid(scene)
        self._walks: dict[int, Walk] = {}

    @property
    def tracks(self) -> int:
        """How many objects are followed now."""
        return len(self._walks)

    def see(self, at: float, sightings: Iterable[Sighting]) -> None:
        """Take where objects are in a picture, the next in time."""
        for seen in sightings:
            walk = self._walks.get(seen.track)
            if walk is None:
                walk = self._walks[seen.track] = Walk(self._scene, self._ground, self._heat)
            walk.see(at, seen)
        self.tally.end = max(self.tally.end, at)

    def end_before(self, at: float) -> None:
        """Settle and forget every object that was last seen before a time."""
        for number in [number for number, walk in self._walks.items() if walk.last < at]:
            walk = self._walks.pop(number)
            walk.end()
            self._settle(walk)

    def settle_before(self, at: float) -> None:
        """Count what objects that are still followed did before a time, so that it can be published.

        Their contributions stay bounded over their whole life: what is used up here is not there later.
        """
        for walk in self._walks.values():
            self._settle(walk, at)

    def finish(self, at: float) -> Tally:
        """End all objects and return the counts; `at` is when the recording ended."""
        self.end_before(float("inf"))
        self.tally.end = max(self.tally.end, at)
        return self.tally

    def _settle(self, walk: Walk, before: float = float("inf")) -> None:
        if walk.believed(_LEAST, _SURE):
            self.tally.book(walk, *walk.take(before), self._choose)
