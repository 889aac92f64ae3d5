"""Frames of DICOM images by pydicom and the decoders that are installed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from unseen.core.photos import Pixels, Rgb8
from unseen.errors import DamagedInput, UnsupportedInput

__all__ = ["PydicomPixels"]

_RLE = "1.2.840.10008.1.2.5"
#: Compressions without loss that are written again: RLE, JPEG-LS and JPEG 2000.
_LOSSLESS = (_RLE, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90")
#: JPEG Extended and both kinds without loss.
_JPEG = ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
#: What pydicom and its decoders raise for a frame that they cannot read.
_FAULTS = (
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


class PydicomPixels:
    """Decodes, encodes and splits frames; implements the port DicomPixels."""

    def decode(self, dataset: Any, index: int) -> tuple[Pixels, str]:
        """Return a compressed frame and what its values mean; raises DamagedInput or UnsupportedInput."""
        try:
            if _is_grey_jpeg(dataset):
                values, meaning = (
                    _by_libjpeg(dataset, self.split(dataset)[index]),
                    str(dataset.PhotometricInterpretation),
                )
            else:
                values, meaning = _by_pydicom(dataset, index)
        except _FAULTS as error:
            raise DamagedInput(f"frame {index + 1} cannot be decoded; the image is not released") from error
        if values.shape[:2] != (dataset.Rows, dataset.Columns):
            raise DamagedInput(f"frame {index + 1} is not of the size that the header says; it is not released")
        return values, meaning

    def encode(self, dataset: Any, values: Pixels) -> bytes | None:
        """Return a frame compressed without loss as the data set's own are; None where that is not done.

        Colours are written by RLE alone: the others may turn them, which a header then has to say. What was encoded is
        decoded again and compared.
        """
        from pydicom.pixels.encoders.base import get_encoder

        syntax = str(dataset.file_meta.TransferSyntaxUID)
        if syntax not in _LOSSLESS or (values.ndim == 3 and syntax != _RLE):
            return None
        try:
            encoder = get_encoder(syntax)
            if not encoder.is_available:
                return None
            code = bytes(encoder.encode(np.ascontiguousarray(values), **_options(dataset, values)))
        except _FAULTS:
            return None
        return code if self._reads_back(dataset, code, values) else None

    def _reads_back(self, dataset: Any, code: bytes, values: Pixels) -> bool:
        from pydicom.dataset import Dataset

        one = Dataset()
        one.update({e.tag: deepcopy(e) for e in dataset.group_dataset(0x0028)})
        one.file_meta = dataset.file_meta
        one.NumberOfFrames = 1
        one.PixelData = self.join([code])
        one["PixelData"].VR = "OB"
        try:
            back, _ = self.decode(one, 0)
        except (DamagedInput, UnsupportedInput):
            return False
        return bool(np.array_equal(back, values))

    def split(self, dataset: Any) -> list[bytes]:
        """Return the compressed frames; raises DamagedInput where their number is not the header's."""
        from pydicom.encaps import generate_frames

        count = int(dataset.get("NumberOfFrames") or 1)
        try:
            frames = list(
                generate_frames(
                    dataset.PixelData,
                    number_of_frames=count,
                    extended_offsets=_offsets(dataset),
                )
            )
        except _FAULTS as error:
            raise DamagedInput("the compressed frames cannot be told apart; the image is not released") from error
        if len(frames) != count:
            raise DamagedInput("the image holds more or fewer frames than it says; it is not released")
        return frames

    def join(self, frames: Sequence[bytes]) -> bytes:
        """Return compressed frames as the value of Pixel Data, with a table of offsets where it can hold them."""
        from pydicom.encaps import encapsulate

        small = sum(len(frame) + 8 for frame in frames) < 2**32
        return encapsulate(list(frames), has_bot=small)

    def colours(self, dataset: Any, values: Pixels) -> Rgb8:
        """Return what indices into the data set's palette look like, in 8 bits; raises DamagedInput."""
        from pydicom.pixels.processing import apply_color_lut

        try:
            coloured = np.asarray(apply_color_lut(values, dataset))[..., :3]
        except _FAULTS as error:
            raise DamagedInput("the palette of the image is damaged; it is not released") from error
        if coloured.dtype != np.uint8:
            # Entries of 16 bits: old writers fill the lower half only.
            coloured = (coloured >> (8 if coloured.max() > 255 else 0)).astype(np.uint8)
        return np.ascontiguousarray(coloured)


def _is_grey_jpeg(dataset: Any) -> bool:
    """Whether an image is grey JPEG of more than 8 bits or without loss, which Pillow does not read."""
    kind = dataset.file_meta.TransferSyntaxUID in _JPEG
    return kind and dataset.get("SamplesPerPixel", 1) == 1 and "imagecodecs" in _installed()


@lru_cache
def _installed() -> frozenset[str]:
    return frozenset(name for name in ("imagecodecs",) if find_spec(name) is not None)


def _by_libjpeg(dataset: Any, frame: bytes) -> Pixels:
    """Decode a grey JPEG frame; JPEG has no signs, so signed values are told by their highest bit."""
    import imagecodecs

    values = np.asarray(imagecodecs.jpeg_decode(frame)).astype(f"u{dataset.BitsAllocated // 8}", copy=False)
    if dataset.get("PixelRepresentation", 0) == 1:
        unused = dataset.BitsAllocated - dataset.BitsStored
        values = (values.view(values.dtype.str.replace("u", "i")) << unused) >> unused
    return values


def _by_pydicom(dataset: Any, index: int) -> tuple[Pixels, str]:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise UnsupportedInput(
            f"pixels of the transfer syntax {syntax} are not read; the file is not released"
        ) from error
    if not decoder.is_available:
        raise UnsupportedInput(f"no decoder for {syntax.name} is installed; install unseen[dicom]")
    values, facts = decoder.as_array(dataset, index=index, raw=True)
    return np.asarray(values), str(facts["photometric_interpretation"])


def _offsets(dataset: Any) -> tuple[bytes, bytes] | None:
    if "ExtendedOffsetTable" not in dataset:
        return None
    return dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths


def _options(dataset: Any, values: Pixels) -> dict[str, Any]:
    return {
        "rows": values.shape[0],
        "columns": values.shape[1],
        "samples_per_pixel": 1 if values.ndim == 2 else values.shape[2],
        "number_of_frames": 1,
        "bits_allocated": dataset.BitsAllocated,
        "bits_stored": dataset.BitsStored,
        "pixel_representation": dataset.PixelRepresentation,
        "photometric_interpretation": dataset.PhotometricInterpretation,
        **({"planar_configuration": 0} if values.ndim == 3 else {}),
    }
