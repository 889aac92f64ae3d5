"""From frames to the bytes of a photo file, built afresh: nothing is written but pixels and what is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from unseen.core.photos import Frame, Photo, Pixels
from unseen.errors import UnsupportedInput

__all__ = ["encode"]

_ORIENTATION, _DATETIME, _DATETIME_ORIGINAL, _EXIF_IFD = 0x0112, 0x0132, 0x9003, 0x8769
_ANIMATED = frozenset({"gif", "webp", "png", "avif"})
_PAGED = frozenset({"tiff", "heic"})
_WITH_EXIF = frozenset({"jpeg", "png", "webp", "tiff", "avif"})
_ICC = frozenset({"jpeg", "png", "webp", "tiff", "heic", "avif"})
_QUALITY = 90


def encode(photo: Photo, kind: str, keep: frozenset[str]) -> bytes:
    """Encode a photo as `kind`; raises UnsupportedInput for what the format cannot hold."""
    several = len(photo.frames) > 1
    if several and kind not in _ANIMATED | _PAGED:
        raise UnsupportedInput(
            f"{len(photo.frames)} frames do not fit into one {kind.upper()}; choose --format webp or tiff"
        )
    icc = photo.icc if "icc" in keep and kind in _ICC else None
    frames = [_fit(f, kind) for f in photo.frames]
    if icc is not None and [f.colour for f in frames] != [f.colour for f in photo.frames]:
        icc = None
    if photo.icc is not None and icc is None:
        frames = [_to_srgb(f, photo.icc) for f in frames]
    turned = _stored_orientation(photo, kind, keep)
    frames = [_stored(f, turned) for f in frames]
    if _is_deep(frames[0]) and kind in ("png", "tiff"):
        return _encode_deep(frames, kind, photo, icc, _exif(photo, kind, keep, turned))
    return _ENCODERS[kind](photo, frames, icc, _exif(photo, kind, keep, turned))


def _stored_orientation(photo: Photo, kind: str, keep: frozenset[str]) -> int:
    return photo.orientation if "orientation" in keep and kind in _WITH_EXIF else 1


def _exif(photo: Photo, kind: str, keep: frozenset[str], orientation: int) -> bytes | None:
    """Return an EXIF block that holds nothing but what was asked for, or None."""
    from PIL import Image

    exif = Image.Exif()
    if orientation != 1:
        exif[_ORIENTATION] = orientation
    if "datetime" in keep and photo.datetime is not None and kind in _WITH_EXIF:
        exif[_DATETIME] = photo.datetime
        exif.get_ifd(_EXIF_IFD)[_DATETIME_ORIGINAL] = photo.datetime
    return exif.tobytes() if len(exif) else None


def _fit(frame: Frame, kind: str) -> Frame:
    """Convert what a format cannot hold."""
    if frame.colour == "cmyk" and kind not in ("jpeg", "tiff"):
        frame = _cmyk_to_rgb(frame)
    if frame.pixels.dtype != np.uint8 and not (kind in ("png", "tiff") and _fits_deep(frame, kind)):
        frame = _to_bytes(frame)
    if frame.alpha is not None and kind in ("jpeg", "bmp"):
        frame = _on_white(frame)
    return frame


def _fits_deep(frame: Frame, kind: str) -> bool:
    return frame.pixels.dtype == np.uint16 or (kind == "tiff" and frame.pixels.dtype in (np.float32, np.int32))


def _is_deep(frame: Frame) -> bool:
    return frame.pixels.dtype != np.uint8


def _cmyk_to_rgb(frame: Frame) -> Frame:
    from PIL import Image

    rgb = np.array(Image.fromarray(np.ascontiguousarray(frame.pixels), "CMYK").convert("RGB"))
    return Frame(rgb, "rgb", frame.alpha, frame.duration_ms)


def _to_bytes(frame: Frame) -> Frame:
    def scaled(values: Pixels) -> Pixels:
        if values.dtype == np.uint16:
            return (values >> 8).astype(np.uint8)
        wide = values.astype(np.float64)
        low, high = float(np.nanmin(wide)), float(np.nanmax(wide))
        return np.nan_to_num((wide - low) * (255.0 / (high - low or 1.0))).astype(np.uint8)

    alpha = None if frame.alpha is None else scaled(frame.alpha)
    return Frame(scaled(frame.pixels), frame.colour, alpha, frame.duration_ms)


def _on_white(frame: Frame) -> Frame:
    assert frame.alpha is not None  # noqa: S101  # the caller looked
    share = frame.alpha[:, :, None].astype(np.float32) / 255.0
    pixels = np.rint(frame.pixels * share + 255.0 * (1.0 - share)).astype(np.uint8)
    return Frame(pixels, frame.colour, None, frame.duration_ms)


def _to_srgb(frame: Frame, icc: bytes) -> Frame:
    """Convert colours to sRGB, as their profile goes; what cannot be converted stays as it is."""
    if frame.pixels.dtype != np.uint8 or frame.colour != "rgb":
        return frame
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        out = ImageCms.profileToProfile(_image(frame, alpha=False), profile, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return frame
    return Frame(np.array(out), "rgb", frame.alpha, frame.duration_ms) if out is not None else frame


def _stored(frame: Frame, orientation: int) -> Frame:
    """Turn an upright frame back into its stored orientation."""
    if orientation == 1:
        return frame
    return Frame(
        _turn_back(frame.pixels, orientation),
        frame.colour,
        None if frame.alpha is None else _turn_back(frame.alpha, orientation),
        frame.duration_ms,
    )


def _turn_back(pixels: Pixels, orientation: int) -> Pixels:
    turns = {3: 2, 5: 3, 6: 1, 7: 1, 8: 3}.get(orientation, 0)
    pixels = np.rot90(pixels, turns)
    if orientation in (2, 5, 7):
        pixels = pixels[:, ::-1]
    elif orientation == 4:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _image(frame: Frame, *, alpha: bool = True) -> Any:
    from PIL import Image

    pixels = np.ascontiguousarray(frame.pixels)
    if frame.colour == "cmyk":
        return Image.fromarray(pixels, "CMYK")
    base = Image.fromarray(pixels[:, :, 0] if frame.colour == "grey" else pixels)
    if alpha and frame.alpha is not None:
        base.putalpha(Image.fromarray(np.ascontiguousarray(frame.alpha)))
    return base


def _paletted(frame: Frame, transparent: bool) -> Any:
    """Return a palette picture: the frame's own colours if they fit, else the best choice among them.

    The palette is made from the redacted pixels alone, because the input's may hold colours of what was hidden.
    """
    from PIL import Image

    rgba = np.dstack([frame.pixels if frame.colour == "rgb" else np.repeat(frame.pixels, 3, axis=2)])
    most = 255 if transparent else 256
    clear = None if frame.alpha is None else frame.alpha < 128
    colours, indices = _exact(rgba, most)
    if colours is None:
        quantised = Image.fromarray(np.ascontiguousarray(rgba)).quantize(
            most, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        indices, table = np.array(quantised), list(quantised.getpalette() or [])
    else:
        table = colours.reshape(-1).tolist()
    if clear is not None and transparent:
        indices = indices.copy()
        indices[clear] = 255
        table = (table + [0] * 768)[:768]
    out = Image.fromarray(indices.astype(np.uint8), "P")
    out.putpalette(table)
    return out


def _exact(rgb: Pixels, most: int) -> tuple[Pixels | None, Pixels]:
    packed = rgb.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    values, indices = np.unique(packed, return_inverse=True)
    if values.size > most:
        return None, packed
    colours = np.stack([values >> 16, (values >> 8) & 255, values & 255], axis=1).astype(np.uint8)
    return colours, indices.reshape(packed.shape)


def _save(image: Any, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **{k: v for k, v in options.items() if v is not None})
    return buffer.getvalue()


def _jpeg(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    how, image = photo.encoding, _image(frames[0])
    options: dict[str, Any] = {"icc_profile": icc, "exif": exif, "progressive": how.get("progressive") or None}
    if photo.format == "jpeg" and how.get("qtables"):
        options["qtables"] = _tables(how["qtables"], len(image.getbands()))
        if how.get("subsampling", -1) in (0, 1, 2) and image.mode != "L":
            options["subsampling"] = how["subsampling"]
    else:
        options.update(quality=_QUALITY, subsampling=0)
    return _save(image, "JPEG", **options)


def _tables(tables: dict[int, list[int]], bands: int) -> list[list[int]]:
    """Return the input's quantisation tables; a grey picture needs the first only."""
    kept = [tables[k] for k in sorted(tables)]
    return kept[:1] if bands == 1 else kept[:4]


