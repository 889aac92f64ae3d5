"""From the bytes of a photo file to upright frames."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from unseen.core.photos import Colour, Frame, Limits, Photo, Pixels
from unseen.errors import DamagedInput, TooLarge, UnsupportedInput

__all__ = ["decode"]

_ORIENTATION, _DATETIME_ORIGINAL, _EXIF_IFD = 0x0112, 0x9003, 0x8769
_PILLOW_GUARD = threading.Lock()
_LONGEST = 600_000


def decode(data: bytes, kind: str, name: str, limits: Limits) -> Photo:
    """Decode bytes that `sniff` took for `kind`; raises FileError and whatever the libraries raise."""
    _refuse_cut(data, kind, name)
    from PIL import Image

    if kind == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    with _unguarded(), Image.open(io.BytesIO(data), formats=_PLUGINS[kind]) as image:
        count = 1 if kind == "jpeg" else int(getattr(image, "n_frames", 1))
        _refuse_large(image.size, count, name, limits)
        orientation, taken = _orientation(image), _datetime(image)
        encoding = _encoding(image, data, kind)
        deep = _deep(data, kind, image, limits, name)
        frames = tuple(deep or _frames(image, count, kind, name, limits))
        icc = image.info.get("icc_profile")
    turned = orientation if kind not in ("tiff", "heic") or deep else 1
    frames = tuple(_upright(f, turned) for f in frames)
    return Photo(
        kind, frames, icc=bytes(icc) if icc else None, orientation=orientation, datetime=taken, encoding=encoding
    )


#: The only plugins that may read each kind: the sniffed kind must not be re-guessed.
_PLUGINS = {
    "jpeg": ["JPEG"], "png": ["PNG"], "webp": ["WEBP"], "tiff": ["TIFF"], "bmp": ["BMP"], "gif": ["GIF"],
    "heic": ["HEIF"], "avif": ["AVIF"],
}  # fmt: skip


@contextmanager
def _unguarded() -> Iterator[None]:
    """Lift Pillow's own bomb guard, which is a global, while ours decides; one thread at a time."""
    from PIL import Image

    with _PILLOW_GUARD:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _refuse_cut(data: bytes, kind: str, name: str) -> None:
    """Refuse files without their end: some decoders fill what is missing with grey, and a face with it."""
    ends = {"jpeg": b"\xff\xd9", "png": b"IEND"}
    cut = kind in ends and ends[kind] not in data[-(1 << 25) :]
    if kind == "webp":
        cut = struct.unpack("<I", data[4:8])[0] + 8 > len(data)
    if kind == "gif":
        cut = b";" not in data[-4096:]
    if kind == "bmp" and len(data) >= 30:
        cut = _bmp_is_cut(data)
    if cut:
        raise DamagedInput(f"{name}: is truncated, its end is missing; fetch it again or leave it out")


