"""Parts of a picture that hold no image of a patient: around ultrasound regions, and banners of devices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.dicom.pixels.layout import Layout

__all__ = ["Template", "around_regions", "banners", "parse_templates", "templates"]

Mask = NDArray[np.bool_]
#: Regions that cover less of the picture than this are no description of where the image lies.
_LEAST = 0.15
#: What a template may ask of a header; all but the numbers are looked for as a part, in any case.
_ASKED = (
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "SeriesDescription",
    "ImageType",
    "BurnedInAnnotation",
    "Rows",
    "Columns",
)


@dataclass(frozen=True, slots=True)
class Template:
    """Where devices of a kind write: `when` names header values, `boxes` are (x, y, width, height) in pixels.

    `all_of_it` is a picture that is nothing but a label. Raises ValueError for conditions that are not known, a
    template without any, and boxes without an area.
    """

    name: str
    source: str
    when: Mapping[str, str | int]
    boxes: tuple[tuple[int, int, int, int], ...] = ()
    all_of_it: bool = False

    def __post_init__(self) -> None:
        if not self.when or set(self.when) - set(_ASKED):
            raise ValueError(f"the template {self.name!r} asks for nothing, or for more than {', '.join(_ASKED)}")
        if not self.boxes and not self.all_of_it:
            raise ValueError(f"the template {self.name!r} hides nothing")
        if any(x < 0 or y < 0 or w < 1 or h < 1 for x, y, w, h in self.boxes):
            raise ValueError(f"the template {self.name!r} has a box without an area, or outside of the picture")

    def fits(self, dataset: Any) -> bool:
        """Whether a header is of this kind."""
        return all(_fits(dataset.get(keyword), wanted) for keyword, wanted in self.when.items())


def parse_templates(text: str) -> tuple[Template, ...]:
    """Return the templates of a JSON file; raises ValueError for what it must not hold."""
    found = []
    for entry in json.loads(text)["templates"]:
        if set(entry) - {"name", "source", "when", "boxes", "all"}:
            raise ValueError(f"a template holds unknown fields: {sorted(entry)}")
        boxes = tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in entry.get("boxes", []))
        found.append(Template(entry["name"], entry["source"], entry["when"], boxes, bool(entry.get("all", False))))
    return tuple(found)


@lru_cache
def templates() -> tuple[Template, ...]:
    """Return the templates that come with the package."""
    return parse_templates(resources.files("unseen.dicom.pixels").joinpath("templates.json").read_text("utf-8"))


def banners(dataset: Any, layout: Layout, known: Sequence[Template]) -> Mask | None:
    """Return what the templates that fit a header hide, as a mask (rows, columns); None where none fits."""
    mask = np.zeros((layout.rows, layout.columns), bool)
    for template in known:
        if template.fits(dataset):
            if template.all_of_it:
                mask[:] = True
            for x, y, width, height in template.boxes:
                mask[y : y + height, x : x + width] = True
    return mask if mask.any() else None


def around_regions(dataset: Any, layout: Layout) -> Mask | None:
    """Return what lies outside of all ultrasound regions (PS3.3 C.8.5.5), as a mask (rows, columns).

    None where the header names no region, or names them so that they cover hardly anything of the picture.
    """
    inside = np.zeros((layout.rows, layout.columns), bool)
    for region in dataset.get("SequenceOfUltrasoundRegions") or []:
        try:
            x0, y0 = int(region.RegionLocationMinX0), int(region.RegionLocationMinY0)
            x1, y1 = int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)
        except (AttributeError, TypeError, ValueError):
            return None
        if x0 <= x1 and y0 <= y1:
            inside[max(y0, 0) : max(y1 + 1, 0), max(x0, 0) : max(x1 + 1, 0)] = True
    return ~inside if inside.mean() >= _LEAST else None


def _fits(value: Any, wanted: str | int) -> bool:
    if value is None:
        return False
    if isinstance(wanted, int):
        return str(value) == str(wanted)
    text = "\\".join(value) if not isinstance(value, str) and isinstance(value, Sequence) else str(value)
    return wanted.lower() in text.lower()
