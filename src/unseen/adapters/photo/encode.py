"""From frames to the bytes of a photo file, built afresh: nothing is written but pixels and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from unseen.adapters.photo.avif import without_times
from unseen.adapters.photo.exif import MARK
from unseen.adapters.photo.fit import Fitted, fit
from unseen.adapters.photo.gif_write import write_gif
from unseen.adapters.photo.heif import write_heic
from unseen.adapters.photo.palette import indexed
from unseen.adapters.photo.pillow_frames import bilevel, image_of, save
from unseen.adapters.photo.png_write import write_png
from unseen.adapters.photo.tiff_write import write_tiff
from unseen.adapters.photo.webp_write import write_webp
from unseen.core.photos import Photo

__all__ = ["encode"]

_QUALITY = 90
_FULL_CHROMA = "4:4:4"
#: More than any picture takes, in bytes a sample: the library writes progressive pictures in one piece.
_ROOM = 4


def encode(photo: Photo, kind: str, keep: frozenset[str]) -> bytes:
    """Encode a photo as `kind`; raises UnsupportedInput for what the format cannot hold, see `fit`."""
    return _ENCODERS[kind](fit(photo, kind, keep))


def _jpeg(fitted: Fitted) -> bytes:
    frame, how = fitted.frames[0], fitted.photo.encoding
    image = image_of(frame)
    options: dict[str, Any] = {"icc_profile": fitted.icc(frame), "exif": fitted.exif and MARK + fitted.exif}
    tables = _tables(how.get("qtables", ()), len(image.getbands()))
    if tables:
        chroma = how.get("subsampling", 0)
        options.update(qtables=tables, subsampling=chroma if chroma in (0, 1, 2) and image.mode == "RGB" else 0)
        options["keep_rgb"] = (how.get("keep_rgb") and image.mode == "RGB") or None
    else:
        options.update(quality=_QUALITY, subsampling=0)
    if not how.get("progressive"):
        return save(image, "JPEG", **options)
    with _room(image):
        return save(image, "JPEG", progressive=True, **options)


def _tables(tables: Sequence[Sequence[int]], bands: int) -> list[list[int]]:
    """Return one table for each band; those at the end that are the same are left to the last one named."""
    named = [list(table) for table in tables[:bands]]
    while len(named) > 1 and named[-1] == named[-2]:
        named.pop()
    return named


@contextmanager
def _room(image: Any) -> Iterator[None]:
    """Let Pillow's buffer, whose size is a global, hold a whole file; the codec works in one thread at a time."""
    from PIL import ImageFile

    before = ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = max(before, _ROOM * image.width * image.height * len(image.getbands()))
    try:
        yield
    finally:
        ImageFile.MAXBLOCK = before


def _bmp(fitted: Fitted) -> bytes:
    frame = fitted.frames[0]
    mode = fitted.how("modes", 0)
    if frame.alpha is not None:
        import cv2

        image = image_of(frame).convert("RGBA")
        done, data = cv2.imencode(".bmp", np.array(image)[:, :, [2, 1, 0, 3]])
        if not done:
            raise ValueError("no BMP")
        return bytes(data.tobytes())
    if mode == "1" and frame.colour == "grey":
        return save(bilevel(frame), "BMP")
    picture = indexed(frame, on_off=True) if mode == "P" else None
    return save(image_of(frame) if picture is None else picture.image(), "BMP")


def _heic(fitted: Fitted) -> bytes:
    return write_heic(fitted.photo, fitted.frames, fitted.profile, fitted.exif)


def _avif(fitted: Fitted) -> bytes:
    frames, how = fitted.frames, fitted.photo.encoding
    images = [image_of(frame) for frame in frames]
    grey = all(frame.colour == "grey" for frame in frames)
    chroma = how.get("chroma") if fitted.photo.format == "avif" and how.get("chroma") != "4:0:0" else _FULL_CHROMA
    options: dict[str, Any] = {"icc_profile": fitted.icc(frames[0]), "exif": fitted.exif, "quality": _QUALITY}
    options["subsampling"] = "4:0:0" if grey else chroma or "4:2:0"
    if len(images) == 1:
        return save(images[0], "AVIF", **options)
    durations = [round(frame.duration_ms or 0) for frame in frames]
    return without_times(
        save(images[0], "AVIF", save_all=True, append_images=images[1:], duration=durations, **options)
    )


#: One encoder a format.
_ENCODERS: dict[str, Callable[[Fitted], bytes]] = {
    "jpeg": _jpeg,
    "png": write_png,
    "webp": write_webp,
    "tiff": write_tiff,
    "bmp": _bmp,
    "gif": write_gif,
    "heic": _heic,
    "avif": _avif,
}
