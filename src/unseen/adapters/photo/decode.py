"""From the bytes of a photo file to upright frames."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from unseen.adapters.photo.avif import av1_layout, without_exif
from unseen.adapters.photo.bounds import Bounds
from unseen.adapters.photo.cut import cut_gif, cut_jpeg, cut_webp
from unseen.adapters.photo.deep_read import is_deep_page, read_deep_page, read_deep_png
from unseen.adapters.photo.exif import read_exif
from unseen.adapters.photo.faults import Damaged, Undecodable
from unseen.adapters.photo.heif import read_heic
from unseen.adapters.photo.pillow_frames import frame_of
from unseen.adapters.photo.png_read import Png, cut_png
from unseen.adapters.photo.tiff_read import Page, read_pages
from unseen.adapters.photo.turn import upright
from unseen.core.photos import Frame, Photo, Pixels

__all__ = ["decode"]

_RGB = (82, 71, 66)


def decode(data: bytes, kind: str, bounds: Bounds) -> Photo:
    """Decode bytes that `sniff` took for `kind`, all frames upright.

    `encoding` of the result says how the photo was stored: "modes" (Pillow's mode of each frame, "" where Pillow was
    not used), and by format "qtables", "subsampling", "progressive", "keep_rgb" (JPEG), "lossless" (WebP),
    "compressions" (TIFF, one a page), "plays" (animations: how often, 0 for ever), "default" (APNG: the first frame
    is no part of the animation), "chroma", "bit_depth", "nclx" (HEIC, AVIF).

    Raises TooLarge, Truncated, Damaged or Undecodable, and whatever the libraries raise.
    """
    return _DECODERS[kind](data, bounds)


def _photo(
    kind: str, frames: list[Frame], exif: bytes | None, icc: object, encoding: Mapping[str, Any], *, turn: bool = True
) -> Photo:
    """Put a photo together; `turn` says that the frames are still as stored."""
    orientation, taken = read_exif(exif)
    if not turn:
        orientation = 1
    return Photo(
        format=kind,
        frames=tuple(upright(frame, orientation) for frame in frames),
        icc=bytes(icc) if isinstance(icc, bytes) and icc else None,
        orientation=orientation,
        datetime=taken,
        encoding=encoding,
    )


def _jpeg(data: bytes, bounds: Bounds) -> Photo:
    from PIL import JpegImagePlugin

    jpeg = cut_jpeg(data)
    with JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg.data)) as image:
        bounds.add(*image.size)
        image.load()
        encoding = _jpeg_encoding(image)
        return _photo("jpeg", [frame_of(image)], jpeg.exif, jpeg.icc, encoding)


def _jpeg_encoding(image: Any) -> dict[str, Any]:
    """Return what it takes to store the pixels as coarsely as they were, and no more finely."""
    from PIL import JpegImagePlugin

    transform, layers = image.info.get("adobe_transform"), image.layer
    keep_rgb = len(layers) == 3 and (transform == 0 or tuple(layer[0] for layer in layers) == _RGB)
    tables = [image.quantization[layer[3]] for layer in layers]
    if len(layers) == 4 and transform == 2:
        # Stored as YCCK, written as CMYK: tables made for colour differences would spoil inks.
        tables = tables[:1]
    return {
        "modes": (image.mode,),
        "qtables": tuple(tuple(table) for table in tables),
        "subsampling": JpegImagePlugin.get_sampling(image),
        "progressive": bool(image.info.get("progressive")),
        "keep_rgb": keep_rgb,
    }


def _png(data: bytes, bounds: Bounds) -> Photo:
    from PIL import PngImagePlugin

    png = cut_png(data)
    bounds.add(png.width, png.height)
    with PngImagePlugin.PngImageFile(io.BytesIO(png.data)) as image:
        count = int(image.n_frames)
        if count > 1:
            bounds.add(png.width, png.height, count - 1)
        default = bool(getattr(image, "default_image", False))
        modes, frames = _png_frames(image, png, count)
        encoding = {"modes": modes, "plays": image.info.get("loop", 0), "default": default and count > 1}
    return _photo("png", frames, png.exif, png.icc, encoding)


def _png_frames(image: Any, png: Png, count: int) -> tuple[tuple[str, ...], list[Frame]]:
    if count == 1 and png.depth == 16 and png.colour in (2, 4, 6):
        return ("",), [read_deep_png(png.data, grey=png.colour == 4)]
    if count > 1 and png.depth == 16 and png.colour == 0:
        raise Undecodable("an animation of deep grey pictures")
    clear = image.info.get("transparency")
    if isinstance(clear, int) and png.colour == 0 and png.depth in (2, 4):
        # Pillow spreads samples of 2 and 4 bits over 8, but not the transparent one.
        image.info["transparency"] = clear * (255 // ((1 << png.depth) - 1))
    return _collect(image, count)


def _collect(image: Any, count: int) -> tuple[tuple[str, ...], list[Frame]]:
    """Decode the frames of an animation, or the only picture; frames come composed, as a viewer shows them."""
    modes: list[str] = []
    frames: list[Frame] = []
    for index in range(count):
        if count > 1:
            image.seek(index)
        image.load()
        modes.append(image.mode)
        frames.append(frame_of(image, float(image.info.get("duration") or 0) if count > 1 else None))
    return tuple(modes), frames


def _webp(data: bytes, bounds: Bounds) -> Photo:
    from PIL import WebPImagePlugin

    data, lossless = cut_webp(data)
    with WebPImagePlugin.WebPImageFile(io.BytesIO(data)) as image:
        count = int(image.n_frames)
        width, height = image.size
        bounds.add(width, height, count)
        modes, frames = _collect(image, count)
        encoding = {"modes": modes, "lossless": lossless, "plays": image.info.get("loop", 0)}
        return _photo("webp", frames, image.info.get("exif"), image.info.get("icc_profile"), encoding)


def _gif(data: bytes, bounds: Bounds) -> Photo:
    from PIL import GifImagePlugin

    gif = cut_gif(data)
    if not gif.frames:
        raise Damaged
    bounds.add(gif.width, gif.height, gif.frames)
    with GifImagePlugin.GifImageFile(io.BytesIO(gif.data)) as image:
        count = int(image.n_frames)
        modes, frames = _collect(image, count)
        loop = image.info.get("loop")
    # The file says how often to repeat after the first time; 0 is for ever, and nothing at all is never.
    plays = 1 if loop is None else loop and loop + 1
    frames = _grey_if_equal([_padded(frame, gif.width, gif.height) for frame in frames])
    return _photo("gif", frames, None, None, {"modes": modes, "plays": plays})


def _padded(frame: Frame, width: int, height: int) -> Frame:
    """Bring a frame to the size that the canvas grows to when a later frame reaches over its edge."""
    if (frame.width, frame.height) == (width, height):
        return frame

    def pad(plane: Pixels) -> Pixels:
        edges = [(0, height - frame.height), (0, width - frame.width)] + [(0, 0)] * (plane.ndim - 2)
        return np.pad(plane, edges)

    alpha = np.full((frame.height, frame.width), 255, np.uint8) if frame.alpha is None else frame.alpha
    return Frame(pad(frame.pixels), frame.colour, pad(alpha), frame.duration_ms)


def _bmp(data: bytes, bounds: Bounds) -> Photo:
    from PIL import BmpImagePlugin

    with BmpImagePlugin.BmpImageFile(io.BytesIO(data)) as image:
        bounds.add(*image.size)
        modes, frames = _collect(image, 1)
        return _photo("bmp", frames, None, None, {"modes": modes})


def _tiff(data: bytes, bounds: Bounds) -> Photo:
    found, data = read_pages(data)
    pages = [page for page in found if not page.reduced]
    if not pages:
        raise Undecodable("thumbnails of a picture in camera raw")
    for page in pages:
        bounds.add(page.width, page.height)
    read = _TiffReader(data)
    frames = [upright(read.frame(page), page.orientation) for page in pages]
    first = pages[0]
    return Photo(
        format="tiff",
        frames=tuple(frames),
        icc=first.icc,
        orientation=first.orientation,
        datetime=first.taken,
        encoding={"modes": tuple(read.modes), "compressions": tuple(read.compressions)},
    )


class _TiffReader:
    """Decodes pages as stored, by Pillow, or deep ones by OpenCV."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._image: Any = None
        self.modes: list[str] = []
        self.compressions: list[str] = []

    def frame(self, page: Page) -> Frame:
        if is_deep_page(page):
            self._note("", "tiff_adobe_deflate")
            return read_deep_page(self._data, page)
        image = self._seek(page.index)
        if image.size != (page.width, page.height):
            raise Damaged
        compression = image.info.get("compression", "raw")
        image.load()
        self._note(image.mode, compression)
        return frame_of(image)

    def _seek(self, index: int) -> Any:
        from PIL import TiffImagePlugin

        if self._image is None:
            self._image = TiffImagePlugin.TiffImageFile(io.BytesIO(self._data))
        self._image.seek(index)
        # Pillow would turn the page by its XMP packet too, which viewers do not.
        self._image.info.pop("xmp", None)
        return self._image

    def _note(self, mode: str, compression: str) -> None:
        self.modes.append(mode)
        self.compressions.append(compression)


