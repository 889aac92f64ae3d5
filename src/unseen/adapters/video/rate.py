"""How many pictures a second a stream has: as it tells, or as its first packets do where the two differ widely."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

__all__ = ["PeekedPackets", "likely_rate"]

#: Packets that are looked at, as long as they are not larger than this together, and fewer than which tell nothing.
_PACKETS, _MOST_BYTES, _FEWEST = 48, 32_000_000, 3
#: What is told is believed up to so many times what packets say, and down to so many times less: pictures that are
#: stored as two fields have two packets.
_TOO_FAST, _TOO_SLOW = Fraction(5, 4), 3


class PeekedPackets(Iterator[Any]):
    """An iterator over packets, of which the first have been looked at; an error comes again in its turn."""

    def __init__(self, packets: Iterator[Any]) -> None:
        import av

        self._packets = packets
        self._first: deque[Any] = deque()
        size = 0
        while len(self._first) < _PACKETS and size < _MOST_BYTES:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.FFmpegError as error:
                self._first.append(error)
                break
            self._first.append(packet)
            size += packet.size

    def stamps(self, *, decoding: bool) -> list[int]:
        """Return the rising times at which the pictures of the first packets are shown, in ticks of the stream; or at
        which they are decoded, where there are no others."""
        packets = [each for each in self._first if not isinstance(each, Exception) and each.size]
        return sorted({time for p in packets if (time := p.dts if decoding else p.pts) is not None})

    def __next__(self) -> Any:
        if not self._first:
            return next(self._packets)
        first = self._first.popleft()
        if isinstance(first, Exception):
            raise first
        return first


def likely_rate(told: Fraction, stamps: list[int], time_base: Fraction) -> Fraction:
    """Return the pictures a second that a stream tells, or what the steps between its first `stamps` say, by their
    median, where it tells much more or far less.

    WebM files of browsers tell none, and FFmpeg guesses 1,000 by the length of a tick; AVI files tell how many places
    for pictures there are, most of which may be empty.
    """
    if len(stamps) < _FEWEST or time_base <= 0:
        return told
    measured = 1 / (Fraction(statistics.median(b - a for a, b in pairwise(stamps))) * time_base)
    return told if measured / _TOO_SLOW <= told <= measured * _TOO_FAST else measured