def _bmp_is_cut(data: bytes) -> bool:
    offset, header = struct.unpack("<II", data[10:18])
    if header < 40:
        return False
    width, height, _, bits, compression = struct.unpack("<iiHHI", data[18:34])
    return compression in (0, 3) and offset + ((abs(width) * bits + 31) // 32) * 4 * abs(height) > len(data)


def _refuse_large(size: tuple[int, int], count: int, name: str, limits: Limits) -> None:
    pixels = size[0] * size[1]
    if pixels > limits.max_pixels or max(size) > _LONGEST:
        raise TooLarge(
            f"{name}: has {size[0]} x {size[1]} pixels, more than {limits.max_pixels // 1_000_000} megapixels; "
            "raise --max-megapixels if it is no bomb"
        )
    if pixels * count > limits.max_total_pixels:
        raise TooLarge(f"{name}: has {count} frames of {size[0]} x {size[1]} pixels, too many in all; split it")


def _orientation(image: Any) -> int:
    try:
        value = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  # damaged EXIF is dropped in any case
        return 1
    return value if 1 <= value <= 8 else 1


def _datetime(image: Any) -> str | None:
    try:
        value = image.getexif().get_ifd(_EXIF_IFD).get(_DATETIME_ORIGINAL)
    except Exception:  # noqa: BLE001  # as above
        return None
    text = str(value).strip("\0 ") if value else ""
    return text if len(text) == 19 and text.replace(":", "").replace(" ", "").isdigit() else None


def _encoding(image: Any, data: bytes, kind: str) -> dict[str, Any]:
    """Remember how the photo was stored."""
    facts: dict[str, Any] = {"mode": image.mode, "palette": image.mode in ("P", "PA")}
    if kind == "jpeg":
        from PIL import JpegImagePlugin

        facts["qtables"] = {k: list(v) for k, v in image.quantization.items()}
        facts["subsampling"] = JpegImagePlugin.get_sampling(image)
        facts["progressive"] = bool(image.info.get("progressive"))
    elif kind == "webp":
        facts["lossless"] = b"VP8L" in data[:64] or (b"VP8L" in data and b"VP8 " not in data)
    elif kind == "tiff":
        facts["compression"] = image.info.get("compression", "raw")
    if kind in ("gif", "webp", "png", "avif"):
        facts["loop"] = image.info.get("loop")
    return facts


def _frames(image: Any, count: int, kind: str, name: str, limits: Limits) -> Iterator[Frame]:
    animated = count > 1 and kind in ("gif", "webp", "png", "avif")
    total = 0
    for i in range(count):
        if count > 1:
            image.seek(i)
        _refuse_large(image.size, 1, name, limits)
        total += image.size[0] * image.size[1]
        if total > limits.max_total_pixels:
            raise TooLarge(f"{name}: has too many pixels over its frames; split it")
        image.load()
        duration = float(image.info.get("duration", 0) or 0) if animated else None
        yield _frame(image, name, duration)


def _frame(image: Any, name: str, duration: float | None) -> Frame:
    mode = image.mode
    if mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        grey = np.array(image)
        return Frame(_native(grey)[:, :, None], "grey", None, duration)
    if mode in ("1", "L") and "transparency" not in image.info:
        return Frame(np.array(image.convert("L"))[:, :, None], "grey", None, duration)
    if mode == "CMYK":
        return Frame(np.array(image), "cmyk", None, duration)
    if mode in ("LA", "La") or (mode == "L" and "transparency" in image.info):
        pair = np.array(image.convert("LA"))
        return Frame(pair[:, :, :1].copy(), "grey", pair[:, :, 1].copy(), duration)
    if mode in ("LAB", "HSV"):
        raise UnsupportedInput(f"{name}: holds {mode} colours, which few programs show; convert it to RGB first")
    if mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info:
        four = np.array(image.convert("RGBA"))
        return Frame(four[:, :, :3].copy(), "rgb", four[:, :, 3].copy(), duration)
    return Frame(np.array(image.convert("RGB")), "rgb", None, duration)


def _deep(data: bytes, kind: str, image: Any, limits: Limits, name: str) -> list[Frame] | None:
    """Decode what Pillow would cut to 8 bits, by OpenCV; None for everything else."""
    if kind == "png" and data[24] == 16 and data[25] in (2, 4, 6):
        return [_deep_frame(_cv_page(data), grey=data[25] == 4)]
    if kind == "tiff" and _is_deep_tiff(image):
        return [_deep_frame(page, grey=False) for page in _cv_pages(data, name, limits)]
    return None


def _is_deep_tiff(image: Any) -> bool:
    bits = image.tag_v2.get(258, (8,))
    return len(bits) >= 3 and max(bits) > 8


def _cv_page(data: bytes) -> Pixels:
    import cv2

    page = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if page is None:
        raise ValueError("the pixels cannot be read")
    return np.asarray(page)


def _cv_pages(data: bytes, name: str, limits: Limits) -> list[Pixels]:
    import cv2

    done, pages = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if not done or not pages:
        raise ValueError("the pixels cannot be read")
    for page in pages:
        _refuse_large((page.shape[1], page.shape[0]), len(pages), name, limits)
    return [np.asarray(p) for p in pages]


def _deep_frame(page: Pixels, *, grey: bool) -> Frame:
    if page.ndim == 2:
        return Frame(page[:, :, None], "grey")
    colours = np.ascontiguousarray(page[:, :, 2::-1])
    alpha = np.ascontiguousarray(page[:, :, 3]) if page.shape[2] == 4 else None
    if grey:
        return Frame(colours[:, :, :1].copy(), "grey", alpha)
    return Frame(colours, "rgb", alpha)


def _native(pixels: Pixels) -> Pixels:
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _upright(frame: Frame, orientation: int) -> Frame:
    """Turn a frame as its EXIF orientation says (CIPA DC-008, 1 to 8)."""
    if orientation == 1:
        return frame
    alpha = None if frame.alpha is None else turn(frame.alpha, orientation)
    return Frame(turn(frame.pixels, orientation), _colour(frame), alpha, frame.duration_ms)


def _colour(frame: Frame) -> Colour:
    return frame.colour


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """Return stored pixels (height, width, ...) upright, for an EXIF orientation of 1 to 8."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1] if orientation in (2, 5, 7) else pixels[::-1]
    turns = {3: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, turns))
