"""Labels of faces from what two families of models see: merged, linked in time, gaps filled, noise left out.

The rule was fixed before any tool was measured with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bench.face_sightings import sightings
from bench.video_clips import Clip, Shown, clipped
from unseen.adapters.video_av import open_video
from unseen.core.ports import ModelStore
from unseen.core.regions import Detection
from unseen.core.video import Track
from unseen.pixels.boxes import iou_matrix, nms
from unseen.tracks.link import link
from unseen.tracks.settings import LinkSettings

__all__ = ["RULE", "Rule", "counting", "face_clip", "is_face", "tracks_of", "union"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What of the sightings becomes a label.

    A family sees a face from its score in `least` on. Boxes of one frame that overlap by `iou` are one face; the box is
    that of the family named first. A track of faces is kept when it was seen in at least `frames` frames, and both
    families saw it and one of them once with a score of `strong`, or one of them did so in `often` frames.
    Gaps of up to `bridge` frames are filled; in longer ones, and where its longer side is below `smallest` pixels,
    nothing is asked of a face, and hiding it is no over-redaction.
    """

    least: Mapping[str, float]
    iou: float = 0.3
    frames: int = 5
    strong: float = 0.8
    often: int = 15
    bridge: int = 5
    smallest: float = 10.0


RULE = Rule({"yunet": 0.5, "mediapipe-full-range": 0.6})


def face_clip(path: Path, store: ModelStore, rule: Rule = RULE) -> Clip:
    """Return a clip with the faces of every frame."""
    with open_video(path, path.name) as reader:
        info = reader.info
    found = [union(frame, rule) for frame in sightings(path, store)]
    frames: list[list[Shown]] = [[] for _ in found]
    for track in tracks_of(found, info.width, info.height, float(info.rate), rule):
        for point, counts in zip(track.points, counting(track, rule), strict=True):
            xyxy = clipped(point.box.xyxy, info.width, info.height)
            if xyxy is not None:
                frames[point.frame].append(Shown(track.number, xyxy, counts))
    return Clip(path.stem, path, "face", info.width, info.height, tuple(map(tuple, frames)))


def counting(track: Track, rule: Rule) -> list[bool]:
    """Return for each point of a track whether the face must be hidden there."""
    asked: list[bool] = []
    for detected, run in groupby(track.points, key=lambda point: point.detected):
        points = list(run)
        near = detected or len(points) <= rule.bridge
        asked += [near and max(p.box.width, p.box.height) >= rule.smallest for p in points]
    return asked


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


def tracks_of(
    found: Sequence[Sequence[Sequence[Detection]]], width: int, height: int, rate: float, rule: Rule = RULE
) -> list[Track]:
    """Return the tracks that are faces, from the faces of each frame, with a point for every frame first to last."""
    boxes = [[face[0] for face in frame] for frame in found]
    settings = LinkSettings(high=0.5, floor=min(0.5, *rule.least.values()))
    linked = link(range(len(boxes)), boxes, width=width, height=height, rate=rate, settings=settings)
    by_box = [{face[0].box: face for face in frame} for frame in found]
    return [t for t in linked if is_face([by_box[p.frame][p.box] for p in t.points if p.detected], rule)]


def is_face(seen: Sequence[Sequence[Detection]], rule: Rule) -> bool:
    """Whether a track is one, from all the sightings in each of its frames."""
    families = {d.model for face in seen for d in face}
    strong = Counter(d.model for face in seen for d in face if d.score >= rule.strong)
    most = max(strong.values(), default=0)
    return len(seen) >= rule.frames and (most >= rule.often or (most >= 1 and families >= set(rule.least)))
