"""Links what is found in the looks at a live camera, and says where it is in any frame around them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from unseen.core.regions import Box, Detection
from unseen.tracks.assign import Gate, assign
from unseen.tracks.settings import KINDS
from unseen.tracks.states import states_of

__all__ = ["LiveTracks", "Placed", "warm_up"]

_OVERLAP = 0.1
#: How many sizes a centre may be off from where it is expected, and more for each second since it was seen.
_REACH, _REACH_A_SECOND, _FAR = 0.5, 1.5, 1.5
#: How many sizes a box is unsure by for each second that lies between it and the nearest look, and at most.
_DOUBT, _MOST_DOUBT = 0.4, 0.35
_BETWEEN = 0.15
#: A detection below this score begins no track, it only continues one (as in ByteTrack); one sighting below the other
#: score is mostly nothing.
_BEGINS, _SURE = 0.2, 0.4
#: So many in one place are linked by a library that fewer are linked without.
_CROWD = 16
#: A speed is believed for this many seconds; then the box stays where it is, and its doubt goes on growing.
_COASTS = 0.5


@dataclass(frozen=True, slots=True)
class Placed:
    """Something as it is expected in a frame: the detection with its box there, and the number of its track."""

    found: Detection
    track: int


@dataclass(slots=True)
class _Trail:
    """One object: its sightings as (time, detection), rising in time."""

    number: int
    sightings: list[tuple[float, Detection]] = field(default_factory=list)

    @property
    def last(self) -> float:
        return self.sightings[-1][0]

    @property
    def unsure(self) -> bool:
        return len(self.sightings) == 1 and self.sightings[0][1].score < _SURE

    def at(self, time: float, before: float, after: float) -> Detection | None:
        """Return the object at a time, None if that is too long `before` its first or `after` its last sighting."""
        times = [seen for seen, _ in self.sightings]
        if not times[0] - before <= time <= times[-1] + after:
            return None
        later = next((i for i, seen in enumerate(times) if seen >= time), None)
        if later is not None and times[later] == time:
            return self.sightings[later][1]
        if later is None:
            return self._beyond(time, self.sightings[-1], self.sightings[-2:])
        if later == 0:
            return self._beyond(time, self.sightings[0], self.sightings[:2])
        return _between(time, self.sightings[later - 1], self.sightings[later])

    def _beyond(
        self, time: float, nearest: tuple[float, Detection], pair: Sequence[tuple[float, Detection]]
    ) -> Detection:
        """Go on from the nearest sighting by the speed of the nearest two: both where it was and where it may be."""
        away = time - nearest[0]
        box = nearest[1].box
        moved = box
        if len(pair) == 2 and pair[1][0] > pair[0][0]:
            seconds = max(-_COASTS, min(_COASTS, away)) / (pair[1][0] - pair[0][0])
            (ax, ay), (bx, by) = pair[0][1].box.middle, pair[1][1].box.middle
            moved = box.moved(_bounded((bx - ax) * seconds, box.width), _bounded((by - ay) * seconds, box.height))
        return replace(nearest[1], box=_unsure(Box.hull((box, moved)), box, min(_MOST_DOUBT, _DOUBT * abs(away))))


def _bounded(step: float, side: float) -> float:
    """Believe no step of more than two sides: two sightings that do not belong together would send a box away."""
    return max(-2 * side, min(2 * side, step))


def _unsure(box: Box, original: Box, doubt: float) -> Box:
    return box.grown(doubt * math.sqrt(original.area))


def _between(time: float, before: tuple[float, Detection], after: tuple[float, Detection]) -> Detection:
    """Return the object between two sightings: anywhere between them, unsure by the time to the nearer one.

    The straight way from one to the other would cover less, and miss who stops, turns or jumps.
    """
    box = Box.hull((before[1].box, after[1].box))
    nearest = min(time - before[0], after[0] - time)
    sure = before[1] if nearest == time - before[0] else after[1]
    return replace(sure, box=_unsure(box, sure.box, min(_BETWEEN, _DOUBT * nearest)))


class LiveTracks:
    """Objects in the picture of `width` x `height` pixels, linked from look to look as the looks come.

    An object is expected up to `before` seconds before its first sighting and up to `after` seconds after its last one,
    and one that was seen once, and faintly, for no more than `unsure` seconds before and after: most of those are
    nothing. Every detection continues a track or, unless its score is below 0.2, begins one.
    """

    def __init__(self, width: int, height: int, *, before: float, after: float, unsure: float = math.inf) -> None:
        self._size = (width, height)
        self._before, self._after, self._unsure = before, after, unsure
        self._trails: list[_Trail] = []
        self._numbers = itertools.count(1)

    def seen(self, time: float, detections: Sequence[Detection]) -> list[Placed]:
        """Take what was found in the frame at `time`, which must be later than that of the look before.

        Returns the detections that are in a track now, with its number.
        """
        alive = [trail for trail in self._trails if time - trail.last <= self._after]
        pairs = self._pairs(time, alive, detections)
        for i, j in pairs:
            alive[i].sightings.append((time, detections[j]))
        placed = [Placed(detections[j], alive[i].number) for i, j in pairs]
        taken = {j for _, j in pairs}
        for j, found in enumerate(detections):
            if j not in taken and not found.score < _BEGINS:
                self._trails.append(_Trail(next(self._numbers), [(time, found)]))
                placed.append(Placed(found, self._trails[-1].number))
        return placed

    def _pairs(self, time: float, alive: Sequence[_Trail], found: Sequence[Detection]) -> list[tuple[int, int]]:
        if not alive or not found:
            return []
        expected = [self._expected(trail, time) for trail in alive]
        kinds = np.array([KINDS[box.cls] for box in expected])
        same = kinds[:, None] == np.array([KINDS[each.cls] for each in found])[None, :]
        away = np.array([time - trail.last for trail in alive])
        gate = Gate(_OVERLAP, np.minimum(_REACH + _REACH_A_SECOND * away, _FAR))
        states = states_of((each.box for each in expected), *self._size)
        return assign(states, states_of((each.box for each in found), *self._size), same, gate)

    def _expected(self, trail: _Trail, time: float) -> Detection:
        """Return where a track would be now if it went on as it did between its last two sightings."""
        seen, found = trail.sightings[-1]
        if len(trail.sightings) < 2:
            return found
        seen_before, before = trail.sightings[-2]
        seconds = (time - seen) / (seen - seen_before)
        (ax, ay), (bx, by) = before.box.middle, found.box.middle
        dx, dy = _bounded((bx - ax) * seconds, found.box.width), _bounded((by - ay) * seconds, found.box.height)
        return replace(found, box=found.box.moved(dx, dy))

    def at(self, time: float) -> list[Placed]:
        """Return everything that is expected in the frame at `time`."""
        placed = []
        for trail in self._trails:
            most = self._unsure if trail.unsure else math.inf
            found = trail.at(time, min(self._before, most), min(self._after, most))
            if found is not None:
                placed.append(Placed(found, trail.number))
        return placed

    def forget(self, time: float) -> None:
        """Drop what cannot matter for frames at `time` or later."""
        self._trails = [trail for trail in self._trails if trail.last + self._after >= time]
        for trail in self._trails:
            trail.sightings = _recent(trail.sightings, time)


def _recent(sightings: list[tuple[float, Detection]], time: float) -> list[tuple[float, Detection]]:
    """Keep the last two sightings before `time`, for place and speed, and all that come after."""
    earlier = sum(1 for seen, _ in sightings if seen < time)
    return sightings[max(0, earlier - 2) :]


def warm_up() -> None:
    """Load what linking a crowd needs, which takes a third of a second, before frames wait for it."""
    tracks = LiveTracks(64, 64, before=1.0, after=1.0)
    for time in (0.0, 0.1):
        tracks.seen(time, [Detection("face", Box(0, 0, 8, 8), 0.9, "")] * _CROWD)
