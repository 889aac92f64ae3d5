"""Pictures that the tests of the photo codec draw, and files that other writers make of them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms

from unseen.adapters.files_pillow import PillowCodec
from unseen.core.formats import FORMATS, Limits
from unseen.core.photos import Frame, Photo

__all__ = [
    "ALL",
    "CODEC",
    "CORNERS",
    "KINDS",
    "LOSSLESS",
    "NOTHING",
    "chunk",
    "corners",
    "dated_profile",
    "decode",
    "drawn",
    "frame",
    "marked",
    "profile",
    "reread",
    "saved",
    "smooth",
    "turned_away",
]

CODEC = PillowCodec()
ALL = frozenset({"icc", "orientation", "datetime"})
NOTHING: frozenset[str] = frozenset()
LOSSLESS = ("png", "tiff", "bmp")
#: Red top left, green top right, blue bottom left.
CORNERS = "RGB"
#: Kind of frame -> channels, depth, what 8-bit samples are multiplied by.
_KINDS: dict[str, tuple[str, type[np.generic], float]] = {
    **{name: (name, np.uint8, 1) for name in ("grey", "la", "rgb", "rgba", "cmyk")},
    **{name + "16": (name, np.uint16, 257) for name in ("grey", "la", "rgb", "rgba")},
    "greyf32": ("grey", np.float32, 1 / 255),
    "rgbf32": ("rgb", np.float32, 1 / 255),
    "rgbf64": ("rgb", np.float64, 1 / 255),
    "greyi16": ("grey", np.int16, 100),
    "greyi32": ("grey", np.int32, -1000),
    "rgbu32": ("rgb", np.uint32, 65537),
}
KINDS = tuple(_KINDS)
_PILLOW_NAMES = {"heic": "HEIF"}
pillow_heif.register_heif_opener()


def decode(data: bytes, kind: str, limits: Limits | None = None) -> Photo:
    """Decode bytes under a name that fits their format."""
    return CODEC.decode(data, f"photo.{FORMATS[kind][0]}", limits or Limits())


def reread(photo: Photo, **how: Any) -> Photo:
    """Encode a photo and decode what was written."""
    return decode(CODEC.encode(photo, **how), how.get("format") or photo.format)


def drawn(width: int = 53, height: int = 37, channels: int = 3, shift: int = 0) -> NDArray[np.uint8]:
    """A picture of smooth and of busy parts, another one for each shift."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * (3 + i) + y * (5 - i) + shift * 40 + x * y // 7 * i) % 256 for i in range(channels)]
    return np.stack(planes, -1).astype(np.uint8)


def smooth(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture that lossy codecs hardly change."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([40 + 3 * x // 2, 60 + 2 * y, 200 - x - y], -1).astype(np.uint8)


def frame(kind: str, *, shift: int = 0, duration: float | None = None) -> Frame:
    """A frame of a kind such as "grey", "rgba", "la16", "greyi32" or "rgbf32"."""
    name, dtype, scale = _KINDS[kind]
    pixels = drawn(shift=shift, channels=4).astype(dtype) * dtype(scale)
    alpha = pixels[:, :, 3] if name in ("la", "rgba") else None
    if name == "cmyk":
        return Frame(pixels, "cmyk", None, duration)
    if name in ("grey", "la"):
        return Frame(pixels[:, :, :1], "grey", alpha, duration)
    return Frame(pixels[:, :, :3], "rgb", alpha, duration)


def marked() -> NDArray[np.uint8]:
    """An upright picture with a red, a green and a blue corner (see CORNERS)."""
    picture = np.full((48, 80, 3), 60, np.uint8)
    picture[:16, :16], picture[:16, -16:], picture[-16:, :16] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    return picture


def turned_away(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return how a camera stores an upright picture under an EXIF orientation, by the letter of CIPA DC-008.

    The standard says which side of the scene the 0th row and the 0th column of the file are.
    """
    sides = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }
    row, column = sides[orientation]
    if row in ("left", "right"):
        picture = picture.transpose(1, 0, 2)
        row, column = {"left": "top", "right": "bottom"}[row], {"top": "left", "bottom": "right"}[column]
    if row == "bottom":
        picture = picture[::-1]
    return np.ascontiguousarray(picture[:, ::-1] if column == "right" else picture)


def corners(pixels: NDArray[Any]) -> str:
    """Return the colours of the top left, top right and bottom left corner, "-" for none of them."""
    spots = (pixels[6, 6], pixels[6, -7], pixels[-7, 6])
    return "".join("RGB"[int(np.argmax(spot[:3]))] if int(max(spot[:3])) > 150 else "-" for spot in spots)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Let Pillow write a file."""
    out = io.BytesIO()
    image.save(out, _PILLOW_NAMES.get(kind, kind.upper()), **options)
    return out.getvalue()


def profile(name: str = "sRGB") -> bytes:
    """A colour profile that does not tell when it was made: "sRGB", or "swapped", in which red and blue have changed
    places."""
    data = dated_profile()[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + dated_profile()[36:]
    if name == "swapped":
        data = data.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    return data


def dated_profile() -> bytes:
    """A profile as the library makes it, which tells to the second when that was."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
