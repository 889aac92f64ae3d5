"""Segments of one video joined to a file without encoding them again."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from unseen.adapters.video.encoders import WRITABLE
from unseen.adapters.video.probe import MAX_PIXELS, open_container, picture_stream
from unseen.adapters.video.sound import SoundTrack
from unseen.adapters.video.write import muxer, sync, write_errors
from unseen.core.video import Sound, VideoInfo
from unseen.errors import FileError, OutputFailed, UsageError

__all__ = ["join", "segment_ending"]


def segment_ending(ending: str, *, alpha: bool) -> str:
    """Return the ending for segments of a file with `ending`: MP4 keeps time to the tick, but cannot hold alpha."""
    kind = ending.lower().lstrip(".")
    return "webm" if alpha or kind == "webm" else "mov" if kind == "mov" else "mp4"


def join(
    segments: Sequence[Path],
    out: Path,
    name: str,
    info: VideoInfo,
    *,
    sound: Sound | None = None,
    end: int | None = None,
) -> int:
    """Write the pictures of `segments`, in their order, to the new file `out`; return how many there are.

    Segments are files of this package's writer with the same `info` and encoding; their time stamps are kept, so that
    they must rise from one to the next, and `info.created` is noted. The last picture is shown up to `end`, in ticks of
    `info`, or for one usual step. Raises UsageError (unknown ending), OutputFailed (they do not fit together, a segment
    cannot be read, or `out` cannot be written), UnsupportedInput (no encoder has the sound's channels).
    """
    container = WRITABLE.get(out.suffix.lower().lstrip("."))
    if container is None or not segments:
        raise UsageError(f"{name}: no video is written as {out.suffix}; choose {', '.join(WRITABLE)}")
    try:
        return _joined(segments, out, name, info, container, sound, end)
    finally:
        if sound is not None:
            # Of PyAV 19's resamplers, of which encoders have one, too, the parts hold one another, with a thread for
            # each core, until somebody searches for what refers to itself.
            gc.collect()


def _joined(
    segments: Sequence[Path],
    out: Path,
    name: str,
    info: VideoInfo,
    container: str,
    sound: Sound | None,
    end: int | None,
) -> int:
    with write_errors(out, name):
        output = muxer(out, container, info.time_base, web=True, created=info.created)
        track: SoundTrack | None = None
        stream: Any = None
        count = 0
        until, steps = None if end is None else end * info.time_base, container in ("mp4", "mov")
        for packet, template in _packets(segments, name, until, steps=steps):
            if stream is None:
                stream = _stream(output, template, info, container)
                track = SoundTrack(output, sound, container, name) if sound else None
            if track is not None:
                track.mux_until(packet.dts * packet.time_base)
            packet.stream = stream
            output.mux(packet)
            count += 1
        if track is not None:
            track.mux_until(None)
        output.close()
        sync(out)
    return count


def _stream(output: Any, template: Any, info: VideoInfo, container: str) -> Any:
    try:
        stream = output.add_stream_from_template(template, opaque=True)
    except ValueError as error:
        raise UsageError(f"{container} cannot hold {template.codec_context.name}; choose another ending") from error
    stream.codec_context.framerate = info.rate
    if template.codec_context.name == "hevc" and container in ("mp4", "mov"):
        stream.codec_context.codec_tag = "hvc1"
    if info.rotation:
        stream.set_display_rotation(-info.rotation)
    if "a" in info.pixel_format:
        stream.codec_context.pix_fmt = info.pixel_format
    return stream


def _packets(segments: Sequence[Path], name: str, end: Fraction | None, *, steps: bool) -> Iterator[tuple[Any, Any]]:
    """Yield the packets of all segments with the first one's stream, decoding times rising, to the second `end`.

    `steps` says that the container has the steps between times of decoding instead of durations.

    At the seams an encoder's first decoding times may overlap with the last ones of the segment before. They only
    need to rise and not to pass the time of showing, which moving them up by ticks keeps.
    """
    first: Any = None
    last: int | None = None
    shown: int | None = None
    begin: tuple[int, int] | None = None
    for segment in segments:
        # The first one's stream is the joined one's model; of the others nothing is decoded.
        with _opened(segment, name, headers=first is not None) as container:
            stream = picture_stream(container, name, MAX_PIXELS)
            first = first or _Kind(stream)
            first.check(stream, name)
            packets = [packet for packet in container.demux(stream) if packet.size]
            for packet in packets:
                if packet.pts is None or packet.is_corrupt or (shown is not None and packet.pts <= shown):
                    raise OutputFailed(f"{name}: its parts do not follow one another; delete them and run again")
                wanted = packet.pts if packet.dts is None else packet.dts
                packet.dts = last = wanted if last is None else max(wanted, last + 1)
            begin = begin or next(((packet.pts, packet.dts) for packet in packets), None)
            _set_durations(packets)
            if end is not None and packets and segment == segments[-1]:
                _set_end(packets, end, begin if steps else None)
            yield from ((packet, first.stream) for packet in packets)
            shown = max((packet.pts for packet in packets), default=shown)


def _set_durations(packets: Sequence[Any]) -> None:
    """Say of each packet of a segment how long its picture is shown, but for the one that is shown last.

    MP4 tells by how much the times of decoding rise, which of pictures that are sent ahead of their turn is another.
    """
    for packet, following in pairwise(sorted(packets, key=lambda packet: packet.pts)):
        packet.duration = following.pts - packet.pts


def _set_end(packets: Sequence[Any], end: Fraction, begin: tuple[int, int] | None) -> None:
    """Have the last picture shown up to the second `end`.

    MP4 has steps from packet to packet alone, and FFmpeg takes their sum for how long a video is: there the last packet
    takes what the steps since the first one, which is shown and decoded at `begin`, leave.
    """
    last, latest = packets[-1], max(packets, key=lambda packet: packet.pts)
    ends = round(end / last.time_base)
    if begin is not None:
        left = (ends - begin[0]) - (last.dts - begin[1])
        last.duration = max(last.duration, min(left, ends - last.pts))
    latest.duration = max(1, ends - latest.pts)


def _opened(segment: Path, name: str, *, headers: bool) -> Any:
    try:
        return open_container(segment, segment.name, MAX_PIXELS, headers=headers)
    except FileError as error:
        raise OutputFailed(f"{name}: one of its parts cannot be read; delete them and run again") from error


class _Kind:
    """What all segments must share."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._facts = _facts(stream)

    def check(self, stream: Any, name: str) -> None:
        if _facts(stream) != self._facts:
            raise OutputFailed(f"{name}: its parts were not encoded alike; delete them and run again")


def _facts(stream: Any) -> tuple[str, int, int, Fraction | None, bytes | None]:
    context = stream.codec_context
    return context.name, stream.width, stream.height, stream.time_base, context.extradata
