"""Minimisation: what a purpose does not need is gone before anything is written, and never comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.files_pillow import PillowCodec
from unseen.adapters.imaging import shrink
from unseen.core.formats import KEEPABLE, Limits
from unseen.core.looks import METHODS, Look
from unseen.core.photos import Frame, Photo
from unseen.core.recipe import Recipe
from unseen.core.regions import CLASSES
from unseen.core.video import VideoRecipe
from unseen.errors import UsageError
from unseen.policy.charter import Kept
from unseen.policy.minimise import kept_fields, minimise

recipes = st.builds(
    Recipe,
    looks=st.dictionaries(st.sampled_from(CLASSES), st.builds(Look, st.sampled_from(METHODS)), min_size=1),
    keep=st.frozensets(st.sampled_from(KEEPABLE)),
    max_side=st.none() | st.integers(16, 4000),
    video=st.builds(VideoRecipe, max_rate=st.none() | st.floats(0.01, 100)),
)
kepts = st.builds(
    Kept,
    classes=st.none() | st.frozensets(st.sampled_from(CLASSES)),
    metadata=st.none() | st.frozensets(st.sampled_from(KEEPABLE)),
    max_side=st.none() | st.integers(16, 4000),
    max_rate=st.none() | st.floats(0.01, 100),
)


@given(recipes, kepts)
def test_no_more_is_kept_than_is_needed_and_nothing_is_shown_that_was_hidden(recipe: Recipe, kept: Kept) -> None:
    smaller, notes = minimise(recipe, kept)
    assert kept.metadata is None or smaller.keep <= kept.metadata
    assert kept.classes is None or set(CLASSES) - smaller.hidden <= kept.classes
    assert kept.max_side is None or (smaller.max_side or 0) <= kept.max_side
    assert smaller.max_side is not None or kept.max_side is None
    assert kept.max_rate is None or (smaller.video.max_rate or 101) <= kept.max_rate
    assert recipe.hidden <= smaller.hidden
    assert smaller.keep <= recipe.keep
    assert bool(notes) == (smaller != recipe)
    assert minimise(smaller, kept) == (smaller, ())


def test_only_the_columns_that_are_needed_stay() -> None:
    fields = ("time", "line", "direction", "track")
    assert kept_fields(fields, Kept(fields=frozenset({"direction", "time", "other"}))) == ("time", "direction")
    assert kept_fields(fields, Kept(fields=frozenset())) == ()
    assert kept_fields(fields, Kept()) == fields


def test_a_recipe_of_no_size_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 16"):
        Recipe(max_side=8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize(("colour", "channels"), [("grey", 1), ("rgb", 3), ("cmyk", 4)])
def test_every_kind_of_photo_becomes_smaller(dtype: str, colour: str, channels: int) -> None:
    pixels = np.full((60, 90, channels), 200).astype(dtype)
    alpha = np.full((60, 90), 100).astype(dtype)
    photo = Photo("png", (Frame(pixels, colour, alpha), Frame(pixels, colour)))  # type: ignore[arg-type]
    smaller = shrink(photo, 45)
    for frame in smaller.frames:
        assert (frame.width, frame.height, frame.pixels.dtype) == (45, 30, np.dtype(dtype))
        assert np.all(frame.pixels == 200)
    assert smaller.frames[0].alpha is not None
    assert np.all(smaller.frames[0].alpha == 100)
    assert shrink(photo, 90) is photo
    assert shrink(photo, None) is photo


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "tiff", "webp", "bmp"])
def test_a_smaller_photo_is_written_and_read_again(format: str) -> None:
    rng = np.random.default_rng(0)
    codec = PillowCodec()
    made = Photo(format, (Frame(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8), "rgb"),))
    read = codec.decode(codec.encode(made), f"a.{format}", Limits())
    again = codec.decode(codec.encode(shrink(read, 48)), f"a.{format}", Limits())
    assert (again.frames[0].width, again.frames[0].height) == (48, 32)
