"""Labels of faces from what two families of models see: merged, linked in time, gaps filled, noise left out.

The rule was fixed, after looking at what it gives, before any tool was measured with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.face_sightings import sightings
from bench.samples import required
from bench.video_clips import Clip, Shown, clipped
from unseen.adapters.video_av import open_video
from unseen.core.ports import ModelStore
from unseen.core.regions import Detection
from unseen.core.video import Track, TrackPoint
from unseen.pixels.boxes import iou_matrix, nms
from unseen.tracks.link import link
from unseen.tracks.settings import LinkSettings

__all__ = ["NO_FACES", "RULE", "Rule", "counting", "face_clip", "is_face", "tracks_of", "union"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What of the sightings becomes a label.

    A family sees a face from its score in `least` on. Boxes of one frame that overlap by `iou` are one face; the box is
    that of the family named first. A track of faces is kept when it was seen in at least `frames` frames, and both
    families saw it and one of them once with a score of `strong`, or one of them did so in `often` frames.
    Gaps of up to `bridge` frames are filled. Nothing is asked of a face, and hiding it is no over-redaction, in longer
    gaps, more than `near` frames from where it was confirmed (seen by both or with a score of `strong`: heads that turn
    away are still seen weakly), and where its longer side is below `smallest` pixels.
    """

    least: Mapping[str, float]
    iou: float = 0.3
    frames: int = 5
    strong: float = 0.8
    often: int = 15
    bridge: int = 5
    near: int = 15
    smallest: float = 10.0


RULE = Rule({"yunet": 0.5, "mediapipe-full-range": 0.6})
#: What is no face although the rule takes it for one, found by eye: clip -> first frame, last frame, and a point (x, y)
#: of the track in the first.
NO_FACES: Mapping[str, tuple[tuple[int, int, int, int], ...]] = {
    # A lit shop window; the back of a head that was seen from the side before.
    "rknnlite_people-walking": ((84, 209, 572, 351), (256, 313, 645, 280)),
    # Two flowers; a table and plates.
    "egoblur_gen2_test_face_video": ((0, 13, 1005, 710), (0, 13, 1055, 710), (0, 13, 1400, 1500)),
}

_Faces = Sequence[Sequence[Sequence[Detection]]]


def face_clip(path: Path, store: ModelStore, rule: Rule = RULE) -> Clip:
    """Return a clip with the faces of every frame; raises SystemExit where it is not there."""
    with open_video(required(path), path.name) as reader:
        info = reader.info
    found = [union(frame, rule) for frame in sightings(path, store)]
    frames: list[list[Shown]] = [[] for _ in found]
    for track in tracks_of(found, info.width, info.height, float(info.rate), rule):
        no_face = _no_face(track, path.stem)
        for point, counts in zip(track.points, counting(track, found, rule), strict=True):
            xyxy = clipped(point.box.xyxy, info.width, info.height)
            if xyxy is not None and point.frame not in no_face:
                frames[point.frame].append(Shown(track.number, xyxy, counts))
    return Clip(path.stem, path, "face", info.width, info.height, tuple(map(tuple, frames)))


def _no_face(track: Track, clip: str) -> set[int]:
    """Return the frames in which a track shows no face."""
    frames: set[int] = set()
    for first, last, x, y in NO_FACES.get(clip, ()):
        boxes = (point.box for point in track.points if point.frame == first)
        if any(box.x1 <= x < box.x2 and box.y1 <= y < box.y2 for box in boxes):
            frames.update(range(first, last + 1))
    return frames


def counting(track: Track, found: _Faces, rule: Rule) -> list[bool]:
    """Return for each point of a track whether the face must be hidden there."""
    sure = np.array([point.frame for point, seen in _seen(track, found) if _confirmed(seen, rule)])
    asked: list[bool] = []
    for detected, run in groupby(track.points, key=lambda point: point.detected):
        points = list(run)
        bridged = detected or len(points) <= rule.bridge
        asked += [bridged and _is_asked(point, sure, rule) for point in points]
    return asked


def _is_asked(point: TrackPoint, sure: NDArray[np.int64], rule: Rule) -> bool:
    near = sure.size > 0 and np.abs(sure - point.frame).min() <= rule.near
    return bool(near) and max(point.box.width, point.box.height) >= rule.smallest


def _confirmed(seen: Sequence[Detection], rule: Rule) -> bool:
    return len({d.model for d in seen}) > 1 or any(d.score >= rule.strong for d in seen)


def _seen(track: Track, found: _Faces) -> list[tuple[TrackPoint, Sequence[Detection]]]:
    """Return the points of a track that were detected, with all the sightings of each."""
    return [
        (point, next(face for face in found[point.frame] if face[0].box == point.box))
        for point in track.points
        if point.detected
    ]


def union(seen: Sequence[Detection], rule: Rule) -> list[list[Detection]]:
    """Return the faces of a frame, each as the best sighting of every family that saw it, in the rule's order."""
    faces: list[list[Detection]] = []
    for family, least in rule.least.items():
        best = nms([d for d in seen if d.model == family and d.score >= least], rule.iou)
        overlaps = iou_matrix([d.box for d in best], [face[0].box for face in faces])
        for detection, row in zip(best, overlaps, strict=True):
            if row.size and row.max() >= rule.iou:
                faces[int(row.argmax())].append(detection)
            else:
                faces.append([detection])
    return faces


def tracks_of(found: _Faces, width: int, height: int, rate: float, rule: Rule = RULE) -> list[Track]:
    """Return the tracks that are faces, from the faces of each frame, with a point for every frame first to last."""
    boxes = [[face[0] for face in frame] for frame in found]
    settings = LinkSettings(high=0.5, floor=min(0.5, *rule.least.values()), leap=0.0)
    linked = link(range(len(boxes)), boxes, width=width, height=height, rate=rate, settings=settings)
    return [track for track in linked if is_face([seen for _, seen in _seen(track, found)], rule)]


def is_face(seen: Sequence[Sequence[Detection]], rule: Rule) -> bool:
    """Whether a track is one, from all the sightings in each of its frames."""
    families = {d.model for face in seen for d in face}
    strong = Counter(d.model for face in seen for d in face if d.score >= rule.strong)
    most = max(strong.values(), default=0)
    return len(seen) >= rule.frames and (most >= rule.often or (most >= 1 and families >= set(rule.least)))
