"""What linking and covering may be told: how objects move, how far to reach, when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from unseen.core.regions import VEHICLES

__all__ = ["BEYOND", "KINDS", "MOTIONS", "Beyond", "CoverSettings", "LinkSettings", "Motion"]

#: What may be one object over time: a face turns away and is a head; a van is a car in one frame, a truck in the next.
KINDS: Mapping[str, str] = MappingProxyType(
    {"face": "face", "head": "face", "person": "person", "plate": "plate", "text": "text"}
    | dict.fromkeys(VEHICLES, "vehicle")
)


def _check_numbers(settings: Any, least: float) -> None:
    """Raise ValueError unless every number of a dataclass is finite and at least `least`."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        if isinstance(value, int | float) and not (math.isfinite(value) and value >= least):
            raise ValueError(f"{item.name} must be finite and at least {least}, got {value}")


def _check_kinds(name: str, given: Mapping[str, object]) -> None:
    missing = sorted(set(KINDS.values()) - set(given))
    if missing:
        raise ValueError(f"{name} must name every kind; missing: {', '.join(missing)}")


@dataclass(frozen=True, slots=True)
class Motion:
    """How one kind of object moves and how well it is measured, as standard deviations.

    Lengths are in sizes (a size is the square root of the box's area), times in seconds. `speed` is what is assumed
    before an object has been seen twice, `acceleration` how much the speed changes in a second; `growth` and
    `growth_change` are the same for the logarithm of the sides; `jitter` is how much detected centres, `side_jitter`
    how much logarithms of detected sides are off. Raises ValueError for a number that is not positive and finite.
    """

    speed: float = 3.0
    acceleration: float = 1.5
    growth: float = 0.25
    growth_change: float = 0.3
    jitter: float = 0.03
    side_jitter: float = 0.05

    def __post_init__(self) -> None:
        _check_numbers(self, least=1e-6)


#: Motion by kind. Faces and plates are small parts of what moves, so they move more of their own sizes in a second.
MOTIONS: Mapping[str, Motion] = MappingProxyType(
    {
        "person": Motion(),
        "vehicle": Motion(speed=4.0, growth=0.4),
        "face": Motion(speed=8.0, acceleration=8.0, growth=0.3, growth_change=0.5, jitter=0.05, side_jitter=0.07),
        "plate": Motion(speed=8.0, acceleration=4.0, growth=0.4, growth_change=0.5, jitter=0.05, side_jitter=0.08),
        "text": Motion(speed=4.0, acceleration=4.0, growth=0.3, growth_change=0.5, jitter=0.06, side_jitter=0.1),
    }
)


@dataclass(frozen=True, slots=True)
class Beyond:
    """How far beyond its detections one kind of object is covered.

    `extend_s` seconds are added before the first and after the last detection. Where nothing is detected, the box is as
    unsure as the motion says, but by at most `doubt` sizes (the square root of its area), so that what is not seen
    does not grow without end. A track that was detected in less than `sure` frames (a look counts for all frames up to
    the next), and never with a score of `strong`, is extended by a share of the seconds, because what is seen once and
    faintly is mostly nothing. The logarithms of sides are taken to change by at most `resize` a second: what is found
    much smaller than just before or after is covered in part, or its picture is damaged. Raises ValueError for a number
    that is negative or not finite, or a `sure` below 1.
    """

    extend_s: float = 0.4
    doubt: float = 0.1
    sure: int = 5
    strong: float = 1.0
    resize: float = 2.0

    def __post_init__(self) -> None:
        _check_numbers(self, least=0.0)
        if self.sure < 1:
            raise ValueError(f"sure must be at least 1, got {self.sure}")


#: What is covered beyond, by kind. A face that turns away is still there, and small; a person or a vehicle that is no
#: longer found has mostly gone behind something or out of the picture, and is large.
BEYOND: Mapping[str, Beyond] = MappingProxyType(
    {
        "person": Beyond(extend_s=0.25, doubt=0.01),
        "vehicle": Beyond(extend_s=0.25, doubt=0.01),
        "face": Beyond(doubt=0.07, sure=10, strong=0.5, resize=1.3),
        "plate": Beyond(sure=10, strong=0.5),
        "text": Beyond(),
    }
)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How detections become tracks.

    Detections of at least `high` are matched first, the others after them; one below `floor` never begins a track, it
    can only go on with one (Zhang et al., ByteTrack, ECCV 2022). Every detection of at least `floor` is in a track.
    `patience_s` seconds without a detection end a piece of track; pieces are joined over gaps of at most `gap_s`
    seconds. `reach` is how many sizes a centre may be off where boxes do not overlap, on top of two standard
    deviations of its prediction, or of `drift` sizes for each second of a gap; all in all it is at most `far`. Of the
    kinds `leaping` one that was seen once, and surely, may be off by `leap` sizes for each second of a gap: nobody
    knows yet how it moves, and what passes near the camera moves far from look to look. `motions` says how each kind
    moves. Raises ValueError for numbers that make no sense.
    """

    high: float = 0.4
    floor: float = 0.1
    patience_s: float = 0.3
    gap_s: float = 1.0
    reach: float = 0.4
    drift: float = 0.5
    far: float = 1.5
    leap: float = 40.0
    leaping: frozenset[str] = frozenset({"face", "plate"})
    motions: Mapping[str, Motion] = field(default_factory=lambda: MOTIONS)

    def __post_init__(self) -> None:
        _check_numbers(self, least=0.0)
        _check_kinds("motions", self.motions)
        if not self.floor <= self.high <= 1:
            raise ValueError(f"0 <= floor <= high <= 1 is needed, got floor {self.floor}, high {self.high}")
        if self.reach <= 0 or self.far <= 0:
            raise ValueError(f"reach and far must be more than 0, got {self.reach} and {self.far}")


@dataclass(frozen=True, slots=True)
class CoverSettings:
    """How far a track is covered beyond what was detected: `beyond` by kind, and what holds for all kinds.

    A frame without a detection is covered as widely as the detections before and after it were, if those are within
    `near_s` seconds. All sides are unsure by `grain` pixels (a standard deviation) of the picture that the detectors
    saw, whose longer side was `seen_at` pixels, and by a share `sparse` of that more for each frame that is left out
    from one look to the next: fewer detections make less of a hull. `motions` says how each kind moves. Raises
    ValueError for numbers that make no sense.
    """

    near_s: float = 0.2
    grain: float = 1.4
    sparse: float = 0.0
    seen_at: float = 640.0
    beyond: Mapping[str, Beyond] = field(default_factory=lambda: BEYOND)
    motions: Mapping[str, Motion] = field(default_factory=lambda: MOTIONS)

    def __post_init__(self) -> None:
        _check_numbers(self, least=0.0)
        _check_kinds("beyond", self.beyond)
        _check_kinds("motions", self.motions)
        if self.seen_at < 1:
            raise ValueError(f"seen_at must be at least 1, got {self.seen_at}")
