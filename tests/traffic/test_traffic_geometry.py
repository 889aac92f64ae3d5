"""Sides of lines, insides of polygons, and metres from pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unseen.core.scene import Calibration, Line, Point, Zone
from unseen.errors import UsageError
from unseen.traffic.geometry import Ground, from_edge, side_of

_POINTS = st.tuples(st.integers(0, 100), st.integers(0, 100))


@given(_POINTS, _POINTS, _POINTS)
def test_side_is_the_distance_with_the_sign_of_the_turn(a: Point, b: Point, p: Point) -> None:
    assume(math.dist(a, b) >= 4)
    off = side_of(Line("a", a, b), p)
    normal = np.array([-(b[1] - a[1]), b[0] - a[0]]) / math.dist(a, b)
    assert off == pytest.approx(float(normal @ (np.array(p) - np.array(a))), abs=1e-6)


@given(st.lists(_POINTS, min_size=3, max_size=6, unique=True), _POINTS)
def test_polygon_agrees_with_opencv(corners: list[Point], point: Point) -> None:
    try:
        zone = Zone("a", tuple(corners))
    except UsageError:
        assume(False)
    theirs = cv2.pointPolygonTest(np.array(corners, np.float32), (float(point[0]), float(point[1])), True)
    ours = from_edge(zone.points, point)
    assert ours == pytest.approx(theirs, abs=1e-3)


def _seen_from_above(x: float, y: float, tilt: float) -> Point:
    """Return where a camera at 5 m, tilted down, sees a point of the ground that lies y metres ahead."""
    away = y * math.cos(tilt) + 5 * math.sin(tilt)
    return 640 + 900 * x / away, 360 + 900 * (5 * math.cos(tilt) - y * math.sin(tilt)) / away


@given(st.floats(0.3, 0.9), st.floats(-4, 4), st.floats(6, 25))
def test_metres_are_those_that_the_camera_saw(tilt: float, x: float, y: float) -> None:
    corners = ((-3.0, 8.0), (3.0, 8.0), (3.0, 20.0), (-3.0, 20.0))
    ground = Ground(Calibration(tuple(_seen_from_above(*c, tilt) for c in corners), corners))
    assert ground.metres(_seen_from_above(x, y, tilt)) == pytest.approx((x, y), abs=1e-4)


def test_nothing_is_measured_beyond_the_horizon() -> None:
    corners = ((-3.0, 8.0), (3.0, 8.0), (3.0, 20.0), (-3.0, 20.0))
    tilt = 0.3
    ground = Ground(Calibration(tuple(_seen_from_above(*c, tilt) for c in corners), corners))
    horizon = 360 - 900 * math.tan(tilt)
    assert ground.metres((640, horizon - 20)) is None
    assert ground.metres((640, horizon + 60)) is not None
