"""The frames of an image, compressed or not: opened, and put back so that only what changed is written anew."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from unseen.core.ports import DicomPixels
from unseen.dicom.pixels.encoded import LOSSY_BLOCKS, EncodedFrames
from unseen.dicom.pixels.layout import Layout, number
from unseen.dicom.pixels.native import NativeFrames, pack
from unseen.errors import DamagedInput

__all__ = ["Frames", "clear_hidden_bits", "open_frames", "store_frames", "syntax_of"]

Frames: TypeAlias = NativeFrames | EncodedFrames
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_EXPLICIT = "1.2.840.10008.1.2.1"
#: The transfer syntax of files without a head, by whether types are implied and the order of bytes is little-endian.
_ENCODINGS = {(True, True): "1.2.840.10008.1.2", (False, True): _EXPLICIT, (False, False): _BIG_ENDIAN}
_NATIVE = ("1.2.840.10008.1.2", _EXPLICIT, "1.2.840.10008.1.2.1.99", _BIG_ENDIAN)


def syntax_of(dataset: Any) -> str:
    """Return the UID of a data set's transfer syntax; where its file has no head, it is the one that it was read by.

    Raises DamagedInput where that is none.
    """
    told = dataset.file_meta.get("TransferSyntaxUID")
    if not told:
        told = _ENCODINGS.get(tuple(dataset.original_encoding))
        if told is None:
            raise DamagedInput("the file does not say how it is encoded; it is not released")
        dataset.file_meta.TransferSyntaxUID = told
    return str(told)


def open_frames(dataset: Any, layout: Layout, codec: DicomPixels) -> Frames:
    """Return the frames of a data set; raises DamagedInput or UnsupportedInput where they cannot be read."""
    syntax = syntax_of(dataset)
    if syntax not in _NATIVE:
        return EncodedFrames(dataset, layout, codec, syntax)
    element = dataset[layout.keyword]
    big = syntax == _BIG_ENDIAN
    swapped = big and layout.allocated == 8 and element.VR == "OW"
    return NativeFrames(element.value or b"", layout, big_endian=big, swapped=swapped)


def clear_hidden_bits(dataset: Any, layout: Layout, frames: Frames, overlays: bool) -> list[str]:
    """Clear bits of the pixels that hold no pixel; return what was done.

    Of compressed frames that is only done where the header says that `overlays` lie there: decoding leaves them out.
    """
    if isinstance(frames, NativeFrames):
        padding = dataset.get("PixelPaddingValue")
        keep = number(dataset, "PixelPaddingValue") if padding not in (None, "") else None
        return ["data in unused bits of the pixels cleared"] if frames.clear_unused(keep) else []
    if not overlays:
        return []
    nothing = np.zeros((layout.rows, layout.columns), bool)
    for index in range(layout.frames):
        frames.blank(index, nothing, (0,) * layout.samples)
    return ["overlays inside the pixels cleared"]


def store_frames(dataset: Any, layout: Layout, frames: Frames) -> list[str]:
    """Put frames back into their data set, if they changed, and return what was done.

    Compressed frames that did not change keep their bytes, but for comments inside them. Where a compression cannot be
    written without loss, all frames become uncompressed, and so does the transfer syntax.
    """
    element = dataset[layout.keyword]
    if isinstance(frames, NativeFrames):
        data = frames.data()
        longer = len(element.value) > len(data)
        if data != element.value:
            element.value = data
        return ["bytes after the pixels removed"] if longer else []
    recoded, commented = frames.recoded()
    notes = ["comments inside compressed frames removed"] if commented else []
    if recoded is None:
        return [*notes, _store_plain(dataset, layout, frames)]
    if frames.changed or commented:
        element.value = recoded
        _drop_offsets(dataset)
    if frames.changed:
        lossy = str(dataset.file_meta.TransferSyntaxUID) in LOSSY_BLOCKS
        how = "blanked where they lie compressed, without further loss" if lossy else "compressed again without loss"
        notes.append(f"{len(frames.changed)} frames {how}")
    return notes


def _store_plain(dataset: Any, layout: Layout, frames: EncodedFrames) -> str:
    syntax, element = dataset.file_meta.TransferSyntaxUID, dataset["PixelData"]
    plain = frames.plain()
    element.value = pack(plain)
    element.VR = "OW" if plain[0].dtype.itemsize > 1 else "OB"
    element.is_undefined_length = False
    _drop_offsets(dataset)
    dataset.BitsAllocated = 8 * plain[0].dtype.itemsize
    dataset.PhotometricInterpretation = frames.photometric
    if layout.samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.file_meta.TransferSyntaxUID = type(syntax)(_EXPLICIT)
    return f"written uncompressed: {syntax.name} cannot be written again without loss"


def _drop_offsets(dataset: Any) -> None:
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            del dataset[keyword]
