"""HEIC by pillow-heif (libheif, ISO/IEC 23008-12)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from unseen.adapters.photo.bounds import Bounds
from unseen.adapters.photo.icc import Profile
from unseen.adapters.photo.pillow_frames import image_of
from unseen.core.photos import Frame, Photo, Pixels

__all__ = ["read_heic", "write_heic"]

_QUALITY = 90
_NCLX = ("color_primaries", "transfer_characteristics", "matrix_coefficients", "full_range_flag")
_SRGB_CODES = {"color_primaries": 1, "transfer_characteristics": 13, "matrix_coefficients": 6, "full_range_flag": 1}


def read_heic(data: bytes, bounds: Bounds) -> tuple[list[Frame], dict[str, Any], dict[str, Any]]:
    """Return all pictures that the file shows, the primary one first, what libheif says of that, and how it is stored.

    Pictures come upright, and 10 or 12 bits in the upper bits of 16. Depth maps, gain maps, mattes and thumbnails are
    not pictures in this sense.
    """
    import pillow_heif

    file = pillow_heif.HeifFile(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=True)  # type: ignore[no-untyped-call]
    primary = file.primary_index
    images = [file[primary], *(image for i, image in enumerate(file) if i != primary)]
    for image in images:
        bounds.add(*image.size)
    info = dict(images[0].info)
    how = {"bit_depth": info.get("bit_depth", 8), "chroma": info.get("chroma"), "nclx": _codes(info)}
    return [_frame(image) for image in images], info, how


def _codes(info: dict[str, Any]) -> dict[str, int] | None:
    profile = info.get("nclx_profile")
    return {key: int(profile[key]) for key in _NCLX} if profile else None


def _frame(image: Any) -> Frame:
    name, _, depth = image.mode.partition(";")
    samples = np.dtype("<u2" if depth else "u1")
    data = bytes(image.data)
    width, height = image.size
    rows = np.frombuffer(data, np.uint8).reshape(height, image.stride)[:, : width * len(name) * samples.itemsize]
    pixels = rows.copy().view(samples).reshape(height, width, len(name)).astype(samples.newbyteorder("="), copy=False)
    colours, alpha = (pixels[:, :, :-1], pixels[:, :, -1]) if name[-1] in "Aa" else (pixels, None)
    if alpha is not None and name[-1] == "a":
        colours = _straight(colours, alpha)
    # libheif gives grey with alpha as colour with alpha; only a grey file lacks chroma.
    grey = name[0] == "L" or (image.info.get("chroma") is None and _is_grey(colours))
    alpha = None if alpha is None else np.ascontiguousarray(alpha)
    return Frame(np.ascontiguousarray(colours[:, :, :1] if grey else colours), "grey" if grey else "rgb", alpha)


def _is_grey(colours: Pixels) -> bool:
    return bool((colours == colours[:, :, :1]).all())


def _straight(colours: Pixels, alpha: Pixels) -> Pixels:
    most = np.iinfo(colours.dtype).max
    scaled = np.rint(colours * (float(most) / np.maximum(alpha, 1))[:, :, None])
    return np.minimum(scaled, most).astype(colours.dtype)


def write_heic(photo: Photo, frames: tuple[Frame, ...], profile: Profile | None, exif: bytes | None) -> bytes:
    """Encode pictures of 8 or 16 bits (which become the 10 or 12 that the photo had), the first one as primary."""
    import pillow_heif

    how = photo.encoding if photo.format == "heic" else {}
    file: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for frame in frames:
        mode, data = _raw(frame)
        added = file.add_frombytes(mode, (frame.width, frame.height), data)
        added.info.clear()
        added.info["bit_depth"] = how.get("bit_depth", 10) if frame.pixels.dtype != np.uint8 else 8
        if profile is not None and profile.colour == frame.colour:
            added.info["icc_profile"], added.info["icc_profile_type"] = profile.data, "prof"
        else:
            added.info["nclx_profile"] = how.get("nclx") or _SRGB_CODES
    buffer = io.BytesIO()
    file.save(buffer, quality=_QUALITY, chroma=how.get("chroma") or 444, exif=exif, xmp=None)
    return buffer.getvalue()


def _raw(frame: Frame) -> tuple[str, bytes]:
    if frame.pixels.dtype == np.uint8:
        image = image_of(frame)
        return image.mode, image.tobytes()
    parts = [frame.pixels] if frame.alpha is None else [frame.pixels, frame.alpha[:, :, None]]
    mode = ("L" if frame.colour == "grey" else "RGB") + ("" if frame.alpha is None else "A") + ";16"
    return mode, np.concatenate(parts, axis=2).astype("<u2").tobytes()
