"""Slices that pictures of HEVC lack: its decoder shows what it held before in their place, and tells nobody."""

from __future__ import annotations

from unseen.adapters.video.units import places

__all__ = ["Slices"]

#: Types of units that hold slices, and among them those of pictures that decoding may begin with (H.265, table 7-1).
_SLICES, _BEGINS = range(32), range(16, 24)
#: Pixels of the largest coding tree block.
_LARGEST_BLOCK = 64
#: So many pictures in a row that are cut alike make it a habit.
_HABIT = 4


class Slices:
    """Notices pictures that lack some of the slices which all those before them had.

    Encoders cut all pictures of a stream alike, but those that fill packets of a network, for which nobody can tell.
    `width` and `height` are those of a picture in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        blocks = -(-width // _LARGEST_BLOCK) * -(-height // _LARGEST_BLOCK)
        # Of smaller blocks there are more, and so many bits are the beginning of their numbers.
        self._bits = max(1, (blocks - 1).bit_length())
        self._usual: frozenset[int] = frozenset()
        self._other: frozenset[int] = frozenset()
        self._seen = self._again = 0

    def lost(self, data: bytes, size: int) -> bool:
        """Take the next packet, with length fields of `size` bytes or 0 for start codes; return if it lacks slices."""
        found = self._found(data, size)
        if found == self._usual:
            self._seen, self._again = self._seen + 1, 0
            return False
        self._again = self._again + 1 if self._again and found == self._other else 1
        self._other = found
        lost = self._seen >= _HABIT and found < self._usual
        if not lost or self._again > _HABIT:
            self._usual, self._seen, self._again = found, self._again, 0
        return lost

    def _found(self, data: bytes, size: int) -> frozenset[int]:
        """Return where the slices of a packet begin, in a count of its own."""
        heads = (data[at : at + 8] for at in places(data, size))
        return frozenset(
            self._begins(head) for head in heads if len(head) > 2 and _kind(head) in _SLICES and not _layer(head)
        )

    def _begins(self, head: bytes) -> int:
        """Return the first bits of a slice's address (H.265, 7.3.6.1), and of a flag before it where there is one."""
        bits = format(int.from_bytes(head[2:].ljust(6, b"\0")), "048b")
        if bits[0] == "1":
            return -1
        at = 2 if _kind(head) in _BEGINS else 1
        zeros = bits.find("1", at) - at
        at += 2 * max(0, zeros) + 1
        return int(bits[at : at + self._bits].ljust(1, "0"), 2)


def _kind(head: bytes) -> int:
    return head[0] >> 1 & 63


def _layer(head: bytes) -> int:
    return (head[0] & 1) << 5 | head[1] >> 3
