"""What of a track is to be hidden: longer than it was seen, over its gaps, and wider by what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

#: What was found at a single look, and with less than this score, is mostly nothing: it is not taken back to the look
#: that could have found it before.
_SEEN = 0.3


def covering_box(point: TrackPoint, k: float = 2.0) -> Box:
    """Return the box to hide at a point: its own, with every side moved outward by `k` standard deviations."""
    return point.box.grown(k * point.spread)


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
    arrival_strides: Sequence[int] = (),
    settings: CoverSettings | None = None,
) -> list[Track]:
    """Return linked tracks as they are to be covered, with a point for every frame first to last.

    Each goes on before its first and after its last detection by its motion, until the time is up, a cut, the end of
    the video (frames 0 to `last_frame`), or it has left the picture; where only every `stride`-th frame was looked at,
    over all those that were not, and before the first over as many as lie from one look that finds what is new to the
    next: one number for each track in `arrival_strides`, 1 where none are given. The box of a detected point is the
    hull of what was found and of the smoothed path, so that smoothing uncovers nothing. Expects what `link` returned,
    with the same cuts and camera. Raises ValueError for a track outside of the video or across a cut.
    """
    settings = settings or CoverSettings()
    scene = _Scene(
        (width, height),
        rate,
        stride,
        [0, *sorted({c for c in cuts if 0 < c <= last_frame}), last_frame + 1],
    )
    arrivals = arrival_strides or [1] * len(tracks)
    scene.check(tracks, arrivals)
    steady = SteadyCamera(camera)
    steady.check(last_frame)
    seen = [scene.sightings(track, arrival, steady, settings) for track, arrival in zip(tracks, arrivals, strict=True)]
    walked = paths(seen, rate)
    return _covered(tracks, seen, walked, steady, scene, settings) if tracks else []


@dataclass(frozen=True, slots=True)
class _Scene:
    """The video: picture in pixels, frames a second, frames from look to look, and where shots begin, with the end."""

    picture: tuple[int, int]
    rate: float
    stride: int
    shots: Sequence[int]

    def check(self, tracks: Sequence[Track], arrivals: Sequence[int]) -> None:
        """Raise ValueError unless the numbers make sense and each track lies in one shot."""
        if min(*self.picture, self.stride, *arrivals) < 1 or not 0 < self.rate < float("inf"):
            raise ValueError(
                f"picture {self.picture}, rate {self.rate}, steps {self.stride} and {[*arrivals]} must be positive"
            )
        for track in tracks:
            if track.cls not in KINDS or not track.detected:
                raise ValueError(f"track {track.number} needs a known class and a detection, got {track.cls!r}")
            if track.first < 0 or track.last >= self.shots[-1] or self._shot(track.first) != self._shot(track.last):
                raise ValueError(f"track {track.number} is not in one shot of the video: {track.first}..{track.last}")

    def _shot(self, frame: int) -> int:
        return int(np.searchsorted(self.shots, frame, side="right"))

    def sightings(self, track: Track, arrival: int, steady: SteadyCamera, settings: CoverSettings) -> Sightings:
        """Return where a track was detected, and how many frames to go before and after; it may have come `arrival`
        frames before it was found."""
        found = [p for p in track.points if p.detected]
        frames = np.array([p.frame for p in found], np.intp)
        states = steady.steady(frames, states_of((p.box for p in found), *self.picture))
        kind = KINDS[track.cls]
        beyond = settings.beyond[kind]
        strong = any(p.score >= beyond.strong for p in found)
        share = 1.0 if strong else min(1.0, len(found) * self.stride / beyond.sure)
        far = max(round(beyond.extend_s * self.rate * share), self.stride - 1)
        back = arrival if len(found) > 1 or found[0].score >= _SEEN else 1
        shot = self._shot(track.first)
        before = min(max(far, back - 1), int(frames[0]) - self.shots[shot - 1])
        after = min(far, self.shots[shot] - 1 - int(frames[-1]))
        return Sightings(frames, states, settings.motions[kind], before, after)


def _covered(
    tracks: Sequence[Track],
    seen: Sequence[Sightings],
    walked: Sequence[Path],
    steady: SteadyCamera,
    scene: _Scene,
    settings: CoverSettings,
) -> list[Track]:
    """Return the tracks with what is covered of each; their frames are worked on one after another in long arrays."""
    frames = np.concatenate([np.arange(path.first, path.first + len(path.states)) for path in walked])
    states = steady.back(frames, np.concatenate([path.states for path in walked]))
    ends = np.cumsum([len(path.states) for path in walked])
    starts = ends - [len(path.states) for path in walked]
    at = np.concatenate([s.frames - p.first + start for s, p, start in zip(seen, walked, starts, strict=True)])
    found = [point for track in tracks for point in track.points if point.detected]
    owner = np.repeat(np.arange(len(tracks)), ends - starts)
    around = _around(at, owner, [len(s.frames) for s in seen])
    beyond = [settings.beyond[KINDS[track.cls]] for track in tracks]
    resize = np.array([each.resize for each in beyond])
    corner = _as_large_as_around(found, owner[at], resize[owner[at]] / scene.rate)
    boxes = _wide_enough(states, at, owner, corner, around, max(round(settings.near_s * scene.rate), scene.stride))
    most = np.array([each.doubt for each in beyond])[owner]
    spreads = np.concatenate([path.spreads for path in walked]) * steady.scale(frames)
    doubt = np.minimum(spreads, most * sizes(states))
    doubt[at] = 0.0
    grain = settings.grain * (1 + settings.sparse * (scene.stride - 1))
    spreads = np.hypot(grain * max(scene.picture) / settings.seen_at, doubt)
    detected = np.zeros(len(frames), np.bool_)
    detected[at] = True
    rows = list(
        zip(frames.tolist(), boxes.tolist(), around[0].tolist(), detected.tolist(), spreads.tolist(), strict=True)
    )
    kept = _in_picture(boxes, spreads, detected, scene.picture, starts, ends)
    return [
        Track(
            track.number,
            track.cls,
            tuple(TrackPoint(f, Box(*box), found[one].score, was, spread) for f, box, one, was, spread in rows[part]),
            track.models,
        )
        for track, part in zip(tracks, kept, strict=True)
    ]


def _as_large_as_around(found: Sequence[TrackPoint], owner: NDArray[np.intp], resize: Floats) -> Floats:
    """Return the corners (n, 4) of what was found, none of them much smaller than those before and after it.

    `owner` is the track of each, in order, and `resize` (n,) by how much the logarithms of sides change at most from
    one frame to the next; what is smaller than that allows is grown around its middle.
    """
    corner = np.array([p.box.xyxy for p in found])
    sides = corner[:, 2:] - corner[:, :2]
    logs, later = np.log(sides), (resize * np.array([p.frame for p in found]))[:, None]
    # Tracks are lifted apart, so that the largest value so far is always one of the same track.
    apart = owner[:, None] * (1.0 + np.ptp(logs, axis=0) + np.ptp(later))
    before = np.maximum.accumulate(logs + later + apart) - later - apart
    after = np.maximum.accumulate((logs - later - apart)[::-1])[::-1] + later + apart
    more = (np.exp(np.maximum(before, after)) - sides) / 2
    more[more < 1e-6 * sides] = 0.0  # a rounded logarithm is no growth
    return np.concatenate([corner[:, :2] - more, corner[:, 2:] + more], axis=1)


def _around(
    at: NDArray[np.intp], owner: NDArray[np.intp], detections: Sequence[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each frame the numbers of the detections before (or at) and after it, of its own track.

    `at` are the frames of the detections, `owner` the track of each frame, `detections` how many each track has. Where
    there is none on one side, it is the nearest one on the other.
    """
    last = np.cumsum(detections) - 1
    first = last + 1 - detections
    places = np.arange(len(owner))
    before, after = np.searchsorted(at, places, side="right") - 1, np.searchsorted(at, places)
    return np.clip(before, first[owner], last[owner]), np.clip(after, first[owner], last[owner])


