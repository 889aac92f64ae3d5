"""Which detector looks at what: faces, persons, vehicles, plates and text in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Reader
from unseen.core.recipe import Recipe
from unseen.core.regions import VEHICLES, Box, Detection
from unseen.media.close import look_close, look_in, rows_with
from unseen.media.heads import heads_without_face
from unseen.media.plates import is_legible, is_texture, looks_like_plate, needs_reading, on_vehicle
from unseen.media.sights import Sight

__all__ = ["SEEN_CLOSELY", "Eyes", "find", "find_again"]

#: The classes that close looks see, too.
SEEN_CLOSELY = frozenset({"face", "person", *VEHICLES})

_HEAD_SCORE = 0.25
_LOOK_CLOSER = 0.08
_LEAST_VEHICLE = 24
#: A picture whose values span less than this, of 255, is looked at in full contrast too.
_FULL_RANGE = 230.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """The detectors of a run; None where a recipe has no use for one, or the optional model is not there.

    Shortly after a look at a frame of a video `faces_again` looks at the rows in which faces were, where a detector is
    there that is fast enough, else `faces_close` at small parts around them; `objects_again` looks at the whole picture
    then, or `objects`, if it is None. `faces_turned` and `objects_turned` look at small pictures of turned frames.
    `text` looks at whole pictures, `text_close` at cut-out vehicles; `reader` reads what they found. So many pictures
    as `at_once` may be looked at at the same time, and for so many `threads` the networks were opened.
    """

    faces: Detector | None = None
    faces_close: Detector | None = None
    faces_again: Detector | None = None
    faces_turned: Detector | None = None
    objects: Detector | None = None
    objects_again: Detector | None = None
    objects_turned: Detector | None = None
    text: Detector | None = None
    text_close: Detector | None = None
    reader: Reader | None = None
    at_once: int = 1
    threads: int = 1

    @property
    def wide(self) -> bool:
        """Whether looks in between are at much of the picture, and do not wait for what the look before them found."""
        return self.faces_close is None

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """Every model file in use, once."""
        faces = (self.faces, self.faces_close, self.faces_again, self.faces_turned)
        ports = (*faces, self.objects, self.objects_again, self.text, self.text_close, self.reader)
        return tuple({m.name: m for port in ports if port is not None for m in port.models}.values())


def find(image: Rgb8, eyes: Eyes, recipe: Recipe, also: frozenset[str] = frozenset()) -> list[Detection]:
    """Return all detections of classes that the recipe hides, and heads where a person shows no face.

    Persons and vehicles of the classes `also` are returned as well, if they are looked for: they are counted.
    """
    found: list[Detection] = []
    if eyes.objects is not None:
        found += eyes.objects.detect([image])[0]
    if eyes.faces is not None:
        found += eyes.faces.detect([image])[0]
    if recipe.recall == "high" and "head" in recipe.hidden:
        found += heads_without_face(found, least_score=_HEAD_SCORE)
    if eyes.text is not None:
        found += _plates_and_text(image, eyes.text, [d for d in found if d.cls in VEHICLES], eyes, recipe)
    return [d for d in found if d.cls in recipe.hidden or d.cls in also]


def find_again(
    image: Rgb8, eyes: Eyes, recipe: Recipe, before: Sequence[Detection], also: frozenset[str] = frozenset()
) -> Sight:
    """Return what a close look finds of classes that the recipe hides, shortly after a look that found `before`, and in
    which part of the picture it looked for faces that are new.

    Faces are looked for where they were, or by a fast detector in all rows where they were; persons and vehicles in
    the whole picture; text is not looked for.
    """
    found: list[Detection] = []
    part: Box | None = None
    objects = eyes.objects if eyes.objects_again is None else eyes.objects_again
    if objects is not None:
        found += objects.detect([image])[0]
    near = [d.box for d in before if d.cls in ("face", "head")]
    if eyes.faces_again is not None:
        part = rows_with(near, image.shape[1], image.shape[0])
        found += look_in(image, eyes.faces_again, part)
    elif eyes.faces_close is not None and near:
        found += look_close(image, eyes.faces_close, near)
    return Sight([d for d in found if d.cls in recipe.hidden or d.cls in also], part)


def _plates_and_text(
    image: Rgb8, detector: Detector, vehicles: Sequence[Detection], eyes: Eyes, recipe: Recipe
) -> list[Detection]:
    if eyes.text_close is None:
        found = [d for ds in detector.detect(_with_contrast(image)) for d in ds]
    else:
        found = list(detector.detect([image])[0]) + _text_on_vehicles(image, vehicles, eyes.text_close)
    found = [d for d in found if is_legible(d.box)]
    if "plate" not in recipe.looks:
        return found
    plates = _plates(image, found, vehicles, eyes.reader)
    return [Detection("plate", d.box, d.score, d.model) if d in plates else d for d in dict.fromkeys(found)]


def _plates(
    image: Rgb8, found: Sequence[Detection], vehicles: Sequence[Detection], reader: Reader | None
) -> set[Detection]:
    """Return the text that may be a plate; all of it where no reader can tell."""
    if reader is None:
        return set(found)
    size = image.shape[1], image.shape[0]
    attached = {d for d in found if on_vehicle(d.box, vehicles)}
    doubtful = [d for d in dict.fromkeys(found) if d not in attached or needs_reading(d, size)]
    words = reader.read(image, [d.box for d in doubtful])
    likely = (
        not is_texture(d, *read, size, attached=True) if d in attached else looks_like_plate(d, *read, size)
        for d, read in zip(doubtful, words, strict=True)
    )
    return set(found) - {d for d, yes in zip(doubtful, likely, strict=True) if not yes}


def _with_contrast(image: Rgb8) -> list[Rgb8]:
    """Return the picture, and once more in full contrast if it is hazy or dark: plates in it are easily missed."""
    low, high = _range(image)
    return [image] if high - low >= _FULL_RANGE else [image, _stretch(image, low, high)]


def _text_on_vehicles(image: Rgb8, vehicles: Sequence[Detection], detector: Detector) -> list[Detection]:
    """Look for text in each vehicle that is large enough, cut out with a margin and brought to full contrast."""
    corners, crops = [], []
    for vehicle in vehicles:
        x, y, crop = _cut(image, vehicle.box)
        if min(crop.shape[:2]) >= _LEAST_VEHICLE:
            corners.append((x, y))
            crops.append(_stretch(crop, *_range(crop)))
    return [
        replace(d, box=d.box.moved(x, y))
        for (x, y), found in zip(corners, detector.detect(crops), strict=True)
        for d in found
    ]


def _range(image: Rgb8) -> tuple[float, float]:
    """Return the darkest and the brightest value, but for the 1 % beyond each, from at most 512 rows and columns."""
    step = max(1, max(image.shape[:2]) // 512)
    low, high = np.percentile(image[::step, ::step], (1, 99))
    return float(low), float(high)


def _stretch(image: Rgb8, low: float, high: float) -> Rgb8:
    levels = np.clip((np.arange(256) - low) / max(high - low, 1.0), 0.0, 1.0) * 255.0
    return np.asarray(levels.astype(np.uint8)[image])


def _cut(image: Rgb8, box: Box) -> tuple[int, int, Rgb8]:
    """Cut a box out with a margin around it; return its left and top in pixels, and the cut."""
    dx, dy = _LOOK_CLOSER * box.width, _LOOK_CLOSER * box.height
    x1, y1 = max(0, int(box.x1 - dx)), max(0, int(box.y1 - dy))
    return x1, y1, np.ascontiguousarray(image[y1 : int(box.y2 + dy) + 1, x1 : int(box.x2 + dx) + 1])
