"""People's rights over values: what an erasure makes of an item, and which part of a picture is whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unseen.core.regions import Box, Region
from unseen.pixels.boxes import coverage, iou

__all__ = ["FATES", "Fate", "Share", "fate_of", "share_of"]

#: What an erasure makes of an item: it is deleted; everybody in it is hidden anew; it is marked to be trained again;
#: it stays, because it is on hold, because somebody else in it restricted its processing, because it is about nobody,
#: or because only a person can take somebody out of it.
Fate = Literal["delete", "redact", "retrain", "held", "restricted", "aggregate", "nothing-stored", "by-hand"]
FATES: dict[str, str] = {
    "delete": "deleted",
    "redact": "everybody in it hidden",
    "retrain": "flagged to be trained again",
    "held": "kept: on hold",
    "restricted": "kept: somebody else in it restricted its processing",
    "aggregate": "kept: aggregated, about nobody",
    "nothing-stored": "a camera, of which nothing is stored",
    "by-hand": "kept: others are in it, and it is no picture; take the person out by hand",
}
_PICTURES = frozenset({"photo", "video"})
_INSIDE, _COVERS, _ONE = 0.5, 0.6, 0.3
_FACES = frozenset({"face", "head"})


def fate_of(kind: str, state: str, *, alone: bool, held: bool, restricted: bool = False) -> Fate:
    """Return what an erasure makes of an item; `alone` says that nobody else is known to be in it.

    `restricted` says that somebody else is, whose data may be stored and nothing else (GDPR Art. 18(2)).
    """
    if kind == "live":
        return "nothing-stored"
    if held:
        return "held"
    if kind == "model":
        return "retrain"
    if state == "aggregated":
        return "aggregate"
    if restricted:
        return "restricted"
    if alone:
        return "delete"
    return "redact" if kind in _PICTURES else "by-hand"


@dataclass(frozen=True, slots=True)
class Share:
    """Which regions of a picture are a person's own, and what else has to stay hidden; or why nothing may be shown."""

    others: tuple[Box, ...] = ()
    doubt: str = ""


def share_of(regions: Sequence[Region], shown: Box) -> Share:
    """Say which of the regions that are hidden are the person's who is at `shown`; all others stay hidden.

    A face is the person's if its middle is in there and half of it; a body if it covers most of what is to be shown.
    With two faces, or two bodies, that would do, nobody can tell which one is meant: nothing is shown then.
    """
    faces = [r.box for r in regions if r.cls in _FACES and _is_in(r.box, shown)]
    bodies = [r.box for r in regions if r.cls == "person" and coverage(shown, [r.box]) >= _COVERS]
    for boxes, what in ((faces, "faces"), (bodies, "people")):
        if any(iou(boxes[0], box) < _ONE for box in boxes[1:]):
            return Share(doubt=f"several {what} are where one person is to be shown; name a smaller part")
    own = {*faces, *bodies}
    return Share(tuple(r.box for r in regions if r.box not in own and r.box.meets(shown)))


def _is_in(box: Box, shown: Box) -> bool:
    return shown.holds(*box.middle) and coverage(box, [shown]) >= _INSIDE
