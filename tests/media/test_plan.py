"""From a photo to its regions and back: every frame and every view counts, and nothing outside changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.looks import NON_INTERFERING, Look
from unseen.core.models import ModelFile
from unseen.core.photos import Colour, Frame, Photo, Pixels, Rgb8
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.media.find import Eyes
from unseen.media.photos import hide_regions, plan
from unseen.pixels.hide import mask_of


class FakeDetector:
    """A detector that calls a function on each picture."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, look: Callable[[Rgb8], list[Detection]]) -> None:
        self._look = look

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [self._look(image) for image in images]


def spot(image: Rgb8) -> list[Detection]:
    """A face around the pixels that are brighter than the rest, as far as they are."""
    rows, columns = np.nonzero(image.min(axis=2) > 200)
    if not rows.size or rows.size > image.shape[0] * image.shape[1] // 2:
        return []
    corners = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return [Detection("face", Box(*map(float, corners)), 0.9, "centerface")]


EYES = Eyes(faces=FakeDetector(spot))
FACES = Recipe(looks=looks_for(["face"], None))


def with_spot(x: int, y: int, *, size: int = 12, kind: str = "u1", channels: int = 3) -> Pixels:
    top = np.iinfo(kind).max
    pixels = np.full((60, 80, channels), top // 10, kind)
    pixels[y : y + size, x : x + size] = top
    return pixels


def frames(*places: tuple[int, int] | None, ms: float | None = None) -> tuple[Frame, ...]:
    plain = np.full((60, 80, 3), 25, np.uint8)
    return tuple(Frame(plain if p is None else with_spot(*p), "rgb", duration_ms=ms) for p in places)


def holds(regions: Sequence[Region], x: int, y: int) -> bool:
    return any(r.box.x1 <= x and r.box.y1 <= y and r.box.x2 >= x + 12 and r.box.y2 >= y + 12 for r in regions)


# What to hide.


def test_each_page_of_a_document_has_its_own_regions() -> None:
    found = plan(Photo("tiff", frames((5, 5), None, (40, 30))), EYES, FACES)
    assert [len(regions) for regions in found] == [1, 0, 1]
    assert holds(found[0], 5, 5)
    assert holds(found[2], 40, 30)


def test_in_an_animation_a_face_is_also_hidden_in_the_frames_around() -> None:
    found = plan(Photo("gif", frames((5, 5), None, None, (40, 30), ms=100.0)), EYES, FACES)
    assert [len(regions) for regions in found] == [1, 1, 1, 1]
    assert holds(found[1], 5, 5)
    assert holds(found[2], 40, 30)


def test_a_face_that_stays_is_one_region_in_each_frame() -> None:
    found = plan(Photo("gif", frames((5, 5), (5, 5), (5, 5), ms=0.0)), EYES, FACES)
    assert [len(regions) for regions in found] == [1, 1, 1]


def test_an_animation_is_one_even_if_its_first_frame_says_no_time() -> None:
    mixed = (*frames(None), *frames((5, 5), ms=50.0))
    assert [len(regions) for regions in plan(Photo("png", mixed), EYES, FACES)] == [1, 1]


def test_a_single_frame_of_an_animation_is_a_photo() -> None:
    assert [len(regions) for regions in plan(Photo("gif", frames((5, 5), ms=100.0)), EYES, FACES)] == [1]


@pytest.mark.parametrize("where", ["colours that alpha hides", "alpha alone"])
def test_a_face_is_found_in_whatever_part_of_a_frame_holds_it(where: str) -> None:
    if where == "alpha alone":
        frame = Frame(np.full((60, 80, 3), 25, np.uint8), "rgb", alpha=with_spot(20, 20)[:, :, 0])
    else:
        alpha = np.zeros((60, 80), np.uint8)
        alpha[50:, 70:] = 255
        frame = Frame(with_spot(20, 20), "rgb", alpha=alpha)
    (regions,) = plan(Photo("png", (frame,)), EYES, FACES)
    assert holds(regions, 20, 20)


def test_what_several_views_show_is_one_region() -> None:
    alpha = np.full((60, 80), 255, np.uint8)
    alpha[:, 70:] = 254
    (regions,) = plan(Photo("png", (Frame(with_spot(20, 20), "rgb", alpha=alpha),)), EYES, FACES)
    assert len(regions) == 1


@pytest.mark.parametrize(("colour", "channels"), [("grey", 1), ("rgb", 3)])
def test_sixteen_bits_are_looked_at_too(colour: Colour, channels: int) -> None:
    frame = Frame(with_spot(20, 20, kind="u2", channels=channels) // 64, colour)
    (regions,) = plan(Photo("tiff", (frame,)), EYES, FACES)
    assert holds(regions, 20, 20)


# Hiding it.


def region(x1: int, y1: int, x2: int, y2: int, method: Any = "fill", shape: Any = "box") -> Region:
    return Region("face", Box(x1, y1, x2, y2), Look(method, shape=shape))


regions_in_picture = st.lists(
    st.builds(
        lambda x, y, w, h, method, shape: region(x, y, min(x + w, 40), min(y + h, 30), method, shape),
        st.integers(0, 39),
        st.integers(0, 29),
        st.integers(1, 40),
        st.integers(1, 30),
        st.sampled_from(sorted({*NON_INTERFERING, "mosaic", "blur"})),
        st.sampled_from(("box", "ellipse")),
    ),
    max_size=4,
)


@given(regions_in_picture, st.sampled_from(["u1", "u2", "f4"]), st.booleans(), st.integers(0, 99))
def test_nothing_outside_the_regions_changes(parts: list[Region], kind: str, transparent: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = (random.random((30, 40, 3)) * 250).astype(kind)
    alpha = (random.random((30, 40)) * 250).astype(kind) if transparent else None
    photo = Photo("tiff", (Frame(pixels, "rgb", alpha, duration_ms=40.0),), icc=b"p", encoding={"bits": 8})
    done = hide_regions(photo, (tuple(parts),), np.random.default_rng(1))
    outside = ~mask_of(parts, 30, 40)
    (frame,) = done.frames
    assert np.array_equal(frame.pixels[outside], pixels[outside])
    assert (frame.pixels.dtype, frame.colour, frame.duration_ms) == (pixels.dtype, "rgb", 40.0)
    assert (done.icc, done.encoding, done.format) == (b"p", {"bits": 8}, "tiff")
    if alpha is not None and frame.alpha is not None:
        assert np.array_equal(frame.alpha[outside], alpha[outside])
        assert len(np.unique(frame.alpha[~outside])) <= 1
    else:
        assert alpha is None
        assert frame.alpha is None


def test_each_frame_gets_its_own_regions_and_the_photo_itself_is_left_alone() -> None:
    photo = Photo("gif", frames((5, 5), (40, 30), ms=100.0))
    before = [frame.pixels.copy() for frame in photo.frames]
    done = hide_regions(photo, ((region(4, 4, 20, 20),), ()), np.random.default_rng(1))
    assert done.frames[0].pixels[5:17, 5:17].max() < 200
    assert np.array_equal(done.frames[1].pixels, before[1])
    assert all(np.array_equal(frame.pixels, old) for frame, old in zip(photo.frames, before, strict=True))


def test_regions_for_other_frames_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        hide_regions(Photo("gif", frames(None, None)), ((),), np.random.default_rng(1))
