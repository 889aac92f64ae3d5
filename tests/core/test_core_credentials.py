"""What a credential tells of places and times is too coarse to measure by, and never less than what is hidden."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.credentials import MOST_AREAS, Area, area_of, distinct, media_type_of
from unseen.core.regions import Box

_SIDE = st.integers(1, 5000)


@st.composite
def placed(draw: st.DrawFn) -> tuple[Box, int, int]:
    width, height = draw(_SIDE), draw(_SIDE)
    x, y = draw(st.floats(0, width - 0.5)), draw(st.floats(0, height - 0.5))
    return Box(x, y, draw(st.floats(x + 0.25, width)), draw(st.floats(y + 0.25, height))), width, height


@given(placed())
def test_an_area_covers_the_box_and_is_told_in_tenths(found: tuple[Box, int, int]) -> None:
    box, width, height = found
    area = area_of(box, width, height)
    assert {area.x % 10, area.y % 10, area.width % 10, area.height % 10} == {0}
    assert 0 < area.width <= 100 - area.x
    assert 0 < area.height <= 100 - area.y
    assert area.x * width / 100 <= box.x1 + 1e-6 * width
    assert box.x2 <= (area.x + area.width) * width / 100 + 1e-6 * width
    assert area.y * height / 100 <= box.y1 + 1e-6 * height
    assert box.y2 <= (area.y + area.height) * height / 100 + 1e-6 * height


_AREAS = st.builds(
    lambda x, y, w, h, t, d: Area(x * 10, y * 10, min(w, 10 - x) * 10, min(h, 10 - y) * 10, t, t + d),
    st.integers(0, 9), st.integers(0, 9), st.integers(1, 10), st.integers(1, 10), st.integers(0, 50), st.integers(1, 9),
)  # fmt: skip


@given(st.lists(_AREAS, max_size=120))
def test_areas_are_few_and_every_one_lies_in_one_that_is_told(areas: list[Area]) -> None:
    told = distinct(areas)
    assert len(told) <= MOST_AREAS
    assert all(any(each.holds(area) for each in told) for area in areas)
    assert told == distinct(reversed(areas))


def test_times_are_whole_seconds_around() -> None:
    area = area_of(Box(0, 0, 1, 1), 10, 10, (1.3, 4.02))
    assert area.as_change()["region"][1] == {"type": "temporal", "time": {"type": "npt", "start": "1", "end": "5"}}


def test_kinds_that_cannot_carry_credentials_have_no_media_type() -> None:
    assert [media_type_of(name) for name in ("a.JPG", "b.jfif", "c.mov", "d.m4v")] == [
        "image/jpeg", "image/jpeg", "video/quicktime", "video/mp4",
    ]  # fmt: skip
    assert [media_type_of(name) for name in ("a.bmp", "a.tif", "a.mkv", "a.webm", "a", "")] == [None] * 6
