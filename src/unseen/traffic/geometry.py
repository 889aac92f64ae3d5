"""Plane geometry of counting: on which side of a line, inside of a polygon or not, and metres from pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.core.scene import Calibration, Line, Point

__all__ = ["Ground", "along", "from_edge", "side_of"]


def side_of(line: Line, point: Point) -> float:
    """Return how many pixels a point is to the right (above 0) or left of the line, which has no ends here."""
    (ax, ay), (bx, by) = line.start, line.end
    dx, dy = bx - ax, by - ay
    return (dx * (point[1] - ay) - dy * (point[0] - ax)) / math.hypot(dx, dy)


def along(line: Line, point: Point) -> float:
    """Return how far along the line a point is: 0 at its start, 1 at its end."""
    (ax, ay), (bx, by) = line.start, line.end
    dx, dy = bx - ax, by - ay
    return ((point[0] - ax) * dx + (point[1] - ay) * dy) / (dx * dx + dy * dy)


def from_edge(corners: Sequence[Point], point: Point) -> float:
    """Return how many pixels a point is inside of a polygon (above 0), or outside of it (below 0).

    Inside is what a ray crosses an odd number of sides to leave (the even-odd rule).
    """
    x, y = point
    inside, nearest = False, math.inf
    ax, ay = corners[-1]
    for bx, by in corners:
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        dx, dy = bx - ax, by - ay
        share = ((x - ax) * dx + (y - ay) * dy) / ((dx * dx + dy * dy) or 1.0)
        share = min(1.0, max(0.0, share))
        nearest = min(nearest, math.hypot(x - ax - share * dx, y - ay - share * dy))
        ax, ay = bx, by
    return nearest if inside else -nearest


class Ground:
    """Turns points of the picture into metres on the ground, by the homography of four points.

    The homography is solved for as a linear system (Hartley and Zisserman, Multiple View Geometry, 2nd ed., 4.1),
    with its last element set to 1.
    """

    def __init__(self, calibration: Calibration) -> None:
        rows, right = [], []
        for (x, y), (u, v) in zip(calibration.image, calibration.metres, strict=True):
            rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
            right += [u, v]
        solved = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
        self._matrix: NDArray[np.float64] = np.append(solved, 1.0).reshape(3, 3)
        #: The sign that the third coordinate has on this side of the horizon.
        centre = np.mean(np.array(calibration.image), axis=0)
        self._front = math.copysign(1.0, float(self._matrix[2] @ [*centre, 1.0]))

    def metres(self, point: Point) -> Point | None:
        """Return where on the ground a point of the picture is, None if it is at or beyond the horizon."""
        a = self._matrix
        x, y = point
        w = float(a[2, 0] * x + a[2, 1] * y + a[2, 2])
        if w * self._front <= 1e-9:
            return None
        return float(a[0, 0] * x + a[0, 1] * y + a[0, 2]) / w, float(a[1, 0] * x + a[1, 1] * y + a[1, 2]) / w
