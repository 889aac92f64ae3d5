"""Sound beside the pictures: copied as it is, or silenced over times and encoded afresh."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.video.probe import opened, origin
from unseen.core.formats import VIDEOS
from unseen.core.video import Sound
from unseen.errors import UnsupportedInput

if TYPE_CHECKING:
    from av.container import OutputContainer

__all__ = ["SoundTrack"]

#: What is copied without a new encoding, by container.
_COPIED: dict[str, frozenset[str]] = {
    "mp4": frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "alac"}),
    "mov": frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le"}),
    "matroska": frozenset(
        {"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "vorbis", "libvorbis", "flac", "pcm_s16le", "alac"}
    ),
    "webm": frozenset({"opus", "libopus", "vorbis", "libvorbis"}),
}
_OPUS_RATE = 48_000
#: Layouts of loudspeakers at the side as AAC and Opus call them, and those of files that tell only how many there are.
_CALLED = {"quad(side)": "quad", "5.0(side)": "5.0", "5.1(side)": "5.1"}
_SIMPLE = ("mono", "stereo")
_USUAL = {3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
#: Bits a second for each channel where there are more than two, for which FFmpeg's default is too few.
_BITS_A_CHANNEL = 64_000
_BITEXACT = 1 << 23
#: A jump of the time stamps by more than this is a gap to be filled or an overlap to be cut, less is jitter.
_JITTER = Fraction(1, 20)
_LONGEST_GAP = 24 * 3600
#: Codecs whose encoders put samples before the first one for decoders to warm up with, and the most that any of them
#: is known to put there, which is Apple's for AAC: more than that is sound that somebody trimmed away.
_WARMED_UP = frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus"})
_WARM_UP = 2112


class SoundTrack:
    """A sound stream of a file that is being written; without effect where the source has none.

    It is copied where nothing is to be muted or trimmed away and the container holds its codec; else it becomes AAC, or
    Opus in WebM, of as many channels. Packets that cannot be decoded become silence. Time stamps are the source's, so
    that it stays in step. Raises UnsupportedInput, which tells of the file as `name`, where no encoder has as many.
    """

    def __init__(self, container: OutputContainer, sound: Sound, muxer: str, name: str) -> None:
        self._output = container
        options = {"protocol_whitelist": "file", "format_whitelist": ",".join(VIDEOS)}
        self._input = opened(sound.source, options)
        self._stream: Any = next(iter(self._input.streams.audio), None)
        self._packets: Iterator[Any] = iter(())
        self._next: Any = None
        if self._stream is None or not _is_told(self._stream.codec_context):
            return
        copied = self._stream.codec_context.name in _COPIED[muxer] and not _is_trimmed(self._input, self._stream)
        if copied and not sound.mute:
            # Matroska cannot start below zero but for Opus: it would move the pictures, too.
            early = muxer in ("mp4", "mov") or "opus" in self._stream.codec_context.name
            self._packets = self._copied(container.add_stream_from_template(self._stream), early)
        else:
            self._packets = _Silencer(container, self._stream, sound.mute, muxer, name).packets(self._input)

    def mux_until(self, time: Fraction | None) -> None:
        """Write the packets up to a time in seconds, or the rest of them."""
        import av

        while True:
            self._next = self._next or next(self._packets, None)
            if self._next is None or (time is not None and self._next.dts * self._next.time_base > time):
                break
            try:
                self._output.mux(self._next)
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                # A damaged packet: there is a gap in its place.
            self._next = None
        if time is None:
            self.close()

    def close(self) -> None:
        """Close the source."""
        self._input.close()

    def _copied(self, target: Any, early: bool) -> Iterator[Any]:
        """Yield packets as they are; `early` ones, which decoders need to start with but do not play, too."""
        last: int | None = None if early else -1
        for packet in _readable(self._input, self._stream):
            if packet.dts is None or packet.is_corrupt or (last is not None and packet.dts <= last):
                continue
            last = packet.dts
            packet.stream = target
            yield packet


def _is_told(context: Any) -> bool:
    """Whether rate and channels are known: without them there is no sound to be had."""
    return context is not None and context.sample_rate > 0 and context.channels > 0


def _is_trimmed(container: Any, stream: Any) -> bool:
    """Whether an edit list of MP4 or MOV leaves out sound that the file still holds; what decoders only warm up with is
    none, and packets that are copied would bring it along."""
    if not container.format.name.startswith("mov"):
        return False
    context, begins = stream.codec_context, stream.start_time or 0
    warm_up = Fraction(_WARM_UP, context.sample_rate) if context.name in _WARMED_UP else Fraction(0)
    first = begins - warm_up / stream.time_base
    return any(
        entry.timestamp < first or (entry.is_discard and entry.timestamp >= begins) for entry in stream.index_entries
    )


def _readable(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets with data, timed as pictures are, up to the first place that cannot be read."""
    import av

    early = round(origin(container) / stream.time_base) if stream.time_base else 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        if packet.size:
            packet.pts = None if packet.pts is None else packet.pts - early
            packet.dts = None if packet.dts is None else packet.dts - early
            yield packet


