"""The pictures of a DICOM file, decoded by other code than that which wrote them, as a person sees them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.verify.dicom.leaves import PIXELS, Leaf
from unseen.verify.dicom.parse import Parsed

__all__ = ["Form", "Values", "comparable", "form_of", "frames", "is_lossy", "is_video", "pictures"]

Values = NDArray[Any]
Rgb = NDArray[np.uint8]
#: Functions of imagecodecs by the end of the transfer syntax below 1.2.840.10008.1.2; RLE is told apart.
_CODECS = {
    **dict.fromkeys(("4.50", "4.51", "4.57", "4.70"), "jpeg_decode"),
    **dict.fromkeys(("4.80", "4.81"), "jpegls_decode"),
    **dict.fromkeys(("4.90", "4.91", "4.92", "4.93"), "jpeg2k_decode"),
    **dict.fromkeys(("4.110", "4.111", "4.112"), "jpegxl_decode"),
    **dict.fromkeys(("4.201", "4.202", "4.203"), "htj2k_decode"),
}
#: JPEG Baseline and Extended, near-lossless JPEG-LS, and what JPEG 2000, JPEG XL and HTJ2K call general.
_LOSSY = frozenset(("4.50", "4.51", "4.81", "4.91", "4.93", "4.112", "4.203"))
_ROOT, _RLE = "1.2.840.10008.1.2.", "5"
#: MPEG2, MPEG-4 AVC and HEVC; and how many seconds lie between frames of them that are looked at.
_VIDEOS, _EACH_S = b"1.2.840.10008.1.2.4.10", 2.0
#: Surroundings as a share of the shorter side, in pixels at least, and shades that a standard deviation takes.
_AROUND, _LEAST_AROUND, _A_DEVIATION = 0.1, 25, 48
#: Bytes of pixels that are none: what stands for an empty value.
_PADDING = 8
_HEADS = (b"\xff\xd8", b"\xff\x4f")
#: How JPEG and JPEG-LS, and JPEG 2000, begin, and what their data begins with: in it no beginning can stand.
_BEGINS = ((b"\xff\xd8\xff", b"\xff\xda"), (b"\xff\x4f\xff\x51", b"\xff\x93"))
#: ITU-R BT.601: what Cb and Cr add to red, green and blue.
_BT601 = np.array([[0, 1.402], [-0.344136, -0.714136], [1.772, 0]], np.float32)


@dataclass(frozen=True, slots=True)
class Form:
    """How a file says that its pixels are stored (PS3.3 C.7.6.3), and where they are."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits: int
    stored: int
    high: int
    signed: bool
    planar: bool
    colours: str
    leaf: Leaf

    @property
    def halved(self) -> bool:
        """Whether two neighbours share their colour."""
        return self.colours == "YBR_FULL_422"


class _Top:
    """Values of the attributes that lie in no sequence."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._leaves = {leaf.tag: leaf for leaf in parsed.leaves if not leaf.path}

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a value, none where there is no such attribute."""
        leaf = self._leaves.get(tag)
        return b"" if leaf is None else self._parsed.value(leaf)

    def word(self, tag: int, default: int = 0) -> int:
        """Return an unsigned number of 16 bits."""
        value = self.raw(tag)[:2]
        return int.from_bytes(value, "big" if self._parsed.big else "little") if len(value) == 2 else default

    def numbers(self, tag: int) -> list[float]:
        """Return numbers that are written in digits; none where they cannot be read."""
        try:
            return [float(part) for part in self.raw(tag).strip(b"\0 ").split(b"\\")]
        except ValueError:
            return []

    def pixels(self) -> Leaf | None:
        """Return where the pixels are."""
        return next((leaf for tag, leaf in self._leaves.items() if tag in PIXELS), None)


def form_of(parsed: Parsed) -> Form | None:
    """Return how the pixels of a file are stored, None where it has none."""
    top = _Top(parsed)
    leaf, rows, columns = top.pixels(), top.word(0x00280010), top.word(0x00280011)
    if leaf is not None and not (rows and columns) and (parsed.fragments or leaf.end - leaf.start > _PADDING):
        raise ValueError("has pixels and does not say how many")
    if leaf is None or not rows or not columns:
        return None
    bits = top.word(0x00280100, 8)
    stored = top.word(0x00280101, bits)
    return Form(
        rows,
        columns,
        int((top.numbers(0x00280008) or [1])[0]) or 1,
        top.word(0x00280002, 1),
        bits,
        stored,
        top.word(0x00280102, stored - 1),
        top.word(0x00280103) == 1,
        top.word(0x00280006) == 1,
        top.raw(0x00280004).strip(b"\0 ").decode("latin-1"),
        leaf,
    )


