"""Which decoded pictures to distrust once a decoder or a container met corrupt data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["DamageTrace", "detection"]

Picture = TypeVar("Picture")
#: The longest run of pictures that may be shown before the one they are made from (H.265 allows 16).
_MOST_HELD = 17
#: More packets than any decoder keeps: older ones will never be shown.
_MOST_WAITING = 256
#: Codecs whose decoders tell of all the damage they meet only when they may give up on a picture.
_GIVE_UP = frozenset({"mpeg1video", "mpeg2video", "hevc"})


def detection(codec: str, *, gives_up: bool = False) -> str:
    """Return what FFmpeg's decoder of a codec is to look for (`err_detect`), and whether it gives up where it does."""
    return "crccheck+bitstream+buffer" + ("+explode" if gives_up or codec in _GIVE_UP else "")


@dataclass(slots=True)
class _Held(Generic[Picture]):
    picture: Picture
    number: int
    damaged: bool


class DamageTrace(Generic[Picture]):
    """Follows packets into a decoder and pictures out of it, and says which pictures corrupt data may have reached.

    Pictures are made from others: damage spreads from a picture to all that are decoded after it, up to the next key
    picture, and some of those are shown before it. So pictures are held back until all that were decoded before them
    have come out. `strict` is for codecs that make exactly one picture of each packet: a packet without a picture is
    then a loss that later pictures suffer from. `at_once` is for decoders that hand out the picture of a packet before
    they take the next one. Nothing is trusted before the first key picture.
    """

    def __init__(self, *, strict: bool, at_once: bool = False) -> None:
        self._strict, self._may_hold = strict, 0 if at_once else _MOST_HELD
        self._number = 0
        self._waiting: dict[int, int] = {}
        self._unseen: dict[int, int | None] = {}
        #: Packets that gave no picture although their codec gives one for each.
        self.lost = 0
        self._corrupt: set[int] = set()
        self._keys: set[int] = set()
        self._held: deque[_Held[Picture]] = deque()
        self._bad_from: int | None = 0
        self._bad_until = -_MOST_HELD - 1
        self._started = False

    def sent(self, pts: int | None, *, corrupt: bool = False, shown: bool = True, key: bool = False) -> int:
        """Note a packet that goes into the decoder, and return its number; `shown` is False where its picture is not to
        be seen: it is to be told of with `passed`, because those that are seen may be made from it.

        What has no `pts` may be the second field of a picture, whose first one has it; `key` says that its picture will
        be a key picture, for decoders that do not tell.
        """
        self._number += 1
        if key:
            self._keys.add(self._number)
        if not shown:
            self._unseen[self._number] = pts
        elif pts is not None:
            self._waiting[pts] = self._number
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
        if corrupt:
            self._corrupt.add(self._number)
        if corrupt and shown and pts is None:
            # Nothing tells its picture; a second field's is that of the packet before it.
            self._distrust(self._number - 1, self._number)
        return self._number

    def passed(self, number: int, *, key: bool, corrupt: bool) -> None:
        """Take a picture that is not to be seen, of the packet with this number."""
        self._unseen.pop(number, None)
        self._judge(number, number, key=key, corrupt=corrupt)

    def failed(self) -> None:
        """Note that the container or the decoder raised: all up to the next key picture that is sent is in doubt."""
        self._distrust(0, self._number)

    def shown(self, picture: Picture, pts: int | None, *, key: bool, corrupt: bool) -> Iterator[tuple[Picture, bool]]:
        """Take a picture from the decoder, in display order; yield those that are settled, and if they are damaged."""
        sent = None if pts is None else self._waiting.pop(pts, None)
        # Without a packet's time stamp it may be of any of the packets that a decoder still holds.
        first, last = (self._number - self._may_hold, self._number) if sent is None else (sent, sent)
        self._note_losses(pts, first)
        self._judge(first, last, key=key, corrupt=corrupt)
        damaged = self._bad_from is not None and last >= self._bad_from
        self._held.append(_Held(picture, first, damaged))
        before = min([*self._waiting.values(), *self._unseen], default=self._number + 1)
        while self._held and (len(self._held) > _MOST_HELD or self._held[0].number < before):
            settled = self._held.popleft()
            yield settled.picture, settled.damaged

    def rest(self) -> Iterator[tuple[Picture, bool]]:
        """Yield what is still held when the decoder is empty."""
        missing = {*self._waiting.values(), *self._unseen}
        if self._strict and self._started and missing:
            self._distrust(min(missing), self._number)
            self.lost += len(self._waiting)
        while self._held:
            settled = self._held.popleft()
            yield settled.picture, settled.damaged

    def _judge(self, first: int, last: int, *, key: bool, corrupt: bool) -> None:
        """Begin to distrust, or to trust, at a picture of one of these packets."""
        if corrupt or last in self._corrupt:
            self._distrust(first, last)
        elif (key or last in self._keys) and first > self._bad_until:
            self._bad_from = None
        self._started = True

    def _note_losses(self, pts: int | None, number: int) -> None:
        """Forget packets whose turn has passed with a picture of packet `number`: there will be no picture of them."""
        if pts is None:
            return
        numbers = [self._waiting.pop(early) for early in list(self._waiting) if early < pts]
        unseen = [n for n, early in self._unseen.items() if n < number and early is not None and early < pts]
        for each in unseen:
            del self._unseen[each]
        if (numbers or unseen) and self._strict and self._started:
            self._distrust(min(numbers + unseen), max(numbers + unseen))
            self.lost += len(numbers)

    def _distrust(self, first: int, last: int) -> None:
        self._bad_from = first if self._bad_from is None else min(self._bad_from, first)
        self._bad_until = max(self._bad_until, last)
        for held in self._held:
            held.damaged = held.damaged or held.number >= first