def _png(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    images = [_png_image(photo, f) for f in frames] if len(frames) == 1 else [_image(f) for f in frames]
    options: dict[str, Any] = {"icc_profile": icc, "exif": exif}
    if images[0].mode == "P" and frames[0].alpha is not None:
        options["transparency"] = 255
    if len(images) > 1:
        options.update(
            save_all=True, append_images=images[1:], duration=_durations(frames), loop=photo.encoding.get("loop") or 0
        )
        options.update(disposal=0, blend=0, default_image=False)
    return _save(images[0], "PNG", **options)


def _png_image(photo: Photo, frame: Frame) -> Any:
    if photo.encoding.get("mode") == "1" and frame.alpha is None and frame.colour == "grey":
        return _image(frame).point(lambda v: 255 if v >= 128 else 0).convert("1", dither=0)
    soft = frame.alpha is not None and np.isin(frame.alpha, (0, 255)).sum() < frame.alpha.size
    if photo.encoding.get("palette") and not soft:
        return _paletted(frame, frame.alpha is not None)
    return _image(frame)


def _gif(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    clear = any(f.alpha is not None for f in frames)
    images = [_paletted(f, clear) for f in frames]
    options: dict[str, Any] = {"transparency": 255 if clear else None, "optimize": False}
    if len(images) > 1:
        loop = photo.encoding.get("loop")
        options.update(
            save_all=True, append_images=images[1:], duration=_durations(frames), loop=loop, disposal=2 if clear else 1
        )
    return _save(images[0], "GIF", **options)


def _durations(frames: list[Frame]) -> list[int]:
    return [round(f.duration_ms or 0) for f in frames]


def _webp(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    lossless = bool(photo.encoding.get("lossless")) or photo.format in ("png", "gif", "bmp", "tiff")
    images = [_rgb_image(f) for f in frames]
    options: dict[str, Any] = {
        "icc_profile": icc,
        "exif": exif,
        "lossless": lossless,
        "quality": _QUALITY,
        "exact": True,
    }
    if len(images) > 1:
        options.update(
            save_all=True, append_images=images[1:], duration=_durations(frames), loop=photo.encoding.get("loop") or 0
        )
    return _save(images[0], "WEBP", **options)


def _bmp(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    return _save(_png_image(photo, frames[0]), "BMP")


def _tiff(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    images = [_png_image(photo, f) if f.alpha is None else _image(f) for f in frames]
    options: dict[str, Any] = {"icc_profile": icc, "compression": _compression(photo, images[0].mode)}
    if exif is not None:
        options["exif"] = exif
    if len(images) > 1:
        options.update(save_all=True, append_images=images[1:])
    return _save(images[0], "TIFF", **options)


def _compression(photo: Photo, mode: str) -> str:
    kept = str(photo.encoding.get("compression", "tiff_adobe_deflate"))
    bilevel = kept in ("tiff_ccitt", "group3", "group4")
    known = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "lzma")
    if (bilevel and mode == "1") or kept in known:
        return kept
    return "tiff_adobe_deflate"


def _heic(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    import pillow_heif

    file: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for frame in frames:
        added = file.add_from_pillow(_rgb_image(frame))
        added.info.clear()
        if icc is not None:
            added.info["icc_profile"], added.info["icc_profile_type"] = icc, "prof"
    buffer = io.BytesIO()
    file.save(buffer, quality=_QUALITY, chroma=444 if photo.format != "heic" else None, exif=None, xmp=None)
    return buffer.getvalue()


def _rgb_image(frame: Frame) -> Any:
    """Return an RGB(A) picture, for formats that know no grey."""
    image = _image(frame)
    return image if frame.colour == "rgb" else image.convert("RGBA" if frame.alpha is not None else "RGB")


def _avif(photo: Photo, frames: list[Frame], icc: bytes | None, exif: bytes | None) -> bytes:
    images = [_rgb_image(f) for f in frames]
    options: dict[str, Any] = {"icc_profile": icc, "exif": exif, "quality": _QUALITY}
    if len(images) > 1:
        options.update(save_all=True, append_images=images[1:], duration=_durations(frames))
    return _save(images[0], "AVIF", **options)


#: One encoder a format.
_ENCODERS: dict[str, Callable[[Photo, list[Frame], bytes | None, bytes | None], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "gif": _gif,
    "heic": _heic,
    "avif": _avif,
}


def _encode_deep(frames: list[Frame], kind: str, photo: Photo, icc: bytes | None, exif: bytes | None) -> bytes:
    """Encode more than 8 bits: one grey channel by Pillow, colour by OpenCV."""
    if all(f.colour == "grey" and f.alpha is None for f in frames):
        if kind == "png":
            return _save(_grey_image(frames[0]), "PNG", icc_profile=icc, exif=exif)
        rest = [_grey_image(f) for f in frames[1:]]
        more = {"save_all": True, "append_images": rest} if rest else {}
        return _save(_grey_image(frames[0]), "TIFF", icc_profile=icc, exif=exif, compression="raw", **more)
    return _encode_deep_colour(frames, kind)


def _grey_image(frame: Frame) -> Any:
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(frame.pixels[:, :, 0]))


def _encode_deep_colour(frames: list[Frame], kind: str) -> bytes:
    import cv2

    pages = [_bgr(f) for f in frames]
    if kind == "png":
        done, out = cv2.imencode(".png", pages[0])
    else:
        done, out = cv2.imencodemulti(".tiff", pages, [cv2.IMWRITE_TIFF_COMPRESSION, 8])
    if not done:
        raise ValueError("OpenCV could not encode it")
    return bytes(out.tobytes())


def _bgr(frame: Frame) -> Pixels:
    pixels = frame.pixels if frame.colour == "rgb" else np.repeat(frame.pixels, 3, axis=2)
    parts = [pixels[:, :, ::-1]] if frame.alpha is None else [pixels[:, :, ::-1], frame.alpha[:, :, None]]
    return np.ascontiguousarray(np.concatenate(parts, axis=2))
