"""Video clips for tests, made by FFmpeg itself: a moving scene in the container, codec and shape asked for."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from unseen.adapters.video.encoders import own_priority
from unseen.adapters.video.lead_in import with_data
from unseen.adapters.video_av import open_video
from unseen.core.video import VideoFrame

# SVT-AV1 writes to the terminal unless this says no.
os.environ.setdefault("SVT_LOG", "0")

Planes = tuple[NDArray[Any], ...]

#: Codecs as encoders, with options that make them quick and give several pictures between key pictures.
QUICK: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "16", "g": "12", "bf": "2"},
    "libx265": {"preset": "ultrafast", "crf": "16", "x265-params": "log-level=none:keyint=12:bframes=2"},
    "libvpx-vp9": {"crf": "16", "deadline": "realtime", "cpu-used": "8", "g": "12", "auto-alt-ref": "0"},
    "libsvtav1": {"preset": "9", "crf": "16", "g": "12"},
    "mjpeg": {"qmin": "2", "qmax": "2"},
    "mpeg4": {"g": "12", "bf": "2", "qmin": "2", "qmax": "2"},
    "mpeg2video": {"g": "12", "bf": "2", "qmin": "2", "qmax": "2"},
    "mpeg1video": {"g": "12", "bf": "2", "qmin": "2", "qmax": "2"},
    "libvpx": {"crf": "10", "deadline": "realtime", "cpu-used": "8", "b": "1M", "g": "12", "auto-alt-ref": "0"},
}


@dataclass(frozen=True)
class Clip:
    """What a clip is made of; time stamps are in ticks of `time_base`."""

    encoder: str = "libx264"
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (160, 96)
    stamps: Sequence[int] = tuple(range(24))
    time_base: Fraction = Fraction(1, 25)
    rate: Fraction = Fraction(25)
    options: Mapping[str, str] = field(default_factory=dict)
    rotation: int = 0
    mirrored: bool = False
    pixel_aspect: Fraction = Fraction(1)
    tags: tuple[int, int, int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    stream_metadata: Mapping[str, str] = field(default_factory=dict)
    audio: str = ""
    subtitles: str = ""
    chapters: bool = False
    attachment: bool = False
    muxer_options: Mapping[str, str] = field(default_factory=dict)


def scene(index: int, width: int, height: int, pixel_format: str = "yuv420p") -> Planes:
    """Return frame `index` of a soft scene with a bright square that moves, as planes of a planar format."""
    form = av.VideoFormat(pixel_format, width, height)
    peak = 2 ** form.components[0].bits - 1
    planes = []
    for part in sorted(form.components, key=lambda part: part.plane):
        y, x = np.mgrid[: part.height, : part.width].astype(np.float64)
        y, x = y / part.height, x / part.width
        value = 0.3 + 0.2 * np.sin(2 * math.pi * (x + part.plane / 4 + index / 50)) + 0.2 * y
        at = 0.1 + index % 40 / 60
        value[(abs(x - at) < 0.12) & (abs(y - 0.5) < 0.2)] = 0.8 - 0.15 * part.plane
        planes.append(np.rint(value * peak).astype(np.uint8 if peak < 256 else np.uint16))
    return tuple(planes)


def picture(planes: Planes, pixel_format: str) -> av.VideoFrame:
    """Return a picture of FFmpeg with these planes."""
    made = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], pixel_format)
    for plane, pixels in zip(made.planes, planes, strict=True):
        buffer: Any = plane
        rows = np.frombuffer(buffer, pixels.dtype).reshape(plane.height, -1)
        rows[:, : pixels.shape[1]] = pixels
    return made


def make_clip(path: Path, clip: Clip = Clip(), draw: Callable[[int, int, int, str], Planes] = scene) -> list[Planes]:
    """Write a clip to `path` and return the frames that went in, drawn by number, width, height and pixel format."""
    width, height = clip.size
    frames = [draw(index, width, height, clip.pixel_format) for index in range(len(clip.stamps))]
    with own_priority(), av.open(str(path), "w", container_options=dict(clip.muxer_options)) as output:
        output.metadata.update(clip.metadata)
        stream = _video(output, clip)
        audio = output.add_stream(clip.audio, rate=48000) if clip.audio else None
        text: Any = output.add_mux_stream(clip.subtitles) if clip.subtitles else None
        if clip.attachment:
            output.add_attachment("somewhere.txt", "text/plain", b"48.137 11.575")
        if clip.chapters:
            output.set_chapters(
                [{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "At home"}}]
            )
        output.start_encoding()
        if audio is not None:
            output.mux(_sound(audio, clip))
        if text is not None:
            output.mux(_text(text, clip.subtitles))
        for planes, stamp in zip(frames, clip.stamps, strict=True):
            made = picture(planes, clip.pixel_format)
            made.pts, made.time_base = stamp, clip.time_base
            output.mux(stream.encode(made))
        output.mux(stream.encode(None))
    return frames


def trim(path: Path, target: Path, frames: int, damage: Callable[[int, bytes], bytes] = lambda _, data: data) -> Path:
    """Write a clip without its first frames as editors do that encode nothing anew: they are in the file, not shown.

    `damage` changes the data of a packet, counted from 0 in the order in which they are stored.
    """
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        told = source.streams.video[0]
        stream = output.add_stream_from_template(told)
        off = round(frames / told.average_rate / told.time_base) if told.average_rate and told.time_base else 0
        for number, packet in enumerate(source.demux(told)):
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            data = bytes(packet)
            packet.pts, packet.dts = packet.pts - off, packet.dts - off
            sent = packet if (changed := damage(number, data)) == data else with_data(packet, changed)
            sent.stream = stream
            output.mux(sent)
    return target


def _video(output: Any, clip: Clip) -> Any:
    stream = output.add_stream(clip.encoder, rate=clip.rate, options=QUICK.get(clip.encoder, {}) | dict(clip.options))
    stream.width, stream.height, stream.pix_fmt = *clip.size, clip.pixel_format
    stream.time_base = clip.time_base
    context = stream.codec_context
    context.time_base = clip.time_base
    context.sample_aspect_ratio = clip.pixel_aspect
    if clip.encoder.startswith("mpeg"):
        context.bit_rate = 4_000_000
    if clip.tags is not None:
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = clip.tags
    if clip.rotation or clip.mirrored:
        stream.set_display_rotation(-clip.rotation, hflip=clip.mirrored)
    stream.metadata.update(clip.stream_metadata)
    return stream


def tone(seconds: float, rate: int = 48000) -> NDArray[np.float32]:
    """Return a tone of 440 Hz with a click each half second, shape (samples,)."""
    time = np.arange(int(seconds * rate)) / rate
    return np.asarray(0.2 * np.sin(2 * math.pi * 440 * time) + 0.6 * (time % 0.5 < 0.002), dtype=np.float32)


def _sound(stream: Any, clip: Clip) -> list[Any]:
    """Encode a tone as long as the pictures."""
    seconds = float((clip.stamps[-1] - clip.stamps[0]) * clip.time_base + 1 / clip.rate)
    samples = np.stack([tone(seconds)] * 2)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
    frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
    frame.pts = round(clip.stamps[0] * clip.time_base * 48000)
    packets: list[Any] = [*stream.encode(frame), *stream.encode(None)]
    return packets


def _text(stream: Any, codec: str) -> Any:
    body = b"Anna Example"
    packet = av.Packet(len(body).to_bytes(2, "big") + body if codec == "mov_text" else body)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts, packet.dts, packet.duration = 0, 0, 500
    return packet


def psnr(one: NDArray[Any], other: NDArray[Any], bits: int = 8) -> float:
    """Return the peak signal-to-noise ratio of two planes in dB."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 99.0 if not error else 10 * math.log10((2**bits - 1) ** 2 / error)


def read_whole(path: Path) -> list[VideoFrame]:
    """Return all frames of a video in which nothing is wrong."""
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert reader.problems == ()
    return frames


def worst_psnr(frames: Sequence[VideoFrame], sources: Sequence[Planes], bits: int = 8) -> float:
    """Return the PSNR of the plane that is least like what went in, for so many `bits` a sample."""
    pairs = zip(frames, sources, strict=True)
    return min(psnr(a, b, bits) for f, s in pairs for a, b in zip(f.planes, s, strict=True))
