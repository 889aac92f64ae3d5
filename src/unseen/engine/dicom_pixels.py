"""The models that DICOM pixels are looked at with: which are needed, and what they become on a device."""

from __future__ import annotations

from unseen.adapters.detect_centerface import CenterFaceDetector
from unseen.adapters.detect_text import DbTextDetector, PpocrReader, SizedDetector, characters_of
from unseen.adapters.detect_views import ViewsDetector, fit
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.adapters.runtimes import open_network
from unseen.core.models import ModelFile
from unseen.core.ports import ModelStore
from unseen.dicom.pixels.findings import PixelTools

__all__ = ["open_pixel_tools", "pixel_models"]

#: Text is looked for in frames grown to at most so many pixels, up to twice their size: letters of 8 pixels are found.
_SMALL, _GROW = 1280, 2.0
#: Frames larger than that are shrunk to at most so many.
_LARGE = 2048


def pixel_models(store: ModelStore) -> dict[str, ModelFile]:
    """Find or fetch the models for text and for faces in photographs; raises ModelUnavailable or ModelCorrupt."""
    return {name: store.require(name) for name in ("ppocr-det", "ppocr-rec", "centerface")}


def open_pixel_tools(models: dict[str, ModelFile], device: str = "auto", threads: int | None = None) -> PixelTools:
    """Open the models for one worker; raises DeviceUnavailable or ModelCorrupt."""
    finder, reader, faces = (models[name] for name in ("ppocr-det", "ppocr-rec", "centerface"))
    network = open_network(finder, device, threads)
    small = DbTextDetector(network, finder, limit=_SMALL, grow=_GROW)
    large = DbTextDetector(network, finder, limit=_LARGE)
    face = CenterFaceDetector(open_network(faces, device, threads), faces, threshold=0.3)
    return PixelTools(
        codec=PydicomPixels(),
        text=SizedDetector(small, large, _SMALL),
        reader=PpocrReader(open_network(reader, device, threads), reader, characters_of(reader)),
        faces=ViewsDetector(face, fit(1280, most=1.0), tile=1536, overlap=0.15),
    )
