"""What a person changes in what is hidden in a video: tracks that are left visible, regions that are added."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.core.names import display
from unseen.core.receipts import EditsReceipt
from unseen.core.regions import CLASSES, Box
from unseen.errors import UsageError

__all__ = ["Added", "Edits", "KnownTracks", "parse_edits"]

_KINDS = ("remove", "visible", "add", "of")
_ADD_KEYS = ("class", "frames", "boxes")


@dataclass(frozen=True, slots=True)
class Added:
    """A region that a person drew: hidden in frames `first` to `last`, both included, counted from 0.

    `boxes` are in pixels of the stored frame: one that is held, two that are gone between in even steps, or one for
    each frame. `place` says where in the file it is, for errors.
    """

    cls: str
    first: int
    last: int
    boxes: tuple[Box, ...]
    place: str = ""

    def box_at(self, frame: int) -> Box | None:
        """Return the box in a frame, None outside of `first` to `last`."""
        if not self.first <= frame <= self.last:
            return None
        if len(self.boxes) == 1:
            return self.boxes[0]
        if len(self.boxes) == self.last - self.first + 1:
            return self.boxes[frame - self.first]
        share = (frame - self.first) / (self.last - self.first)
        one, other = (box.xyxy for box in self.boxes)
        return Box(*((1 - share) * a + share * b for a, b in zip(one, other, strict=True)))


@dataclass(frozen=True, slots=True)
class KnownTracks:
    """What edits of a video can speak of: frames of `width` x `height` pixels, how many, and its tracks' classes."""

    width: int
    height: int
    frames: int
    classes: Mapping[int, str]

    @property
    def next_number(self) -> int:
        """The first track number that is not taken."""
        return max(self.classes, default=0) + 1


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits of one video: numbers of tracks that are not to be hidden (`removed`), or are kept visible by choice
    (`visible`), both sorted, and regions that are `added`. `of` is the digest of the tracks that the numbers are of, ""
    where it is not told."""

    removed: tuple[int, ...] = ()
    visible: tuple[int, ...] = ()
    added: tuple[Added, ...] = ()
    of: str = ""

    def first_found(self, next_number: int) -> int:
        """Return the first number for what is found in an edited video, whose tracks have those below `next_number`."""
        return next_number + len(self.added)

    @property
    def spared(self) -> frozenset[int]:
        """The tracks that are not hidden, for either reason."""
        return frozenset((*self.removed, *self.visible))

    def digest(self) -> str:
        """Return the SHA-256 of the edits in canonical JSON, hexadecimal."""
        added = [[a.cls, a.first, a.last, [box.xyxy for box in a.boxes]] for a in self.added]
        text = json.dumps([self.removed, self.visible, added, self.of], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def receipt(self, known: KnownTracks, spans: Mapping[int, tuple[float, float]]) -> EditsReceipt:
        """Return what is said of the edits: tracks with their classes; added ones are numbered from there on.

        `spans` has by the number of a track the seconds at which it is first and last seen.
        """
        first = known.next_number
        return EditsReceipt(
            removed=tuple((n, known.classes[n]) for n in self.removed),
            visible=tuple((n, known.classes[n]) for n in self.visible),
            added=tuple((n, a.cls, a.first, a.last) for n, a in enumerate(self.added, start=first)),
            spans=tuple((n, *spans[n]) for n in sorted(self.spared) if n in spans),
        )

    def problem_of(self, digests: Sequence[tuple[str, int]]) -> str:
        """Return why the numbers cannot be those of the tracks that are kept, or "": another run numbers anew.

        `digests` tell of the tracks at first, and then with what each edited run added, below which number they are.
        """
        latest, end = digests[-1][0], dict(digests).get(self.of)
        if self.of and end is None:
            return (
                f'the edits are of other tracks ("of" is {display(self.of)}, not {latest}), as a later run numbered '
                "them anew; look at the numbers again, and then change it"
            )
        if self.spared and end is None:
            return f'say of which tracks the numbers are: look at them, and then add {{"of": "{latest}"}} to the edits'
        added = [number for number in sorted(self.spared) if end is not None and number >= end]
        if added and self.of != latest:
            return (
                f'track {added[0]} is none of those that "of" tells of, {display(self.of)}; look at the numbers again, '
                f"and then change it to {latest}"
            )
        return ""

    def check(self, known: KnownTracks) -> None:
        """Raise UsageError if the edits speak of a track, a frame or a part of the picture that is not there."""
        for kind, numbers in (("remove", self.removed), ("visible", self.visible)):
            for number in numbers:
                if number not in known.classes:
                    raise UsageError(f"{kind}: unknown track {number}; the report and --preview show the numbers")
        for each in self.added:
            if each.last >= known.frames:
                raise UsageError(
                    f"{each.place}: frame {each.last} is out of range; the video's last one is {known.frames - 1}"
                )
            for box in each.boxes:
                if box.x1 < 0 or box.y1 < 0 or box.x2 > known.width or box.y2 > known.height:
                    raise UsageError(
                        f"{each.place}: a box reaches out of the picture of {known.width} x {known.height} pixels; "
                        "boxes are x1, y1, x2, y2 in the frame as it is stored"
                    )


def parse_edits(values: Any) -> dict[str, Edits]:
    """Build the edits of each input, by its name, from parsed JSON (docs/edits.schema.json).

    Whatever is not understood raises UsageError, which names the place, because a typo must not show anybody.
    """
    if not isinstance(values, dict) or not values:
        raise UsageError('holds no edits; write {"NAME": [{"remove": [3]}]}, NAME being an input')
    return {str(name): _edits(each, display(str(name))) for name, each in values.items()}


def _edits(values: Any, name: str) -> Edits:
    if not isinstance(values, list) or not values:
        raise UsageError(f"{name}: must be a list of edits, and not an empty one")
    numbers: dict[str, set[int]] = {"remove": set(), "visible": set()}
    added, of = [], ""
    for index, each in enumerate(values, start=1):
        place = f"{name}: edit {index}"
        if not isinstance(each, dict) or len(each) != 1 or next(iter(each)) not in _KINDS:
            raise UsageError(f"{place}: must have exactly one of {', '.join(_KINDS)}")
        ((kind, value),) = each.items()
        if kind == "add":
            added.append(_added(value, f"{place}: add"))
        elif kind == "of":
            of = _digest(value, of, place)
        else:
            numbers[kind] |= set(_numbers(value, f"{place}: {kind}"))
    twice = sorted(numbers["remove"] & numbers["visible"])
    if twice:
        raise UsageError(f"{name}: track {twice[0]} is both removed and kept visible; choose one")
    edits = Edits(tuple(sorted(numbers["remove"])), tuple(sorted(numbers["visible"])), tuple(added), of)
    if not edits.spared and not added:
        raise UsageError(f"{name}: changes nothing; name tracks to remove or keep visible, or add regions")
    return edits


def _digest(value: Any, before: str, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{place}: of: must be the digest of tracks, as the report tells it in tracks_digest")
    if before not in ("", value):
        raise UsageError(f"{place}: of: edits are of the tracks of one run; leave out the other one")
    return value


def _numbers(value: Any, place: str) -> Sequence[int]:
    if not isinstance(value, list) or not value or not all(_is_whole(each) and each > 0 for each in value):
        raise UsageError(f"{place}: must be a list of track numbers, as in [3, 7]")
    return value


def _added(value: Any, place: str) -> Added:
    if not isinstance(value, dict) or sorted(value) != sorted(_ADD_KEYS):
        raise UsageError(f"{place}: must have {', '.join(_ADD_KEYS)}, and nothing else")
    cls, frames = value["class"], value["frames"]
    if cls not in CLASSES:
        raise UsageError(f"{place}: unknown class {json.dumps(cls)}; choose from {', '.join(CLASSES)}")
    if not isinstance(frames, list) or len(frames) != 2 or not all(_is_whole(each) and each >= 0 for each in frames):
        raise UsageError(f"{place}: frames must be the first and the last one, counted from 0, as in [0, 24]")
    first, last = frames
    if first > last:
        raise UsageError(f"{place}: the first frame, {first}, comes after the last one, {last}")
    boxes = tuple(_boxes(value["boxes"], place))
    if len(boxes) not in {1, 2 if last > first else 1, last - first + 1}:
        raise UsageError(f"{place}: {len(boxes)} boxes for {last - first + 1} frames; give one, two, or one a frame")
    return Added(cls, first, last, boxes, place)


def _boxes(value: Any, place: str) -> Iterator[Box]:
    if not isinstance(value, list):
        raise UsageError(f"{place}: boxes must be a list of boxes, as in [[10, 20, 50, 60]]")
    for index, each in enumerate(value, start=1):
        if not isinstance(each, list) or len(each) != 4 or not all(_is_number(v) for v in each):
            raise UsageError(f"{place}: box {index} must have four numbers, x1, y1, x2, y2")
        try:
            yield Box(*map(float, each))
        except ValueError:
            raise UsageError(f"{place}: box {index} must have x1 < x2 and y1 < y2") from None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    # Bounded, as whole numbers in JSON may be too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)
