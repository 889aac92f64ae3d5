"""ICC profiles (ICC.1:2022): cleaned of what does not describe colour, or applied and dropped."""

from __future__ import annotations

import io
import struct
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Colour, Rgb8

__all__ = ["Profile", "clean_profile"]

_HEADER, _ENTRY = 128, 12
_SIGNATURE = slice(36, 40)
_MADE, _IDENTITY, _RESERVED = slice(24, 36), slice(84, 100), slice(100, 128)
#: When a profile was made, for all of them: who writes a photo may make its profile in the same second.
_ONE_DAY = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_MOST_BYTES = 4 * 1024 * 1024
_MOST_TAGS = 100
#: The public tags that turn numbers into colours, and the texts that ordinary profiles have: names, copyright, viewing
#: conditions. Private tags ("mmod": the serial number of a display, "vcgt"), free-form ones ("meta", "targ") and
#: histories ("pseq") are not among them.
_TAGS = frozenset(
    b"A2B0 A2B1 A2B2 A2B3 B2A0 B2A1 B2A2 B2A3 B2D0 B2D1 B2D2 B2D3 D2B0 D2B1 D2B2 D2B3 bTRC bXYZ bkpt cicp chad chrm "
    b"cprt desc dmdd dmnd gTRC gXYZ gamt kTRC lumi meas pre0 pre1 pre2 rTRC rXYZ rig0 rig2 tech view vued wtpt".split()
)
_SPACES: dict[bytes, Colour] = {b"GRAY": "grey", b"RGB ": "rgb", b"CMYK": "cmyk"}
_MODES: dict[Colour, str] = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}
#: A profile whose colours are within this many of 255 steps of sRGB needs no conversion.
_SAME = 1


class Profile:
    """A profile that the colour library accepts: its bytes, cleaned, and the kind of pixels that it is for."""

    def __init__(self, data: bytes, colour: Colour) -> None:
        self.data, self.colour = data, colour

    @cached_property
    def _to_srgb(self) -> Any:
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(io.BytesIO(self.data))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(profile, srgb, _MODES[self.colour], "RGB")

    def convert(self, pixels: NDArray[np.uint8]) -> Rgb8:
        """Return 8-bit pixels (height, width, channels) of the profile as sRGB (height, width, 3)."""
        from PIL import Image, ImageCms

        flat = pixels[:, :, 0] if self.colour == "grey" else pixels
        image = Image.frombytes(_MODES[self.colour], (pixels.shape[1], pixels.shape[0]), flat.tobytes())
        return np.array(ImageCms.applyTransform(image, self._to_srgb), dtype=np.uint8)

    @cached_property
    def is_srgb(self) -> bool:
        """Whether colours mean the same in sRGB, up to rounding."""
        if self.colour == "cmyk":
            return False
        steps = np.arange(0, 256, 17 if self.colour == "grey" else 51, dtype=np.uint8)
        planes = np.meshgrid(*[steps] * (1 if self.colour == "grey" else 3), indexing="ij")
        grid = np.stack([plane.ravel() for plane in planes], axis=-1)[None]
        return bool(np.abs(self.convert(grid).astype(np.int16) - grid.astype(np.int16)).max() <= _SAME)


def clean_profile(data: bytes | None) -> Profile | None:
    """Return a profile with public colour tags only, and not when it was made; None if it is none, too large, or one
    that no library reads."""
    if not data or len(data) > _MOST_BYTES:
        return None
    try:
        clean = _rebuild(data)
    except (struct.error, ValueError):
        return None
    colour = _SPACES.get(clean[16:20])
    return Profile(clean, colour) if colour is not None and _is_readable(clean) else None


def _rebuild(data: bytes) -> bytes:
    tags = _tags(data)
    if data[_SIGNATURE] != b"acsp" or not tags:
        raise ValueError("no profile")
    start = _HEADER + 4 + _ENTRY * len(tags)
    bodies: dict[tuple[int, int], int] = {}
    out = bytearray()
    for span in sorted(set(tags.values())):
        bodies[span] = start + len(out)
        body = data[span[0] : span[0] + span[1]]
        out += body + bytes(-len(body) % 4)
    table = b"".join(struct.pack(">4sII", name, bodies[span], span[1]) for name, span in tags.items())
    clean = bytearray(data[:_HEADER] + struct.pack(">I", len(tags)) + table + out)
    clean[:4] = struct.pack(">I", len(clean))
    clean[_MADE] = _ONE_DAY
    if clean != data:
        clean[_IDENTITY], clean[_RESERVED] = bytes(16), bytes(28)
    return bytes(clean)


def _tags(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Return offset and size of each tag that may stay, in the order of the profile."""
    count = struct.unpack_from(">I", data, _HEADER)[0]
    if count > _MOST_TAGS:
        raise ValueError("too many tags")
    tags: dict[bytes, tuple[int, int]] = {}
    for i in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, _HEADER + 4 + _ENTRY * i)
        if offset < _HEADER or offset + size > len(data) or not size:
            raise ValueError("a tag outside the profile")
        if name.rstrip() in _TAGS:
            tags[name] = offset, size
    return tags


def _is_readable(data: bytes) -> bool:
    from PIL import ImageCms

    try:
        ImageCms.ImageCmsProfile(io.BytesIO(data))
    except (OSError, ImageCms.PyCMSError):
        return False
    return True
