"""What is hidden without reading: around ultrasound regions, and where templates say that devices write."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.dicom.pixels.pixel_scenes import image, layout, tools, values_of
from unseen.dicom.pixels.clean import clean_pixels
from unseen.dicom.pixels.findings import PixelRecipe
from unseen.dicom.pixels.outside import Template, around_regions, banners, parse_templates, templates

SCHEMA = Path(__file__).parents[3] / "docs" / "pixel-templates.schema.json"
TEXT = resources.files("unseen.dicom.pixels").joinpath("templates.json").read_text("utf-8")


def region(x0: int, y0: int, x1: int, y1: int) -> Dataset:
    one = Dataset()
    one.RegionLocationMinX0, one.RegionLocationMinY0 = x0, y0
    one.RegionLocationMaxX1, one.RegionLocationMaxY1 = x1, y1
    return one


def ultrasound(*regions: Dataset, shade: int = 40) -> Dataset:
    values = np.full((60, 80), shade, np.uint8)
    values[2:8, 4:40] = 200
    return image(values, Modality="US", SequenceOfUltrasoundRegions=list(regions))


def test_all_around_ultrasound_regions_is_blanked_whatever_is_found() -> None:
    one = ultrasound(region(10, 20, 69, 59))
    found = clean_pixels(one, tools(text=Blind()), PixelRecipe(), ())
    after = values_of(one)
    assert (after[:20] == 40).all()
    assert (after[20:, 10:70] == 40).all()
    assert dict(found.places) == {"surroundings": 1}


def test_scales_around_ultrasound_regions_stay() -> None:
    one = ultrasound(region(10, 20, 69, 59))
    values = values_of(one).copy()
    values[30:36, 72:78] = 255
    one.PixelData = values.tobytes()
    found = clean_pixels(one, tools(lambda box: "10 cm"), PixelRecipe(), ())
    assert np.array_equal(values_of(one)[30:36, 72:78], values[30:36, 72:78])
    assert found.kept >= 1
    assert (values_of(one)[2:8, 4:40] == 40).all()


@pytest.mark.parametrize("regions", [(), (region(0, 0, 5, 5),), (Dataset(),)])
def test_regions_that_describe_hardly_anything_are_not_believed(regions: tuple[Dataset, ...]) -> None:
    one = ultrasound(*regions)
    assert around_regions(one, layout(one)) is None


def test_surroundings_stay_when_asked() -> None:
    one = ultrasound(region(10, 20, 69, 59))
    before = one.PixelData
    clean_pixels(one, tools(text=Blind()), PixelRecipe(surroundings=False), ())
    assert one.PixelData == before


class Blind:
    """Finds nothing."""

    models = ()

    def detect(self, images: Any) -> list[list[Any]]:
        return [[] for _ in images]


def test_banners_of_known_devices_are_hidden_even_where_nothing_is_read() -> None:
    values = np.full((480, 640), 90, np.uint8)
    values[5:20, 30:300] = 140
    one = image(values, Modality="US", ManufacturerModelName="iU22 xMATRIX")
    found = clean_pixels(one, tools(text=Blind()), PixelRecipe(), ())
    after = values_of(one)
    assert (after[:47] == 90).all()
    assert np.array_equal(after[47:], values[47:])
    assert dict(found.places) == {"banner": 1}


def test_the_label_of_a_slide_is_hidden_whole() -> None:
    one = image(np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8), Modality="SM")
    one.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    clean_pixels(one, tools(text=Blind()), PixelRecipe(), ())
    assert not values_of(one).any()


def test_templates_fit_their_schema_and_each_fits_what_it_names() -> None:
    jsonschema.validate(json.loads(TEXT), json.loads(SCHEMA.read_text("utf-8")))
    for template in templates():
        header = Dataset()
        for keyword, value in template.when.items():
            setattr(
                header,
                keyword,
                ["A", value.strip("\\")] if keyword == "ImageType" and isinstance(value, str) else value,
            )
        assert template.fits(header)
        assert not template.fits(Dataset())
    assert len({template.name for template in templates()}) == len(templates())


def test_a_template_without_a_condition_or_with_a_wrong_box_is_refused() -> None:
    with pytest.raises(ValueError, match="asks for nothing"):
        Template("any", "nowhere", {}, ((0, 0, 1, 1),))
    with pytest.raises(ValueError, match="hides nothing"):
        Template("none", "nowhere", {"Rows": 3})
    with pytest.raises(ValueError, match="without an area"):
        Template("flat", "nowhere", {"Rows": 3}, ((0, 0, 0, 1),))
    with pytest.raises(ValueError, match="unknown fields"):
        parse_templates('{"templates": [{"name": "a", "source": "b", "when": {"Rows": 1}, "box": []}]}')


def test_no_template_fits_a_plain_scan() -> None:
    one = image(np.zeros((512, 512), np.int16), Manufacturer="SIEMENS", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    assert banners(one, layout(one), templates()) is None
