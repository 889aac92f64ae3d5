"""From detections in each frame to tracks: forward in time, then pieces joined over gaps from both sides.

Two stages of matching as in ByteTrack (Zhang et al., ECCV 2022): sure detections first, then the unsure ones, which
are often the same object half hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from unseen.core.regions import Box, Detection
from unseen.core.video import Track, TrackPoint
from unseen.tracks.camera import CameraMotion, SteadyCamera
from unseen.tracks.forward import pieces_of
from unseen.tracks.join import Piece, join
from unseen.tracks.paths import Path, Sightings, paths
from unseen.tracks.settings import KINDS, LinkSettings
from unseen.tracks.states import corners
from unseen.tracks.table import Table, check_video, table_of

__all__ = ["link"]


def link(
    frames: Sequence[int],
    detections: Sequence[Sequence[Detection]],
    *,
    width: int,
    height: int,
    rate: float,
    cuts: Sequence[int] = (),
    camera: CameraMotion | None = None,
    settings: LinkSettings | None = None,
) -> list[Track]:
    """Return the tracks of what was found in `frames`, by first frame, with a point for every frame first to last.

    `frames` are the indices of the frames that were looked at, rising, with steps of any size; `detections` what was
    found in each; `rate` the frames a second of the video (of all frames). A new shot begins at each frame of `cuts`,
    and no track crosses one. `camera` is the picture's own motion in each frame of the video (`CameraMotion`). A
    detected point has the box that was found and a spread of 0, a point between has what motion says. All detections
    of at least the settings' floor are in a track, even one seen once. Raises ValueError for input that disagrees.
    """
    settings = settings or LinkSettings()
    check_video(frames, len(detections), (width, height), rate)
    steady = SteadyCamera(camera)
    steady.check(frames[-1] if frames else -1)
    table = table_of(frames, detections, cuts, steady, settings.motions, (width, height))
    pieces = pieces_of(table, frames, rate, settings)
    walked = paths([_sightings(table, rows, settings) for rows in pieces], rate)
    ends = [_piece(table, rows, path, settings) for rows, path in zip(pieces, walked, strict=True)]
    chains = join(ends, rate, settings)
    rows = [[row for i in chain for row in pieces[i]] for chain in chains]
    joined = [_sightings(table, rows[i], settings) for i, chain in enumerate(chains) if len(chain) > 1]
    again = iter(paths(joined, rate))
    whole = [next(again) if len(chain) > 1 else walked[chain[0]] for chain in chains]
    return [_track(i, table, *each, steady) for i, each in enumerate(zip(rows, whole, strict=True))]


def _sightings(table: Table, rows: list[int], settings: LinkSettings) -> Sightings:
    return Sightings(table.frames[rows], table.states[rows], settings.motions[KINDS[table.found[rows[0]].cls]])


def _piece(table: Table, rows: list[int], path: Path, settings: LinkSettings) -> Piece:
    group = (int(table.kinds[rows[0]]), int(table.shots[rows[0]]))
    leaps = KINDS[table.found[rows[0]].cls] in settings.leaping
    best = float(table.scores[rows].max()) if leaps else 0.0
    return Piece(int(table.frames[rows[0]]), int(table.frames[rows[-1]]), path, group, best)


def _track(number: int, table: Table, rows: list[int], path: Path, steady: SteadyCamera) -> Track:
    seen = {frame: table.found[row] for frame, row in zip(table.frames[rows].tolist(), rows, strict=True)}
    frames = np.arange(path.first, path.first + len(path.states))
    boxes = corners(steady.back(frames, path.states)).tolist()
    spreads = (path.spreads * steady.scale(frames)).tolist()
    points: list[TrackPoint] = []
    for frame, box, spread in zip(frames.tolist(), boxes, spreads, strict=True):
        found = seen.get(frame)
        if found is None:
            points.append(TrackPoint(frame, Box(*box), points[-1].score, False, spread))
        else:
            points.append(TrackPoint(frame, found.box, found.score, True))
    return Track(number, _majority(list(seen.values())), tuple(points), tuple(sorted({d.model for d in seen.values()})))


def _majority(found: Sequence[Detection]) -> str:
    """Return the class that was found most often; of equals the one with the higher scores, then by the alphabet."""
    often = Counter(d.cls for d in found)
    return min(often, key=lambda cls: (-often[cls], -sum(d.score for d in found if d.cls == cls), cls))
