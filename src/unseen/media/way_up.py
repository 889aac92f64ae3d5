"""Whether the people in a video are upright: cameras hang upside down, and phones forget that they are turned."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.ports import Detector, VideoReader
from unseen.core.regions import Detection
from unseen.core.video import VideoFrame
from unseen.media.sights import Scanned
from unseen.media.upright import Upright
from unseen.pixels.boxes import iou

__all__ = ["LieTurned", "WayUp"]

#: Pixels a side of the pictures that are turned: of faces from 20 pixels of a frame of 1,280 on, one look in two tells.
_SIDE = 640
#: Seconds from one frame that is turned to the next: as long as a window, so that none is released before.
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
        self._others = [(turn, Upright(reader.info, _SIDE, more=turn)) for turn in (1, 2, 3) if turn not in turns]
        self._every = max(1, round(_EVERY_S * float(reader.info.rate)))
        self._next = 0

    def check(self, scanned: Scanned) -> None:
        """Look at a frame, if it is due; raises LieTurned where a face shows that was not found upright."""
        if self._faces is None or scanned.look is None or scanned.frame.index < self._next:
            return
        self._next = scanned.frame.index + self._every
        known = [each for each in scanned.look.found if each.cls == "face"]
        for turn, upright in self._others:
            if any(_is_news(each, known) for each in self._found(upright, scanned.frame, self._faces)):
                raise LieTurned(turn)

    def _found(self, upright: Upright, frame: VideoFrame, faces: Detector) -> list[Detection]:
        return upright.stored(faces.detect([upright.view(self._reader, frame)])[0])


def _is_news(found: Detection, known: Sequence[Detection]) -> bool:
    """Whether a face in a turned picture is one for sure, and none that is known."""
    sure = found.score >= _SURE.get(found.model, 1.0)
    return sure and not any(iou(found.box, each.box) > _SAME for each in known)
