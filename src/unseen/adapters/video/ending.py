"""When a video ends: how long its last picture is shown, which no other one follows to tell, and what the file says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.video.probe import seconds

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["Ending", "ToldEnd", "told_end"]

#: Seconds that a picture may be shown: a day, as gaps may be long.
_LONGEST = 24 * 3600
#: What writers of Matroska note beside a stream of when it ends, as FFmpeg and mkvmerge do.
#: Seconds that a whole file may tell beyond its pictures: of the last one many do not tell how long it is shown.
_SLACK = 2.0
#: Matroska (RFC 8794, RFC 9559): the elements that a file begins with, and bytes in which both must have begun.
_EBML, _SEGMENT, _HEAD = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", 4096
_CLOCK_TIME = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,12})?)")


class Ending:
    """Takes pictures as they are shown, and says how long the latest one lasts, in ticks.

    `rate` is in pictures a second. `end` is when MP4 and MOV say that the pictures end, in ticks of their stamps, and
    None for other containers: these two tell by how much times of decoding rise, which says nothing of a picture that
    was sent ahead of its turn.
    """

    def __init__(self, time_base: Fraction, rate: Fraction, end: int | None) -> None:
        self._usual, self._most = max(1, round(1 / (rate * time_base))), round(_LONGEST / time_base)
        self._end = end
        self._shown: int | None = None
        self._duration = 0

    def shown(self, pts: int | None, duration: int | None) -> None:
        """Take the stamp of the next picture, and how long its packet is said to take."""
        self._shown, self._duration = pts, duration or 0

    def lasts(self, sent: int | None, *, whole: bool) -> int:
        """Return for how long the latest picture is shown, after the packet with the stamp `sent` as the last one.

        `whole` says that the file holds all that it tells of.
        """
        lasts = self._duration
        if self._end is not None and sent != self._shown:
            lasts = self._end - (self._shown or 0) if whole else 0
        return lasts if 0 < lasts <= self._most else self._usual


@dataclass(frozen=True, slots=True)
class ToldEnd:
    """When a file says that its pictures end, in seconds of its own clock, 0 where it does not say; `of_pictures` is
    False where it may be the end of something else, as the sound, and `cut` says that the file has not all its bytes.
    """

    seconds: float
    of_pictures: bool
    cut: bool = False

    def missed(self, last: float, step: float) -> str:
        """Say in one line that the pictures ended earlier, at `last`, or "" where they did not; `step` is the usual
        time from one to the next."""
        if last + (step / 2 if self.cut else _SLACK) >= self.seconds:
            return ""
        digits = 1 if self.seconds - last > 0.1 else 3
        where = f"at {last:.{digits}f} of {self.seconds:.{digits}f} s"
        if self.of_pictures:
            return f"the file ends {where}"
        return f"the pictures end {where}; the rest is missing, or sound alone"


def told_end(container: InputContainer, stream: VideoStream) -> ToldEnd:
    """Return when a file says that the pictures of a stream end, or else the longest of its streams."""
    whole = seconds(container) + (container.start_time or 0) / 1_000_000
    alone = len(container.streams) == 1
    if not container.format.name.startswith("matroska"):
        own = stream.duration and stream.time_base and ((stream.start_time or 0) + stream.duration) * stream.time_base
        return ToldEnd(float(own), True) if own else ToldEnd(whole, alone)
    # FFmpeg hands out the length of the whole file as that of each stream.
    noted, cut = _CLOCK_TIME.fullmatch(stream.metadata.get("DURATION", "")), _is_cut(container)
    if noted is None:
        return ToldEnd(whole, alone, cut)
    hours, minutes, rest = noted.groups()
    return ToldEnd(int(hours) * 3600 + int(minutes) * 60 + float(rest), True, cut)


def _is_cut(container: InputContainer) -> bool:
    """Whether a Matroska file tells more bytes than it has; what is recorded live tells none."""
    with Path(container.name.removeprefix("file:")).open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith(_EBML):
        return False
    size, at = _size(head, len(_EBML))
    at = head.find(_SEGMENT, at + (size or 0))
    if at < 0:
        return False
    size, at = _size(head, at + len(_SEGMENT))
    return size is not None and at + size > container.size


def _size(data: bytes, at: int) -> tuple[int | None, int]:
    """Return the size of an element (RFC 8794, 6) and where it begins; None for one that is not known."""
    length = 9 - data[at].bit_length() if data[at : at + 1] else 9
    number = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    known = length < 9 and at + length <= len(data) and number != (1 << 7 * length) - 1
    return (number if known else None), at + length
