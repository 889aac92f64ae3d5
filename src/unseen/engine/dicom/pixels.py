"""The pixel cleaner of a worker: its networks are opened when the first picture needs them, as most scans need none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.detect.centerface import CenterFaceDetector
from unseen.adapters.detect.text import DbTextDetector, PpocrReader, SizedDetector, characters_of
from unseen.adapters.detect.views import ViewsDetector, fit
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.adapters.runtimes import open_network
from unseen.core.dicom import DicomRecipe, PixelOutcome, PixelResidue
from unseen.core.models import DETECTOR_SIDE, ModelFile
from unseen.core.ports import ModelStore
from unseen.core.regions import Box
from unseen.dicom.pixels.clean import clean_pixels, hide_boxes
from unseen.dicom.pixels.findings import PixelFindings, PixelRecipe, PixelTools
from unseen.engine.models import model_store
from unseen.errors import ModelUnavailable, UnsupportedInput

__all__ = ["Cleaner", "open_pixel_tools", "pixel_models"]

#: Text is looked for in frames grown to at most so many pixels, up to twice their size: letters of 8 pixels are found.
_SMALL, _GROW = 1280, 2.0
#: Frames larger than that are shrunk to at most so many.
_LARGE = 2048
_FACE_SCORE, _TILE = 0.25, 1536


class Cleaner:
    """Hides burned-in text and faces, as the port PixelCleaner has it."""

    def __init__(self, recipe: DicomRecipe, open_tools: Callable[[], PixelTools] | None = None) -> None:
        self._recipe = PixelRecipe(text=recipe.text)
        self._open, self._tools = open_tools or _opened, list[PixelTools]()

    def clean(self, dataset: Any, known: Sequence[str]) -> PixelOutcome:
        """Change a data set in place and say what was done; raises FileError for what cannot be looked at."""
        if not self._tools:
            try:
                self._tools.append(self._open())
            except ModelUnavailable as error:
                raise UnsupportedInput(f"its pixels cannot be looked at: {error}") from error
        return _outcome(clean_pixels(dataset, self._tools[0], self._recipe, tuple(known)))

    def hide(self, dataset: Any, residues: Sequence[PixelResidue]) -> PixelOutcome:
        """Hide what a second reader saw, as the port has it."""
        boxes: dict[int, list[Box]] = {}
        for each in residues:
            boxes.setdefault(each.frame, []).append(each.box)
        found = hide_boxes(dataset, PydicomPixels(), boxes)
        note = f"{len(residues)} places hidden that a second reader saw, in {len(boxes)} frames"
        return PixelOutcome(True, dict(found.places)["text"], burned_in="NO", notes=(*found.notes, note))


def _outcome(found: PixelFindings) -> PixelOutcome:
    places = dict(found.places)
    notes = (*found.notes, *(f"{count} of {kind} hidden" for kind, count in found.places))
    return PixelOutcome(
        changed=bool(found.changed or found.notes),
        hidden=sum(places.values()),
        applied=frozenset(("clean-pixel-data",)) if found.looked else frozenset(),
        burned_in="NO" if found.looked else "",
        notes=notes,
    )


def pixel_models(store: ModelStore) -> dict[str, ModelFile]:
    """Find or fetch the models for text and for faces in photographs; raises ModelUnavailable or ModelCorrupt."""
    return {name: store.require(name) for name in ("ppocr-det", "ppocr-rec", "centerface")}


def open_pixel_tools(models: dict[str, ModelFile], device: str = "auto", threads: int | None = None) -> PixelTools:
    """Open the models for one worker; raises DeviceUnavailable or ModelCorrupt."""
    finder, reader, faces = (models[name] for name in ("ppocr-det", "ppocr-rec", "centerface"))
    network = open_network(finder, device, threads)
    small = DbTextDetector(network, finder, limit=_SMALL, grow=_GROW)
    large = DbTextDetector(network, finder, limit=_LARGE)
    face = CenterFaceDetector(open_network(faces, device, threads), faces, threshold=_FACE_SCORE)
    return PixelTools(
        codec=PydicomPixels(),
        text=SizedDetector(small, large, _SMALL),
        reader=PpocrReader(open_network(reader, device, threads), reader, characters_of(reader)),
        faces=ViewsDetector(face, fit(DETECTOR_SIDE, most=1.0), tile=_TILE, overlap=0.15),
    )


def _opened() -> PixelTools:
    """Open the models on one thread each, as workers share the processor."""
    single_threaded()
    return open_pixel_tools(pixel_models(model_store()), "auto", 1)
