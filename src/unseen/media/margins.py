"""Margins around what was found: regions are wider than detections by what each model misses, rounded outward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import Track, TrackPoint, VideoInfo
from unseen.pixels.boxes import round_out

__all__ = ["FILM_MARGINS", "MARGINS", "Margins", "cover", "cover_point"]


@dataclass(frozen=True, slots=True)
class Margins:
    """How far a region reaches beyond its detection: shares of the box's width or height, and pixels on top."""

    sides: float
    top: float
    bottom: float
    pixels: float

    def around(self, box: Box, extra: float, turns: Sequence[int] = (0,)) -> Box:
        """Return the widened box; `extra` is added to every share.

        It is upright after any of the quarter `turns` clockwise: each side moves by the largest share that may be its.
        """
        left, up, right, down = _shares(self, extra, tuple(turns))
        width, height = box.width, box.height
        return Box(
            box.x1 - left * width - self.pixels,
            box.y1 - up * height - self.pixels,
            box.x2 + right * width + self.pixels,
            box.y2 + down * height + self.pixels,
        )


@lru_cache(maxsize=256)  # asked for each frame of each track, with a handful of answers
def _shares(margins: Margins, extra: float, turns: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Return the largest shares by which the left, upper, right and lower side may move after one of `turns`."""
    clockwise = (margins.sides, margins.top, margins.sides, margins.bottom)
    left, up, right, down = (extra + max(clockwise[(side + turn) % 4] for turn in turns) for side in range(4))
    return left, up, right, down


#: The floor of the widening, by the model that found the object. CenterFace's boxes reach above the brow already and
#: end short of the chin; MediaPipe's begin at the brow; text boxes hug the characters, a plate has an edge around.
MARGINS: Mapping[str, Margins] = {
    "centerface": Margins(0.10, 0.0, 0.22, 1.5),
    "mediapipe-full-range": Margins(0.15, 0.35, 0.10, 2.0),
    "yunet": Margins(0.12, 0.12, 0.12, 2.0),
    "yolo26n": Margins(0.05, 0.05, 0.05, 2.0),
    "ppocr-det": Margins(0.15, 0.25, 0.25, 1.0),
}
_ELSE = Margins(0.20, 0.30, 0.20, 2.0)
_HEAD = Margins(0.0, 0.03, 0.0, 1.0)
#: Widening in videos, by model, on top of what a track is unsure by. In the median of 362 faces in frames of a street
#: CenterFace's sides lie where those of the labels do, within 0.05 of a side; but both end short of a bearded chin.
FILM_MARGINS: Mapping[str, Margins] = {
    "centerface": Margins(0.02, 0.10, 0.15, 0.0),
    "mediapipe-full-range": Margins(0.15, 0.35, 0.10, 0.0),
    "yunet": Margins(0.05, 0.08, 0.14, 0.0),
    "ppocr-det": Margins(0.10, 0.15, 0.15, 0.0),
}
_FILM_ELSE = Margins(0.0, 0.0, 0.0, 0.0)
_FILM_HEAD = Margins(0.0, 0.03, 0.0, 0.0)


def cover(
    detections: Sequence[Detection],
    recipe: Recipe,
    width: int,
    height: int,
    *,
    reason: str = "detected",
    turns: Sequence[int] = (0,),
) -> list[Region]:
    """Return a region inside the picture of `width` x `height` pixels for each detection of a class to hide.

    What was found is upright after any of the quarter `turns` clockwise.
    """
    regions, hidden = [], recipe.hidden
    for detection in detections:
        if detection.cls not in hidden:
            continue
        margins = _HEAD if detection.cls == "head" else MARGINS.get(detection.model, _ELSE)
        box = round_out(margins.around(detection.box, recipe.margin, turns), width, height)
        if box is not None:
            why = "head-of-person" if detection.cls == "head" and reason == "detected" else reason
            look = _shaped(recipe.looks[detection.cls], detection.cls, recipe)
            regions.append(Region(detection.cls, box, look, detection.score, detection.model, why))
    return regions


def cover_point(track: Track, box: Box, point: TrackPoint, recipe: Recipe, info: VideoInfo) -> Region | None:
    """Return the region to hide for a track in one frame of a video, or None where it has left the picture.

    `box` is what the track covers there in the stored frame, which is wider than what was detected already, so that
    only what a model leaves out of its boxes is added.
    """
    model = track.models[0] if track.models else ""
    margins = _FILM_HEAD if track.cls == "head" else FILM_MARGINS.get(model, _FILM_ELSE)
    turns = [info.rotation // 90 + more for more in (0, *recipe.video.turns)]
    outer = round_out(margins.around(box, recipe.margin, turns), info.width, info.height)
    if outer is None:
        return None
    look = _shaped(recipe.looks[track.cls], track.cls, recipe)
    reason = "detected" if point.detected else "followed"
    return Region(track.cls, outer, look, point.score, model, reason, track.number)


def _shaped(look: Look, cls: str, recipe: Recipe) -> Look:
    if cls in ("face", "head") and recipe.face_shape == "ellipse":
        return Look(look.method, look.strength, "ellipse")
    return look
