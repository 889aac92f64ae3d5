"""What a decoder tells beside a picture, and how a player turns it by that."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import av

__all__ = ["UPRIGHT", "orientation", "side_data"]

#: The orientation of what is neither turned nor mirrored.
UPRIGHT = (0, False)
#: Kinds of side data (FFmpeg's AVFrameSideDataType) that PyAV 18 has no names for; 31 is EXIF.
_NAMELESS = range(28, 33)


def side_data(picture: av.VideoFrame) -> list[Any]:
    """Return what is told beside the picture, of some kinds more than once; raises ValueError where PyAV cannot say
    what it is.

    In PyAV 18 one kind that it has no name for, as the EXIF of a JPEG, keeps it from telling of any.
    """
    from av.sidedata.sidedata import SideDataContainer

    container: Any = SideDataContainer
    try:
        # Not `picture.side_data`: the picture would then hold what holds the picture, and its pixels, megabytes at
        # 1080p, would stay until somebody searches for what refers to itself.
        return _entries(container(picture))
    except ValueError:
        from av.filter import Graph

        graph = Graph()
        last = graph.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 1000)
        )
        steps = [graph.add("sidedata", f"mode=delete:type={kind}") for kind in _NAMELESS]
        for step in (*steps, graph.add("buffersink")):
            last.link_to(step)
            last = step
        graph.configure()
        graph.push(picture)
        return _entries(container(graph.pull()))


def _entries(told: Any) -> list[Any]:
    """Return all entries: since version 19 PyAV counts kinds, and what is told twice would hide what comes last."""
    found: list[Any] = []
    with contextlib.suppress(IndexError):
        while True:
            found.append(told[len(found)])
    return found


def orientation(picture: av.VideoFrame) -> tuple[int, bool] | None:
    """Return how a player turns a picture, in degrees clockwise (0, 90, 180, 270), and whether it mirrors it before.

    Turns are to the next quarter, mirroring is left to right. None where the picture says nothing of it; raises
    ValueError where that cannot be told.
    """
    matrix = _matrix(picture)
    if matrix is None:
        return None
    mirrored = matrix[0] * matrix[3] - matrix[1] * matrix[2] < 0
    sign = -1 if mirrored else 1
    degrees = math.degrees(math.atan2(sign * matrix[1], sign * matrix[0]))
    return round(degrees / 90) * 90 % 360, mirrored


def _matrix(picture: av.VideoFrame) -> tuple[int, int, int, int] | None:
    """Return a, b, c, d of the display matrix: a stored pixel (x, y) is shown at (a x + c y, b x + d y)."""
    for data in side_data(picture):
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = (int(value) for value in np.frombuffer(data, np.int32)[:5])
            return a, b, c, d
    return None
