"""What edits make of a frame: what they do not name stays hidden, and what they add is hidden in full."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.edits import Added, Edits
from unseen.core.looks import DEFAULT_LOOKS, Look
from unseen.core.recipe import Recipe
from unseen.core.regions import CLASSES, Box, Region
from unseen.media.edits import apply_edits, look_again

SIZE = (64, 48)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x1, y1 = draw(st.floats(0, 60)), draw(st.floats(0, 44))
    return Box(x1, y1, draw(st.floats(x1 + 0.5, 64)), draw(st.floats(y1 + 0.5, 48)))


regions = st.builds(
    lambda cls, box, track: Region(cls, box, DEFAULT_LOOKS[cls], track=track),
    st.sampled_from(CLASSES),
    boxes(),
    st.none() | st.integers(1, 6),
)
added = st.integers(0, 8).flatmap(
    lambda first: st.integers(first, 9).flatmap(
        lambda last: st.builds(
            Added,
            st.sampled_from(CLASSES),
            st.just(first),
            st.just(last),
            st.lists(boxes(), min_size=1, max_size=1 if first == last else 2).map(tuple),
        )
    )
)
edits = st.builds(
    Edits, st.sets(st.integers(1, 3)).map(tuple), st.sets(st.integers(4, 6)).map(tuple), st.lists(added).map(tuple)
)


@given(st.lists(regions), st.integers(0, 9), edits)
def test_nothing_is_spared_but_what_is_named_and_nothing_is_lost(
    before: list[Region], frame: int, edits: Edits
) -> None:
    hidden, spared = apply_edits(before, frame, edits, Recipe().looks, SIZE, 7)
    kept, new = hidden[: len(hidden) - len([r for r in hidden if r.reason == "requested"])], hidden[len(before) :]
    assert sorted([*kept, *spared], key=repr) == sorted(before, key=repr)
    assert all(region.track in edits.spared for region in spared)
    assert all(region.track not in edits.spared for region in kept)
    assert all(region.reason == "requested" for region in new)


@given(st.integers(0, 9), edits)
def test_what_is_added_is_hidden_in_full_inside_the_picture_and_numbered(frame: int, edits: Edits) -> None:
    hidden, _ = apply_edits((), frame, edits, Recipe().looks, SIZE, 7)
    due = [(n, each, box) for n, each in enumerate(edits.added, 7) if (box := each.box_at(frame)) is not None]
    assert [(region.track, region.cls) for region in hidden] == [(n, each.cls) for n, each, _ in due]
    for region, (_, each, box) in zip(hidden, due, strict=True):
        assert each.first <= frame <= each.last
        inner, outer = box.xyxy, region.box.xyxy
        assert all(o <= i for o, i in zip(outer[:2], inner[:2], strict=True))
        assert all(o >= i for o, i in zip(outer[2:], inner[2:], strict=True))
        assert all(v == math.floor(v) for v in outer)
        assert min(outer) >= 0
        assert outer[2] <= SIZE[0]
        assert outer[3] <= SIZE[1]
        assert region.look.method != "none"


def test_no_edits_change_nothing() -> None:
    before = (Region("face", Box(1, 2, 3, 4), Look("fill"), track=1), Region("plate", Box(5, 5, 9, 9), Look("solid")))
    assert apply_edits(before, 0, Edits(), Recipe().looks, SIZE, 2) == (before, ())


def test_an_added_region_looks_as_its_class_does_and_is_hidden_where_that_is_visible() -> None:
    recipe = Recipe(looks={"face": Look("mosaic", 5), "plate": Look("none")})
    drawn = Edits(added=tuple(Added(cls, 0, 0, (Box(0, 0, 9, 9),)) for cls in ("face", "plate", "car")))
    hidden, _ = apply_edits((), 0, drawn, recipe.looks, SIZE, 1)
    assert [region.look for region in hidden] == [Look("mosaic", 5), DEFAULT_LOOKS["plate"], DEFAULT_LOOKS["car"]]


@pytest.mark.parametrize(
    ("method", "shape", "look"),
    [("mosaic", "ellipse", Look("mosaic", 5, "ellipse")), ("fill", "box", Look("fill"))],
)
def test_what_was_hidden_looks_as_it_did(method: str, shape: str, look: Look) -> None:
    assert look_again(Recipe(looks={"face": Look("mosaic", 5)}), "face", method, shape) == look
