"""Which encoder, pixel format and container a video is written with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from unseen.adapters.video.light import x265_words
from unseen.adapters.video.planes import Layout, layout, losses
from unseen.core.video import VideoInfo, VideoStyle
from unseen.errors import DeviceUnavailable, UnsupportedInput, UsageError

__all__ = ["CODECS", "WRITABLE", "Encoding", "encoding_for", "no_device", "own_priority", "quiet", "reduced"]

#: Ending -> FFmpeg's name of the container that is written.
WRITABLE: dict[str, str] = {"mp4": "mp4", "m4v": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}
#: Codec -> its encoder in software.
CODECS: dict[str, str] = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
#: Families of hardware encoders, as "h264_nvenc" names them -> the option that sets the quality.
_HARDWARE: dict[str, str] = {"nvenc": "cq", "qsv": "global_quality", "amf": "qp_i", "videotoolbox": "q:v"}

_FORMATS: dict[str, tuple[str, ...]] = {
    "h264": ("yuv420p", "yuv422p", "yuv444p"),
    "hevc": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le", "yuv422p12le",
        "yuv444p12le",
    ),
    "vp9": ("yuv420p", "yuv422p", "yuv444p", "yuva420p"),
    "av1": ("yuv420p", "yuv420p10le"),
}  # fmt: skip
_QUALITY = {"h264": 20, "hevc": 22, "vp9": 31, "av1": 32}
_SPEED = {"h264": "veryfast", "hevc": "veryfast", "vp9": "5", "av1": "9"}
#: Where no preset is asked for, searches that take a third of the time and save a tenth of the size are left out.
_LEFT_OUT = {"h264": {"x264-params": "partitions=i8x8,i4x4:subme=1"}}
_MATROSKA = frozenset({"webm", "matroska"})
#: Container -> the codecs that it can hold, where these are not all.
_HELD = {"webm": ("vp9", "av1"), "mov": ("h264", "hevc")}
#: Codec -> the shortest side that its encoder in software takes, in pixels, where that is not 1.
_SHORTEST = {"hevc": 16, "av1": 5}
#: Pictures with a shorter side than this get one thread in SVT-AV1: several wait for each other for ever in those that
#: are up to 24 pixels high or wide and more than 64 long.
_ONE_THREAD = 32
#: Codecs that are written with more than 8 bits a sample.
_DEEP = frozenset({"hevc", "av1"})
_PADS_ODD = frozenset({"vp9", "av1"})
#: What hardware encoders take -> how they want it laid out.
_SEMI_PLANAR = {"yuv420p": "nv12", "yuv420p10le": "p010le"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is written: codec, FFmpeg's encoder and container, pixel format, codec tag and encoder options."""

    codec: str
    encoder: str
    container: str
    pixel_format: str
    tag: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def hardware(self) -> bool:
        """Whether the encoder is a device of this machine."""
        return self.encoder not in CODECS.values()

    @property
    def input_format(self) -> str:
        """The pixel format that the encoder is fed with."""
        return _SEMI_PLANAR[self.pixel_format] if self.hardware else self.pixel_format


def encoding_for(
    info: VideoInfo,
    ending: str,
    name: str,
    *,
    codec: str = "auto",
    quality: int | None = None,
    speed: str | None = None,
) -> Encoding:
    """Choose how a video is written to a file that ends in `ending`.

    `codec` is "auto", one of CODECS, or a hardware encoder as "h264_nvenc"; "auto" is H.264, but VP9 for WebM and for
    pictures with alpha and HEVC for more than 8 bits. `quality` and `speed` are in the encoder's own units (CRF;
    preset); None takes the default. Raises UsageError (unknown ending or codec, or the container cannot hold it),
    UnsupportedInput (alpha, more than 8 bits or the pixels' shape would be lost, or the encoder takes no picture as
    small).
    """
    ending = ending.lower().lstrip(".")
    container, form = _container(ending, name), layout(info.pixel_format)
    chosen, family = _codec(codec, form, container)
    VideoStyle(f"{chosen}_{family}" if family else chosen, quality, speed)  # raises for what that encoder does not know
    _refuse_container(chosen, container, name)
    _refuse_loss(form, chosen, container, name)
    if not family:
        _refuse_small(info, form, chosen, container, name)
    _refuse_aspect(info, chosen, container, ending, name)
    options = _options(chosen, family, form, quality, speed, info)
    pixel_format = _pixel_format(form, chosen, info)
    if family and pixel_format not in _SEMI_PLANAR:
        raise UnsupportedInput(f"{name}: has colours or an odd size that {codec} does not keep; choose {chosen}")
    tag = "hvc1" if chosen == "hevc" and container in ("mp4", "mov") else ""
    encoder = f"{chosen}_{family}" if family else CODECS[chosen]
    return Encoding(chosen, encoder, container, pixel_format, tag, options)


def reduced(info: VideoInfo, encoding: Encoding) -> tuple[str, ...]:
    """Return what samples lose because the encoding does not hold them, and what of HDR10 is left out, a line each."""
    from av import VideoFormat

    of_samples = losses(VideoFormat(info.pixel_format, info.width, info.height), layout(encoding.pixel_format))
    if info.light is None or encoding.encoder == CODECS["hevc"]:
        return of_samples
    return (*of_samples, "mastering display and content light level were left out; HEVC in software keeps them")


def _container(ending: str, name: str) -> str:
    container = WRITABLE.get(ending)
    if container is None:
        raise UsageError(f"{name}: no video is written as .{ending}; choose {', '.join(WRITABLE)}")
    return container


