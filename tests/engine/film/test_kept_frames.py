"""What is hidden in a frame, as a line: read as it was written, and as earlier versions wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.engine.film.kept_frames import KeptFrame

regions = st.builds(
    lambda x, y, w, h, look, score, reason, track: Region(
        "face", Box(x, y, x + w, y + h), look, round(score, 3), "", reason, track
    ),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(1, 50),
    st.integers(1, 50),
    st.sampled_from([Look("fill"), Look("fill", shape="ellipse"), Look("mosaic", 5), Look("solid")]),
    st.floats(0, 1),
    st.sampled_from(["detected", "followed", "verification"]),
    st.none() | st.integers(1, 9),
)


@given(st.lists(regions, max_size=4))
def test_regions_come_back_as_they_were(before: list[Region]) -> None:
    frame = KeptFrame.read(KeptFrame.of(7, 0.1, before, whole=False).line())
    assert frame.index == 7
    assert frame.hidden(Recipe(looks={"face": Look("mosaic", 5)})) == tuple(before)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        '{"frame": 1, "time": 0.04, "regions": [[1]]}',
        '{"frame": 1, "time": 0.04, "regions": 5}',
        '{"frame": 1, "time": 0.04, "regions": [["face", 0, 0, 9, 9, 1, 0.5, "detected", "hat", "box"]]}',
    ],
)
def test_a_line_of_something_else_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="a line tells no frame"):
        KeptFrame.read(line).hidden(Recipe())


@pytest.mark.parametrize("more", ["", ', "whole": true'])
def test_lines_are_those_that_earlier_versions_left(more: str) -> None:
    """Their killed runs go on, and what they kept can be edited."""
    one = '["face", 3, 4, 30, 41, 12, 0.913, "followed", "mosaic", "ellipse"]'
    other = '["plate", 0, 0, 9, 9, null, 1.0, "requested", "solid", "box"]'
    line = f'{{"frame": 7, "time": 0.28, "regions": [{one}, {other}]{more}}}'
    frame = KeptFrame.read(line)
    assert frame.line() == line
    assert (frame.whole, frame.regions[0].track, frame.regions[0].box) == (bool(more), 12, Box(3, 4, 30, 41))
    face, plate = frame.hidden(Recipe(looks={"face": Look("mosaic", 5)}))
    assert face == Region("face", Box(3, 4, 30, 41), Look("mosaic", 5, "ellipse"), 0.913, "", "followed", 12)
    assert plate == Region("plate", Box(0, 0, 9, 9), Look("solid"), 1.0, "", "requested")
    assert KeptFrame.of(7, 0.28, [face, plate], whole=bool(more)) == frame
