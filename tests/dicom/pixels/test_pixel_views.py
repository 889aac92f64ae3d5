"""What finders of text are shown of stored values of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.dicom.pixels.pixel_scenes import image
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.dicom.pixels.views import Viewer, to_rgb
from unseen.errors import DamagedInput


def shown(values: np.ndarray[Any, Any], **header: Any) -> np.ndarray[Any, Any]:
    one = image(values, **header)
    (view,) = Viewer.of(one, PydicomPixels(), one.PhotometricInterpretation).views(values)
    assert view.dtype == np.uint8
    assert view.shape == (*values.shape[:2], 3)
    return view


@pytest.mark.parametrize("level", [60000, 900, 12])
def test_text_shows_wherever_in_the_range_it_lies(level: int) -> None:
    values = np.random.default_rng(1).integers(400, 800, (64, 64)).astype(np.uint16)
    values[:20] = 3
    values[40:, 40:] = 50000
    values[5:10, 10:50] = level
    view = shown(values, WindowCenter=600, WindowWidth=400).astype(int)
    assert np.abs(view[7, 30] - view[15, 30]).max() > 15


def test_low_values_are_bright_where_the_header_says_so() -> None:
    values = np.random.default_rng(1).integers(400, 800, (32, 32)).astype(np.uint16)
    plain = shown(values)
    assert np.array_equal(shown(values, PhotometricInterpretation="MONOCHROME1"), 255 - plain)


def test_padding_does_not_take_the_range() -> None:
    values = np.random.default_rng(1).integers(0, 100, (32, 32)).astype(np.int16)
    values[:8] = -2000
    view = shown(values, PixelPaddingValue=-2000)
    assert np.ptp(view[8:, :, 0]) > 200


def test_saved_windows_are_in_rescaled_units() -> None:
    values = np.arange(1024, dtype=np.int16).reshape(32, 32)
    view = shown(values, WindowCenter=-500, WindowWidth=100, RescaleSlope=1, RescaleIntercept=-1000)
    assert (view[values < 450][:, 0] == 0).all()
    assert (view[values > 550][:, 0] == 255).all()


@pytest.mark.parametrize("header", [{"WindowCenter": 40}, {"WindowWidth": 0, "WindowCenter": 1}, {"RescaleSlope": 0}])
def test_windows_that_say_nothing_are_left_out(header: dict[str, Any]) -> None:
    assert np.ptp(shown(np.arange(1024, dtype=np.int16).reshape(32, 32), **header)) > 200


def test_floats_that_are_no_numbers_are_shown_as_black() -> None:
    values = np.linspace(0, 5, 1024, dtype=np.float32).reshape(32, 32)
    values[0, :3] = np.nan, np.inf, -np.inf
    one = image(np.zeros((32, 32), np.uint16))
    (view,) = Viewer.of(one, PydicomPixels(), "MONOCHROME2").views(values)
    assert np.ptp(view[1:]) > 200


def test_colours_of_jpeg_are_turned_by_the_standard() -> None:
    from pydicom.pixels.processing import convert_color_space

    values = np.random.default_rng(2).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    mine = to_rgb(values, "YBR_FULL").astype(int)
    assert np.abs(mine - convert_color_space(values, "YBR_FULL", "RGB")).max() <= 1


def test_palettes_are_looked_up_and_damaged_ones_refused() -> None:
    one = image(np.array([[0, 1], [2, 3]], np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for i, colour in enumerate(("Red", "Green", "Blue")):
        setattr(one, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, 16])
        table = (np.array([200, 0, 90, 30]) + i) * 257
        setattr(one, f"{colour}PaletteColorLookupTableData", table.astype("<u2").tobytes())
    viewer = Viewer.of(one, PydicomPixels(), "PALETTE COLOR")
    values = np.array([[0, 1], [2, 3]], np.uint8)
    assert viewer.views(values)[0][0, 0].tolist() == [200, 201, 202]
    assert viewer.darkest(values, np.zeros((2, 2), bool)) == (1.0,)
    del one.GreenPaletteColorLookupTableData
    with pytest.raises(DamagedInput):
        viewer.views(values)
