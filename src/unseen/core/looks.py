"""How a region is hidden: the methods, their strength and the floor below which they are refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from unseen.errors import Refused, UsageError

__all__ = ["DEFAULT_LOOKS", "LEAKS", "METHODS", "NON_INTERFERING", "Look", "Method", "Shape", "floor_of"]

Method = Literal["fill", "solid", "stand-in", "mosaic", "blur", "none"]
Shape = Literal["box", "ellipse"]
METHODS: tuple[str, ...] = get_args(Method)
#: What these write depends on the outside of the region only; nothing of the inside survives.
NON_INTERFERING: frozenset[str] = frozenset({"fill", "solid", "stand-in"})

#: Rank-1 re-identification from the classic forms of the looks that hold information, measured on 300 faces of at
#: least 64 px by an attacker who holds another copy of the picture (in brackets: blind comparison with clean faces).
LEAKS: dict[str, str] = {
    "mosaic": "holds information: from an 8x8 mosaic the right face was found at rank 1 in 91 % of cases (blind 14 %), "
    "from a 4x4 mosaic with noise in 57 % (blind 5 %); chance is 0.3 %",
    "blur": "holds information: from a 51x51 Gaussian blur the right face was found at rank 1 in 97 % of cases "
    "(blind 6 %); chance is 0.3 %; here the blur lies over a mosaic, so at least what the mosaic holds remains",
}

_MOSAIC_CELLS = {"plate": 5, "text": 5}
_MOSAIC_CELLS_ELSE = 8
_BLUR_RATIO = 0.5


def floor_of(method: str, cls: str) -> float | None:
    """Return the weakest strength allowed: most cells a side for mosaic, least kernel share for blur, else None."""
    if method == "mosaic":
        return _MOSAIC_CELLS.get(cls, _MOSAIC_CELLS_ELSE)
    return _BLUR_RATIO if method == "blur" else None


@dataclass(frozen=True, slots=True)
class Look:
    """A hiding method with its strength and shape.

    `strength` is cells along the longer side for mosaic, kernel size as a share of the region's longer side for blur,
    unused elsewhere; None means the floor. `shape` "ellipse" is the ellipse that contains the whole box, never one
    inside it. Raises UsageError for unknown words or a strength where the method has none.
    """

    method: Method
    strength: float | None = None
    shape: Shape = "box"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"unknown hiding method {self.method!r}; choose one of {', '.join(METHODS)}")
        if self.shape not in get_args(Shape):
            raise UsageError(f"unknown shape {self.shape!r}; choose box or ellipse")
        if self.strength is not None and self.method not in LEAKS:
            raise UsageError(f"method {self.method!r} has no strength; only mosaic and blur do")
        if self.strength is not None and not (math.isfinite(self.strength) and self.strength > 0):
            raise UsageError(f"strength must be a positive number, got {self.strength}")

    @property
    def non_interfering(self) -> bool:
        """Whether what is written is independent of the pixels inside."""
        return self.method in NON_INTERFERING

    def strength_for(self, cls: str) -> float | None:
        """Return the strength that is applied to a class: the one asked for, or the floor."""
        return self.strength if self.strength is not None else floor_of(self.method, cls)

    def is_below_floor(self, cls: str) -> bool:
        """Whether this look hides less of `cls` than the floor asks."""
        floor = floor_of(self.method, cls)
        if floor is None or self.strength is None:
            return False
        return self.strength > floor if self.method == "mosaic" else self.strength < floor

    def check_floor(self, cls: str, *, unsafe: bool) -> None:
        """Raise Refused if the strength is below the floor for `cls`, unless `unsafe` says so in as many words."""
        if self.is_below_floor(cls) and not unsafe:
            bound = "at most" if self.method == "mosaic" else "at least"
            raise Refused(
                f"{cls}={self.method}:{self.strength:g} is weaker than the floor "
                f"({bound} {floor_of(self.method, cls):g}); leave the number out, or say --unsafe-strength"
            )


#: What is done with each class when the caller says nothing. Classes that are not here stay as they are.
DEFAULT_LOOKS: dict[str, Look] = {
    "face": Look("fill"),
    "head": Look("fill"),
    "person": Look("fill"),
    "plate": Look("solid"),
    "text": Look("solid"),
    "bicycle": Look("fill"),
    "car": Look("fill"),
    "motorcycle": Look("fill"),
    "bus": Look("fill"),
    "truck": Look("fill"),
}
