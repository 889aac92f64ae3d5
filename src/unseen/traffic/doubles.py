"""One object that a detector finds twice: as a car and as a truck, or as two boxes of one person."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from unseen.core.regions import Detection
from unseen.tracks.settings import KINDS
from unseen.tracks.states import overlaps

__all__ = ["without_doubles"]

#: Two boxes of one kind that overlap by more than this (intersection over union) are one object.
_SAME = 0.6


def without_doubles(found: Iterable[Detection]) -> list[Detection]:
    """Return the detections, surest first, without those that a surer one of the same kind overlaps.

    For hiding a double does no harm. In counts it is a second track that crosses with the first.
    """
    rising = sorted(found, key=lambda each: (-each.score, each.cls, each.box.xyxy))
    if len(rising) < 2:
        return rising
    boxes = np.array([each.box.xyxy for each in rising])
    same = overlaps(boxes, boxes) > _SAME
    kept: list[int] = []
    for i, each in enumerate(rising):
        if not any(same[i, j] and KINDS[rising[j].cls] == KINDS[each.cls] for j in kept):
            kept.append(i)
    return [rising[i] for i in kept]
