"""Whether the people in pictures are upright: cameras hang upside down, and phones forget that they are turned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

import numpy as np

from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, VideoReader
from unseen.core.regions import VEHICLES, Detection
from unseen.media.sights import Scanned
from unseen.media.upright import Upright, turned
from unseen.pixels.boxes import iou

__all__ = ["TURNED_SIDE", "TURNS", "LieTurned", "WayUp", "after_turns", "lie_turned", "somebody_lies", "turned_looks"]

#: Pixels a side of the pictures that are turned: of faces from 20 pixels of a frame of 1,280 on, one look in two tells.
TURNED_SIDE = 640
#: The quarter turns clockwise after which somebody who lies may be upright; those after which who stands lies.
TURNS = (1, 2, 3)
_QUARTERS = (1, 3)
#: Seconds from one frame that is turned to the next; one anywhere in a file is enough, as nothing is released before.
_EVERY_S = 2.0
#: The score from which on what is found in a turned picture is there, by the model that finds it. In 104 frames of
#: eight clips whose people are upright YuNet found no face, up to 0.79, and CenterFace none, up to 0.54; in 358 frames
#: of seven clips YOLO26n found nobody who stands, in pictures of 320 pixels up to 0.31.
_SURE = {"yunet": 0.8, "centerface": 0.6, "yolo26n": 0.6}
#: What overlaps by more with a face, a person or a vehicle that was found upright is that one.
_SAME = 0.3
#: Who stands is so much higher than wide. Somebody upright is found in turned pictures, too, but wider than high.
_STANDING = 1.5
_FACES = frozenset({"face"})
#: One car may be a car in one look, and a truck in another.
_ALIKE = {cls: frozenset(VEHICLES) for cls in VEHICLES}


class LieTurned(Exception):
    """Somebody is upright only after `turn` more quarter turns clockwise than the file tells."""

    def __init__(self, turn: int) -> None:
        super().__init__(f"people lie turned by {turn} quarters")
        self.turn = turn


class WayUp:
    """Looks now and then for who is upright only in turned frames, but for the `turns` that are looked at anyway.

    `faces` looks for faces, and `objects` for persons and vehicles, where they are among the classes that are `hidden`;
    each is None where nobody looks for them.
    """

    def __init__(
        self,
        reader: VideoReader,
        faces: Detector | None,
        turns: Sequence[int],
        objects: Detector | None = None,
        hidden: Set[str] = frozenset(),
    ) -> None:
        self._reader, self._faces, self._objects, self._hidden = reader, faces, objects, hidden
        self._upright, self._others = Upright(reader.info, TURNED_SIDE), [turn for turn in TURNS if turn not in turns]
        self._every = max(1, round(_EVERY_S * float(reader.info.rate)))
        self._next = 0

    def check(self, scanned: Scanned) -> None:
        """Look at a frame, if it is due; raises LieTurned where somebody shows who was not found upright."""
        if scanned.look is None or scanned.frame.index < self._next:
            return
        self._next = scanned.frame.index + self._every
        known = [replace(each, box=self._upright.shown(each.box)) for each in scanned.look.found]
        looks = [
            each for each in turned_looks(known, self._faces, self._objects, self._hidden) if each[0] in self._others
        ]
        if not looks:
            return
        image = self._upright.view(self._reader, scanned.frame)
        for turn, finder, classes in looks:
            if lie_turned(image, turn, finder, known, classes):
                raise LieTurned(turn)


def turned_looks(
    known: Iterable[Detection], faces: Detector | None, objects: Detector | None, hidden: Set[str]
) -> list[tuple[int, Detector, Set[str]]]:
    """Return the turns that a picture is to be looked at in, by whom, and for which classes, by what is `known` of it.

    Persons and vehicles are looked for by a quarter only: upside down most are found anyway. Where
    one is surely upright so is the picture, and that takes no look.
    """
    looks: list[tuple[int, Detector, Set[str]]] = []
    if faces is not None:
        looks += [(turn, faces, _FACES) for turn in TURNS]
    classes = _objects_that_tell(known, hidden)
    if objects is not None and classes:
        looks += [(turn, objects, classes) for turn in _QUARTERS]
    return sorted(looks, key=lambda look: look[0])


def lie_turned(
    image: Rgb8, turn: int, finder: Detector, known: Iterable[Detection], classes: Set[str] = _FACES
) -> bool:
    """Whether a picture shows something of these classes that is upright after `turn` quarter turns clockwise, and is
    nothing that is `known` by an upright look."""
    lying = after_turns(image, turn)
    found = finder.detect([lying])[0]
    placed = [replace(each, box=turned(each.box, lying.shape[1::-1], -turn)) for each in found]
    return _is_new(found, placed, list(known), classes)


def somebody_lies(
    found: Sequence[Detection], placed: Sequence[Detection], known: Sequence[Detection], turn: int, hidden: Set[str]
) -> bool:
    """Whether `found` in a picture after `turn` quarter turns clockwise holds something of classes that are `hidden`
    that is upright there, and is nothing that is `known` by an upright look.

    `placed` are the same with boxes in the pixels of those that are known.
    """
    objects = _objects_that_tell(known, hidden) if turn in _QUARTERS else frozenset[str]()
    return _is_new(found, placed, known, (_FACES & hidden) | objects)


def _objects_that_tell(known: Iterable[Detection], hidden: Set[str]) -> Set[str]:
    """Return persons and vehicles as far as they are hidden, none where one of them is surely upright."""
    classes = hidden & {"person", *VEHICLES}
    return frozenset() if any(each.cls in classes and _is_sure(each) for each in known) else classes


def _is_new(
    found: Sequence[Detection], placed: Sequence[Detection], known: Sequence[Detection], classes: Set[str]
) -> bool:
    """Whether something of these classes is surely there that is not known; `placed` is where `found` lies."""
    sure = (at for each, at in zip(found, placed, strict=True) if each.cls in classes and _is_sure(each))
    return any(not any(_is_known(each, other) for other in known) for each in sure)


def after_turns(image: Rgb8, turns: int) -> Rgb8:
    """Return a picture after so many quarter turns clockwise."""
    return np.ascontiguousarray(np.rot90(image, -turns))


def _is_sure(found: Detection) -> bool:
    """Whether something is surely there, and upright in the picture that it was found in."""
    stands = found.cls != "person" or found.box.height >= _STANDING * found.box.width
    return stands and found.score >= _SURE.get(found.model, math.inf)


def _is_known(found: Detection, other: Detection) -> bool:
    """Whether an upright look found the same; of persons and vehicles, who are often found lying as something, as
    surely."""
    if other.cls not in _ALIKE.get(found.cls, {found.cls}) or iou(found.box, other.box) <= _SAME:
        return False
    return found.cls == "face" or other.score >= found.score
