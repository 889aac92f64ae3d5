"""Which photo formats there are, what metadata may stay, and how large a photo may be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FORMATS", "KEEPABLE", "Limits"]

#: Canonical format name -> file name endings (lower case, without the dot), the first one is used for new names.
FORMATS: dict[str, tuple[str, ...]] = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "png": ("png", "apng"),
    "webp": ("webp",),
    "tiff": ("tif", "tiff"),
    "bmp": ("bmp", "dib"),
    "gif": ("gif",),
    "heic": ("heic", "heif", "hif"),
    "avif": ("avif",),
}
#: Metadata that `--keep-metadata` may name. `icc` is kept by default, because colours are wrong without it.
KEEPABLE: tuple[str, ...] = ("icc", "orientation", "datetime")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is decoded: file size in bytes, pixels a frame, pixels over all frames."""

    max_bytes: int = 512 * 1024 * 1024
    max_pixels: int = 250_000_000
    max_total_pixels: int = 1_000_000_000