class _Silencer:
    """Decodes a sound stream, puts zeros where silence is wanted or data is missing, and encodes it."""

    def __init__(
        self, container: OutputContainer, stream: Any, mute: tuple[tuple[float, float], ...], muxer: str, name: str
    ) -> None:
        source: Any = stream.codec_context
        codec = "libopus" if muxer == "webm" else "aac"
        self._rate = _OPUS_RATE if codec == "libopus" else min(max(source.sample_rate or _OPUS_RATE, 8000), 96_000)
        self._layout, self._channels = _layout(source, codec, name), source.channels
        self._source = stream
        self._stream = _added(container, codec, self._rate, self._layout)
        self._encoder = self._stream.codec_context
        # All channels in one row, which the encoder undoes: of 8 channels PyAV reads a plane that is not there.
        self._form = self._encoder.format.packed.name
        self._resampler: Any = None
        self._comes: tuple[str, str, int] | None = None
        self._mute = deque(sorted((math.floor(a * self._rate), math.ceil(b * self._rate)) for a, b in mute))
        self._position: int | None = None

    def packets(self, container: Any) -> Iterator[Any]:
        """Yield the encoded packets."""
        import av

        for packet in _readable(container, self._source):
            try:
                frames = self._source.codec_context.decode(packet)
                parts = [part for frame in frames for part in self._resampled(frame)]
            except (av.FFmpegError, ValueError):
                continue
            for start, samples in parts:
                yield from self._encode(start, samples)
        if self._position is not None:
            yield from self._stamped(self._encoder.encode(None))

    def _resampled(self, frame: Any) -> Iterator[tuple[int | None, NDArray[Any]]]:
        """Yield samples with their place in the output's count, which only the first part of a frame has."""
        from av import AudioResampler

        comes = (frame.format.name, frame.layout.name, frame.sample_rate)
        if comes != self._comes:  # Broadcasts change channels and rate on the way, which a resampler does not take.
            self._resampler, self._comes = AudioResampler(self._form, self._layout, self._rate), comes
        start = None if frame.pts is None else round(frame.pts * frame.time_base * self._rate)
        frame.pts = None
        for index, part in enumerate(self._resampler.resample(frame)):
            yield (start if index == 0 else None), part.to_ndarray()

    def _encode(self, start: int | None, samples: NDArray[Any]) -> Iterator[Any]:
        """Encode samples at their place: gaps before them become silence, overlaps are cut."""
        width = self._channels
        if self._position is None:
            self._position = start or 0
        gap = 0 if start is None else start - self._position
        if self._rate * _JITTER < gap <= self._rate * _LONGEST_GAP:
            yield from self._silence(gap)
        elif gap < -self._rate * _JITTER:
            samples = samples[:, -gap * width :]
        count = samples.shape[1] // width
        if count:
            yield from self._push(self._silenced(samples, count), count)

    def _silenced(self, samples: NDArray[Any], count: int) -> NDArray[Any]:
        at, width = self._position or 0, self._channels
        quiet = samples.copy()
        # Times that are over are not looked at again: a long video may have thousands.
        while self._mute and self._mute[0][1] <= at:
            self._mute.popleft()
        for first, last in self._mute:
            if first >= at + count:
                break
            quiet[:, max(0, first - at) * width : max(0, min(last - at, count)) * width] = 0
        return quiet

    def _silence(self, gap: int) -> Iterator[Any]:
        dtype = {"flt": np.float32, "s16": np.int16}[self._form]
        while gap > 0:
            count = min(gap, self._rate)
            yield from self._push(np.zeros((1, count * self._channels), dtype), count)
            gap -= count

    def _push(self, samples: NDArray[Any], count: int) -> Iterator[Any]:
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(samples, self._form, self._layout)
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._position, Fraction(1, self._rate)
        self._position = (self._position or 0) + count
        yield from self._stamped(self._encoder.encode(frame))

    def _stamped(self, packets: list[Any]) -> Iterator[Any]:
        for packet in packets:
            packet.stream = self._stream
            yield packet


def _layout(source: Any, codec: str, name: str) -> str:
    """Return a sound's layout of loudspeakers as an encoder calls it; raises UnsupportedInput if it knows none such."""
    import av

    told, channels = str(source.layout.name), int(source.channels)
    if channels <= len(_SIMPLE):
        return _SIMPLE[channels - 1]
    wanted = _USUAL.get(channels, told) if told == f"{channels} channels" else _CALLED.get(told, told)
    context: Any = av.CodecContext.create(codec, "w")
    try:
        context.sample_rate, context.layout, context.format = _OPUS_RATE, wanted, context.codec.audio_formats[0]
        context.open()
    except (av.FFmpegError, ValueError) as error:
        called = {"libopus": "Opus"}.get(codec, codec.upper())
        said = f"has {channels} channels of sound in an order that {called} does not hold; choose --audio drop"
        raise UnsupportedInput(f"{name}: {said}") from error
    return wanted


def _added(container: OutputContainer, codec: str, rate: int, layout: str) -> Any:
    """Add a stream with an encoder, not open yet, that says nothing of itself."""
    stream: Any = container.add_stream(codec, rate=rate)
    context: Any = stream.codec_context
    context.layout = layout
    if (channels := context.layout.nb_channels) > 2:
        context.bit_rate = channels * _BITS_A_CHANNEL
    context.time_base = Fraction(1, rate)
    context.flags |= _BITEXACT
    return stream
