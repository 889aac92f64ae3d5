"""What another model family still sees in an output: detections that no region hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Reader
from unseen.core.regions import Box, Detection, Region

__all__ = ["SecondOpinion", "hidden_share", "residues"]

_HIDDEN = 0.5
_PLATE_CONFIDENCE = 0.85
_PLATE_ASPECT = (1.2, 8.0)
_PLATE_CHARACTERS = (4, 10)


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The models that check an output: faces of another family than the one that hid; `strips` proposes what may be a
    plate without a network, and `reader` decides whether it reads like one.
    """

    faces: tuple[Detector, ...] = ()
    strips: Detector | None = None
    reader: Reader | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that can be checked."""
        plates = ("plate",) if self.strips is not None and self.reader is not None else ()
        return (("face",) if self.faces else ()) + plates

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """Every model file in use, once."""
        ports = (*self.faces, *((self.reader,) if self.reader is not None else ()))
        return tuple({m.name: m for port in ports for m in port.models}.values())


def residues(image: Rgb8, regions: Sequence[Region], opinion: SecondOpinion, hidden: frozenset[str]) -> list[Detection]:
    """Return the faces and plates that still show in an output picture (RGB), of the classes that were to be hidden.

    A detection counts unless at least half of it lies in regions that were hidden without interference: nothing of
    the inside is left there, so whatever a model sees in them is not a person.
    """
    found: list[Detection] = []
    if "face" in hidden:
        found += [d for detector in opinion.faces for d in detector.detect([image])[0]]
    if "plate" in hidden:
        found += _plates(image, regions, opinion)
    return [d for d in found if hidden_share(d.box, regions) < _HIDDEN]


def _plates(image: Rgb8, regions: Sequence[Region], opinion: SecondOpinion) -> list[Detection]:
    if opinion.strips is None or opinion.reader is None:
        return []
    strips = [d for d in opinion.strips.detect([image])[0] if hidden_share(d.box, regions) < _HIDDEN]
    read = opinion.reader.read(image, [d.box for d in strips])
    name = opinion.reader.models[0].name if opinion.reader.models else "reader"
    return [
        Detection("plate", d.box, confidence, name)
        for d, (text, confidence) in zip(strips, read, strict=True)
        if _reads_like_plate(d.box, text, confidence)
    ]


def _reads_like_plate(box: Box, text: str, confidence: float) -> bool:
    low, high = _PLATE_ASPECT
    characters = [c for c in text if c.isalnum()]
    fewest, most = _PLATE_CHARACTERS
    return (
        confidence >= _PLATE_CONFIDENCE
        and low <= box.width / box.height <= high
        and fewest <= len(characters) <= most
        and any(c.isdigit() for c in characters)
    )


def hidden_share(box: Box, regions: Sequence[Region]) -> float:
    """Return the share of a box (0..1) that regions hide without interference.

    Written apart from the transform's geometry, by cutting the box along every region's sides.
    """
    parts = [r.box for r in regions if r.look.non_interfering]
    parts = [p for p in parts if p.x1 < box.x2 and p.x2 > box.x1 and p.y1 < box.y2 and p.y2 > box.y1]
    xs = sorted({box.x1, box.x2, *(v for p in parts for v in (p.x1, p.x2) if box.x1 < v < box.x2)})
    ys = sorted({box.y1, box.y2, *(v for p in parts for v in (p.y1, p.y2) if box.y1 < v < box.y2)})
    covered = 0.0
    for x1, x2 in pairwise(xs):
        for y1, y2 in pairwise(ys):
            if any(p.x1 <= x1 and p.x2 >= x2 and p.y1 <= y1 and p.y2 >= y2 for p in parts):
                covered += (x2 - x1) * (y2 - y1)
    return covered / box.area
