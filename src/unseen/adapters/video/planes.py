"""Pictures of FFmpeg as planes and back: pixel formats, and conversions that leave the colours alone."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels, Rgb8
from unseen.core.video import ColourTags, VideoFrame, VideoInfo

if TYPE_CHECKING:
    import av

__all__ = ["Fitter", "Layout", "Letterbox", "ToRgb", "layout", "losses", "picture_of", "planes_of", "stored_format"]

_NAME = re.compile(r"yuv(a?)(420|422|444)p(?:(10|12)le)?")
_LIMITED, _FULL = 1, 2
#: Matrix coefficients of ITU-T H.273 -> what swscale calls them; the rest is shown as BT.709 by common players.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT709, _BT601 = 1, 5
_PQ = 16
#: Luma samples for one of colour, across and down -> what that is called.
_WAYS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
#: Shapes, width by height as shown, that differ by less than this share are taken for the same one.
_SAME_SHAPE = 0.03


@dataclass(frozen=True, slots=True)
class Layout:
    """A planar Y'CbCr format: bits a sample, how many luma pixels share a chroma sample, alpha plane or not."""

    name: str
    bits: int
    across: int
    down: int
    alpha: bool

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The samples' type: samples of more than 8 bits lie in the low bits of 16."""
        return np.uint8 if self.bits == 8 else np.uint16

    def shapes(self, width: int, height: int) -> tuple[tuple[int, int], ...]:
        """Return (height, width) of each plane of a picture; chroma is rounded up."""
        chroma = (-(-height // self.down), -(-width // self.across))
        return ((height, width), chroma, chroma, (height, width))[: 4 if self.alpha else 3]


def layout(pixel_format: str) -> Layout:
    """Return the layout of a planar format by FFmpeg's name; raises ValueError for any other."""
    found = _NAME.fullmatch(pixel_format)
    if found is None:
        raise ValueError(f"pixel format {pixel_format!r} is not planar Y'CbCr of 8, 10 or 12 bits")
    alpha, sampling, bits = found.groups()
    across, down = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[sampling]
    return Layout(pixel_format, int(bits or 8), across, down, bool(alpha))


def stored_format(format: Any) -> str:
    """Return the planar format in which pictures of FFmpeg's VideoFormat `format` are handed out.

    Planar Y'CbCr stays as it is (the "yuvj" names lose their j: the range is told apart); semi-planar, packed, grey
    and palette pictures become the nearest planar one, RGB becomes 4:4:4 by BT.709; 9 bits become 10, 14 and more 12.
    """
    name = str(format.name).replace("yuvj", "yuv")
    if _NAME.fullmatch(name):
        return name
    bits = max((part.bits for part in format.components), default=8)
    alpha = "a" if any(part.is_alpha for part in format.components) else ""
    depth = "" if bits <= 8 or format.has_palette else "10le" if bits <= 10 else "12le"
    return f"yuv{alpha}{_sampling(format)}p{depth}"


def losses(format: Any, form: Layout) -> tuple[str, ...]:
    """Return what pictures of FFmpeg's VideoFormat `format` lose where they are handed out as `form`, a line each."""
    bits = max((part.bits for part in format.components), default=8)
    lost = [f"{bits} bits a sample became {form.bits}"] if bits > form.bits and not format.has_palette else []
    if not (format.is_rgb or format.has_palette or _is_grey(format)):
        across, down = (16 // max(1, size(16)) for size in (format.chroma_width, format.chroma_height))
        if across < form.across or down < form.down:
            lost.append(
                f"colours of {_WAYS.get((across, down), 'another kind')} became {_WAYS[form.across, form.down]}"
            )
    return tuple(lost)


def _sampling(format: Any) -> str:
    if format.is_rgb or format.has_palette or format.is_bayer:
        return "444"
    if _is_grey(format):
        return "420"
    across, down = format.chroma_width(16), format.chroma_height(16)
    return "444" if across == 16 and down == 16 else "422" if across >= 8 and down == 16 else "420"


def _is_grey(format: Any) -> bool:
    return sum(not part.is_alpha for part in format.components) == 1 and not format.has_palette


def planes_of(picture: av.VideoFrame, form: Layout) -> tuple[Pixels, ...]:
    """Return a decoded picture's planes as read-only views: the decoder still makes other pictures from them."""
    return tuple(
        _rows(plane, form, shape, write=False)
        for plane, shape in zip(picture.planes, form.shapes(picture.width, picture.height), strict=True)
    )


def picture_of(planes: tuple[Pixels, ...], form: Layout, width: int, height: int) -> av.VideoFrame:
    """Return a new picture with copies of `planes`; raises ValueError where shapes, types or number do not fit."""
    import av

    shapes = form.shapes(width, height)
    if tuple(plane.shape for plane in planes) != shapes or any(plane.dtype != form.dtype for plane in planes):
        got = ", ".join(f"{plane.dtype} {plane.shape}" for plane in planes)
        raise ValueError(f"{form.name} of {width} x {height} needs planes {shapes}, got {got}")
    picture = av.VideoFrame(width, height, form.name)
    for plane, pixels, shape in zip(picture.planes, planes, shapes, strict=True):
        _rows(plane, form, shape, write=True)[:] = pixels
    return picture


def _rows(plane: Any, form: Layout, shape: tuple[int, int], *, write: bool) -> NDArray[Any]:
    rows = np.frombuffer(plane, form.dtype)
    rows = rows.reshape(plane.height, -1)[: shape[0], : shape[1]]
    rows = rows[::-1] if plane.line_size < 0 else rows
    rows.flags.writeable = write
    return rows


class Fitter:
    """Brings decoded pictures to one size and planar format; what fits already goes through untouched.

    The matrix and the range of the colours stay, except that RGB becomes BT.709 of limited range.
    """

    def __init__(self, width: int, height: int, pixel_format: str, colour: ColourTags) -> None:
        from av.video.reformatter import VideoReformatter

        self.width, self.height = width, height
        self.form = layout(pixel_format)
        self._full = colour.full_range
        self._reformatter = VideoReformatter()

    def fits(self, picture: av.VideoFrame) -> bool:
        """Whether the picture has the size already."""
        return (picture.width, picture.height) == (self.width, self.height)

    def fit(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return the picture in this size and format; raises av.FFmpegError if it cannot be converted."""
        format = picture.format
        if self.fits(picture) and str(format.name).replace("yuvj", "yuv") == self.form.name:
            return picture
        # swscale takes grey and RGB for full range, whatever the stream says.
        rgb = format.is_rgb or format.has_palette
        grey = _is_grey(format)
        source = _FULL if rgb or grey or self._full else _LIMITED
        target = _FULL if grey or (self._full and not rgb) else _LIMITED
        return self._reformatter.reformat(
            picture, self.width, self.height, self.form.name, src_colorspace=_BT709, dst_colorspace=_BT709,
            src_color_range=source, dst_color_range=target, threads=1,
        )  # fmt: skip


class Letterbox:
    """Brings decoded pictures to a video's size and format; those of another shape lie in black, as large as fits.

    Stretched or lying down, faces are not found any more.
    """

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        self._whole = layout(info.pixel_format)
        self._inner = Fitter(info.width, info.height, info.pixel_format, info.colour)

    def planes(
        self, picture: av.VideoFrame, aspect: Fraction, turn: int = 0, mirrored: bool = False
    ) -> tuple[Pixels, ...]:
        """Return copies of the planes of a picture whose stored pixels have this `aspect`; raises av.FFmpegError.

        It is mirrored left to right, then turned clockwise by `turn` degrees, a multiple of 90.
        """
        lying = turn % 180 != 0
        wide, high = (picture.height, picture.width) if lying else (picture.width, picture.height)
        width, height = self._size(wide, high, 1 / aspect if lying else aspect)
        stored = (height, width) if lying else (width, height)
        if stored != (self._inner.width, self._inner.height):
            self._inner = Fitter(*stored, self._info.pixel_format, self._info.colour)
        form, out = self._whole, []
        upright = [_turned(plane, turn, mirrored) for plane in planes_of(self._inner.fit(picture), form)]
        if (width, height) == (self._info.width, self._info.height):
            return tuple(plane.copy() for plane in upright)
        black = (0 if self._info.colour.full_range else 16, 128, 128, 255)
        shapes = form.shapes(self._info.width, self._info.height)
        for inner, shape, level in zip(upright, shapes, black, strict=False):
            plane = np.full(shape, level * 2 ** (form.bits - 8), form.dtype)
            top, left = (shape[0] - inner.shape[0]) // 2, (shape[1] - inner.shape[1]) // 2
            plane[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
            out.append(plane)
        return tuple(out)

    def _size(self, width: int, height: int, aspect: Fraction) -> tuple[int, int]:
        info = self._info
        wider = aspect / info.pixel_aspect
        # Odd sizes lose a line, which in a tiny picture would be another shape.
        if abs(width - info.width) > 1 or abs(height - info.height) > 1:
            wider *= Fraction(width * info.height, height * info.width)
        if abs(wider - 1) < _SAME_SHAPE:
            return info.width, info.height
        # Less by multiples of 4, so that the bars on either side are whole chroma samples.
        narrow = round(info.width * (1 - min(wider, Fraction(1))) / 4) * 4
        flat = round(info.height * (1 - 1 / max(wider, Fraction(1))) / 4) * 4
        return max(2, info.width - narrow), max(2, info.height - flat)


def _turned(plane: Pixels, turn: int, mirrored: bool) -> Pixels:
    return np.rot90(plane[:, ::-1] if mirrored else plane, -turn // 90)


class ToRgb:
    """Turns frames of one video into RGB pictures, by the video's matrix and range; safe to share between threads."""

    def __init__(self, info: VideoInfo) -> None:
        from av.video.reformatter import VideoReformatter

        self._info = info
        self._form = layout(info.pixel_format)
        self._matrix = _matrix(info)
        # One for whole frames and one for parts: it starts anew whenever the size changes.
        self._reformatters = (VideoReformatter(), VideoReformatter())
        self._guard = threading.Lock()
        self._curve = _pq_to_srgb() if info.colour.transfer == _PQ else None

    def __call__(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return the frame as RGB, shape (height, width, 3), scaled to `width` x `height` (default: its own size).

        Stored orientation, square or not; alpha is ignored; HDR by PQ is brought to the brightness that detectors are
        trained on. The frame may be a part that is cut out. Raises ValueError if it is not one of this video's format.
        """
        info = self._info
        stored_high, stored_wide = frame.planes[0].shape
        picture = picture_of(frame.planes, self._form, stored_wide, stored_high)
        wide, high = width or stored_wide, height or stored_high
        with self._guard:
            rgb = self._reformatters[(stored_wide, stored_high) != (info.width, info.height)].reformat(
                picture, wide, high, "rgb24", src_colorspace=self._matrix, dst_colorspace=self._matrix,
                src_color_range=_FULL if info.colour.full_range else _LIMITED, dst_color_range=_FULL,
                interpolation=_interpolation(stored_wide / wide), threads=1,
            )  # fmt: skip
        plane: Any = rgb.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(high, -1)[:, : wide * 3].reshape(high, wide, 3)
        return np.ascontiguousarray(rows) if self._curve is None else self._curve[rows]


def _interpolation(shrunk: float) -> int:
    """Area averages from half the size on: as good as bilinear there, and faster."""
    from av.video.reformatter import Interpolation

    return int(Interpolation.AREA if shrunk >= 2 else Interpolation.BILINEAR)


def _matrix(info: VideoInfo) -> int:
    """Return swscale's number of the matrix; where the stream does not say, players go by the size."""
    if info.colour.matrix == 2:
        return _BT709 if info.width >= 1280 or info.height > 576 else _BT601
    return _MATRICES.get(info.colour.matrix, _BT709)


def _pq_to_srgb() -> NDArray[np.uint8]:
    """Return a table from PQ (SMPTE ST 2084) to sRGB code values, with white at 203 cd/m2 (ITU-R BT.2408)."""
    code = np.linspace(0.0, 1.0, 256) ** (1 / 78.84375)
    light = (np.maximum(code - 0.8359375, 0) / (18.8515625 - 18.6875 * code)) ** (1 / 0.1593017578125)
    shown = np.minimum(light * 10_000 / 203, 1.0)
    curve = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(curve * 255), dtype=np.uint8)
