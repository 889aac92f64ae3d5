"""Where counting happens in a camera's picture: lines, zones, and what pixels of the ground are in metres."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from unseen.core.regions import VEHICLES
from unseen.errors import UsageError

__all__ = [
    "COUNTED",
    "Calibration",
    "Line",
    "Point",
    "Scene",
    "Zone",
    "check_inside",
    "parse_calibration",
    "parse_line",
    "parse_zone",
]

#: x and y in pixels of the upright picture, from its top left corner; or x and y in metres on the ground.
Point = tuple[float, float]
#: What can be counted.
COUNTED: tuple[str, ...] = ("person", *VEHICLES)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
_SIDE = (16, 32768)
#: A line that is shorter, in pixels, or a zone that is smaller, in square pixels, is a slip of the hand.
_LEAST_LENGTH, _LEAST_AREA = 4.0, 16.0
_MOST = 64


@dataclass(frozen=True, slots=True)
class Line:
    """A line from `start` to `end`; forward is from the left to the right of somebody who walks along it.

    So on a line from the left to the right of the picture forward is downward, and on one from top to bottom it is
    leftward. Raises UsageError for a name that is none, or a line of no length.
    """

    name: str
    start: Point
    end: Point

    def __post_init__(self) -> None:
        _check_name("line", self.name)
        if math.dist(_finite(self.start), _finite(self.end)) < _LEAST_LENGTH:
            raise UsageError(f"line {self.name} has no length; give it two ends that lie apart")

    @property
    def points(self) -> tuple[Point, ...]:
        """Both ends."""
        return (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon of 3 corners or more that does not cross itself; raises UsageError for any other."""

    name: str
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        _check_name("zone", self.name)
        if len(self.points) < 3:
            raise UsageError(f"zone {self.name} needs at least 3 corners, got {len(self.points)}")
        for point in self.points:
            _finite(point)
        if _crosses_itself(self.points):
            raise UsageError(f"zone {self.name} crosses itself; name its corners in order around it")
        if abs(_area(self.points)) < _LEAST_AREA:
            raise UsageError(f"zone {self.name} has no area; give it corners that lie apart")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Four points of the ground in the picture, and where they lie in metres on any flat grid.

    Raises UsageError unless there are four of each, and no three of either lie in a row.
    """

    image: tuple[Point, ...]
    metres: tuple[Point, ...]

    def __post_init__(self) -> None:
        for what, points in (("image", self.image), ("metres", self.metres)):
            if len(points) != 4:
                raise UsageError(f"calibration needs 4 points in {what}, got {len(points)}")
            for point in points:
                _finite(point)
            if any(_in_a_row(*(p for j, p in enumerate(points) if j != i)) for i in range(4)):
                raise UsageError(f"calibration has three points in a row in {what}; choose four corners of a rectangle")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is counted where, in an upright picture of `width` x `height` pixels.

    Videos of another size are fine where they have the same shape. Raises UsageError when there is neither line nor
    zone, a name is there twice, a point lies outside of the picture, or a class is none of COUNTED.
    """

    width: int
    height: int
    lines: tuple[Line, ...] = ()
    zones: tuple[Zone, ...] = ()
    calibration: Calibration | None = None
    classes: tuple[str, ...] = COUNTED

    def __post_init__(self) -> None:
        if not all(_SIDE[0] <= side <= _SIDE[1] for side in (self.width, self.height)):
            raise UsageError(f"the frame must have sides of {_SIDE[0]} to {_SIDE[1]} pixels, got {self.size}")
        if not self.lines and not self.zones:
            raise UsageError("the scene has neither a line nor a zone, so there is nothing to count")
        if len(self.lines) > _MOST or len(self.zones) > _MOST:
            raise UsageError(f"a scene has at most {_MOST} lines and {_MOST} zones")
        for what, names in (("line", [x.name for x in self.lines]), ("zone", [x.name for x in self.zones])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise UsageError(f"two {what}s are called {twice[0]}; give each a name of its own")
        unknown = [cls for cls in self.classes if cls not in COUNTED]
        if unknown or not self.classes or len(set(self.classes)) < len(self.classes):
            raise UsageError(f"classes must be some of {', '.join(COUNTED)}, each once, got {list(self.classes)}")
        for line in self.lines:
            check_inside(f"line {line.name}", line.points, self.width, self.height)
        for zone in self.zones:
            check_inside(f"zone {zone.name}", zone.points, self.width, self.height)
        if self.calibration is not None:
            check_inside("calibration", self.calibration.image, self.width, self.height)

    @property
    def size(self) -> str:
        """Width and height as they are written: 1280x720."""
        return f"{self.width}x{self.height}"

    def scaled(self, width: int, height: int) -> Scene:
        """Return the scene for pictures of another size; raises UsageError if their shape is another one."""
        if (width, height) == (self.width, self.height):
            return self
        across, down = width / self.width, height / self.height
        if abs(across / down - 1) > 0.01:
            raise UsageError(
                f"the scene is made for {self.size} and the pictures are {width}x{height}; draw it on one of them"
            )

        def moved(points: Sequence[Point]) -> tuple[Point, ...]:
            return tuple((min(x * across, width), min(y * down, height)) for x, y in points)

        calibration = self.calibration and Calibration(moved(self.calibration.image), self.calibration.metres)
        lines = tuple(Line(line.name, *moved(line.points)) for line in self.lines)
        zones = tuple(Zone(zone.name, moved(zone.points)) for zone in self.zones)
        return Scene(width, height, lines, zones, calibration, self.classes)


def check_inside(what: str, points: Sequence[Point], width: int, height: int) -> None:
    """Raise UsageError if a point lies outside of the picture; its edge is part of it."""
    for x, y in points:
        if not (0 <= x <= width and 0 <= y <= height):
            raise UsageError(f"{what} has the point {x:g},{y:g}, which is outside of the frame of {width}x{height}")


def parse_line(text: str) -> Line:
    """Read "NAME:x1,y1,x2,y2"; raises UsageError."""
    name, numbers = _named_numbers(text, "line", "NAME:x1,y1,x2,y2")
    if len(numbers) != 4:
        raise UsageError(f"--line {text!r} has {len(numbers)} numbers; write it as NAME:x1,y1,x2,y2")
    return Line(name, (numbers[0], numbers[1]), (numbers[2], numbers[3]))


def parse_zone(text: str) -> Zone:
    """Read "NAME:x1,y1,x2,y2,x3,y3,..."; raises UsageError."""
    name, numbers = _named_numbers(text, "zone", "NAME:x1,y1,x2,y2,x3,y3,...")
    if len(numbers) % 2:
        raise UsageError(f"--zone {text!r} has an x without a y; write it as NAME:x1,y1,x2,y2,x3,y3,...")
    return Zone(name, tuple(zip(numbers[::2], numbers[1::2], strict=True)))


def parse_calibration(text: str) -> Calibration:
    """Read "x1,y1,x2,y2,x3,y3,x4,y4:X1,Y1,...,X4,Y4", pixels and then metres; raises UsageError."""
    try:
        pixels, metres = ([float(word) for word in part.split(",")] for part in text.split(":"))
    except ValueError:
        raise UsageError(
            f"cannot read --calibration {text!r}; write 8 numbers of pixels, a colon, 8 of metres"
        ) from None
    image, ground = (tuple(zip(part[::2], part[1::2], strict=False)) for part in (pixels, metres))
    return Calibration(image, ground)


def _named_numbers(text: str, what: str, form: str) -> tuple[str, list[float]]:
    name, sign, rest = text.partition(":")
    try:
        if not sign:
            raise ValueError
        return name.strip(), [float(word) for word in rest.split(",")]
    except ValueError:
        raise UsageError(f"cannot read --{what} {text!r}; write it as {form}") from None


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"a {what} cannot be called {name!r}; use up to 40 letters, digits, spaces and _ . -")


def _finite(point: Point) -> Point:
    if not all(math.isfinite(value) for value in point):
        raise UsageError(f"a point needs two numbers, got {point[0]},{point[1]}")
    return point


def _area(points: Sequence[Point]) -> float:
    """Return the signed area of a polygon, by the trapezoid formula."""
    closed = [*points, points[0]]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(closed)) / 2


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _in_a_row(a: Point, b: Point, c: Point) -> bool:
    longest = max(math.dist(a, b), math.dist(b, c), math.dist(a, c))
    return abs(_turn(a, b, c)) <= 1e-3 * longest * longest


def _crosses_itself(points: Sequence[Point]) -> bool:
    """Whether two sides that are not neighbours meet."""
    sides = list(pairwise([*points, points[0]]))
    for i, (a, b) in enumerate(sides):
        for j, (c, d) in enumerate(sides[i + 2 :], start=i + 2):
            if i == 0 and j == len(sides) - 1:
                continue
            if _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0:
                return True
    return False
