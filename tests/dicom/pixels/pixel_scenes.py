"""Small DICOM images made in memory, and finders and readers of text that say what a test tells them to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

from tests.adapters.detector_fakes import file_of
from unseen.adapters.dicom_pixels import PydicomPixels
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.dicom.pixels.findings import PixelTools
from unseen.dicom.pixels.layout import Layout, layout_of

__all__ = ["FakeReader", "WhiteFinder", "image", "layout", "tools", "values_of"]

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def image(values: np.ndarray[Any, Any], **header: Any) -> Dataset:
    """An uncompressed image: values of shape (rows, columns), (frames, rows, columns) or (rows, columns, 3)."""
    colour = values.ndim == 3 and values.shape[-1] == 3
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.SOPClassUID = SECONDARY_CAPTURE
    one.Modality = "CT"
    one.Rows, one.Columns = values.shape[:2] if colour or values.ndim == 2 else values.shape[1:]
    one.SamplesPerPixel = 3 if colour else 1
    one.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        one.PlanarConfiguration = 0
    if values.ndim == 3 and not colour:
        one.NumberOfFrames = len(values)
    bits = 8 * values.dtype.itemsize
    one.BitsAllocated, one.BitsStored, one.HighBit = bits, bits, bits - 1
    one.PixelRepresentation = int(values.dtype.kind == "i")
    raw = values.tobytes()
    one.PixelData = raw + b"\0" * (len(raw) % 2)
    one["PixelData"].VR = "OW" if bits > 8 else "OB"
    for keyword, value in header.items():
        setattr(one, keyword, value)
    return one


def layout(dataset: Dataset) -> Layout:
    """The layout of an image that has one."""
    found = layout_of(dataset)
    assert found is not None
    return found


def values_of(dataset: Dataset) -> np.ndarray[Any, Any]:
    """The stored values, by pydicom."""
    from pydicom.pixels.decoders.base import get_decoder

    return np.asarray(get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, raw=True)[0])


class WhiteFinder:
    """Takes what is white in green (grey values over their full range) for text, and keeps pictures' sizes."""

    models = (file_of("ppocr-det"),)

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [self._one(one) for one in images]

    def _one(self, one: Rgb8) -> list[Detection]:
        self.seen.append((one.shape[0], one.shape[1]))
        labels, _ = ndimage.label(one[..., 1] >= 250)
        return [
            Detection("text", Box(float(x.start), float(y.start), float(x.stop), float(y.stop)), 0.95, "white")
            for y, x in ndimage.find_objects(labels)
        ]


class FakeReader:
    """Reads what a function says of a picture and a box."""

    models = (file_of("ppocr-rec"),)

    def __init__(self, say: Callable[[Box], str] = lambda box: "MUELLER") -> None:
        self._say = say

    def read(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [(self._say(box), 0.99) for box in boxes]


def tools(say: Callable[[Box], str] = lambda box: "MUELLER", **ports: Any) -> PixelTools:
    """Tools with a finder of white areas and a reader that reads the same name everywhere."""
    given: dict[str, Any] = {"codec": PydicomPixels(), "text": WhiteFinder(), "reader": FakeReader(say)}
    return PixelTools(**(given | ports))
