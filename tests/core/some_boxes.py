"""Boxes of all kinds for properties, and the pixels that one covers."""

from __future__ import annotations

from hypothesis import strategies as st

from unseen.core.regions import Box


@st.composite
def boxes(draw: st.DrawFn, low: int = -30, high: int = 60, *, whole: bool = False) -> Box:
    """Boxes with sides of a thousandth of a pixel or more, partly outside a picture of some 40 px."""
    number = st.integers(low, high) if whole else st.floats(low, high).map(lambda v: round(v, 3))
    x, y = float(draw(number)), float(draw(number))
    size = st.integers(1, 40) if whole else st.floats(0.001, 40).map(lambda v: round(v, 3))
    return Box(x, y, x + float(draw(size)), y + float(draw(size)))


def painted(box: Box) -> set[tuple[int, int]]:
    """Return the pixels, as (row, column), of a box of whole ones."""
    return {(y, x) for y in range(int(box.y1), int(box.y2)) for x in range(int(box.x1), int(box.x2))}
