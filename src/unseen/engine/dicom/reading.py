"""The second reader of a worker: other models than those that hid, at another scale, opened when first needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.detect.text import DbTextDetector, PpocrReader, characters_of
from unseen.adapters.runtimes import open_network
from unseen.core.dicom import DicomRecipe, PixelResidue
from unseen.core.models import ModelFile
from unseen.core.ports import ModelStore
from unseen.engine.models import model_store
from unseen.errors import ModelUnavailable, UnsupportedInput, VerificationFailed
from unseen.verify.dicom.kinds import carries_text
from unseen.verify.dicom.reading import TextEyes, shown_text

__all__ = ["SecondReader", "open_second_reader", "reading_models"]

#: Pictures are grown at most so much, to at most so many pixels: other sizes than those in which text is hidden.
_LIMIT, _GROW = 1600, 1.5
_THRESHOLD = 0.4


class SecondReader:
    """Looks for text in written pictures, as the port PictureVerifier has it."""

    def __init__(self, open_eyes: Callable[[], TextEyes] | None = None) -> None:
        self._open, self._eyes = open_eyes or _opened, list[TextEyes]()

    def carries_text(self, modality: str, sop_class: str) -> bool:
        """Whether pictures of this kind may hold text, as the port has it."""
        return carries_text(modality, sop_class)

    def look(self, original: bytes, written: bytes, recipe: DicomRecipe) -> Sequence[PixelResidue] | None:
        """Return what still shows, None where there is no picture; raises UnsupportedInput or VerificationFailed."""
        try:
            return shown_text(original, written, self._tools, recipe.options, recipe.text)
        except ModelUnavailable as error:
            raise UnsupportedInput(f"its pixels cannot be read again: {error}") from error
        except ValueError as error:
            raise VerificationFailed(f"its written pixels cannot be read back: {error}") from error

    def _tools(self) -> TextEyes:
        if not self._eyes:
            self._eyes.append(self._open())
        return self._eyes[0]


def reading_models(store: ModelStore) -> tuple[ModelFile, ModelFile]:
    """Find or fetch what finds and what reads text; raises ModelUnavailable or ModelCorrupt."""
    return store.require("ppocr4-det"), store.require("ppocr4-rec")


def open_second_reader(
    files: tuple[ModelFile, ModelFile], device: str = "auto", threads: int | None = None
) -> TextEyes:
    """Open the models for one worker; raises DeviceUnavailable or ModelCorrupt."""
    finder, reader = files
    network = open_network(finder, device, threads)
    detector = DbTextDetector(network, finder, limit=_LIMIT, grow=_GROW, threshold=_THRESHOLD)
    return TextEyes(detector, PpocrReader(open_network(reader, device, threads), reader, characters_of(reader)))


def _opened() -> TextEyes:
    """Open the models on one thread each, as workers share the processor."""
    single_threaded()
    return open_second_reader(reading_models(model_store()), "auto", 1)
