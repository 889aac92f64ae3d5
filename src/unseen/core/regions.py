"""What is found in a picture and what is to be hidden: boxes, detections, regions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from unseen.core.looks import Look

__all__ = ["CLASSES", "GROUPS", "VEHICLES", "Box", "Detection", "Region"]

VEHICLES: tuple[str, ...] = ("bicycle", "car", "motorcycle", "bus", "truck")
CLASSES: tuple[str, ...] = ("face", "head", "person", "plate", "text", *VEHICLES)
#: Names that stand for several classes on the command line and in recipes.
GROUPS: dict[str, tuple[str, ...]] = {"vehicle": VEHICLES}


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in pixels, half-open: it covers x1 <= x < x2 and y1 <= y < y2.

    Coordinates are floats, origin top left: of the upright picture for photos, of the frame as it is stored for what is
    known of videos. Raises ValueError if one is not finite or the box is empty.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        # Written out, for thousands are made a photo: a chained comparison is false for NaN as well.
        if -math.inf < self.x1 < self.x2 < math.inf and -math.inf < self.y1 < self.y2 < math.inf:
            return
        if not all(math.isfinite(v) for v in self.xyxy):
            raise ValueError(f"box coordinates must be finite, got {self.xyxy}")
        raise ValueError(f"a box needs x1 < x2 and y1 < y2, got {self.xyxy}")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The four coordinates as (x1, y1, x2, y2)."""
        return (self.x1, self.y1, self.x2, self.y2)

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def middle(self) -> tuple[float, float]:
        """The point (x, y) in the middle."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @classmethod
    def hull(cls, boxes: Iterable[Box]) -> Box:
        """Return the smallest box that covers all `boxes`; raises ValueError if there are none."""
        corners = [box.xyxy for box in boxes]
        if not corners:
            raise ValueError("the hull of no boxes is undefined")
        x1, y1, x2, y2 = zip(*corners, strict=True)
        return cls(min(x1), min(y1), max(x2), max(y2))

    def moved(self, right: float, down: float) -> Box:
        """Return the box moved to the right and down, in pixels."""
        return Box(self.x1 + right, self.y1 + down, self.x2 + right, self.y2 + down)

    def grown(self, across: float, down: float | None = None) -> Box:
        """Return the box with left and right moved outward by `across` pixels, top and bottom by `down`, or as much."""
        down = across if down is None else down
        return Box(self.x1 - across, self.y1 - down, self.x2 + across, self.y2 + down)

    def scaled(self, across: float, down: float) -> Box:
        """Return the box in a picture that is so many times as wide and as high; both factors must be positive."""
        return Box(self.x1 * across, self.y1 * down, self.x2 * across, self.y2 * down)

    def meets(self, other: Box) -> bool:
        """Whether two boxes share any area."""
        return self.x1 < other.x2 and other.x1 < self.x2 and self.y1 < other.y2 and other.y1 < self.y2

    def common(self, other: Box) -> Box | None:
        """Return the box that both cover, or None if they share no area."""
        if not self.meets(other):
            return None
        return Box(max(self.x1, other.x1), max(self.y1, other.y1), min(self.x2, other.x2), min(self.y2, other.y2))

    def contains(self, other: Box) -> bool:
        """Whether every point of another box lies in this one."""
        return self.x1 <= other.x1 and self.y1 <= other.y1 and other.x2 <= self.x2 and other.y2 <= self.y2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the box, or on any of its sides."""
        return self.x1 <= x <= self.x2 and self.y1 <= y <= self.y2


@dataclass(frozen=True, slots=True)
class Detection:
    """One object that a model found: class, box, score in 0..1 and the catalogue name of the model."""

    cls: str
    box: Box
    score: float
    model: str

    def __post_init__(self) -> None:
        if self.cls not in CLASSES:
            raise ValueError(f"unknown class {self.cls!r}; known: {', '.join(CLASSES)}")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture to hide: class, integer-valued box inside the picture, look, and where it comes from.

    `reason` is "detected", "head-of-person" (no face was found in a person), "verification" (found by the second
    model family on the output) or "requested" (drawn by the caller).
    """

    cls: str
    box: Box
    look: Look
    score: float = 1.0
    model: str = ""
    reason: str = "detected"
    track: int | None = None