def _codec(asked: str, form: Layout, container: str) -> tuple[str, str]:
    """Return the codec to write with, and the family of its hardware encoder, "" for the one in software."""
    codec, _, family = (_auto(form, container) if asked == "auto" else asked).partition("_")
    if codec not in CODECS or (family and family not in _HARDWARE):
        raise UsageError(f"{asked!r} is no codec to write; choose {', '.join(CODECS)}")
    return codec, family


def _auto(form: Layout, container: str) -> str:
    if container == "webm" or (form.alpha and container in _MATROSKA):
        return "av1" if form.bits > 8 and not form.alpha else "vp9"
    return "hevc" if form.bits > 8 else "h264"


def _refuse_container(codec: str, container: str, name: str) -> None:
    held = _HELD.get(container, tuple(CODECS))
    if codec not in held:
        shown = "WebM" if container == "webm" else container.upper()
        raise UsageError(f"{name}: {shown} cannot hold {codec.upper()}; choose {', '.join(held)} or another ending")


def _refuse_aspect(info: VideoInfo, codec: str, container: str, ending: str, name: str) -> None:
    if info.pixel_aspect != 1 and container in _MATROSKA and codec in _PADS_ODD:
        raise UnsupportedInput(
            f"{name}: has pixels that are not square, which {codec.upper()} in .{ending} does not keep; "
            "copy it to .mp4 or .mkv first, as with ffmpeg -c copy"
        )


def _refuse_loss(form: Layout, codec: str, container: str, name: str) -> None:
    if form.alpha and form.bits > 8:
        raise UnsupportedInput(
            f"{name}: has transparency and {form.bits} bits a sample, which no codec here keeps together; "
            "bring it to 8 bits first"
        )
    if form.alpha and (codec != "vp9" or container not in _MATROSKA):
        raise UnsupportedInput(f"{name}: has transparency, which only VP9 in .webm or .mkv keeps; choose these")
    if form.bits > 8 and codec not in _DEEP:
        raise UnsupportedInput(
            f"{name}: has {form.bits} bits a sample, which {codec.upper()} is not written with; choose hevc or av1"
        )


def _refuse_small(info: VideoInfo, form: Layout, codec: str, container: str, name: str) -> None:
    least, shorter = _SHORTEST.get(codec, 1), min(info.width, info.height)
    if shorter >= least:
        return
    fit = (each for each in _HELD.get(container, tuple(CODECS)) if _SHORTEST.get(each, 1) <= shorter)
    others = [each for each in fit if form.bits == 8 or each in _DEEP]
    advice = f"choose {', '.join(others)}" if others else "make it larger or leave it out"
    raise UnsupportedInput(
        f"{name}: is written with {info.width} x {info.height} pixels, but {codec.upper()} takes no side "
        f"below {least}; {advice}"
    )


def _pixel_format(form: Layout, codec: str, info: VideoInfo) -> str:
    """Return the nearest format that the codec holds.

    H.264 and HEVC cannot cut a picture at half a chroma sample (H.264, 7.4.2.1.1): odd sizes are written as 4:4:4.
    """
    sampling = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}[form.across, form.down]
    if codec not in _PADS_ODD and (info.width % form.across or info.height % form.down):
        sampling = "444"
    alpha = "a" if form.alpha else ""
    depth = "" if form.bits == 8 else f"{form.bits}le"
    wanted = (f"yuv{alpha}{sampling}p{depth}", f"yuv{alpha}420p{depth}", "yuv420p10le")
    return next(choice for choice in wanted if choice in _FORMATS[codec])


def _options(
    codec: str, family: str, form: Layout, quality: int | None, speed: str | None, info: VideoInfo
) -> dict[str, str]:
    crf = str(_QUALITY[codec] if quality is None else quality)
    pace = speed or _SPEED[codec]
    if family:
        # No picture sent ahead of its turn: not every device tells by how much.
        return {_HARDWARE[family]: crf, "bf": "0"} | ({"preset": speed} if speed else {})
    if codec == "vp9":
        alpha = {"auto-alt-ref": "0"} if form.alpha else {}
        return {"crf": crf, "deadline": "good", "cpu-used": pace, "row-mt": "1"} | alpha
    if codec == "hevc":
        # No line in the stream that names the encoder, none on the terminal, and segments that stand alone.
        words = f"log-level=none:info=0:open-gop=0{x265_words(info.light)}"
        return {"crf": crf, "preset": pace, "x265-params": words}
    if codec == "av1" and min(info.width, info.height) < _ONE_THREAD:
        return {"crf": crf, "preset": pace, "svtav1-params": "lp=1"}
    return {"crf": crf, "preset": pace} | (_LEFT_OUT.get(codec, {}) if speed is None else {})


def quiet(encoding: Encoding) -> None:
    """Keep SVT-AV1 from writing to the terminal: it knows no other way than this variable."""
    if encoding.encoder == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")


@contextlib.contextmanager
def own_priority() -> Iterator[None]:
    """Give this thread its scheduling back afterwards.

    As root, SVT-AV1 takes the highest real-time priority for the thread that opens it, and what that thread starts
    later inherits it: a process that spins with it keeps a core from everything else.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, level = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if (os.sched_getscheduler(0), os.sched_getparam(0)) != (policy, level):
            os.sched_setscheduler(0, policy, level)


def no_device(encoding: Encoding) -> DeviceUnavailable:
    """Return the error for a hardware encoder that is not there."""
    return DeviceUnavailable(f"{encoding.encoder} is not on this machine; choose {encoding.codec} without a device")
