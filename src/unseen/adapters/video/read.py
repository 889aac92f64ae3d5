"""Video files read by FFmpeg: frames in display order as planes, and what went wrong on the way."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from unseen.adapters.video import probe
from unseen.adapters.video.aspects import unbelieved_aspect
from unseen.adapters.video.clock import Clock
from unseen.adapters.video.damage import DamageTrace, detection
from unseen.adapters.video.deinterlace import Deinterlacer
from unseen.adapters.video.ending import Ending, told_end
from unseen.adapters.video.harm import HarmWatch
from unseen.adapters.video.lead_in import MARKS, Mark, marked, with_data
from unseen.adapters.video.planes import Fitter, ToRgb, planes_of
from unseen.adapters.video.rate import PeekedPackets, likely_rate
from unseen.adapters.video.rationals import fraction
from unseen.adapters.video.side_data import UPRIGHT, orientation
from unseen.adapters.video.troubles import Troubles
from unseen.adapters.video.turns import Turns, taken_back
from unseen.adapters.video.witness import Witness
from unseen.core.photos import Pixels, Rgb8
from unseen.core.video import VideoFrame
from unseen.errors import DamagedInput

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["AvReader", "open_video"]

#: Codecs whose packets hold exactly one picture each, so that a packet without a picture is a loss.
_ONE_PICTURE_A_PACKET = frozenset({"h264", "hevc", "vp9", "av1", "libdav1d"})
#: FFmpeg's own decoder of VP9 knows no alpha, this one does; but it does not tell key pictures nor colours.
_ALPHA_DECODER = "libvpx-vp9"
_MOST_FAILED_READS = 64
#: Containers, by the beginning of FFmpeg's name, that need not tell how many pictures a second they hold; the others
#: tell how many there are, and how long they last.
_TELL_NO_RATE = ("matroska", "avi")
_Pictures = Generator[tuple["av.VideoFrame", bool], None, None]


def open_video(path: Path, name: str, *, max_pixels: int = probe.MAX_PIXELS, threads: int = 0) -> AvReader:
    """Open a video file for reading and decode its first frame; a context manager.

    `name` is for error messages and the check of its ending; `threads` is for decoding, 0 for as many as there are
    cores. Raises UnreadableInput, UnsupportedInput, DamagedInput (no frame can be decoded) or TooLarge.
    """
    container = probe.open_container(path, name, max_pixels)
    try:
        return AvReader(container, name, max_pixels, threads)
    except BaseException:
        container.close()
        raise


class AvReader:
    """An open video file: iterating yields its frames once, in display order.

    Frames come in `info.pixel_format` and stored orientation, each of the first one's size, as read-only planes.
    Interlaced ones are deinterlaced, each from its own two fields, and mirrored ones are turned over, so that neither
    needs telling. Frames that corrupt data may have reached are `damaged`; so are those that came in another size, or
    that may be turned otherwise than the first.
    Decoders do not notice all flipped bits, that of VP8 next to none: what they show then is what players show.
    `problems` tells, when the last frame has come, what was lost, of samples, too, and `harmed` if anything went wrong.
    """

    def __init__(self, container: InputContainer, name: str, max_pixels: int, threads: int) -> None:
        self._container, self._name = container, name
        self._stream = probe.picture_stream(container, name, max_pixels)
        self._decoder = _decoder(self._stream, max_pixels, threads)
        self._witness = Witness(self._decoder, max_pixels, threads)
        self._harm = HarmWatch(self._decoder)
        self._in_avi = container.format.name == "avi"
        strict = self._decoder.name in _ONE_PICTURE_A_PACKET and not self._in_avi
        self._trace = DamageTrace[Any](strict=strict, at_once=self._decoder.name == "mjpeg")
        self._troubles = Troubles(others=probe.others_shown(container), unbelieved=unbelieved_aspect(self._stream))
        self._turns, self._tells_all = Turns(), self._decoder.name == "hevc"
        self._counted: deque[int] = deque()
        self._read = self._stamp = 0
        self._last: int | None = None
        self._sent: int | None = None
        self._told_end = told_end(container, self._stream)
        with probe.damage_as_errors(name):
            self._packets_left: Iterator[Any] = container.demux(self._stream)
            stamps: list[int] = []
            if container.format.name.startswith(_TELL_NO_RATE):
                self._packets_left = peeked = PeekedPackets(self._packets_left)
                stamps = peeked.stamps(decoding=self._in_avi)
            self._pictures = self._settled()
            head = next(self._pictures, None)
            if head is None:
                raise DamagedInput(f"{name}: has no frame that can be decoded; fetch it again or leave it out")
            turn, self._mirrored = self._turns.first or UPRIGHT
            info = probe.facts(container, self._stream, head[0])
            rate = self._harm.rate(likely_rate(info.rate, stamps, info.time_base), info.time_base)
            self.info = info = replace(info, rate=rate, rotation=turn)
            self._fitter = Fitter(info.width, info.height, info.pixel_format, info.colour)
        self._head: tuple[av.VideoFrame, bool] | None = head
        self._ending = Ending(info.time_base, info.rate, probe.ends(container, self._stream))
        self._clock = Clock(info.time_base, info.rate, round(probe.origin(container) / info.time_base))
        self._to_rgb = ToRgb(info)

    def __enter__(self) -> AvReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames that were handed out stay valid."""
        self._pictures.close()
        self._container.close()

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong so far or was left out, a line each."""
        return self._troubles.said(lost=self._trace.lost, mended=self._clock.mended)

    @property
    def harmed(self) -> bool:
        """Whether anything went wrong so far: what is left out of a video that is whole does not count."""
        return self._troubles.harmed(lost=self._trace.lost, mended=self._clock.mended)

    @property
    def shifted(self) -> bool:
        """Whether frames so far have other times than their time stamps, as after a splice."""
        return self._clock.shifted

    @property
    def end(self) -> int:
        """Up to when the frame that came last is shown, in ticks: as the file says, or for the usual step."""
        return self._stamp + self._lasts()

    def _lasts(self) -> int:
        return self._ending.lasts(self._sent, whole=self._read == self.info.frames)

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB, shape (height, width, 3), scaled; in stored orientation."""
        return self._to_rgb(frame, width, height)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield the frames; raises RuntimeError when asked a second time and TooLarge when memory runs out."""
        if self._head is None:
            raise RuntimeError("a video is read once: open it again")
        head, self._head = self._head, None
        with probe.damage_as_errors(self._name):
            for index, (picture, pts, damaged) in enumerate(self._progressive(head)):
                self._last, self._stamp = pts, self._clock.stamp(pts)
                yield VideoFrame(self._planes(picture), index, self._stamp, damaged)
        self._troubles.ends = self._missing_end()

    def _planes(self, picture: av.VideoFrame) -> tuple[Pixels, ...]:
        planes = planes_of(picture, self._fitter.form)
        return tuple(plane[:, ::-1] for plane in planes) if self._mirrored else planes

    def _progressive(self, head: tuple[av.VideoFrame, bool]) -> Iterator[tuple[av.VideoFrame, int | None, bool]]:
        """Yield fitted pictures with time stamp and damage; from the first interlaced one on, through a filter."""
        with contextlib.ExitStack() as stack:
            deinterlacer: Deinterlacer | None = None
            for picture, damaged in self._all(head):
                self._ending.shown(_time(picture), picture.duration)
                fitting = self._fitter.fits(picture)
                self._troubles.formed(picture.format, self._fitter.form)
                self._troubles.resized += not fitting
                pts, fitted = _time(picture), self._fitter.fit(picture)
                if deinterlacer is None and fitted.interlaced_frame:
                    deinterlacer = stack.enter_context(contextlib.closing(Deinterlacer(self.info)))
                if deinterlacer is None:
                    yield fitted, pts, damaged or not fitting
                else:
                    yield from deinterlacer.push(fitted, pts, damaged or not fitting)
            if deinterlacer is not None:
                yield from deinterlacer.push(None, None, False)

    def _all(self, head: tuple[av.VideoFrame, bool]) -> _Pictures:
        yield head
        yield from self._pictures

    def _settled(self) -> _Pictures:
        """Yield decoded pictures in display order, with whether corrupt data may have reached them."""
        counted, trace = self._in_avi, self._trace
        for packet in self._packets():
            for picture in self._decode(packet):
                self._troubles.shaped(fraction(self._decoder.sample_aspect_ratio))
                key, told = picture.key_frame, orientation(picture)
                alone = key or self._tells_all
                if isinstance(picture.opaque, Mark):
                    trace.passed(picture.opaque.number, key=key, corrupt=picture.is_corrupt)
                    self._turns.strays(told, alone=alone, shown=False)
                    continue
                pts = None if counted else picture.pts
                if counted:
                    picture.pts = self._counted.popleft() if self._counted else None
                strays = self._turns.strays(told, alone=alone)
                self._troubles.turned += strays
                for (settled, astray), damaged in trace.shown(
                    (picture, strays), pts, key=key, corrupt=picture.is_corrupt
                ):
                    yield settled, damaged or astray
        for (settled, astray), damaged in trace.rest():
            yield settled, damaged or astray

    def _decode(self, packet: Any) -> list[av.VideoFrame]:
        """Return what a packet, or None at the end, brings out of the decoder.

        AVI counts packets and knows no times of showing: the nth picture is shown when the nth packet is decoded.
        """
        import av

        if packet is not None:
            self._sent = packet.pts
            packet = self._noted(packet)
            if packet is None:
                return []
        try:
            pictures: list[av.VideoFrame] = self._decoder.decode(packet)
        except av.FFmpegError:
            self._troubles.undecoded += 1
            self._trace.failed()
            if self._counted:
                self._counted.pop()
            return []
        return pictures

    def _noted(self, packet: Any) -> Any:
        """Note a packet and return it as the decoder is to have it, None if it is not to have it."""
        taken = self._harm.taken(packet)
        if taken.packet is None:
            return None
        doubted = self._witness.doubts(packet)
        self._troubles.doubted += doubted
        key = packet.is_keyframe and self._decoder.name == _ALPHA_DECODER
        pts, shown = None if self._in_avi or taken.second else packet.pts, not packet.is_discard
        number = self._trace.sent(pts, corrupt=taken.harmed or doubted, shown=shown or taken.second, key=key)
        if self._in_avi and packet.dts is not None:
            self._counted.append(packet.dts)
        packet = taken.packet
        if self._tells_all and (plain := taken_back(data := bytes(packet), self._harm.units or 0)) != data:
            packet = with_data(packet, plain)
        return packet if shown else marked(packet, number)

    def _packets(self) -> Iterator[Any]:
        """Yield the packets and None at the end; go on behind places that cannot be read, up to many in a row."""
        import av

        failed = 0
        packets = self._packets_left
        while failed <= _MOST_FAILED_READS:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                self._troubles.unread += 1
                failed += 1
                self._trace.failed()
                packets = self._container.demux(self._stream)
                continue
            if packet is None:
                break
            failed = 0
            # Packets without data stand for a repeated picture or for the end: a decoder would take them for the end.
            if packet.size:
                if not packet.is_discard:
                    # AVI counts places for pictures, and leaves some empty.
                    place = packet.dts or 0 if self._in_avi else 0
                    self._read = max(self._read, place) + 1
                yield packet
        yield None

    def _missing_end(self) -> str:
        """Say so where the container announces more than the file holds, "" where it does not."""
        info = self.info
        if info.frames is not None:
            return f"the file ends after {self._read} of {info.frames} frames" if self._read < info.frames else ""
        last = float(((self._last or 0) + self._lasts()) * info.time_base)
        return self._told_end.missed(last, float(1 / info.rate))


def _decoder(stream: VideoStream, max_pixels: int, threads: int) -> Any:
    """Return a decoder for the stream, not open yet."""
    from av.codec.context import CodecContext

    told = stream.codec_context
    context: Any = told
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if context.name == "vp9" and tags.get("alpha_mode") == "1":
        context = CodecContext.create(_ALPHA_DECODER, "r")
        context.color_primaries, context.color_trc = told.color_primaries, told.color_trc
    context.thread_type = "AUTO"
    context.thread_count = threads
    context.flags |= MARKS
    context.options = {"err_detect": detection(context.name), "max_pixels": str(max_pixels)}
    return context


def _time(picture: av.VideoFrame) -> int | None:
    return picture.pts if picture.pts is not None else picture.dts
