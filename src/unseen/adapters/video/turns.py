"""Which pictures of a video are to be shown turned otherwise than the first one."""

from __future__ import annotations

from unseen.adapters.video.probe import UPRIGHT

__all__ = ["Turns"]


class Turns:
    """Follows what pictures say of how a player turns them: degrees clockwise, and whether it mirrors them before.

    In H.264 this is said beside a key picture, for all up to the next one (ITU-T H.264, D.2.27); one that says nothing
    is upright. FFmpeg hands it on with that picture alone, and beside the others what the container tells. So once
    another turn than the first picture's was told, nobody can be sure before the next key picture. In HEVC FFmpeg hands
    on what was said last, and nobody learns of a key picture that says nothing.
    """

    def __init__(self) -> None:
        self._now = UPRIGHT
        #: How the first picture that is shown is turned, None before it came.
        self.first: tuple[int, bool] | None = None

    def strays(self, told: tuple[int, bool] | None, *, key: bool, shown: bool = True) -> bool:
        """Take the next picture and what it says, None for nothing; return whether it may be turned otherwise.

        `key` says that nothing before it counts; pictures that are not `shown` speak for those that are.
        """
        if key or told not in (None, self.first):
            self._now = told or UPRIGHT
        if shown and self.first is None:
            self.first = self._now
        return self._now != self.first
