"""When a video ends: how long its last picture is shown, which no other one follows to tell, and what the file says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from unseen.adapters.video.probe import seconds

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["Ending", "ToldEnd", "told_end"]

#: Seconds that a picture may be shown: a day, as gaps may be long.
_LONGEST = 24 * 3600
#: What writers of Matroska note beside a stream of when it ends, as FFmpeg and mkvmerge do.
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
    False where it may be the end of something else, as the sound."""

    seconds: float
    of_pictures: bool

    def missed(self, last: float) -> str:
        """Say in one line that the pictures ended earlier, at `last`."""
        if self.of_pictures:
            return f"the file ends at {last:.1f} of {self.seconds:.1f} s"
        return f"the pictures end at {last:.1f} of {self.seconds:.1f} s; the rest is missing, or sound alone"


def told_end(container: InputContainer, stream: VideoStream) -> ToldEnd:
    """Return when a file says that the pictures of a stream end, or else the longest of its streams."""
    whole = seconds(container) + (container.start_time or 0) / 1_000_000
    alone = len(container.streams) == 1
    if not container.format.name.startswith("matroska"):
        own = stream.duration and stream.time_base and ((stream.start_time or 0) + stream.duration) * stream.time_base
        return ToldEnd(float(own), True) if own else ToldEnd(whole, alone)
    # FFmpeg hands out the length of the whole file as that of each stream.
    noted = _CLOCK_TIME.fullmatch(stream.metadata.get("DURATION", ""))
    if noted is None:
        return ToldEnd(whole, alone)
    hours, minutes, rest = noted.groups()
    return ToldEnd(int(hours) * 3600 + int(minutes) * 60 + float(rest), True)
