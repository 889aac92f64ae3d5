"""Following what still shows from one look to the next: what is seen once shows before and after, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from unseen.core.regions import Box, Detection
from unseen.verify.moments import Moment, around

__all__ = ["seen_again", "traced"]

#: Returns what still shows at a moment.
Shows = Callable[[Moment], Sequence[Detection]]
#: A face that was not seen at so many looks in a row is not followed any further.
_MOST_MISSED = 3
#: What overlaps by this share is one object.
_SAME = 0.3


def seen_again(
    found: Mapping[int, Sequence[Detection]], size: tuple[int, int], shows: Shows
) -> list[tuple[int, Detection]]:
    """Return what of `found`, by frame of `size` pixels (width, height), a look around it sees, too, and what else that
    look sees, with the frames.

    Who is there is seen in both. In folds, leaves and the edges of what is hidden models see faces that are gone as
    soon as the cut is another. What else the look sees is taken as it is: to hide it costs little.
    """
    again: list[tuple[int, Detection]] = []
    for frame, some in found.items():
        known = list(some)
        for each in some:
            seen = shows(Moment(frame, around(each.box, size)))
            if any(other.cls == each.cls and _overlap(each.box, other.box) >= _SAME for other in seen):
                again.append((frame, each))
            new = [d for d in seen if all(_overlap(d.box, other.box) < _SAME for other in known)]
            known += new
            again += [(frame, d) for d in new]
    return again


def traced(
    found: Mapping[int, Sequence[Detection]],
    frames: Sequence[int],
    size: tuple[int, int],
    shows: Shows,
    starts: Sequence[tuple[int, Detection]] | None = None,
) -> dict[int, list[Detection]]:
    """Return `found`, by frame, with what shows of the same objects in `frames` before and after.

    `starts` are those of `found` that are followed; None is all of them. `frames` rise, and belong to one shot. Looks
    only around where each object was seen last, in frames of `size` pixels (width, height), until it is missed a few
    times in a row, or is met by what another one was traced to.
    """
    known = {frame: list(some) for frame, some in found.items()}
    beside: list[tuple[int, Detection]] = []
    for start, each in [(f, each) for f, some in found.items() for each in some] if starts is None else starts:
        beside += _both_ways(start, each, frames, known, size, shows)
    # What shows beside these is followed once as well, and no further: it has an end, whatever a model sees.
    for start, each in beside:
        _both_ways(start, each, frames, known, size, shows)
    return known


def _both_ways(
    frame: int,
    each: Detection,
    frames: Sequence[int],
    known: dict[int, list[Detection]],
    size: tuple[int, int],
    shows: Shows,
) -> list[tuple[int, Detection]]:
    before, after = [f for f in reversed(frames) if f < frame], [f for f in frames if f > frame]
    return [beside for way in (before, after) for beside in _follow(each, way, known, size, shows)]


def _follow(
    start: Detection, frames: Iterable[int], known: dict[int, list[Detection]], size: tuple[int, int], shows: Shows
) -> Iterator[tuple[int, Detection]]:
    """Add to `known` what shows of an object in `frames`, nearest first; yield others that show beside it."""
    box, missed = start.box, 0
    for frame in frames:
        there = known.setdefault(frame, [])
        if any(_overlap(box, other.box) >= _SAME for other in there if other.cls == start.cls):
            return  # that one is followed, or will be
        seen = [d for d in shows(Moment(frame, around(box, size))) if d.cls == start.cls]
        new = [d for d in seen if all(_overlap(d.box, other.box) < _SAME for other in there)]
        there += new
        nearest = min(seen, key=lambda d: _apart(d.box, box), default=None)
        yield from ((frame, d) for d in new if d is not nearest)
        missed = 0 if nearest is not None else missed + 1
        if missed == _MOST_MISSED:
            return
        box = box if nearest is None else nearest.box


def _apart(one: Box, other: Box) -> float:
    """Return the squared distance of two centres, times four."""
    return (one.x1 + one.x2 - other.x1 - other.x2) ** 2 + (one.y1 + one.y2 - other.y1 - other.y2) ** 2


def _overlap(one: Box, other: Box) -> float:
    """Return intersection over union; written apart from the transform's geometry."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    common = max(0.0, width) * max(0.0, height)
    return common / (one.area + other.area - common)
