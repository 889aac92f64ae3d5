"""How long the last picture of a video is shown: no other one follows that tells."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["Ending"]

#: Seconds that a picture may be shown: a day, as gaps may be long.
_LONGEST = 24 * 3600


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
