"""Follows what is counted through a video, window by window, and says where it is in every frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unseen.core.regions import Detection
from unseen.core.video import Track, TrackPoint
from unseen.tracks.link import link
from unseen.tracks.named import Named
from unseen.tracks.settings import LinkSettings
from unseen.traffic.doubles import without_doubles

__all__ = ["LOST_S", "Follower", "Placed"]

#: Seconds after which an object that is not found is gone; detections are linked over gaps up to this long.
LOST_S = 1.5
_LINKING = LinkSettings(gap_s=LOST_S)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a track is in one frame."""

    track: int
    cls: str
    point: TrackPoint


class Follower:
    """Links what was found in a video of `width` x `height` pixels at `rate` frames a second, of some classes.

    Windows come in order and overlap in what they know; a track keeps its number from one to the next by the detections
    that both have.
    """

    def __init__(self, width: int, height: int, rate: float, classes: Iterable[str]) -> None:
        self._size, self._rate, self._classes = (width, height), rate, frozenset(classes)
        self._named = Named()

    def window(
        self,
        looks: Sequence[tuple[int, Sequence[Detection]]],
        frames: range,
        cuts: Sequence[int] = (),
    ) -> list[list[Placed]]:
        """Return what is where in each of `frames`, which are consecutive.

        `looks` are (frame, what was found there), rising, from before the first to after the last of them; a new shot
        begins at each of `cuts`.
        """
        placed: list[list[Placed]] = [[] for _ in frames]
        for track in self._tracks(looks, frames.start, cuts):
            for point in track.points:
                if point.frame in frames:
                    placed[point.frame - frames.start].append(Placed(track.number, track.cls, point))
        return placed

    def _tracks(self, looks: Sequence[tuple[int, Sequence[Detection]]], first: int, cuts: Sequence[int]) -> list[Track]:
        frames = [frame for frame, _ in looks]
        found = [without_doubles(d for d in each if d.cls in self._classes) for _, each in looks]
        width, height = self._size
        tracks = link(frames, found, width=width, height=height, rate=self._rate, cuts=cuts, settings=_LINKING)
        return self._named.numbered(tracks, forget_before=min([first, *frames[:1]]))
