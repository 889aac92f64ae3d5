"""Following what still shows from one look to the next: what is seen once shows before and after, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from unseen.core.regions import Box, Detection
from unseen.verify.moments import Moment, around

__all__ = ["traced"]

#: Returns what still shows at a moment.
Shows = Callable[[Moment], Sequence[Detection]]
#: A face that was not seen at so many looks in a row is not followed any further.
_MOST_MISSED = 3
#: What overlaps by this share is one object.
_SAME = 0.3


def traced(
    found: Mapping[int, Sequence[Detection]], frames: Sequence[int], size: tuple[int, int], shows: Shows
) -> dict[int, list[Detection]]:
    """Return `found`, by frame, with what shows of the same objects in `frames` before and after.

    `frames` rise, and belong to one shot. Looks only around where each object was seen last, in frames of `size`
    pixels (width, height), until it is missed a few times in a row; not where it is known already.
    """
    known = {frame: list(some) for frame, some in found.items()}
    for start, some in found.items():
        before, after = [f for f in reversed(frames) if f < start], [f for f in frames if f > start]
        for each in some:
            for way in (before, after):
                _follow(each, way, known, size, shows)
    return known


def _follow(
    start: Detection, frames: Iterable[int], known: dict[int, list[Detection]], size: tuple[int, int], shows: Shows
) -> None:
    """Add to `known` what shows of an object in `frames`, nearest first."""
    box, missed = start.box, 0
    for frame in frames:
        there = known.setdefault(frame, [])
        # What another trace passed by need not have been followed by it, so this one goes on from there.
        near = [d for d in there if d.cls == start.cls and _overlap(d.box, box) >= _SAME]
        if not near:
            near = [d for d in shows(Moment(frame, around(box, size))) if d.cls == start.cls]
            there += [d for d in near if all(_overlap(d.box, other.box) < _SAME for other in there)]
        missed = 0 if near else missed + 1
        if missed == _MOST_MISSED:
            return
        box = min((d.box for d in near), key=lambda other: _apart(other, box), default=box)


def _apart(one: Box, other: Box) -> float:
    """Return the squared distance of two centres, times four."""
    return (one.x1 + one.x2 - other.x1 - other.x2) ** 2 + (one.y1 + one.y2 - other.y1 - other.y2) ** 2


def _overlap(one: Box, other: Box) -> float:
    """Return intersection over union; written apart from the transform's geometry."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    common = max(0.0, width) * max(0.0, height)
    return common / (one.area + other.area - common)
