"""What the codec writes holds pixels and what was asked for, in every format and mode, and can be read again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.photo_pictures import ALL, CODEC, KINDS, LOSSLESS, NOTHING, decode, drawn, frame, profile, reread
from unseen.core.formats import FORMATS
from unseen.core.photos import Frame, Photo
from unseen.verify.metadata import scan

KEEPS = (
    NOTHING,
    frozenset({"icc"}),
    frozenset({"orientation"}),
    frozenset({"datetime"}),
    ALL,
)
TAKEN = "2024:05:06 07:08:09"
#: Formats that can say what `keep` may name.
WITH = {
    "icc": ("jpeg", "png", "webp", "tiff", "heic", "avif"),
    "orientation": ("jpeg", "png", "webp", "tiff", "avif"),
    "datetime": ("jpeg", "png", "webp", "tiff", "heic", "avif"),
}
ANIMATED = ("png", "webp", "gif", "avif")
PAGED = ("tiff", "heic")
#: Slow codecs are tried with fewer kinds of pixels: all others come to them as 8 bits.
SLOW = ("heic", "avif")
FEW = ("grey", "la", "rgb", "rgba", "rgb16")
CASES = [(form, kind) for form in FORMATS for kind in KINDS if form not in SLOW or kind in FEW]


def told(photo: Photo) -> dict[str, bool]:
    return {"icc": photo.icc is not None, "orientation": photo.orientation != 1, "datetime": photo.datetime is not None}


@pytest.mark.parametrize("keep", KEEPS, ids=lambda keep: "+".join(sorted(keep)) or "nothing")
@pytest.mark.parametrize(("form", "kind"), CASES)
def test_written_bytes_hold_pixels_and_what_was_asked_for(form: str, kind: str, keep: frozenset[str]) -> None:
    source = "tiff" if kind == "cmyk" else form
    photo = Photo(source, (frame(kind),), icc=profile(), orientation=6, datetime=TAKEN)
    data = CODEC.encode(photo, format=form, keep=keep)
    assert scan(data, keep=keep) == ()
    again = decode(data, form)
    assert (again.frames[0].width, again.frames[0].height) == (53, 37)
    suits = kind.startswith("rgb")
    want = {fact: fact in keep and form in WITH[fact] and (fact != "icc" or suits) for fact in WITH}
    assert told(again) == want


@pytest.mark.parametrize("keep", [NOTHING, ALL], ids=["nothing", "all"])
@pytest.mark.parametrize("kind", ["grey", "rgb", "rgba"])
@pytest.mark.parametrize("form", [*ANIMATED, *PAGED])
def test_every_frame_is_written_though_two_are_the_same(form: str, kind: str, keep: frozenset[str]) -> None:
    times = (80, 90, 200, 90) if form in ANIMATED else (None,) * 4
    frames = tuple(frame(kind, shift=i, duration=t) for i, t in zip((0, 1, 1, 2), times, strict=True))
    photo = Photo(form, frames, icc=profile(), orientation=6, datetime=TAKEN, encoding={"plays": 3, "lossless": True})
    data = CODEC.encode(photo, keep=keep)
    assert scan(data, keep=keep) == ()
    again = decode(data, form)
    assert [(f.width, f.height) for f in again.frames] == [(53, 37)] * 4
    assert [f.duration_ms for f in again.frames] == list(times)
    if form not in ("gif", "avif", "heic"):
        assert (again.frames[1].pixels == again.frames[2].pixels).all()
    if form in ("png", "webp", "gif"):
        assert again.encoding["plays"] == 3


@pytest.mark.parametrize(("form", "kind"), [(form, kind) for form, kind in CASES if form in ("png", "tiff")])
def test_png_and_tiff_give_back_the_very_samples(form: str, kind: str) -> None:
    photo = Photo(form, (frame(kind),))
    again = reread(photo).frames[0]
    held = kind != "cmyk" if form == "png" else kind != "la16"
    if not held or (form == "png" and kind[-3:] in ("f32", "f64", "i16", "i32", "u32")):
        return
    first = photo.frames[0]
    assert (again.colour, again.pixels.dtype) == (first.colour, first.pixels.dtype)
    assert (again.pixels == first.pixels).all()
    assert (again.alpha is None) == (first.alpha is None)
    assert first.alpha is None or again.alpha is None or (again.alpha == first.alpha).all()


@st.composite
def photos(draw: st.DrawFn) -> tuple[Photo, str]:
    form = draw(st.sampled_from(("png", "tiff", "gif", "bmp", "webp")))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels = draw(st.sampled_from((1, 3)))
    levels = draw(st.integers(2, 256))
    noise = np.random.default_rng(draw(st.integers(0, 1000)))
    count = draw(st.integers(1, 3)) if form in ("png", "gif", "webp") else 1
    has_alpha = draw(st.booleans()) and form in ("png", "tiff", "gif", "webp")
    frames = []
    for _ in range(count):
        pixels = noise.integers(0, levels, (height, width, channels), dtype=np.uint8)
        alpha = noise.choice(np.array([0, 255], np.uint8), (height, width)) if has_alpha else None
        frames.append(Frame(pixels, "grey" if channels == 1 else "rgb", alpha, 50.0 if count > 1 else None))
    encoding: dict[str, Any] = {"lossless": True}
    if draw(st.booleans()):
        encoding["modes"] = ("P",) * count
    return Photo(form, tuple(frames), encoding=encoding, orientation=draw(st.integers(1, 8))), form


def _has_clear(frame: Frame) -> bool:
    return frame.alpha is not None and not frame.alpha.all()


def same_look(first: Frame, second: Frame, form: str) -> bool:
    """Whether two frames show the same; GIF does not keep the colour of what is clear, nor more than 256 colours."""
    colours = [np.broadcast_to(f.pixels, (f.height, f.width, 3)).astype(int) for f in (first, second)]
    alphas = [np.full((f.height, f.width), 255) if f.alpha is None else f.alpha for f in (first, second)]
    if not (alphas[0] == alphas[1]).all():
        return False
    if form != "gif":
        return bool((colours[0] == colours[1]).all())
    shown = alphas[0] > 0
    few = len(np.unique(colours[0][shown], axis=0)) < 250
    return not few or bool((colours[0][shown] == colours[1][shown]).all())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(photos(), st.sampled_from((NOTHING, ALL)))
def test_any_picture_comes_back_from_a_lossless_format(case: tuple[Photo, str], keep: frozenset[str]) -> None:
    photo, form = case
    data = CODEC.encode(photo, keep=keep)
    assert scan(data, keep=keep) == ()
    again = decode(data, form)
    assert len(again.frames) == len(photo.frames)
    if photo.encoding.get("modes") and form != "gif" and photo.frames[0].alpha is None:
        # A palette holds 256 colours; what has more is in the tests of palettes.
        colours = [len(np.unique(f.pixels.reshape(-1, f.pixels.shape[2]), axis=0)) for f in photo.frames]
        if max(colours) > 256:
            return
    # Pillow reads later frames of a GIF wrongly where some have clear pixels and some have none; browsers do not.
    mixed = form == "gif" and len({_has_clear(frame) for frame in photo.frames}) > 1
    frames = list(zip(photo.frames, again.frames, strict=True))
    assert all(same_look(a, b, form) for a, b in (frames[:1] if mixed else frames))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 70), (300, 1)], ids=str)
def test_tiny_and_narrow_pictures_are_written(form: str, size: tuple[int, int]) -> None:
    photo = Photo(form, (Frame(drawn(*size), "rgb"),))
    again = reread(photo).frames[0]
    assert (again.width, again.height) == size
    if form in LOSSLESS:
        assert (again.pixels == photo.frames[0].pixels).all()


@pytest.mark.parametrize("form", FORMATS)
def test_writing_twice_gives_the_same_bytes(form: str) -> None:
    photo = Photo(form, (frame("rgb"),), icc=profile(), datetime=TAKEN)
    assert CODEC.encode(photo, keep=ALL) == CODEC.encode(photo, keep=ALL)


@pytest.mark.parametrize("form", FORMATS)
def test_reading_and_writing_leave_the_frames_as_they_are(form: str) -> None:
    first = frame("rgba" if form not in ("jpeg",) else "rgb")
    before = first.pixels.copy()
    photo = decode(CODEC.encode(Photo(form, (first,), icc=profile(), orientation=5), keep=ALL), form)
    kept = photo.frames[0].pixels.copy()
    CODEC.encode(photo)
    assert (first.pixels == before).all()
    assert (photo.frames[0].pixels == kept).all()
