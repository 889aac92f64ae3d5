"""Uncompressed frames: what is blanked is blanked, and nothing else changes, in every layout there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from tests.dicom.pixels.pixel_scenes import image, layout, values_of
from unseen.dicom.pixels.layout import Layout, layout_of
from unseen.dicom.pixels.native import NativeFrames
from unseen.errors import DamagedInput, TooLarge, UnsupportedInput


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    kind = draw(st.sampled_from(["grey1", "grey8", "grey12", "signed", "grey16", "grey32", "rgb", "planar", "422"]))
    bits = {"grey1": 1, "grey12": 16, "signed": 16, "grey16": 16, "grey32": 32}.get(kind, 8)
    stored = {"grey12": 12, "signed": 12}.get(kind, bits)
    colour = kind in ("rgb", "planar", "422")
    return Layout(
        keyword="PixelData",
        rows=draw(st.integers(2, 6)),
        columns=2 * draw(st.integers(1, 4)),
        frames=draw(st.integers(1, 3)),
        samples=3 if colour else 1,
        allocated=bits,
        stored=stored,
        high=stored - 1,
        signed=kind == "signed",
        planar=kind == "planar",
        photometric={"422": "YBR_FULL_422"}.get(kind, "RGB" if colour else "MONOCHROME2"),
    )


def data_of(layout: Layout, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    count = layout.frames * layout.frame_values
    if layout.allocated == 1:
        return np.packbits(rng.integers(0, 2, count, np.uint8), bitorder="little").tobytes()
    if layout.signed:
        return rng.integers(-2048, 2048, count).astype("<i2").tobytes()
    return rng.integers(0, 2**layout.stored, count).astype(f"<u{layout.allocated // 8}").tobytes()


def dataset_of(layout: Layout, data: bytes, *, big: bool = False) -> Any:
    one = image(np.zeros((layout.rows, layout.columns), np.uint8), NumberOfFrames=layout.frames)
    one.SamplesPerPixel, one.PhotometricInterpretation = layout.samples, layout.photometric
    one.PlanarConfiguration = int(layout.planar)
    one.BitsAllocated, one.BitsStored, one.HighBit = layout.allocated, layout.stored, layout.high
    one.PixelRepresentation = int(layout.signed)
    one.PixelData = data
    one["PixelData"].VR = "OW" if layout.allocated > 8 or big else "OB"
    one.file_meta.TransferSyntaxUID = ExplicitVRBigEndian if big else ExplicitVRLittleEndian
    return one


@given(layouts(), st.integers(0, 2**32), st.data())
def test_only_what_is_blanked_changes(layout: Layout, seed: int, data: st.DataObject) -> None:
    raw = data_of(layout, seed)
    frames = NativeFrames(raw, layout)
    index = data.draw(st.integers(0, layout.frames - 1))
    y, x = data.draw(st.integers(0, layout.rows - 1)), data.draw(st.integers(0, layout.columns - 1))
    mask = np.zeros((layout.rows, layout.columns), bool)
    mask[y : y + 2, x : x + 3] = True
    fill = (1,) if layout.samples == 1 else (3, 5, 7)
    before = values_of(dataset_of(layout, frames.data()))
    frames.blank(index, mask, fill)
    after = values_of(dataset_of(layout, frames.data()))
    if layout.halved:
        mask |= np.repeat(mask[:, ::2] | mask[:, 1::2], 2, axis=1)
    before, after = (v.reshape(layout.frames, layout.rows, layout.columns, -1) for v in (before, after))
    assert (after[index][mask] == fill).all()
    assert np.array_equal(after[index][~mask], before[index][~mask])
    others = [i for i in range(layout.frames) if i != index]
    assert np.array_equal(after[others], before[others])
    assert frames.changed == {index}
    assert np.array_equal(frames.frame(index).reshape(after[index].shape), after[index])


@settings(max_examples=30)
@given(layouts(), st.integers(0, 2**32))
def test_what_is_not_touched_keeps_its_bytes(layout: Layout, seed: int) -> None:
    raw = data_of(layout, seed)
    frames = NativeFrames(raw, layout)
    assert not frames.clear_unused(None)
    assert frames.data() == raw + b"\0" * (len(raw) % 2)


def test_big_endian_words_of_bytes_are_edited_where_they_lie() -> None:
    kind = replace(layout(image(np.zeros((3, 3), np.uint8))), frames=2)
    plain = np.arange(18, dtype=np.uint8)
    raw = plain.view(np.uint16).byteswap().tobytes()
    frames = NativeFrames(raw, kind, big_endian=True, swapped=True)
    mask = np.zeros((3, 3), bool)
    mask[0, 0] = True
    frames.blank(1, mask, (99,))
    plain[9] = 99
    assert frames.data() == plain.view(np.uint16).byteswap().tobytes()
    assert np.array_equal(values_of(dataset_of(kind, frames.data(), big=True)).ravel(), plain)


@pytest.mark.parametrize("signed", [False, True])
def test_overlays_in_unused_bits_are_cleared_and_pixels_are_not(signed: bool) -> None:
    values = np.array([[5, -7 if signed else 4095], [0, 100]], np.int16)
    stored = (values & 0x0FFF).astype(np.uint16)
    stored[0, 0] |= 0x4000
    one = image(stored, BitsStored=12, HighBit=11, PixelRepresentation=int(signed))
    frames = NativeFrames(one.PixelData, layout(one))
    assert frames.clear_unused(None)
    cleared = np.frombuffer(frames.data(), np.uint16).reshape(2, 2)
    assert np.array_equal(cleared, np.where(stored & 0x4000, 5, stored))


def test_padding_outside_the_stored_bits_stays() -> None:
    one = image(np.array([[63536, 7], [1, 2]], np.uint16), BitsStored=12, HighBit=11)
    frames = NativeFrames(one.PixelData, layout(one))
    assert not frames.clear_unused(63536)
    assert frames.data() == one.PixelData


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"Rows": 0}, DamagedInput),
        ({"Columns": None}, DamagedInput),
        ({"BitsStored": 20}, DamagedInput),
        ({"HighBit": 3}, DamagedInput),
        ({"SamplesPerPixel": 3}, DamagedInput),
        ({"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11}, UnsupportedInput),
        ({"PhotometricInterpretation": "CMYK"}, UnsupportedInput),
        ({"PhotometricInterpretation": "YBR_FULL_422", "SamplesPerPixel": 3, "BitsAllocated": 32}, UnsupportedInput),
        ({"Rows": 60000, "Columns": 60000}, TooLarge),
        ({"FloatPixelData": b"\0" * 16}, DamagedInput),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(header: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        layout_of(image(np.zeros((2, 2), np.uint16), **header))


def test_pixels_that_are_too_short_are_refused() -> None:
    one = image(np.zeros((4, 4), np.uint16))
    with pytest.raises(DamagedInput, match="short"):
        NativeFrames(one.PixelData[:-2], layout(one))
