"""Whether the people in pictures are upright: cameras hang upside down, and phones forget that they are turned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, VideoReader
from unseen.core.regions import Detection
from unseen.media.sights import Scanned
from unseen.media.upright import Upright, turned
from unseen.pixels.boxes import iou

__all__ = ["TURNED_SIDE", "TURNS", "LieTurned", "WayUp", "after_turns", "lie_turned"]

#: Pixels a side of the pictures that are turned: of faces from 20 pixels of a frame of 1,280 on, one look in two tells.
TURNED_SIDE = 640
#: The quarter turns clockwise after which somebody who lies may be upright.
TURNS = (1, 2, 3)
#: Seconds from one frame that is turned to the next; one anywhere in a file is enough, as nothing is released before.
_EVERY_S = 2.0
#: The score from which on a face in a turned picture is one, by the model that finds it. In 104 frames of eight clips
#: whose people are upright YuNet found none, up to 0.79, and CenterFace none, up to 0.54.
_SURE = {"yunet": 0.8, "centerface": 0.6}
#: What overlaps by more with a face that was found upright is that face.
_SAME = 0.3


class LieTurned(Exception):
    """Somebody is upright only after `turn` more quarter turns clockwise than the file tells."""

    def __init__(self, turn: int) -> None:
        super().__init__(f"people lie turned by {turn} quarters")
        self.turn = turn


class WayUp:
    """Looks now and then for faces that are upright only in turned frames, but for the `turns` that are looked at
    anyway; `faces` is None where no faces are looked for."""

    def __init__(self, reader: VideoReader, faces: Detector | None, turns: Sequence[int]) -> None:
        self._reader, self._faces = reader, faces
        self._upright, self._others = Upright(reader.info, TURNED_SIDE), [turn for turn in TURNS if turn not in turns]
        self._every = max(1, round(_EVERY_S * float(reader.info.rate)))
        self._next = 0

    def check(self, scanned: Scanned) -> None:
        """Look at a frame, if it is due; raises LieTurned where a face shows that was not found upright."""
        if self._faces is None or scanned.look is None or scanned.frame.index < self._next:
            return
        self._next = scanned.frame.index + self._every
        known = [replace(each, box=self._upright.shown(each.box)) for each in scanned.look.found]
        image = self._upright.view(self._reader, scanned.frame)
        for turn in self._others:
            if lie_turned(image, turn, self._faces, known):
                raise LieTurned(turn)


def lie_turned(image: Rgb8, turn: int, faces: Detector, known: Iterable[Detection]) -> bool:
    """Whether a picture shows a face that is upright after `turn` quarter turns clockwise, and is none of those that
    are `known`."""
    lying = after_turns(image, turn)
    found = [turned(each.box, lying.shape[1::-1], -turn) for each in faces.detect([lying])[0] if _is_sure(each)]
    upright = [each.box for each in known if each.cls == "face"]
    return any(all(iou(box, other) <= _SAME for other in upright) for box in found)


def after_turns(image: Rgb8, turns: int) -> Rgb8:
    """Return a picture after so many quarter turns clockwise."""
    return np.ascontiguousarray(np.rot90(image, -turns))


def _is_sure(found: Detection) -> bool:
    return found.score >= _SURE.get(found.model, math.inf)
