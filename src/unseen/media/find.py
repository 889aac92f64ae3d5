"""Which detector looks at what: faces, persons, vehicles, plates and text in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Reader
from unseen.core.recipe import Recipe
from unseen.core.regions import VEHICLES, Box, Detection
from unseen.media.cover import heads_without_face
from unseen.media.plates import looks_like_plate, on_vehicle

__all__ = ["Eyes", "find"]

_HEAD_SCORE = 0.25
_LOOK_CLOSER = 0.08
_LEAST_VEHICLE = 24


@dataclass(frozen=True, slots=True)
class Eyes:
    """The detectors of a run; None where a recipe has no use for one, or the optional model is not there.

    `text` looks at whole pictures, `text_close` at cut-out vehicles; `reader` reads what they found.
    """

    faces: Detector | None = None
    objects: Detector | None = None
    text: Detector | None = None
    text_close: Detector | None = None
    reader: Reader | None = None

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """Every model file in use, once."""
        ports = (self.faces, self.objects, self.text, self.text_close, self.reader)
        return tuple({m.name: m for port in ports if port is not None for m in port.models}.values())


def find(image: Rgb8, eyes: Eyes, recipe: Recipe) -> list[Detection]:
    """Return all detections of classes that the recipe hides, and heads where a person shows no face."""
    found: list[Detection] = []
    if eyes.objects is not None:
        found += eyes.objects.detect([image])[0]
    if eyes.faces is not None:
        found += eyes.faces.detect([image])[0]
    if recipe.recall == "high" and "head" in recipe.hidden:
        found += heads_without_face(found, least_score=_HEAD_SCORE)
    if eyes.text is not None:
        found += _plates_and_text(image, eyes.text, [d for d in found if d.cls in VEHICLES], eyes, recipe)
    return [d for d in found if d.cls in recipe.hidden]


def _plates_and_text(
    image: Rgb8, detector: Detector, vehicles: Sequence[Detection], eyes: Eyes, recipe: Recipe
) -> list[Detection]:
    found = list(detector.detect([image])[0])
    if eyes.text_close is not None:
        found += _text_on_vehicles(image, vehicles, eyes.text_close)
    plates = [d for d in found if on_vehicle(d.box, vehicles)]
    others = [d for d in found if not on_vehicle(d.box, vehicles)]
    if "plate" in recipe.hidden and eyes.reader is not None:
        read = eyes.reader.read(image, [d.box for d in others])
        area = float(image.shape[0] * image.shape[1])
        likely = [looks_like_plate(d, *words, area) for d, words in zip(others, read, strict=True)]
        plates += [d for d, yes in zip(others, likely, strict=True) if yes]
        others = [d for d, yes in zip(others, likely, strict=True) if not yes]
    return [Detection("plate", d.box, d.score, d.model) for d in plates] + others


def _text_on_vehicles(image: Rgb8, vehicles: Sequence[Detection], detector: Detector) -> list[Detection]:
    """Look for text in each vehicle that is large enough, cut out with a margin."""
    corners, crops = [], []
    for vehicle in vehicles:
        x, y, crop = _cut(image, vehicle.box)
        if min(crop.shape[:2]) >= _LEAST_VEHICLE:
            corners.append((x, y))
            crops.append(crop)
    return [
        Detection(d.cls, Box(d.box.x1 + x, d.box.y1 + y, d.box.x2 + x, d.box.y2 + y), d.score, d.model)
        for (x, y), found in zip(corners, detector.detect(crops), strict=True)
        for d in found
    ]


def _cut(image: Rgb8, box: Box) -> tuple[int, int, Rgb8]:
    """Cut a box out with a margin around it; return its left and top in pixels, and the cut."""
    dx, dy = _LOOK_CLOSER * box.width, _LOOK_CLOSER * box.height
    x1, y1 = max(0, int(box.x1 - dx)), max(0, int(box.y1 - dy))
    return x1, y1, np.ascontiguousarray(image[y1 : int(box.y2 + dy) + 1, x1 : int(box.x2 + dx) + 1])
