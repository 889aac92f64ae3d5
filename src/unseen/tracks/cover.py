"""What of a track is to be hidden: longer than it was seen, over its gaps, and wider by what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.regions import Box
from unseen.core.video import Track, TrackPoint
from unseen.tracks.camera import CameraMotion, Floats, SteadyCamera
from unseen.tracks.paths import Path, Sightings, paths
from unseen.tracks.settings import KINDS, CoverSettings
from unseen.tracks.states import corners, sizes, states_of

__all__ = ["covering_box", "extend", "extend_all"]


def covering_box(point: TrackPoint, k: float = 2.0) -> Box:
    """Return the box to hide at a point: its own, with every side moved outward by `k` standard deviations."""
    by = k * point.spread
    return Box(point.box.x1 - by, point.box.y1 - by, point.box.x2 + by, point.box.y2 + by)


def extend(
    track: Track,
    *,
    width: int,
    height: int,
    rate: float,
    last_frame: int,
    cuts: Sequence[int] = (),
    camera: CameraMotion | None = None,
    stride: int = 1,
    settings: CoverSettings | None = None,
) -> Track:
    """Return a linked track as it is to be covered; see `extend_all`, which is faster for many."""
    return extend_all(
        [track],
        width=width,
        height=height,
        rate=rate,
        last_frame=last_frame,
        cuts=cuts,
        camera=camera,
        stride=stride,
        settings=settings,
    )[0]


def extend_all(
    tracks: Sequence[Track],
    *,
    width: int,
    height: int,
    rate: float,
    last_frame: int,
    cuts: Sequence[int] = (),
    camera: CameraMotion | None = None,
    stride: int = 1,
    settings: CoverSettings | None = None,
) -> list[Track]:
    """Return linked tracks as they are to be covered, with a point for every frame first to last.

    Each goes on before its first and after its last detection by its motion, until the time is up, a cut, the end of
    the video (frames 0 to `last_frame`), or it has left the picture; where only every `stride`-th frame was looked at,
    over all those that were not. The box of a detected point is the hull of what was found and of the smoothed path, so
    that smoothing uncovers nothing. Expects what `link` returned, with the same cuts and camera. Raises ValueError for
    a track outside of the video or across a cut.
    """
    settings = settings or CoverSettings()
    scene = _Scene(
        (width, height), rate, stride, [0, *sorted({c for c in cuts if 0 < c <= last_frame}), last_frame + 1]
    )
    scene.check(tracks)
    steady = SteadyCamera(camera)
    steady.check(last_frame)
    seen = [scene.sightings(track, steady, settings) for track in tracks]
    walked = paths(seen, rate)
    return [_covered(*item, steady, scene, settings) for item in zip(tracks, seen, walked, strict=True)]


@dataclass(frozen=True, slots=True)
class _Scene:
    """The video: picture in pixels, frames a second, frames from look to look, and where shots begin, with the end."""

    picture: tuple[int, int]
    rate: float
    stride: int
    shots: Sequence[int]

    def check(self, tracks: Sequence[Track]) -> None:
        """Raise ValueError unless the numbers make sense and each track lies in one shot."""
        if min(*self.picture, self.stride) < 1 or not 0 < self.rate < float("inf"):
            raise ValueError(f"picture {self.picture}, rate {self.rate} and stride {self.stride} must be positive")
        for track in tracks:
            if track.cls not in KINDS or not track.detected:
                raise ValueError(f"track {track.number} needs a known class and a detection, got {track.cls!r}")
            if track.first < 0 or track.last >= self.shots[-1] or self._shot(track.first) != self._shot(track.last):
                raise ValueError(f"track {track.number} is not in one shot of the video: {track.first}..{track.last}")

    def _shot(self, frame: int) -> int:
        return int(np.searchsorted(self.shots, frame, side="right"))

    def sightings(self, track: Track, steady: SteadyCamera, settings: CoverSettings) -> Sightings:
        """Return where a track was detected, and how many frames to go before and after."""
        found = [p for p in track.points if p.detected]
        frames = np.array([p.frame for p in found], np.intp)
        states = steady.steady(frames, states_of((p.box for p in found), *self.picture))
        kind = KINDS[track.cls]
        beyond = settings.beyond[kind]
        strong = any(p.score >= beyond.strong for p in found)
        share = 1.0 if strong else min(1.0, len(found) * self.stride / beyond.sure)
        far = max(round(beyond.extend_s * self.rate * share), self.stride - 1)
        shot = self._shot(track.first)
        before = min(far, int(frames[0]) - self.shots[shot - 1])
        after = min(far, self.shots[shot] - 1 - int(frames[-1]))
        return Sightings(frames, states, settings.motions[kind], before, after)


def _covered(
    track: Track, seen: Sightings, path: Path, steady: SteadyCamera, scene: _Scene, settings: CoverSettings
) -> Track:
    frames = np.arange(path.first, path.first + len(path.states))
    states = steady.back(frames, path.states)
    at = seen.frames - path.first
    found = [p for p in track.points if p.detected]
    boxes = _wide_enough(states, at, found, max(round(settings.near_s * scene.rate), scene.stride))
    doubt = np.minimum(path.spreads * steady.scale(frames), settings.beyond[KINDS[track.cls]].doubt * sizes(states))
    detected = np.isin(np.arange(len(frames)), at)
    doubt[detected] = 0.0
    spreads = np.hypot(settings.grain * max(scene.picture) / settings.seen_at, doubt)
    before = np.maximum(np.searchsorted(at, np.arange(len(frames)), side="right") - 1, 0)
    points = tuple(
        TrackPoint(
            int(frames[i]), Box(*boxes[i].tolist()), found[before[i]].score, bool(detected[i]), float(spreads[i])
        )
        for i in _in_picture(boxes, spreads, at, scene.picture)
    )
    return Track(track.number, track.cls, points, track.models)


def _wide_enough(states: Floats, at: NDArray[np.intp], found: Sequence[TrackPoint], near: int) -> Floats:
    """Return the corners (t, 4) of `states` (t, 4), grown to what was `found` in the frames `at`.

    A frame without a detection is grown as the detections before and after it are, relative to the smoothed box, if
    they are at most `near` frames off.
    """
    boxes = corners(states)
    centres, sides = np.tile(states[:, :2], 2), np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    corner = np.array([p.box.xyxy for p in found])
    far = 4 * float(np.abs(boxes).max())
    reach = (np.clip(corner, -far, far) - centres[at]) / sides[at]
    frames = np.arange(len(states))
    for i in (np.searchsorted(at, frames, side="right") - 1, np.searchsorted(at, frames)):
        which = np.clip(i, 0, len(at) - 1)
        close = np.abs(frames - at[which]) <= near
        grown = centres[close] + reach[which[close]] * sides[close]
        boxes[close] = _hulls(boxes[close], grown)
    boxes[at] = _hulls(boxes[at], corner)
    return boxes


def _hulls(a: Floats, b: Floats) -> Floats:
    return np.concatenate([np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])], axis=1)


def _in_picture(boxes: Floats, spreads: Floats, at: NDArray[np.intp], picture: tuple[int, int]) -> range:
    """Return the frames from the first to the last detection, and those around until the box has left the picture."""
    wide = 2 * spreads[:, None]
    outside = np.any((boxes[:, 2:] + wide <= 0) | (boxes[:, :2] - wide >= picture), axis=1)
    before, after = np.flatnonzero(outside[: at[0]]), np.flatnonzero(outside[at[-1] + 1 :])
    return range(
        int(before[-1]) + 1 if len(before) else 0, int(at[-1]) + 1 + int(after[0]) if len(after) else len(boxes)
    )