def frames(parsed: Parsed, form: Form) -> Iterator[tuple[int, Values]]:
    """Yield number and values of each frame, shape (rows, columns) or (rows, columns, 3); raises ValueError.

    Colours of compressed frames come as their decoders give them: red, green and blue. Of a video a frame comes every
    two seconds, and the last one.
    """
    if not parsed.fragments:
        yield from enumerate(_native(parsed, form))
        return
    if is_video(parsed):
        yield from _played(parsed, form)
        return
    for number, code in enumerate(_codestreams(parsed, form.frames)):
        _check_single(code)
        values = _decoded(code, parsed.syntax.decode("latin-1"), form)
        wanted = (form.rows, form.columns) if form.samples == 1 else (form.rows, form.columns, form.samples)
        if values.shape != wanted:
            raise ValueError("a frame is not of the size that the header says")
        yield number, values


def _played(parsed: Parsed, form: Form) -> Iterator[tuple[int, Values]]:
    import av

    data = b"".join(parsed.data[start:end] for start, end in parsed.fragments[1:])
    count, waiting = 0, None
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            step = max(1, round(_EACH_S * float(stream.average_rate or 25)))
            for count, picture in enumerate(container.decode(stream), 1):
                if (picture.height, picture.width) != (form.rows, form.columns):
                    raise ValueError("a frame is not of the size that the header says")
                waiting = None if count % step == 1 or step == 1 else picture
                if waiting is None:
                    yield count - 1, picture.to_ndarray(format="rgb24")
            if waiting is not None:
                yield count - 1, waiting.to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise ValueError("its video cannot be decoded") from error
    if count != form.frames:
        raise ValueError("its video has more or fewer frames than the header says")


