"""Which pictures of a video are to be shown turned otherwise than the first one."""

from __future__ import annotations

from unseen.adapters.video.side_data import UPRIGHT
from unseen.adapters.video.units import begins, places

__all__ = ["Turns", "taken_back"]

#: Types of HEVC's units that end what came before (ITU-T H.265, table 7-1).
_ENDS = (36, 37)
#: A unit of HEVC that takes back what was told of turns (ITU-T H.265, D.2.17): a player then goes by what comes next.
_TAKES_BACK = bytes([39 << 1, 1, 47, 1, 0b1100_0000, 0b1000_0000])


class Turns:
    """Follows what pictures say of how a player turns them: degrees clockwise, and whether it mirrors them before.

    This is said beside a key picture, for all up to the next one (ITU-T H.264, D.2.27); one that says nothing is
    upright. FFmpeg hands it on with that picture alone, and beside the others what the container tells. So once another
    turn than the first picture's was told, nobody can be sure before the next key picture. What H.264 and HEVC let
    count beyond a key picture that does not begin a sequence is in doubt from there on, too: two videos may be joined
    at such a one. In HEVC FFmpeg hands on what was said last with every picture, and of packets that come by
    `taken_back` what their key picture says.
    """

    def __init__(self) -> None:
        self._now = UPRIGHT
        #: How the first picture that is shown is turned, None before it came.
        self.first: tuple[int, bool] | None = None

    def strays(self, told: tuple[int, bool] | None, *, alone: bool, shown: bool = True) -> bool:
        """Take the next picture and what it says, None for nothing; return whether it may be turned otherwise.

        `alone` says that what others told does not count; pictures that are not `shown` speak for those that are.
        """
        if alone or told not in (None, self.first):
            self._now = told or UPRIGHT
        if shown and self.first is None:
            self.first = self._now
        return self._now != self.first


def taken_back(data: bytes, size: int) -> bytes:
    """Return a packet of HEVC so that a key picture which tells no turn has none; all others stay as they are.

    `size` is that of the length fields, 0 for start codes.
    """
    if not begins(data, size):
        return data
    at = next(at for at in places(data, size) if data[at] >> 1 & 63 not in _ENDS)
    start = at - (size or 3)
    ahead = len(_TAKES_BACK).to_bytes(size) if size else b"\0\0\1"
    return data[:start] + ahead + _TAKES_BACK + data[start:]