def _wide_enough(
    states: Floats,
    at: NDArray[np.intp],
    owner: NDArray[np.intp],
    corner: Floats,
    around: tuple[NDArray[np.intp], NDArray[np.intp]],
    near: int,
) -> Floats:
    """Return the corners (t, 4) of `states` (t, 4), grown to the corners (n, 4) of what was found in the frames `at`.

    A frame without a detection is grown as the detections before and after it are (`around`), relative to the smoothed
    box, if they are at most `near` frames off.
    """
    boxes = corners(states)
    centres, sides = np.tile(states[:, :2], 2), np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    # By track, so that what is covered of one does not depend on the others.
    far = 4 * np.maximum.reduceat(np.abs(boxes).max(axis=1), np.flatnonzero(np.diff(owner, prepend=-1)))
    far = far[owner[at], None]
    reach = (np.clip(corner, -far, far) - centres[at]) / sides[at]
    for which in around:
        close = np.abs(np.arange(len(states)) - at[which]) <= near
        grown = centres[close] + reach[which[close]] * sides[close]
        boxes[close] = _hulls(boxes[close], grown)
    boxes[at] = _hulls(boxes[at], corner)
    return boxes


def _hulls(a: Floats, b: Floats) -> Floats:
    return np.concatenate([np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])], axis=1)


def _in_picture(
    boxes: Floats,
    spreads: Floats,
    detected: NDArray[np.bool_],
    picture: tuple[int, int],
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
) -> Iterator[slice]:
    """Yield for each track its frames from the first to the last detection, and those around until the box has left
    the picture."""
    wide = 2 * spreads[:, None]
    outside = np.any((boxes[:, 2:] + wide <= 0) | (boxes[:, :2] - wide >= picture), axis=1)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if not outside[start:end].any():
            yield slice(start, end)
            continue
        seen = np.flatnonzero(detected[start:end]) + start
        before, after = np.flatnonzero(outside[start : seen[0]]), np.flatnonzero(outside[seen[-1] + 1 : end])
        yield slice(
            start + int(before[-1]) + 1 if len(before) else start,
            int(seen[-1]) + 1 + int(after[0]) if len(after) else end,
        )