def _native(parsed: Parsed, form: Form) -> Iterator[Values]:
    leaf = form.leaf
    data = parsed.data[leaf.start : leaf.end]
    if parsed.big and form.bits == 8 and leaf.vr == b"OW":
        data = np.frombuffer(data[: len(data) // 2 * 2], np.uint16).byteswap().tobytes()
    each = form.rows * form.columns
    full = each * form.samples
    halved = form.halved and len(data) < full * form.frames
    size = each * 2 if halved else full
    if form.bits == 1:
        values: Values = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    else:
        kind = "f" if leaf.tag != 0x7FE00010 else "i" if form.signed else "u"
        dtype = np.dtype(f"{'>' if parsed.big else '<'}{kind}{form.bits // 8}")
        values = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
    if values.size < size * form.frames:
        raise ValueError("has fewer pixels than it says")
    for number in range(form.frames):
        one = values[number * size : (number + 1) * size]
        yield _whole(one, form) if halved else _significant(_shaped(one, form), form)


def _whole(one: Values, form: Form) -> Values:
    """Give each pixel of a pair (Y Y Cb Cr) the colour of the pair."""
    pairs = one.reshape(form.rows, -1, 4)
    whole = pairs[:, :, [[0, 2, 3], [1, 2, 3]]]
    return np.asarray(whole.reshape(form.rows, form.columns, 3))


def _shaped(one: Values, form: Form) -> Values:
    if form.samples == 1:
        return one.reshape(form.rows, form.columns)
    if form.planar:
        return np.moveaxis(one.reshape(form.samples, form.rows, form.columns), 0, 2)
    return one.reshape(form.rows, form.columns, form.samples)


def _significant(values: Values, form: Form) -> Values:
    """Return numbers without the bits that hold none."""
    if values.dtype.kind == "f" or form.stored >= form.bits:
        return values
    native = values.astype(values.dtype.newbyteorder("="))
    return np.asarray((native << (form.bits - 1 - form.high)) >> (form.bits - form.stored))


def _codestreams(parsed: Parsed, count: int) -> list[bytes]:
    """Return the compressed frames; raises ValueError where they cannot be told apart (PS3.5 A.4)."""
    table, *pieces = (parsed.data[start:end] for start, end in parsed.fragments)
    if len(pieces) == count:
        return pieces
    if count == 1:
        if parsed.syntax.endswith(_RLE.encode()) or any(piece[:2] in _HEADS for piece in pieces[1:]):
            raise ValueError("has more frames than it says")
        return [b"".join(pieces)]
    begins = struct.unpack(f"<{len(table) // 4}L", table[: len(table) // 4 * 4])
    at, made = 0, list[bytes]()
    for piece in pieces:
        if at in begins if len(begins) == count else piece[:2] in _HEADS:
            made.append(piece)
        elif made:
            made[-1] += piece
        at += 8 + len(piece)
    if len(made) != count:
        raise ValueError("its compressed frames cannot be told apart")
    return made


def _check_single(code: bytes) -> None:
    """Raise ValueError where another picture lies behind the first: decoders do not show it, and viewers may."""
    for begins, data in _BEGINS:
        if code.startswith(begins) and code.find(begins, max(code.find(data), 2)) >= 0:
            raise ValueError("has a second picture in a frame")


def _decoded(code: bytes, syntax: str, form: Form) -> Values:
    import imagecodecs

    end = syntax.removeprefix(_ROOT)
    try:
        if end == _RLE:
            return _significant(_rle(code, form), form)
        if end not in _CODECS:
            raise ValueError("is compressed in a way that is not read")
        return np.asarray(getattr(imagecodecs, _CODECS[end])(code))
    except (RuntimeError, TypeError, IndexError, AttributeError, struct.error, MemoryError) as error:
        raise ValueError("has a frame that cannot be decoded") from error


def _rle(code: bytes, form: Form) -> Values:
    """Decode a frame of PS3.5 annex G: a segment for each byte of each sample, the high bytes first."""
    import imagecodecs

    count, *starts = struct.unpack("<16L", code[:64])
    bounds = [*starts[:count], len(code)]
    width, size = max(form.bits // 8, 1), form.rows * form.columns
    if count != width * form.samples:
        raise ValueError("has a frame that cannot be decoded")
    planes = [
        np.frombuffer(imagecodecs.packbits_decode(code[bounds[i] : bounds[i + 1]]), np.uint8) for i in range(count)
    ]
    if any(plane.size < size for plane in planes):
        raise ValueError("has a frame that cannot be decoded")
    joined = np.stack([plane[:size] for plane in planes]).reshape(form.samples, width, form.rows, form.columns)
    values = np.ascontiguousarray(np.moveaxis(joined, 1, -1)).view(f">{'i' if form.signed else 'u'}{width}")[..., 0]
    return np.asarray(values[0] if form.samples == 1 else np.moveaxis(values, 0, 2))


def pictures(parsed: Parsed, form: Form, values: Values) -> list[Rgb]:
    """Return what a person may see of a frame, each (rows, columns, 3).

    Grey is shown from its darkest to its brightest value, and against what is around, whatever window the file may have
    saved.
    """
    if form.colours == "PALETTE COLOR":
        return [_through_palette(_Top(parsed), values)]
    if form.samples == 3:
        return [
            _red_green_blue(values, form, compressed=bool(parsed.fragments) and not parsed.syntax.endswith(b".2.5"))
        ]
    return [_grey(values), _against_surroundings(values)]


def comparable(parsed: Parsed, form: Form, values: Values) -> Values:
    """Return values as they can be compared with those of another file: colours as red, green and blue of 8 bits."""
    return pictures(parsed, form, values)[0] if form.samples == 3 else values


def is_lossy(parsed: Parsed) -> bool:
    """Whether the pixels of a file are compressed in a way that may lose something."""
    return parsed.syntax.decode("latin-1").removeprefix(_ROOT) in _LOSSY


def is_video(parsed: Parsed) -> bool:
    """Whether the pixels of a file are a video."""
    return parsed.syntax.startswith(_VIDEOS)


def _grey(values: Values) -> Rgb:
    shades = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    low, high = (float(shades.min()), float(shades.max())) if shades.size else (0.0, 1.0)
    scaled = (shades - low) * (255 / max(high - low, 1e-6))
    return np.repeat(scaled.astype(np.uint8)[..., None], 3, axis=2)


def _against_surroundings(values: Values) -> Rgb:
    """Return by how many standard deviations values differ from the mean around them, grey in the middle."""
    shades = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    shades -= shades.min()
    reach = max(int(_AROUND * min(shades.shape)), _LEAST_AROUND) // 2
    mean = _mean_around(shades, reach)
    least = 1e-9 * max(float(shades.max()), 1e-9) ** 2
    spread = np.sqrt(np.maximum(_mean_around(shades**2, reach) - mean**2, least))
    scaled = np.clip(128 + (shades - mean) / spread * _A_DEVIATION, 0, 255)
    return np.repeat(scaled.astype(np.uint8)[..., None], 3, axis=2)


def _mean_around(values: Values, reach: int) -> Values:
    """Return the mean of all values up to `reach` pixels away, from sums over ever more rows and columns."""
    sums = np.pad(values, ((reach + 1, reach), (reach + 1, reach)), mode="edge").cumsum(0).cumsum(1)
    side = 2 * reach + 1
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(inside / side**2)


def _red_green_blue(values: Values, form: Form, *, compressed: bool) -> Rgb:
    shades = values if values.dtype == np.uint8 else (values.astype(np.float64) / 257).astype(np.uint8)
    if compressed or not form.colours.startswith("YBR_FULL"):
        return np.ascontiguousarray(shades)
    luma, chroma = shades[..., :1].astype(np.float32), shades[..., 1:].astype(np.float32) - 128
    return np.clip(luma + chroma @ _BT601.T + 0.5, 0, 255).astype(np.uint8)


def _through_palette(top: _Top, values: Values) -> Rgb:
    """Return the colours that values stand for (PS3.3 C.7.6.3.1.5 and 6); grey where the tables cannot be read."""
    columns = []
    for number in (1, 2, 3):
        count, first, bits = (int.from_bytes(top.raw(0x00281100 + number)[i : i + 2], "little") for i in (0, 2, 4))
        entries = np.frombuffer(top.raw(0x00281200 + number), np.uint8 if bits == 8 else "<u2")
        if not entries.size or (count or 65536) > entries.size:
            return _grey(values)
        index = np.clip(values.astype(np.int64) - first, 0, entries.size - 1)
        columns.append((entries >> (8 if entries.max() > 255 else 0)).astype(np.uint8)[index])
    return np.stack(columns, axis=2)
