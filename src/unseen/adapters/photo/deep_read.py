"""Pictures of more than 8 bits a sample that Pillow would cut to 8, by OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from unseen.adapters.photo.faults import Damaged, Undecodable
from unseen.adapters.photo.tiff_read import Page
from unseen.core.photos import Frame, Pixels

__all__ = ["is_deep_page", "read_deep_page", "read_deep_png"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
_DTYPES: dict[tuple[int, int], str] = {
    (1, 16): "uint16",
    (2, 16): "int16",
    (1, 32): "uint32",
    (2, 32): "int32",
    (3, 32): "float32",
    (3, 64): "float64",
}
_ASSOCIATED = 1


@contextmanager
def _silent() -> Iterator[None]:
    """Keep OpenCV from writing about damaged files on the terminal."""
    import cv2

    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def read_deep_png(data: bytes, *, grey: bool) -> Frame:
    """Decode a 16-bit PNG with colour or alpha; `grey` says that it is grey with alpha. Raises Damaged."""
    import cv2

    with _silent():
        page = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if page is None or page.dtype != np.uint16 or page.ndim != 3:
        raise Damaged
    alpha = np.ascontiguousarray(page[:, :, 3]) if page.shape[2] == 4 else None
    if grey:
        return Frame(page[:, :, :1].copy(), "grey", alpha)
    return Frame(np.ascontiguousarray(page[:, :, 2::-1]), "rgb", alpha)


def is_deep_page(page: Page) -> bool:
    """Whether Pillow would cut or misread the samples of a TIFF page; raises Undecodable if OpenCV would too."""
    if max(page.bits) <= 8:
        return False
    separate = page.planar == 2 and page.samples > 1
    if page.photometric == _CMYK and not separate and max(page.bits) == 16:
        return False  # Cut to 8 bits by Pillow: no library at hand reads deep CMYK.
    if separate or (page.format, max(page.bits)) not in _DTYPES:
        plain = page.samples == 1 and page.format == 1 and max(page.bits) == 12
        if plain and page.photometric == _BLACK_IS_ZERO:
            return False
        raise Undecodable("deep samples in separate planes" if separate else "samples of an unusual depth")
    layout = (page.photometric, page.samples)
    if layout not in ((_WHITE_IS_ZERO, 1), (_BLACK_IS_ZERO, 1), (_RGB, 3), (_RGB, 4)):
        raise Undecodable("deep samples in an unusual layout")
    if page.photometric == _WHITE_IS_ZERO and page.format != 1:
        raise Undecodable("an inverted scale of signed or real numbers")
    return True


def read_deep_page(data: bytes, page: Page) -> Frame:
    """Decode one page for which `is_deep_page` is true, as stored; raises Damaged or Undecodable."""
    import cv2

    how = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    with _silent():
        done, found = cv2.imdecodemulti(np.frombuffer(data, np.uint8), how, range=(page.index, page.index + 1))
    if not done or len(found) != 1:
        raise Undecodable("deep samples that are damaged or packed in a rare way")
    pixels = np.asarray(found[0])
    want: tuple[int, ...] = (page.height, page.width) + ((page.samples,) if page.samples > 1 else ())
    if pixels.shape != want or pixels.dtype != np.dtype(_DTYPES[page.format, max(page.bits)]):
        raise Undecodable("deep samples in an unusual layout")
    return _grey(pixels, page) if page.samples == 1 else _colour(pixels, page)


def _grey(pixels: Pixels, page: Page) -> Frame:
    if page.photometric == _WHITE_IS_ZERO:
        pixels = np.iinfo(pixels.dtype).max - pixels
    return Frame(pixels[:, :, None], "grey")


def _colour(pixels: Pixels, page: Page) -> Frame:
    colours = np.ascontiguousarray(pixels[:, :, 2::-1])
    if page.samples == 3 or page.extra == (0,):
        return Frame(colours, "rgb")
    alpha = np.ascontiguousarray(pixels[:, :, 3])
    if page.extra == (_ASSOCIATED,):
        if pixels.dtype.kind != "u":
            raise Undecodable("premultiplied samples of signed or real numbers")
        most = np.iinfo(pixels.dtype).max
        straight = colours * (float(most) / np.maximum(alpha, 1))[:, :, None]
        colours = np.minimum(np.rint(straight), most).astype(pixels.dtype)
    return Frame(colours, "rgb", alpha)
