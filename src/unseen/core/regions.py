"""What is found in a picture and what is to be hidden: boxes, detections, regions."""

from __future__ import annotations

import math
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

    Coordinates are floats, origin top left of the upright picture. Raises ValueError if one is not finite or the
    box is empty.
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
