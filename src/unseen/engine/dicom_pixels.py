"""The pixel cleaner of a worker: its networks are opened when the first picture needs them, as most scans need none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.detect_centerface import CenterFaceDetector
from unseen.adapters.detect_text import DbTextDetector, PpocrReader, characters_of
from unseen.adapters.detect_views import ViewsDetector, face_scales
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.adapters.runtimes import open_network
from unseen.core.dicom import DicomRecipe, PixelOutcome
from unseen.core.models import ModelFile
from unseen.core.ports import Network
from unseen.dicom.pixels.clean import clean_pixels
from unseen.dicom.pixels.findings import PixelFindings, PixelRecipe, PixelTools
from unseen.engine.models import model_store
from unseen.errors import ModelUnavailable, UnsupportedInput

__all__ = ["Cleaner"]

_TILE = 1536


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


def _opened() -> PixelTools:
    """Open the networks on the processor, one thread each, as workers share it."""
    single_threaded()
    store = model_store()

    def net(name: str) -> tuple[Network, ModelFile]:
        file = store.require(name)
        return open_network(file, "auto", 1), file

    reading, reader = net("ppocr-rec")
    faces = ViewsDetector(CenterFaceDetector(*net("centerface"), threshold=0.12), face_scales, tile=_TILE, overlap=0.15)
    return PixelTools(
        codec=PydicomPixels(),
        text=DbTextDetector(*net("ppocr-det"), limit=1280),
        reader=PpocrReader(reading, reader, characters_of(reader)),
        faces=faces,
    )
