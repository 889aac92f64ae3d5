"""Heads of persons who show no face."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.regions import Box, Detection

__all__ = ["heads_without_face"]


def heads_without_face(detections: Sequence[Detection], *, least_score: float) -> list[Detection]:
    """Return the head part of each person in which no face was found.

    The head part spans the person's width; its height is 0.3 of the person's, at most 0.9 of the width, which holds
    for people who stand (a head is about a seventh of the height) and for those cut off at the chest.
    """
    faces = [d for d in detections if d.cls == "face"]
    heads = []
    for person in detections:
        if person.cls != "person" or person.score < least_score or any(_has_face(person.box, f.box) for f in faces):
            continue
        box = person.box
        deep = min(0.3 * box.height, 0.9 * box.width)
        heads.append(Detection("head", Box(box.x1, box.y1, box.x2, box.y1 + deep), person.score, person.model))
    return heads


def _has_face(person: Box, face: Box) -> bool:
    x, y = face.middle
    return person.x1 <= x <= person.x2 and person.y1 <= y <= person.y1 + 0.6 * person.height