def _heic(data: bytes, bounds: Bounds) -> Photo:
    frames, info, how = read_heic(data, bounds)
    return _photo(
        "heic", frames, info.get("exif"), info.get("icc_profile"), {"modes": ("",) * len(frames), **how}, turn=False
    )


def _avif(data: bytes, bounds: Bounds) -> Photo:
    with _open_avif(data) as image:
        count = int(image.n_frames)
        width, height = image.size
        bounds.add(width, height, count)
        modes, frames = _collect(image, count)
        encoding = {"modes": modes, "chroma": av1_layout(data), "plays": 0}
        if encoding["chroma"] == "4:0:0":
            frames = _grey_if_equal(frames)
        return _photo("avif", frames, image.info.get("exif"), image.info.get("icc_profile"), encoding)


def _open_avif(data: bytes) -> Any:
    from PIL import AvifImagePlugin

    try:
        return AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    except (SyntaxError, ValueError):
        # Pillow and libavif refuse a picture whose EXIF block is damaged.
        return AvifImagePlugin.AvifImageFile(io.BytesIO(without_exif(data)))


def _grey_if_equal(frames: list[Frame]) -> list[Frame]:
    """Return frames as grey if not one pixel of them has a colour."""
    if not all(frame.colour == "grey" or (frame.pixels == frame.pixels[:, :, :1]).all() for frame in frames):
        return frames
    return [replace(frame, pixels=frame.pixels[:, :, :1].copy(), colour="grey") for frame in frames]


#: One decoder a format.
_DECODERS: dict[str, Callable[[bytes, Bounds], Photo]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "gif": _gif,
    "heic": _heic,
    "avif": _avif,
}
