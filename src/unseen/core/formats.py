"""Which photo formats there are, what metadata may stay, and how large a photo may be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FORMATS", "KEEPABLE", "LABEL_ENDING", "VIDEOS", "VIDEO_OUTPUTS", "Limits", "is_video"]

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
#: FFmpeg's name of a video container -> the endings that files of it have; the first one is used for new names.
VIDEOS: dict[str, tuple[str, ...]] = {
    "mov": ("mp4", "mov", "m4v", "3gp", "3g2", "qt"),
    "matroska": ("mkv", "webm"),
    "avi": ("avi",),
    "mpegts": ("ts", "m2ts", "mts", "m2t"),
    "mpeg": ("mpg", "mpeg", "vob", "m2p"),
}
#: Endings of videos that are written; all other videos become the first one.
VIDEO_OUTPUTS: tuple[str, ...] = ("mp4", "m4v", "mov", "mkv", "webm")
#: The ending of a label's file, which lies beside the artefact's.
LABEL_ENDING = ".label.json"
#: Metadata that `--keep-metadata` may name. `icc` is kept by default, because colours are wrong without it.
KEEPABLE: tuple[str, ...] = ("icc", "orientation", "datetime")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is decoded: file size in bytes, pixels a frame, pixels over all frames."""

    max_bytes: int = 512 * 1024 * 1024
    max_pixels: int = 250_000_000
    max_total_pixels: int = 1_000_000_000


def is_video(name: str) -> bool:
    """Whether a file name ends as those of videos do."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return any(ending in endings for endings in VIDEOS.values())
