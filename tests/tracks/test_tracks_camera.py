"""A moving camera: what it does to boxes is taken out and put back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.tracks.camera import SteadyCamera
from unseen.tracks.extend import covering_box, extend_all
from unseen.tracks.link import link


def zoom(scale: float, dx: float, dy: float) -> list[list[float]]:
    return [[scale, 0.0, dx], [0.0, scale, dy]]


@given(st.lists(st.tuples(st.floats(0.8, 1.25), st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=20))
def test_there_and_back_is_where_it_was(steps: list[tuple[float, float, float]]) -> None:
    camera = SteadyCamera([zoom(*s) for s in steps])
    frames = np.arange(len(steps))
    states = np.tile([120.0, 80.0, 3.0, 4.0], (len(steps), 1))
    np.testing.assert_allclose(camera.back(frames, camera.steady(frames, states)), states, atol=1e-6)


def test_an_object_that_moves_as_the_picture_does_stands_still() -> None:
    camera = SteadyCamera([None, [7, -2], zoom(2.0, 5.0, 0.0)])
    centre = np.array([[10.0, 10.0], [17.0, 8.0], [39.0, 16.0]])
    states = np.concatenate([centre, np.log([[10, 20], [10, 20], [20, 40]])], axis=1)
    steady = camera.steady(np.arange(3), states)
    np.testing.assert_allclose(steady, np.tile(states[0], (3, 1)), atol=1e-12)
    np.testing.assert_allclose(camera.scale(np.arange(3)), [1, 1, 2])


def test_a_quarter_turn_moves_centres() -> None:
    camera = SteadyCamera([None, [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]])
    steady = camera.steady(np.array([1]), np.array([[-30.0, 40.0, 2.0, 2.0]]))
    np.testing.assert_allclose(steady, [[40.0, 30.0, 2.0, 2.0]])


def pan(i: int) -> float:
    """Where a camera that sways by 120 px a side looks at in frame `i`."""
    return 120 * math.sin(i / 4)


@pytest.mark.parametrize("known", [True, False])
def test_a_gap_is_bridged_along_the_camera_where_its_motion_is_known(known: bool) -> None:
    boxes = [Box(300 - pan(i), 100, 330 - pan(i), 180) for i in range(60)]
    seen = [[Detection("person", b, 0.9, "m")] if not 20 <= i < 40 else [] for i, b in enumerate(boxes)]
    camera = [None, *([pan(i) - pan(i + 1), 0.0] for i in range(59))] if known else None
    tracks = link(range(60), seen, width=640, height=360, rate=25, camera=camera)
    done = extend_all(tracks, width=640, height=360, rate=25, last_frame=59, camera=camera)
    covers = [(p.frame, covering_box(p)) for t in done for p in t.points]
    good = [any(f == i and c.x1 <= b.x1 and c.x2 >= b.x2 for f, c in covers) for i, b in enumerate(boxes)]
    assert all(good) is known
    assert all(good[:20])


def test_a_known_camera_keeps_apart_what_would_be_taken_for_another() -> None:
    """The picture jumps by the distance of two people who stand: each stays who they were."""
    jump = 60.0
    seen = [
        [Detection("person", Box(x + s, 100, x + s + 30, 180), 0.9, "m") for x in (200, 260)]
        for s in [0.0] * 10 + [jump] * 10
    ]
    camera = [[jump if i == 10 else 0.0, 0.0] for i in range(20)]
    tracks = link(range(20), seen, width=640, height=360, rate=25, camera=camera)
    assert sorted((t.points[0].box.x1, t.points[-1].box.x1) for t in tracks) == [(200, 260), (260, 320)]


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        ([None, [1, 2, 3]], "shape"),
        ([None, [float("nan"), 0]], "finite"),
        ([None, [[0, 0, 1], [0, 0, 1]]], "undone"),
        ([None, [[1, 2], [2, 1]]], "shape"),
    ],
)
def test_damaged_motion_is_refused(motion: list[list[float] | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SteadyCamera(motion)


def test_motion_that_ends_before_the_video_is_refused() -> None:
    with pytest.raises(ValueError, match="2 frames, and frame 5"):
        link([5], [[]], width=9, height=9, rate=25, camera=[None, None])
    with pytest.raises(ValueError, match="2 frames, and frame 2"):
        extend_all([], width=9, height=9, rate=25, last_frame=2, camera=[None, None])
